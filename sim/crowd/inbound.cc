// SPDX-License-Identifier: Apache-2.0
// From the bytes of a stream to packets. Whole frames and packets are read where they lie; what is cut waits in the
// side pool.
#include <algorithm>

#include "sim/crowd/crowd.h"

namespace orrery::sim {

void Crowd::client_bytes(Nanos now, ClientId id, MutableBytes bytes) {
  Client& c = clients_[id];
  const std::uint32_t life = c.lives;
  Bytes stream = bytes;
  if (c.carry && !pool_[c.carry].stream.empty()) {
    std::vector<std::uint8_t>& kept = pool_[c.carry].stream;
    kept.insert(kept.end(), bytes.begin(), bytes.end());
    // Taken out, so that the entry can be given back while its bytes are read.
    std::vector<std::uint8_t> joined;
    joined.swap(kept);
    const std::size_t taken = take_stream(now, id, joined);
    if (c.phase != Phase::kWaiting && c.lives == life) keep_stream(c, Bytes(joined).subspan(taken));
  } else {
    const std::size_t taken = take_stream(now, id, stream);
    if (c.phase != Phase::kWaiting && c.lives == life && taken < stream.size()) keep_stream(c, stream.subspan(taken));
  }
  if (c.phase != Phase::kWaiting) flush(now, id);
  out_.resize(kFrameHeaderMax);
  arm(id);
}

/// Returns how many bytes are done with.
std::size_t Crowd::take_stream(Nanos now, ClientId id, Bytes bytes) {
  Client& c = clients_[id];
  if (group(c).spec.transport != LinkKind::kWebSocket) return take_packets(now, id, bytes);
  std::size_t at = 0;
  if (c.phase == Phase::kUpgrading) {
    const UpgradeAnswer answer = check_upgrade_response(bytes, key_of(id));
    if (answer.error) broke_protocol(now, id, answer.error);
    if (answer.error || answer.size == 0) return 0;
    at = answer.size;
    send_connect(id);
  }
  return at + take_frames(now, id, bytes.subspan(at));
}

std::size_t Crowd::take_frames(Nanos now, ClientId id, Bytes bytes) {
  std::size_t at = 0;
  while (at < bytes.size()) {
    const ServerFrame frame = parse_server_frame(bytes.subspan(at));
    if (frame.error) {
      broke_protocol(now, id, frame.error);
      return at;
    }
    if (frame.size == 0) return at;
    at += frame.size;
    if (!take_frame(now, id, frame)) return at;
  }
  return at;
}

/// False when the connection has ended.
bool Crowd::take_frame(Nanos now, ClientId id, const ServerFrame& frame) {
  Client& c = clients_[id];
  switch (frame.opcode) {
    case Opcode::kBinary:
    case Opcode::kContinuation:
      take_framed(now, id, frame.payload);
      break;
    case Opcode::kPing:
      send_control(now, id, Opcode::kPong, frame.payload);
      break;
    case Opcode::kClose:
      send_control(now, id, Opcode::kClose, frame.payload.first(std::min<std::size_t>(2, frame.payload.size())));
      give_up(now, id, CloseHow::kFlush);
      break;
    default:
      break;
  }
  return c.phase != Phase::kWaiting;
}

void Crowd::send_control(Nanos now, ClientId id, Opcode opcode, Bytes payload) {
  flush(now, id);
  out_.insert(out_.end(), payload.begin(), payload.end());
  const auto mask = static_cast<std::uint32_t>(layout_.drawn(id, Stream::kMask, clients_[id].frames++));
  world_->client_send(id, finish_frame(out_, opcode, mask));
  out_.resize(kFrameHeaderMax);
}

/// The payload of a frame: MQTT bytes that may begin or end within a packet.
void Crowd::take_framed(Nanos now, ClientId id, Bytes payload) {
  Client& c = clients_[id];
  std::vector<std::uint8_t> joined;
  if (c.carry && !pool_[c.carry].packet.empty()) {
    joined.swap(pool_[c.carry].packet);
    joined.insert(joined.end(), payload.begin(), payload.end());
    payload = joined;
  }
  const std::size_t taken = take_packets(now, id, payload);
  if (c.phase == Phase::kWaiting || taken == payload.size()) return;
  carry_of(c).packet.assign(payload.begin() + static_cast<std::ptrdiff_t>(taken), payload.end());
}

std::size_t Crowd::take_packets(Nanos now, ClientId id, Bytes bytes) {
  Client& c = clients_[id];
  std::size_t at = 0;
  while (at < bytes.size()) {
    const std::size_t size = packet_extent(bytes.subspan(at));
    if (size == kBadPacket) {
      broke_protocol(now, id, "a packet whose length is malformed or above the limit");
      return at;
    }
    if (size == 0 || size > bytes.size() - at) return at;
    handle_packet(now, id, bytes.subspan(at, size));
    at += size;
    if (c.phase == Phase::kWaiting) return at;
  }
  return at;
}

void Crowd::handle_packet(Nanos now, ClientId id, Bytes packet) {
  Client& c = clients_[id];
  ServerPacket p;
  if (const char* error = decode_server_packet(packet, group(c).spec.version, p)) return broke_protocol(now, id, error);
  if (c.phase < Phase::kSubscribing && p.type != PacketType::kConnack)
    return broke_protocol(now, id, "a packet before CONNACK");
  switch (p.type) {
    case PacketType::kPublish:
      return handle_publish(now, id, p);
    case PacketType::kConnack:
      return handle_connack(now, id, p);
    case PacketType::kSuback:
      return c.is(kIsPublisher) ? broke_protocol(now, id, "SUBACK that nobody asked for") : handle_suback(now, id, p);
    case PacketType::kPubrel:
      return handle_pubrel(id, p.packet_id);
    case PacketType::kPingresp:
      return c.set(kAwaitsPong, false);
    case PacketType::kDisconnect:
      return give_up(now, id, CloseHow::kFlush);
    default:
      if (!c.is(kIsPublisher)) return broke_protocol(now, id, "an acknowledgement of what was never sent");
      return handle_acknowledge(now, id, p);
  }
}

// ---- a subscriber's QoS 2 ----

void Crowd::handle_publish(Nanos now, ClientId id, const ServerPacket& p) {
  Client& c = clients_[id];
  if (p.qos == 1) writer().acknowledge(PacketType::kPuback, p.packet_id);
  if (p.qos == 2) writer().acknowledge(PacketType::kPubrec, p.packet_id);
  if (p.qos == 2 && !c.is(kIsPublisher)) {
    SubscriberState& s = c.sub;
    const bool waits = std::find(s.ids, s.ids + s.id_count, p.packet_id) != s.ids + s.id_count ||
                       (c.carry && std::count(pool_[c.carry].ids.begin(), pool_[c.carry].ids.end(), p.packet_id));
    if (waits && !p.duplicate) return broke_protocol(now, id, "a packet identifier that is in use");
    if (waits) return;
    if (s.id_count < SubscriberState::kIds)
      s.ids[s.id_count++] = p.packet_id;
    else
      carry_of(c).ids.push_back(p.packet_id);
  }
  ledger_.received(now, id, p);
}

void Crowd::handle_pubrel(ClientId id, std::uint16_t packet_id) {
  Client& c = clients_[id];
  writer().acknowledge(PacketType::kPubcomp, packet_id);
  if (c.is(kIsPublisher)) return;
  SubscriberState& s = c.sub;
  std::uint16_t* const end = s.ids + s.id_count;
  if (std::uint16_t* at = std::find(s.ids, end, packet_id); at != end) {
    *at = end[-1];
    --s.id_count;
  } else if (c.carry) {
    std::erase(pool_[c.carry].ids, packet_id);
  }
}

// ---- the side pool ----

Carry& Crowd::carry_of(Client& c) {
  if (!c.carry) c.carry = pool_.acquire();
  return pool_[c.carry];
}

void Crowd::keep_stream(Client& c, Bytes rest) {
  if (!rest.empty()) carry_of(c).stream.assign(rest.begin(), rest.end());
  if (c.carry && pool_[c.carry].empty()) {
    pool_.release(c.carry);
    c.carry = 0;
  }
}

/// The connection is gone, and its half frames with it; packet identifiers belong to the session and stay.
void Crowd::drop_carry(Client& c) {
  if (!c.carry) return;
  Carry& kept = pool_[c.carry];
  kept.stream.clear();
  kept.packet.clear();
  keep_stream(c, {});
}

}  // namespace orrery::sim
