// SPDX-License-Identifier: Apache-2.0
#include "broker/session/sessions.h"

#include "base/assert.h"
#include "broker/session/limits.h"

namespace orrery::session {

Sessions::Sessions(const MqttOptions& options, Place place, std::uint64_t seed, Heap& heap, Effects& effects,
                   Counters& counters, SessionHost& host)
    : options_(options),
      heap_(heap),
      effects_(effects),
      counters_(counters),
      host_(host),
      rng_(seed),
      wheel_(heap),
      connections_(options, heap, wheel_, host),
      store_(seed, heap, counters),
      deliveries_(options, heap, effects, counters, host, rng_, store_, connections_),
      handover_(place, heap, counters, store_),
      acknowledgements_(heap, store_, connections_),
      subscriptions_(options, heap, effects, counters, host, store_, connections_, deliveries_),
      moves_(heap),
      message_ids_(static_cast<std::uint64_t>(place.node) << 48 | static_cast<std::uint64_t>(place.shard) << 32) {}

void Sessions::connection_open(Nanos now, LinkId link) { connections_.open(now, link); }

void Sessions::connection_closed(Nanos now, LinkId link) {
  if (connections_[link].state == Connection::State::kOpen) leave(now, link, true, "its connection ended");
  connections_.closed(link);
  check_books();
}

std::uint32_t Sessions::packet_size_max(LinkId link) {
  return connections_[link].state == Connection::State::kAwaitConnect ? mqtt::kConnectPacketSize
                                                                      : options_.max_packet_size;
}

void Sessions::packet(Nanos now, LinkId link, const mqtt::RawPacket& packet) {
  Connection& c = connections_[link];
  if (c.state == Connection::State::kClosing) return;
  ORRERY_ASSERT(!holding(link));
  connections_.heard(now, link);
  // [MQTT-3.15]: until CONNACK a client that authenticates sends nothing but AUTH and DISCONNECT.
  if (c.state == Connection::State::kAuthenticating && packet.type() != mqtt::PacketType::kAuth &&
      packet.type() != mqtt::PacketType::kDisconnect)
    return protocol_error(now, link, mqtt::protocol_error("neither AUTH nor DISCONNECT before CONNACK (4.12)"));
  switch (packet.type()) {
    case mqtt::PacketType::kConnect:
      return handle_connect(now, link, packet);
    case mqtt::PacketType::kPublish:
      return handle_publish(now, link, packet);
    case mqtt::PacketType::kPuback:
    case mqtt::PacketType::kPubrec:
    case mqtt::PacketType::kPubrel:
    case mqtt::PacketType::kPubcomp:
      return handle_ack(now, link, packet);
    case mqtt::PacketType::kSubscribe:
      return handle_subscribe(now, link, packet);
    case mqtt::PacketType::kUnsubscribe:
      return handle_unsubscribe(now, link, packet);
    case mqtt::PacketType::kPingreq:
      return handle_pingreq(now, link, packet);
    case mqtt::PacketType::kDisconnect:
      return handle_disconnect(now, link, packet);
    case mqtt::PacketType::kAuth:
      return handle_auth(now, link, packet);
    case mqtt::PacketType::kConnack:
    case mqtt::PacketType::kSuback:
    case mqtt::PacketType::kUnsuback:
    case mqtt::PacketType::kPingresp:
      break;
  }
  protocol_error(now, link, mqtt::protocol_error("a packet that only a server sends"));
}

void Sessions::bad_stream(Nanos now, LinkId link, const mqtt::DecodeResult& what) { protocol_error(now, link, what); }

void Sessions::drained(Nanos now, LinkId link) {
  Connection& c = connections_[link];
  c.blocked = false;
  if (c.state == Connection::State::kOpen) {
    deliveries_.pump(now, c.session);
    subscriptions_.pull(now, c.session);
  }
  check_books();
}

bool Sessions::work(Nanos now, WorkBudget& budget) {
  while (work_left() && !budget.spent()) {
    if (!ending_.empty()) {
      const std::uint32_t slot = ending_.front();
      ending_.pop_front();
      WorkBudget turn(kUnitsPerTurn);
      budget.charge(kUnitsPerTurn);
      if (!take_leave(now, slot, turn)) ending_.push_back(slot);
    }
    if (!expiring_.empty()) {
      const std::uint32_t slot = expiring_.front();
      expiring_.pop_front();
      budget.charge();
      // Its client may have come back meanwhile, or another session have its slot.
      if (store_.contains(slot) && !store_[slot].ended() && now >= store_[slot].expires_at()) expire(now, slot);
    }
    if (!budget.spent()) subscriptions_.work(now, budget);
  }
  check_books();
  return work_left();
}

std::string_view Sessions::client_of(LinkId link) {
  const Connection& c = connections_[link];
  if (c.session != kNoSlot) return store_[c.session].client_id();
  const PendingConnect* pending = connections_.find_claim(c.request);
  return pending != nullptr && pending->link == link ? std::string_view(pending->client_id) : std::string_view();
}

void Sessions::note(NoteKind kind, LinkId link, const char* what, std::uint64_t number) {
  effects_.note({.kind = kind, .link = link, .client = client_of(link), .text = what, .numbers = {number}});
}

/// Every delivery that was asked for is out, queued, handed over or dropped by name (broker/seam/counters.h).
void Sessions::check_books() const {
#ifndef NDEBUG
  const Counters& c = counters_;
  const std::uint64_t accounted = c[Counter::kMessagesOut] + c[Counter::kMessagesQueued] +
                                  c[Counter::kMessagesHandedOver] + c[Counter::kDroppedQueueFull] +
                                  c[Counter::kDroppedSlowConsumer] + c[Counter::kDroppedTooLarge] +
                                  c[Counter::kDroppedExpired] + c[Counter::kDroppedOffline] +
                                  c[Counter::kDroppedDuplicate] + c[Counter::kDroppedSessionEnded];
  ORRERY_ASSERT(c[Counter::kMessagesMatched] + c[Counter::kMessagesTakenOver] == accounted);
#endif
}

}  // namespace orrery::session
