// SPDX-License-Identifier: Apache-2.0
// PUBLISH from a client (MQTT 5, 3.3), wills included: checked, routed, retained, and its acknowledgement owed.
#include <algorithm>

#include "base/hash.h"
#include "broker/mqtt/decode.h"
#include "broker/session/sessions.h"

namespace orrery::session {

using mqtt::ReasonCode;
using mqtt::Version;

void Sessions::handle_publish(Nanos now, LinkId link, const mqtt::RawPacket& packet) {
  effects_.work(Work::kMqttPublish, 1);
  Connection& c = at(link);
  mqtt::PublishView publish_view;
  const mqtt::DecodeResult result =
      mqtt::decode_publish(c.version, mqtt::Sender::kClient, packet.flags(), packet.body, publish_view);
  if (!result.ok()) return protocol_error(now, link, result);
  if (publish_view.qos > options_.max_qos)
    return protocol_error(now, link, {ReasonCode::kQosNotSupported, "the QoS is above Maximum QoS"});
  if (publish_view.retain && !options_.retain_available)
    return protocol_error(now, link, {ReasonCode::kRetainNotSupported, "retain is not available"});
  if (c.version == Version::k5 && !resolve_alias(now, link, c, publish_view)) return;

  const std::uint32_t slot = c.session;
  Session& session = sessions_[slot];
  if (publish_view.qos == 2) {
    const auto known = std::find(session.unreleased.begin(), session.unreleased.end(), publish_view.packet_id);
    if (known != session.unreleased.end()) {
      // Sent again: the message has been taken over already (4.3.3), PUBREC follows unless it is still owed.
      for (std::uint32_t o = session.first_owed; o != kNoSlot; o = owed_[o].next)
        if (owed_[o].qos == 2 && owed_[o].packet_id == publish_view.packet_id) return;
      return send_ack(link, mqtt::PacketType::kPubrec, publish_view.packet_id, ReasonCode::kSuccess);
    }
  }
  if (c.principal != nullptr && !c.principal->may_publish(publish_view.topic))
    return deny_publish(link, publish_view.qos, publish_view.packet_id);
  if (publish_view.qos > 0 && c.version == Version::k5 &&
      session.owed_qos1 + session.unreleased.size() >= options_.receive_maximum)
    return protocol_error(now, link, {ReasonCode::kReceiveMaximumExceeded, "more than Receive Maximum in flight"});

  MessageView message;
  message.id = next_message_id();
  message.publisher = publisher_hash(session.client_id());
  message.qos = publish_view.qos;
  message.retain = publish_view.retain;
  message.topic = publish_view.topic;
  message.payload = publish_view.payload;
  if (publish_view.properties.all_forwardable()) {
    message.properties = publish_view.properties.raw();
  } else {
    forwardable_.clear();
    publish_view.properties.append_forwardable(forwardable_);
    message.properties = forwardable_;
  }
  if (const auto seconds = publish_view.properties.message_expiry_interval())
    message.expires_at = now + *seconds * kSecond;

  bool matched = false;
  if (publish_view.qos == 0) {
    publish(now, message, kNoSlot, matched);
    return;
  }
  if (publish_view.qos == 2) session.unreleased.push_back(publish_view.packet_id);
  const std::uint32_t owed = owed_.emplace();
  Owed& o = owed_[owed];
  o.waiting = publish(now, message, owed, matched);
  o.packet_id = publish_view.packet_id;
  o.qos = publish_view.qos;
  o.reason = matched || c.version != Version::k5 ? ReasonCode::kSuccess : ReasonCode::kNoMatchingSubscribers;
  owe(slot, owed);
}

/// Not routed; the acknowledgement says so where the version has a code for it, in its turn.
void Sessions::deny_publish(LinkId link, std::uint8_t qos, std::uint16_t packet_id) {
  counters_.add(Counter::kMessagesIn);
  counters_.add(Counter::kDroppedNotAuthorized);
  if (qos == 0) return;
  const Connection& c = at(link);
  const bool told = c.version == Version::k5;
  // Before version 5 a client goes on with PUBREL all the same.
  if (qos == 2 && !told) sessions_[c.session].unreleased.push_back(packet_id);
  const std::uint32_t owed = owed_.emplace();
  owed_[owed] = {
      .packet_id = packet_id, .qos = qos, .reason = told ? ReasonCode::kNotAuthorized : ReasonCode::kSuccess};
  owe(c.session, owed);
}

std::uint32_t Sessions::publish(Nanos now, const MessageView& message, std::uint32_t owed, bool& matched) {
  counters_.add(Counter::kMessagesIn);
  std::uint32_t waiting = 0;
  if (message.retain && options_.retain_available) waiting += host_.retain(now, message, owed);
  waiting += host_.route(now, message, owed, matched);
  if (!matched) counters_.add(Counter::kDroppedNoSubscriber);
  return waiting;
}

bool Sessions::resolve_alias(Nanos now, LinkId link, Connection& c, mqtt::PublishView& publish_view) {
  const auto alias = publish_view.properties.topic_alias();
  if (!alias) return true;  // then decoding has seen to it that there is a topic
  if (*alias > options_.topic_alias_maximum) {
    protocol_error(now, link, {ReasonCode::kTopicAliasInvalid, "the alias is above Topic Alias Maximum"});
    return false;
  }
  if (c.aliases == nullptr)
    c.aliases = new (heap_.allocate(sizeof(AliasTable))) AliasTable(options_.topic_alias_maximum);
  std::string& topic = (*c.aliases)[*alias - 1u];
  if (!publish_view.topic.empty()) {
    topic = publish_view.topic;
  } else if (topic.empty()) {
    protocol_error(now, link, mqtt::protocol_error("an alias without a topic that was never set"));
    return false;
  } else {
    publish_view.topic = topic;
  }
  return true;
}

/// The same on every node, and never 0.
std::uint64_t Sessions::publisher_hash(std::string_view client_id) { return hash_text(client_id, 0) | 1; }

void Sessions::publish_will(Nanos now, Session& session) {
  Will will = session.will;
  session.will = {};
  session.will_due = kNever;
  MessageView view = will.message->view();
  view.id = next_message_id();
  if (will.expiry != kNever) view.expires_at = now + will.expiry;
  bool matched = false;
  publish(now, view, kNoSlot, matched);
  Message::release(heap_, will.message);
}

}  // namespace orrery::session
