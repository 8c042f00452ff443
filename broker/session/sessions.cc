// SPDX-License-Identifier: Apache-2.0
#include "broker/session/sessions.h"

#include <new>

namespace orrery::session {

Sessions::Sessions(const MqttOptions& options, Place place, std::uint64_t seed, Heap& heap, Effects& effects,
                   Counters& counters, SessionHost& host)
    : options_(options),
      place_(place),
      seed_(seed),
      heap_(heap),
      effects_(effects),
      counters_(counters),
      host_(host),
      rng_(seed),
      wheel_(heap),
      connections_(heap),
      sessions_(heap),
      by_client_id_(heap),
      index_(heap, seed),
      owed_(heap),
      claims_(heap),
      subscribes_(heap),
      message_ids_(static_cast<std::uint64_t>(place.node) << 48 | static_cast<std::uint64_t>(place.shard) << 32) {}

Sessions::~Sessions() {
  for (std::uint32_t slot = 0; slot < sessions_.end(); ++slot) {
    if (!sessions_.contains(slot)) continue;
    drop_will(sessions_[slot].will);
    heap_.free(sessions_[slot].client_id_bytes, sessions_[slot].client_id_size);
    if (sessions_[slot].held != nullptr) {
      sessions_[slot].held->~Outbox();
      heap_.free(sessions_[slot].held, sizeof(Outbox));
    }
  }
  for (std::uint32_t slot = 0; slot < claims_.end(); ++slot)
    if (claims_.contains(slot)) drop_will(claims_[slot].will);
  connections_.for_each([&](LinkId, Connection& c) { drop_aliases(c); });
}

void Sessions::connection_open(Nanos now, LinkId link) {
  connections_.create(link);
  arm_connection(link, now + options_.connect_timeout);
}

void Sessions::connection_closed(Nanos now, LinkId link) {
  Connection& c = at(link);
  if (c.state == Connection::State::kOpen) leave(now, link, true);
  if (c.state == Connection::State::kAuthenticating) drop_claim(c.request);
  if (c.state == Connection::State::kClaiming)
    if (PendingConnect* pending = find_claim(c.request)) pending->link = kNoLink;
  drop_aliases(c);
  connections_.destroy(link);
}

void Sessions::drop_aliases(Connection& c) {
  for (AliasTable** table : {&c.aliases, &c.aliases_out}) {
    if (*table == nullptr) continue;
    (*table)->~AliasTable();
    heap_.free(*table, sizeof(AliasTable));
    *table = nullptr;
  }
}

std::uint32_t Sessions::packet_size_max(LinkId link) {
  return at(link).state == Connection::State::kAwaitConnect ? mqtt::kConnectPacketSize : options_.max_packet_size;
}

void Sessions::packet(Nanos now, LinkId link, const mqtt::RawPacket& packet) {
  Connection& c = at(link);
  if (c.state == Connection::State::kClosing) return;
  c.heard = static_cast<TimerWheel::Tick>(now >> TimerWheel::kTickBits);
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

}  // namespace orrery::session
