// SPDX-License-Identifier: Apache-2.0
// CONNACK for a client that is let in (MQTT 5, 3.2): what it must know about this server.
#include "broker/mqtt/encode.h"
#include "broker/session/sessions.h"

namespace orrery::session {

using mqtt::Property;
using mqtt::Version;

mqtt::ConnackView Sessions::connack_for(LinkId link, const PendingConnect& pending) {
  mqtt::ConnackView connack;
  connack.session_present = pending.session_present;
  const Version version = connections_[link].version;
  if (version == Version::k5) {
    mqtt::PropertyBuilder properties(section_);
    if (pending.expiry_lowered) properties.four_byte(Property::kSessionExpiryInterval, pending.expiry_seconds);
    properties.two_byte(Property::kReceiveMaximum, options_.receive_maximum);
    if (options_.max_qos < 2) properties.byte(Property::kMaximumQos, options_.max_qos);
    if (!options_.retain_available) properties.byte(Property::kRetainAvailable, 0);
    properties.four_byte(Property::kMaximumPacketSize, options_.max_packet_size);
    if (pending.assigned_client_id) properties.text(Property::kAssignedClientIdentifier, pending.client_id);
    if (options_.topic_alias_maximum > 0)
      properties.two_byte(Property::kTopicAliasMaximum, options_.topic_alias_maximum);
    if (!options_.wildcard_subscription) properties.byte(Property::kWildcardSubscriptionAvailable, 0);
    if (!options_.shared_subscription) properties.byte(Property::kSharedSubscriptionAvailable, 0);
    if (pending.keep_alive_lowered) properties.two_byte(Property::kServerKeepAlive, connections_[link].keep_alive);
    if (!options_.subscription_identifiers) properties.byte(Property::kSubscriptionIdentifierAvailable, 0);
    if (connections_[link].authentication != nullptr) {
      properties.text(Property::kAuthenticationMethod, connections_[link].authentication->method);
      if (!pending.authentication_data.empty())
        properties.binary(Property::kAuthenticationData, pending.authentication_data);
    }
    connack.properties = properties.view();
    if (pending.response_information && !options_.response_information.empty()) {
      const std::string information = options_.response_information + std::string(pending.client_id);
      const std::size_t added = 1 + 2 + information.size() + 1;  // the length of the section may grow by a byte, too
      if (mqtt::connack_size(version, connack) + added <= connections_[link].packet_size_max) {
        properties.text(Property::kResponseInformation, information);
        connack.properties = properties.view();
      }
    }
  }
  return connack;
}

void Sessions::answer_connect(LinkId link, const PendingConnect& pending) {
  counters_.add(Counter::kConnectsAccepted);
  const Connection& c = connections_[link];
  effects_.note({.kind = NoteKind::kClientConnected,
                 .link = link,
                 .client = pending.client_id,
                 .numbers = {static_cast<std::uint64_t>(c.version), c.keep_alive, pending.session_present}});
  const mqtt::ConnackView connack = connack_for(link, pending);
  mqtt::encode_connack(connections_[link].version, connack, connections_.begin_packet());
  host_.end_packet(link);
}

}  // namespace orrery::session
