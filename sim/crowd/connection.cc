// SPDX-License-Identifier: Apache-2.0
// The life of a connection: when it is tried, what is said until it is live, how it ends, and what happens then.
#include <algorithm>

#include "sim/crowd/crowd.h"

namespace orrery::sim {

namespace {
constexpr std::uint16_t kSubscribeId = 1;
/// The first wait of a slow reader is a whole number of its periods, so its pauses are known without a memory.
bool reads_at(Nanos now, Nanos period) { return (now / period) % 2 == 1; }
}  // namespace

// ---- opening ----

void Crowd::try_connect(Nanos now, ClientId id) {
  Client& c = clients_[id];
  const Group& g = group(c);
  ++c.lives;
  c.node = layout_.home(g, id);
  const auto& carriers = layout_.spec().carriers;
  // After two failures at home it asks elsewhere, as a client behind a load balancer ends up elsewhere.
  if (c.failures >= 2)
    c.node = carriers[static_cast<std::size_t>(below(layout_.drawn(id, Stream::kOtherNode, c.lives), carriers.size()))];
  c.phase = Phase::kConnecting;
  c.mark = now + kConnectPatience;
  world_->connect(id, c.node, g.spec.transport);
}

WebSocketKey Crowd::key_of(ClientId id) const {
  const Client& c = clients_[id];
  return {layout_.drawn(id, Stream::kKeyHigh, c.lives), layout_.drawn(id, Stream::kKeyLow, c.lives)};
}

void Crowd::client_connected(Nanos now, ClientId id) {
  Client& c = clients_[id];
  if (group(c).spec.transport == LinkKind::kWebSocket) {
    c.phase = Phase::kUpgrading;
    append_upgrade_request(out_, key_of(id));
    world_->client_send(id, Bytes(out_).subspan(kFrameHeaderMax));
  } else {
    send_connect(id);
    flush(now, id);
  }
  out_.resize(kFrameHeaderMax);
  arm(id);
}

void Crowd::send_connect(ClientId id) {
  Client& c = clients_[id];
  const GroupSpec& s = group(c).spec;
  c.phase = Phase::kGreeting;
  std::string topic;
  std::vector<std::uint8_t> will;
  ConnectRequest r;
  r.client_id = layout_.client_id(group(c), id, scratch_);
  r.version = s.version;
  r.clean_start = s.clean_start;
  r.keep_alive_seconds = s.keep_alive_seconds;
  r.session_expiry_seconds = s.session_expiry_seconds;
  r.has_will = s.will && c.is(kIsPublisher);
  if (r.has_will) {
    codec_.append_will(will, id, c.lives);
    r.will_qos = layout_.publish_qos(group(c), layout_.number(group(c), id));
    r.will_topic = layout_.topic(group(c), layout_.number(group(c), id), topic);
    r.will_payload = will;
  }
  writer().connect(r);
}

void Crowd::handle_connack(Nanos now, ClientId id, const ServerPacket& p) {
  Client& c = clients_[id];
  const GroupSpec& s = group(c).spec;
  if (c.phase != Phase::kGreeting) return broke_protocol(now, id, "CONNACK that nobody asked for");
  if (p.reason) {
    ++tally_.connects_refused;
    return give_up(now, id, CloseHow::kFlush);
  }
  if (p.session_present && (s.clean_start || c.lives == 1))
    return broke_protocol(now, id, "CONNACK with a session that cannot be");
  ++tally_.connects_accepted;
  c.keep_alive_seconds = p.server_keep_alive ? p.server_keep_alive : s.keep_alive_seconds;
  c.in_flight_max = static_cast<std::uint8_t>(std::min<std::uint32_t>(p.receive_maximum, kInFlightMax));
  if (p.session_present)
    ++tally_.sessions_resumed;
  else
    session_lost(c);
  if (c.is(kIsPublisher)) {
    become_live(now, id);
    return resend(now, id, p.session_present);
  }
  if (c.is(kSubscribed)) return become_live(now, id);
  send_subscribe(id);
}

void Crowd::session_lost(Client& c) {
  c.set(kSubscribed, false);
  if (!c.is(kIsPublisher)) {
    c.sub.id_count = 0;
    if (c.carry) pool_[c.carry].ids.clear();
  }
}

void Crowd::send_subscribe(ClientId id) {
  Client& c = clients_[id];
  const Group& g = group(c);
  const std::uint32_t number = layout_.number(g, id);
  c.phase = Phase::kSubscribing;
  c.sub.granted_qos = layout_.subscribe_qos(g, number);
  writer().subscribe(g.spec.version, kSubscribeId, layout_.filter(g, number, scratch_), c.sub.granted_qos);
}

void Crowd::handle_suback(Nanos now, ClientId id, const ServerPacket& p) {
  Client& c = clients_[id];
  if (c.phase != Phase::kSubscribing || p.packet_id != kSubscribeId)
    return broke_protocol(now, id, "SUBACK that nobody asked for");
  if (p.reason > c.sub.granted_qos) return give_up(now, id, CloseHow::kFlush);
  c.sub.granted_qos = p.reason;
  c.set(kSubscribed);
  ledger_.subscribed(now, id);
  become_live(now, id);
}

void Crowd::become_live(Nanos now, ClientId id) {
  Client& c = clients_[id];
  c.phase = Phase::kLive;
  c.mark = now;
  c.failures = 0;
  c.set(kAwaitsPong, false);
  c.set(kHasBlocked, false);
  ++tally_.live;
}

// ---- ending ----

void Crowd::client_closed(Nanos now, ClientId id, EndedBy) {
  ended(now, id);
  arm(id);
}

void Crowd::ended(Nanos now, ClientId id) {
  Client& c = clients_[id];
  if (c.phase == Phase::kLive) {
    --tally_.live;
    ++tally_.connections_lost;
  } else if (c.phase != Phase::kSubscribing) {
    ++tally_.connects_failed;
  }
  c.phase = Phase::kWaiting;
  drop_carry(c);
  const Nanos longest = std::min(kBackoffMax, kBackoffFirst << std::min<int>(c.failures, 10));
  const auto half = static_cast<std::uint64_t>(longest / 2);
  c.mark = now + longest / 2 + static_cast<Nanos>(below(layout_.drawn(id, Stream::kBackoff, c.lives), half));
  if (c.failures < UINT8_MAX) ++c.failures;
}

void Crowd::give_up(Nanos now, ClientId id, CloseHow how) {
  world_->client_close(id, how);
  ended(now, id);
}

void Crowd::broke_protocol(Nanos now, ClientId id, const char* what) {
  std::string who;
  layout_.client_id(group(clients_[id]), id, who);
  verdicts_.violated(Rule::kProtocol, now, who + ": " + what);
  give_up(now, id, CloseHow::kAbort);
}

// ---- staying ----

void Crowd::keep_alive(Nanos now, ClientId id) {
  Client& c = clients_[id];
  if (!c.keep_alive_seconds || now < c.mark + c.keep_alive_seconds * kSecond) return;
  if (c.is(kAwaitsPong)) return give_up(now, id, CloseHow::kAbort);
  c.set(kAwaitsPong);
  writer().ping();
}

/// Sends what has been written, as one frame.
void Crowd::flush(Nanos now, ClientId id) {
  if (out_.size() == kFrameHeaderMax) return;
  Client& c = clients_[id];
  const bool framed = group(c).spec.transport == LinkKind::kWebSocket;
  const auto mask = static_cast<std::uint32_t>(framed ? layout_.drawn(id, Stream::kMask, c.frames++) : 0);
  const Bytes bytes = framed ? finish_frame(out_, Opcode::kBinary, mask) : Bytes(out_).subspan(kFrameHeaderMax);
  const std::size_t unsent = world_->client_send(id, bytes);
  if (c.phase == Phase::kLive) {
    c.mark = now;
    c.set(kHasBlocked, unsent > kClientOutputMax);
  }
  out_.resize(kFrameHeaderMax);
}

// ---- misbehaving ----

Nanos Crowd::next_misbehaviour(ClientId id) const {
  const Client& c = clients_[id];
  const MisbehaviourSpec& m = group(c).spec.misbehave;
  if (m.kind == Misbehaviour::kSlowReader) return (world_->now() / m.period + 1) * m.period;
  if (m.kind != Misbehaviour::kReconnectStorm || c.is(kHasStormed)) return kNever;
  const auto part = below(layout_.drawn(id, Stream::kStorm, 0), static_cast<std::uint64_t>(m.period));
  return layout_.steady_begin() + m.at + static_cast<Nanos>(part);
}

void Crowd::misbehave(Nanos now, ClientId id) {
  Client& c = clients_[id];
  const MisbehaviourSpec& m = group(c).spec.misbehave;
  if (m.kind == Misbehaviour::kSlowReader) {
    if (reads_at(now, m.period))
      world_->client_resume_reading(id);
    else
      world_->client_pause_reading(id);
  }
  if (m.kind == Misbehaviour::kReconnectStorm && now >= next_misbehaviour(id)) {
    c.set(kHasStormed);
    give_up(now, id, CloseHow::kAbort);
    c.failures = 0;
    c.mark = now;
  }
}

}  // namespace orrery::sim
