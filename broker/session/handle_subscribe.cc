// SPDX-License-Identifier: Apache-2.0
// SUBSCRIBE and UNSUBSCRIBE (MQTT 5, 3.8, 3.10): looked at, and given to Subscriptions.
#include "broker/mqtt/decode.h"
#include "broker/session/sessions.h"

namespace orrery::session {

using mqtt::ReasonCode;
using mqtt::Version;

void Sessions::handle_subscribe(Nanos now, LinkId link, const mqtt::RawPacket& packet) {
  const Connection& c = connections_[link];
  mqtt::SubscribeView subscribe;
  const mqtt::DecodeResult result = mqtt::decode_subscribe(c.version, packet.flags(), packet.body, subscribe);
  if (!result.ok()) return protocol_error(now, link, result);
  if (c.version == Version::k5)
    if (const ReasonCode off = switched_off(subscribe); off != ReasonCode::kSuccess)
      return protocol_error(now, link, {off, "CONNACK said that this is not available"});
  subscriptions_.subscribe(now, link, subscribe);
}

/// The code of a capability that the packet needs and that is off: in MQTT 5 an error of the whole packet (3.2.2.3.11
/// to 13).
ReasonCode Sessions::switched_off(const mqtt::SubscribeView& subscribe) const {
  if (subscribe.properties.subscription_identifier() && !options_.subscription_identifiers)
    return ReasonCode::kSubscriptionIdentifiersNotSupported;
  if (options_.wildcard_subscription && options_.shared_subscription) return ReasonCode::kSuccess;
  for (const mqtt::Subscription& subscription : subscribe.subscriptions) {
    if (subscription.topic.wildcard && !options_.wildcard_subscription)
      return ReasonCode::kWildcardSubscriptionsNotSupported;
    if (subscription.topic.shared() && !options_.shared_subscription)
      return ReasonCode::kSharedSubscriptionsNotSupported;
  }
  return ReasonCode::kSuccess;
}

void Sessions::handle_unsubscribe(Nanos now, LinkId link, const mqtt::RawPacket& packet) {
  mqtt::UnsubscribeView unsubscribe;
  const mqtt::DecodeResult result =
      mqtt::decode_unsubscribe(connections_[link].version, packet.flags(), packet.body, unsubscribe);
  if (!result.ok()) return protocol_error(now, link, result);
  subscriptions_.unsubscribe(now, link, unsubscribe);
}

}  // namespace orrery::session
