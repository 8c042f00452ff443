// SPDX-License-Identifier: Apache-2.0
// PUBLISH from a client (MQTT 5, 3.3), wills included: checked, routed, retained, and its acknowledgement owed.
#include "broker/mqtt/decode.h"
#include "broker/mqtt/topic.h"
#include "broker/session/sessions.h"

namespace orrery::session {

using mqtt::ReasonCode;
using mqtt::Version;

void Sessions::handle_publish(Nanos now, LinkId link, const mqtt::RawPacket& packet) {
  effects_.work(Work::kMqttPublish, 1);
  Connection& c = connections_[link];
  mqtt::PublishView publish_view;
  const mqtt::DecodeResult result =
      mqtt::decode_publish(c.version, mqtt::Sender::kClient, packet.flags(), packet.body, publish_view);
  if (!result.ok()) return protocol_error(now, link, result);
  if (publish_view.qos > options_.max_qos)
    return protocol_error(now, link, {ReasonCode::kQosNotSupported, "the QoS is above Maximum QoS"});
  if (publish_view.retain && !options_.retain_available)
    return protocol_error(now, link, {ReasonCode::kRetainNotSupported, "retain is not available"});
  if (c.version == Version::k5) {
    const mqtt::DecodeResult alias = connections_.resolve_alias(link, publish_view);
    if (!alias.ok()) return protocol_error(now, link, alias);
  }

  const std::uint32_t slot = c.session;
  const Session& session = store_[slot];
  const ReceivedId* const known = publish_view.qos == 2 ? store_.find_received(slot, publish_view.packet_id) : nullptr;
  if (publish_view.qos > 0 && (known == nullptr || !known->counted) && !connections_.receive(link))
    return protocol_error(now, link, {ReasonCode::kReceiveMaximumExceeded, "more than Receive Maximum in flight"});
  if (known != nullptr) {
    // Sent again: the message has been taken over already (4.3.3), PUBREC follows unless it is still to come.
    store_.received(slot, publish_view.packet_id, true);
    if (acknowledgements_.waits_for_pubrec(slot, publish_view.packet_id)) return;
    return connections_.send_ack(link, mqtt::PacketType::kPubrec, publish_view.packet_id, ReasonCode::kSuccess);
  }
  if (mqtt::is_sys_topic(publish_view.topic) ||
      (c.principal != nullptr && !c.principal->may_publish(publish_view.topic)))
    return deny_publish(link, publish_view.qos, publish_view.packet_id, ReasonCode::kNotAuthorized);

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

  if (message.retain && encoded_size_max(message) > host_.retained_bytes_max()) {
    note(NoteKind::kRetainRefused, link, "", host_.retained_bytes_max());
    return deny_publish(link, publish_view.qos, publish_view.packet_id, ReasonCode::kQuotaExceeded);
  }
  bool matched = false;
  if (publish_view.qos == 0) {
    publish(now, message, kNoSlot, matched);
    return;
  }
  if (publish_view.qos == 2) store_.received(slot, publish_view.packet_id, true);
  const std::uint32_t pending = acknowledgements_.reserve();
  PendingAcknowledgement what;
  what.waiting = publish(now, message, pending, matched);
  what.packet_id = publish_view.packet_id;
  what.qos = publish_view.qos;
  what.reason = matched || c.version != Version::k5 ? ReasonCode::kSuccess : ReasonCode::kNoMatchingSubscribers;
  acknowledgements_.expect(pending, slot, what);
}

/// Not routed; the acknowledgement says so where the version has a code for it, in its turn.
void Sessions::deny_publish(LinkId link, std::uint8_t qos, std::uint16_t packet_id, ReasonCode reason) {
  counters_.add(Counter::kMessagesIn);
  if (reason == ReasonCode::kNotAuthorized) {
    counters_.add(Counter::kDroppedNotAuthorized);
    note(NoteKind::kNotAuthorized, link, "publish to the topic of its message");
  }
  if (qos == 0) return;
  const Connection& c = connections_[link];
  const bool told = c.version == Version::k5;
  // Before version 5 a client goes on with PUBREL all the same.
  if (qos == 2 && !told) store_.received(c.session, packet_id, true);
  PendingAcknowledgement what;
  what.packet_id = packet_id;
  what.qos = qos;
  what.reason = told ? reason : ReasonCode::kSuccess;
  acknowledgements_.expect(acknowledgements_.reserve(), c.session, what);
}

std::uint32_t Sessions::publish(Nanos now, const MessageView& message, std::uint32_t owed, bool& matched) {
  counters_.add(Counter::kMessagesIn);
  counters_.add(Counter::kPayloadBytesIn, message.payload.size());
  if (message.retain) counters_.add(Counter::kRetainedIn);
  std::uint32_t waiting = 0;
  if (message.retain && options_.retain_available) waiting += host_.retain(now, message, owed);
  // Here by what sessions have subscribed to, which is ahead of the route table: a client's own subscription counts
  // from its SUBSCRIBE on.
  matched = deliveries_.deliver(now, message);
  waiting += host_.route(now, message, owed, matched);
  if (!matched) counters_.add(Counter::kDroppedNoSubscriber);
  return waiting;
}

void Sessions::publish_will(Nanos now, std::uint32_t slot) {
  Will will = store_.take_will(slot);
  MessageView view = will.message->view();
  view.id = next_message_id();
  if (will.expiry != kNever) view.expires_at = now + will.expiry;
  bool matched = false;
  publish(now, view, kNoSlot, matched);
  drop_will(heap_, will);
}

}  // namespace orrery::session
