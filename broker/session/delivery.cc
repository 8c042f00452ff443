// SPDX-License-Identifier: Apache-2.0
#include "broker/session/delivery.h"

#include <algorithm>

#include "base/assert.h"
#include "base/hash.h"
#include "broker/mqtt/encode.h"
#include "broker/session/subscription_byte.h"

namespace orrery::session {

std::uint64_t publisher_hash(std::string_view client_id) { return hash_text(client_id, 0) | 1; }

Deliveries::Deliveries(const MqttOptions& options, Heap& heap, Effects& effects, Counters& counters, SessionHost& host,
                       Rng& rng, Store& store, Connections& connections)
    : options_(options),
      heap_(heap),
      effects_(effects),
      counters_(counters),
      host_(host),
      rng_(rng),
      store_(store),
      connections_(connections) {}

bool Deliveries::deliver(Nanos now, const MessageView& message) {
  ORRERY_ASSERT(!delivering_);
  delivering_ = true;
  matches_.clear();
  bool any = false;
  store_.index().match(
      message.topic, [&](std::uint32_t session, std::uint8_t options, std::uint32_t identifier, std::uint32_t) {
        if (store_[session].ended()) return;
        any = true;
        if (subscription_no_local(options) && publisher_hash(store_[session].client_id()) == message.publisher)
          return counters_.add(Counter::kWithheldNoLocal);
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
  delivering_ = false;
  return any;
}

void Deliveries::deliver_to(Nanos now, std::uint32_t slot, const MessageView& message, Message*& kept, std::uint8_t qos,
                            bool retain, std::span<const std::uint32_t> identifiers) {
  ORRERY_ASSERT(qos <= message.qos);
  effects_.work(Work::kMqttDeliver, 1);
  counters_.add(Counter::kMessagesMatched);
  const Session& session = store_[slot];
  if (qos == 0) {
    if (session.link == kNoLink) return counters_.add(Counter::kDroppedOffline);
    if (connections_[session.link].blocked) return drop(Counter::kDroppedSlowConsumer, session);
    return send_qos0(now, session, message, retain, identifiers);
  }
  if (!has_room(now, slot)) return drop(Counter::kDroppedQueueFull, session, options_.max_queue);
  if (kept == nullptr) kept = Message::make(heap_, message);
  kept->hold();
  store_.enqueue(slot, kept, qos, retain, identifiers);
  if (session.link != kNoLink && session.held == nullptr) pump(now, slot);
}

void Deliveries::deliver_retained(Nanos now, std::uint32_t slot, const MessageView& message, std::uint8_t qos,
                                  std::span<const std::uint32_t> identifiers) {
  ORRERY_ASSERT(qos <= message.qos);
  effects_.work(Work::kMqttDeliver, 1);
  counters_.add(Counter::kMessagesMatched);
  const Session& session = store_[slot];
  if (qos == 0) {
    if (session.link == kNoLink) return counters_.add(Counter::kDroppedOffline);
    return send_qos0(now, session, message, true, identifiers);
  }
  store_.enqueue(slot, Message::make(heap_, message), qos, true, identifiers);
  if (session.link != kNoLink && session.held == nullptr) pump(now, slot);
}

/// Whether a delivery may wait, or need not. Those that have expired give up their places.
bool Deliveries::has_room(Nanos now, std::uint32_t slot) {
  const Session& session = store_[slot];
  const Outbox& outbox = session.held != nullptr ? *session.held : session.outbox();
  if (outbox.waiting() < options_.max_queue) return true;
  if (now >= outbox.next_expiry())
    if (const std::uint32_t late = store_.drop_expired(slot, now); late > 0)
      drop(Counter::kDroppedExpired, session, late, late);
  if (outbox.waiting() < options_.max_queue) return true;
  if (session.link == kNoLink || session.held != nullptr || outbox.waiting() > 0) return false;
  const Connection& c = connections_[session.link];
  return !c.blocked && outbox.inflight() < window(c);
}

std::uint32_t Deliveries::window(const Connection& c) const {
  return std::min(c.receive_maximum, options_.max_inflight);
}

void Deliveries::send_qos0(Nanos now, const Session& session, const MessageView& message, bool retain,
                           std::span<const std::uint32_t> identifiers) {
  Connection& c = connections_[session.link];
  if (!encode(now, c, message, 0, retain, false, 0, identifiers))
    return drop(Counter::kDroppedTooLarge, session, c.packet_size_max);
  end_packet(session);
  counters_.add(Counter::kMessagesOut);
  counters_.add(Counter::kPayloadBytesOut, message.payload.size());
}

void Deliveries::pump(Nanos now, std::uint32_t slot) {
  const Session& session = store_[slot];
  ORRERY_ASSERT(session.link != kNoLink);
  const LinkId link = session.link;
  Connection& c = connections_[link];
  ORRERY_ASSERT(c.session == slot);
  const Outbox& outbox = session.outbox();
  const std::uint32_t most = window(c);
  ORRERY_ASSERT(outbox.inflight() <= most);
  while (const Delivery* d = outbox.next_to_send()) {
    if (c.blocked || outbox.inflight() >= most) return;
    if (d->released()) {
      const std::uint16_t packet_id = d->packet_id;
      store_.sent(slot, packet_id);
      connections_.send_ack(link, mqtt::PacketType::kPubrel, packet_id, mqtt::ReasonCode::kSuccess);
      continue;
    }
    const MessageView message = d->message->view();
    const bool again = d->begun();
    if (!again && message.expired(now)) {
      store_.dropped(slot);
      drop(Counter::kDroppedExpired, session, 1);
      continue;
    }
    const std::uint16_t packet_id = again ? d->packet_id : store_.next_packet_id(slot);
    const bool fits = encode(now, c, message, d->qos, d->retain, again, packet_id, d->subscription_identifiers());
    store_.sent(slot, packet_id);
    if (!fits) {
      // Larger than the client's Maximum Packet Size: as if the delivery were complete [MQTT-3.1.2-25].
      if (!again) drop(Counter::kDroppedTooLarge, session, c.packet_size_max);
      store_.completed(slot, d);
      continue;
    }
    if (!again) counters_.add(Counter::kMessagesOut);
    counters_.add(Counter::kPayloadBytesOut, message.payload.size());
    end_packet(session);
  }
}

void Deliveries::end_packet(const Session& session) {
  if (!connections_.end_packet(session.link)) return;
  effects_.note({.kind = NoteKind::kSlowConsumer,
                 .link = session.link,
                 .client = session.client_id(),
                 .numbers = {options_.max_link_backlog}});
}

/// Counts messages that the session does not get, and tells of it with the number that the kind has.
void Deliveries::drop(Counter why, const Session& session, std::uint64_t number, std::uint32_t count) {
  counters_.add(why, count);
  const NoteKind kind = why == Counter::kDroppedQueueFull      ? NoteKind::kDroppedQueueFull
                        : why == Counter::kDroppedSlowConsumer ? NoteKind::kDroppedSlowConsumer
                        : why == Counter::kDroppedTooLarge     ? NoteKind::kDroppedTooLarge
                                                               : NoteKind::kDroppedExpired;
  effects_.note({.kind = kind, .link = session.link, .client = session.client_id(), .numbers = {number}});
}

bool Deliveries::encode(Nanos now, Connection& c, const MessageView& message, std::uint8_t qos, bool retain, bool dup,
                        std::uint16_t packet_id, std::span<const std::uint32_t> identifiers) {
  ORRERY_ASSERT((qos == 0) == (packet_id == 0));
  mqtt::PublishOut out;
  out.topic = message.topic;
  out.payload = message.payload;
  out.qos = qos;
  out.retain = retain;
  out.dup = dup;
  out.packet_id = packet_id;
  if (c.version == mqtt::Version::k5) {
    out.forwardable = message.properties;
    out.subscription_identifiers = identifiers;
    if (message.expires_at != kNever) out.message_expiry_interval = message.expiry_seconds(now);
    connections_.use_alias(c, out);
  }
  if (c.packet_size_max != UINT32_MAX && mqtt::publish_size(c.version, out) > c.packet_size_max) return false;
  connections_.alias_sent(c, out);
  mqtt::encode_publish(c.version, out, connections_.begin_packet());
  return true;
}

}  // namespace orrery::session
