// SPDX-License-Identifier: Apache-2.0
// Messages on their way to clients: matching, one copy for each session, the window, the queue, the PUBLISH packet.
//
// A session whose subscriptions overlap gets one copy, at the highest QoS of those that match and with all their
// identifiers (MQTT 5, 3.3.4).
#include <algorithm>

#include "broker/mqtt/encode.h"
#include "broker/session/sessions.h"
#include "broker/session/subscription_byte.h"

namespace orrery::session {

using mqtt::Version;

void Sessions::deliver(Nanos now, const MessageView& message) {
  matches_.clear();
  index_.match(
      message.topic, [&](std::uint32_t session, std::uint8_t options, std::uint32_t identifier, std::uint32_t) {
        if (subscription_no_local(options) && publisher_hash(sessions_[session].client_id()) == message.publisher)
          return;
        matches_.push_back({session, options, identifier, static_cast<std::uint32_t>(matches_.size())});
      });
  if (matches_.size() > 1)
    std::sort(matches_.begin(), matches_.end(), [](const Match& a, const Match& b) {
      return a.session != b.session ? a.session < b.session : a.order < b.order;
    });
  Message* kept = nullptr;
  for (std::size_t i = 0; i < matches_.size();) {
    const std::uint32_t session = matches_[i].session;
    std::uint8_t qos = 0;
    bool retain = false;
    identifiers_.clear();
    for (; i < matches_.size() && matches_[i].session == session; ++i) {
      qos = std::max(qos, subscription_qos(matches_[i].options));
      retain = retain || (message.retain && subscription_retain_as_published(matches_[i].options));
      if (matches_[i].identifier != 0) identifiers_.push_back(matches_[i].identifier);
    }
    deliver_to(now, session, message, kept, std::min(message.qos, qos), retain, identifiers_);
  }
  if (kept != nullptr) Message::release(heap_, kept);
}

void Sessions::deliver_to(Nanos now, std::uint32_t slot, const MessageView& message, Message*& kept, std::uint8_t qos,
                          bool retain, std::span<const std::uint32_t> identifiers) {
  effects_.work(Work::kMqttDeliver, 1);
  counters_.add(Counter::kMessagesMatched);
  Session& session = sessions_[slot];
  if (qos == 0) {
    if (session.link == kNoLink) return counters_.add(Counter::kDroppedOffline);
    return send_qos0(now, session, message, retain, identifiers);
  }
  Outbox& outbox = session.held != nullptr ? *session.held : session.outbox;
  if (outbox.waiting() >= options_.max_queue) return counters_.add(Counter::kDroppedQueueFull);
  if (kept == nullptr) kept = Message::make(heap_, message);
  kept->hold();
  outbox.append(kept, qos, retain, identifiers);
  counters_.add(Counter::kMessagesQueued);
  if (session.link != kNoLink && session.held == nullptr) pump(now, session);
}

void Sessions::send_qos0(Nanos now, Session& session, const MessageView& message, bool retain,
                         std::span<const std::uint32_t> identifiers) {
  Connection& c = at(session.link);
  if (c.blocked) return counters_.add(Counter::kDroppedSlowConsumer);
  if (!encode_delivery(now, c, message, 0, retain, false, 0, identifiers))
    return counters_.add(Counter::kDroppedTooLarge);
  note_backlog(session.link, host_.end_packet(session.link));
  counters_.add(Counter::kMessagesOut);
}

void Sessions::pump(Nanos now, Session& session) {
  Outbox& outbox = session.outbox;
  Connection& c = at(session.link);
  const std::uint32_t window = std::min(c.receive_maximum, options_.max_inflight);
  while (Delivery* d = outbox.next_to_send()) {
    if (c.blocked || outbox.inflight() >= window) return;
    if (d->released()) {
      outbox.sent(d->packet_id);
      send_ack(session.link, mqtt::PacketType::kPubrel, d->packet_id, mqtt::ReasonCode::kSuccess);
      continue;
    }
    const MessageView message = d->message->view();
    const bool again = d->begun();
    if (!again && message.expired(now)) {
      outbox.drop_next();
      counters_.subtract(Counter::kMessagesQueued);
      counters_.add(Counter::kDroppedExpired);
      continue;
    }
    const std::uint16_t packet_id = again ? d->packet_id : take_packet_id(session);
    const bool fits =
        encode_delivery(now, c, message, d->qos, d->retain, again, packet_id, d->subscription_identifiers());
    if (!again) counters_.subtract(Counter::kMessagesQueued);
    if (!fits) {
      // Larger than the client's Maximum Packet Size: as if the delivery were complete [MQTT-3.1.2-25].
      if (!again) counters_.add(Counter::kDroppedTooLarge);
      outbox.sent(packet_id);
      outbox.complete(d);
      continue;
    }
    outbox.sent(packet_id);
    if (!again) counters_.add(Counter::kMessagesOut);
    note_backlog(session.link, host_.end_packet(session.link));
  }
}

bool Sessions::encode_delivery(Nanos now, Connection& c, const MessageView& message, std::uint8_t qos, bool retain,
                               bool dup, std::uint16_t packet_id, std::span<const std::uint32_t> identifiers) {
  mqtt::PublishOut out;
  out.topic = message.topic;
  out.payload = message.payload;
  out.qos = qos;
  out.retain = retain;
  out.dup = dup;
  out.packet_id = packet_id;
  if (c.version == Version::k5) {
    out.forwardable = message.properties;
    out.subscription_identifiers = identifiers;
    if (message.expires_at != kNever) out.message_expiry_interval = message.expiry_seconds(now);
    if (c.topic_alias_maximum > 0) use_alias(c, out);
  }
  if (c.packet_size_max != UINT32_MAX && mqtt::publish_size(c.version, out) > c.packet_size_max) return false;
  if (out.topic_alias != 0 && !out.topic.empty()) c.aliases_out->emplace_back(out.topic);
  mqtt::encode_publish(c.version, out, host_.begin_packet());
  return true;
}

void Sessions::use_alias(Connection& c, mqtt::PublishOut& out) {
  if (c.aliases_out == nullptr) c.aliases_out = new (heap_.allocate(sizeof(AliasTable))) AliasTable;
  const AliasTable& set = *c.aliases_out;
  const auto known = std::find(set.begin(), set.end(), out.topic);
  if (known != set.end()) {
    out.topic_alias = static_cast<std::uint16_t>(known - set.begin() + 1);
    out.topic = {};
  } else if (set.size() < c.topic_alias_maximum) {
    out.topic_alias = static_cast<std::uint16_t>(set.size() + 1);  // set by this packet, if it is sent
  }
}

std::uint16_t Sessions::take_packet_id(Session& session) {
  do {
    if (++session.last_packet_id == 0) session.last_packet_id = 1;
  } while (session.outbox.uses(session.last_packet_id));
  return session.last_packet_id;
}

void Sessions::note_backlog(LinkId link, std::size_t backlog) {
  if (backlog > options_.max_link_backlog) at(link).blocked = true;
}

void Sessions::drained(Nanos now, LinkId link) {
  Connection& c = at(link);
  c.blocked = false;
  if (c.state == Connection::State::kOpen) pump(now, sessions_[c.session]);
}

}  // namespace orrery::session
