// SPDX-License-Identifier: Apache-2.0
#include "broker/cluster/registrar_link.h"

#include <algorithm>

namespace orrery::cluster {

RegistrarLink::RegistrarLink(const ClusterSetup& setup, Heap& heap, ControlWire& wire, const Membership& membership,
                             const LogExchange& logs, ControlHost& host)
    : setup_(setup),
      wire_(wire),
      membership_(membership),
      logs_(logs),
      host_(host),
      registrar_(heap, setup.seed, *this),
      settling_(setup.self) {}

void RegistrarLink::start(Nanos now) {
  settling_.told(setup_.self, live());  // a node that starts holds nothing
  update_settling(now);
}

// Sending -----------------------------------------------------------------------------------------------------------------

NodeId RegistrarLink::next_hop(NodeId to) const {
  if (to == setup_.self || wire_.up(to)) return to;
  NodeMask up = 0;
  for (NodeId n = 0; n < setup_.nodes(); ++n)
    if (wire_.up(n)) up |= mask_of(n);
  return membership_.hearer_of(to, up);
}

bool RegistrarLink::send(NodeId to, FrameType type, const RegistrarMessage& message) {
  if (to == kNoNode) return false;
  const NodeId hop = next_hop(to);
  if (hop == kNoNode) return false;
  ControlFrame frame(wire_, hop, type);
  write(frame, Envelope{setup_.self, to, 0});
  write(frame, message);
  return true;
}

bool RegistrarLink::pass_on(NodeId from, FrameType type, Envelope envelope, ByteReader& body) {
  const NodeId hop = next_hop(envelope.to);
  if (++envelope.hops > kHopsMax || hop == kNoNode || hop == from) return true;  // its sender will miss the answer
  ControlFrame frame(wire_, hop, type);
  write(frame, envelope);
  frame.bytes(body.rest());
  return true;
}

// The shards' side --------------------------------------------------------------------------------------------------------

void RegistrarLink::claim(Nanos now, ClaimTable::Key key, std::string_view client_id, bool clean_start) {
  if (!claims_.add(now, key, std::string(client_id), clean_start)) return overflown_.push_back(key);
  send_claim(key, *claims_.find(key));
}

void RegistrarLink::send_claim(ClaimTable::Key key, ClaimTable::Waiting& waiting) {
  RegistrarMessage m;
  m.shard = key.shard;
  m.flag = waiting.clean_start;
  m.incarnation = setup_.incarnation;
  m.request = key.request;
  m.client_id = waiting.client_id;
  const NodeId registrar = registrar_of(waiting.client_id, live());
  if (!send(registrar, FrameType::kClaim, m)) return;
  waiting.sent_twice = waiting.sent_twice || waiting.registrar != kNoNode;
  waiting.registrar = registrar;
}

void RegistrarLink::yielded(std::string_view client_id, std::uint64_t epoch, Bytes session, bool session_present) {
  const auto at = yields_.find({std::string(client_id), epoch});
  if (at == yields_.end()) return;
  RegistrarMessage m;
  m.flag = session_present && session.size() <= kSessionBytesMax;
  m.epoch = epoch;
  m.client_id = client_id;
  if (m.flag) m.session = session;
  send(at->second, FrameType::kYielded, m);
  yields_.erase(at);
}

void RegistrarLink::release(std::string_view client_id, std::uint64_t epoch) {
  RegistrarMessage m;
  m.epoch = epoch;
  m.client_id = client_id;
  send(registrar_of(client_id, live()), FrameType::kRelease, m);
}

void RegistrarLink::hold(std::string_view client_id, ShardId shard, std::uint64_t epoch) {
  RegistrarMessage m;
  m.shard = shard;
  m.incarnation = setup_.incarnation;
  m.epoch = epoch;
  m.client_id = client_id;
  send(registrar_of(client_id, live()), FrameType::kHold, m);
}

void RegistrarLink::begin_round(Nanos now, NodeMask before) {
  if (round_ != 0) before = 0;  // what the round under way has not told yet must be told too
  round_ = live();
  if (round_ == 0) return;
  told_.assign(setup_.members[setup_.self].shards, false);
  host_.reassert(now, before, round_);
}

void RegistrarLink::held_all(ShardId shard, NodeMask after) {
  if (round_ == 0 || after != round_ || shard >= told_.size()) return;
  told_[shard] = true;
  if (std::find(told_.begin(), told_.end(), false) != told_.end()) return;
  round_ = 0;
  RegistrarMessage m;
  m.incarnation = after;
  for (NodeId n = 0; n < setup_.nodes(); ++n)
    if ((after & mask_of(n)) != 0) send(n, FrameType::kHeldAll, m);
}

// What happens around -----------------------------------------------------------------------------------------------------

void RegistrarLink::live_cores_changed(Nanos now, NodeMask before) {
  if (setup_.self_is_core() && (before & ~live()) != 0) wire_.advance_clock(kClockLeap);
  begin_round(now, before);
  beat(now);
  registrar_.begin_purge();
  purge_at_ = now;
}

void RegistrarLink::stream_up(Nanos now, NodeId node) {
  if (setup_.self_is_core()) registrar_.yield_again(node);
  if (!setup_.is_core(node) || (live() & mask_of(node)) == 0) return;
  begin_round(now, live() & ~mask_of(node));
  claims_.for_each([&](ClaimTable::Key key, ClaimTable::Waiting& waiting) {
    if (waiting.registrar == node) send_claim(key, waiting);
  });
}

void RegistrarLink::node_renewed(Nanos now, NodeId node) {
  registrar_.pass_over(now, node);
  registrar_.begin_purge();
  purge_at_ = now;
}

void RegistrarLink::update_settling(Nanos now) {
  if (!setup_.self_is_core()) return;
  if (settling_.update(now, live(), membership_.reachable()) && settling_.settled()) registrar_.settled(now);
}

void RegistrarLink::beat(Nanos now) {
  if (misplaced_ && purge_at_ == kNever) {
    misplaced_ = false;
    registrar_.begin_purge();
    purge_at_ = now + 2 * kPeerTimeout;
  }
  claims_.for_each([&](ClaimTable::Key key, ClaimTable::Waiting& waiting) {
    if (waiting.registrar == kNoNode || waiting.registrar != registrar_of(waiting.client_id, live()))
      send_claim(key, waiting);
  });
}

bool RegistrarLink::make_upcalls(Nanos now) {
  if (overflown_.empty()) return false;
  const std::vector<ClaimTable::Key> failed = std::move(overflown_);
  overflown_.clear();
  for (const ClaimTable::Key& key : failed) host_.claim_failed(now, key.shard, key.request);
  return true;
}

void RegistrarLink::tick(Nanos now) {
  registrar_.tick(now);
  ClaimTable::Key key;
  while (claims_.expire(now, key)) host_.claim_failed(now, key.shard, key.request);
  if (settling_.next_deadline() <= now) update_settling(now);
  if (purge_at_ <= now) purge(now);
}

/// A row for an id that is another registrar's: who claimed or holds it sees other cores live than this node does. One of the
/// two will change its mind; if it is the other, it tells the right registrar, and the row here is left over.
void RegistrarLink::look_for_misplaced(std::string_view client_id) {
  misplaced_ = misplaced_ || registrar_of(client_id, live()) != setup_.self;
}

void RegistrarLink::purge(Nanos now) {
  if (!registrar_.purge(kPurgeRows, live(), setup_.self)) {
    purge_at_ = now + kPurgeEvery;
    return;
  }
  purge_at_ = kNever;
}

Nanos RegistrarLink::next_deadline() const {
  return std::min({registrar_.next_deadline(), claims_.next_deadline(),
                   setup_.self_is_core() ? settling_.next_deadline() : kNever, purge_at_});
}

// Frames ------------------------------------------------------------------------------------------------------------------

bool RegistrarLink::handle(Nanos now, NodeId from, FrameType type, ByteReader& body) {
  Envelope envelope;
  if (!read(body, setup_, envelope)) return false;
  if (envelope.to != setup_.self) return pass_on(from, type, envelope, body);
  RegistrarMessage m;
  if (!read(body, m)) return false;
  switch (type) {
    case FrameType::kClaim:
    case FrameType::kYielded:
    case FrameType::kRelease:
    case FrameType::kHold:
    case FrameType::kHeldAll:
      return setup_.self_is_core() && m.shard < setup_.members[envelope.from].shards &&
             handle_at_registrar(now, envelope.from, type, m);
    default:
      return m.shard < setup_.members[setup_.self].shards && handle_here(now, envelope.from, type, m);
  }
}

bool RegistrarLink::handle_at_registrar(Nanos now, NodeId from, FrameType type, const RegistrarMessage& m) {
  wire_.port().effects().work(Work::kRegistrarClaim, 1);
  const Holder holder{{from, m.shard}, m.incarnation};
  look_for_misplaced(m.client_id);
  switch (type) {
    case FrameType::kClaim:
      registrar_.claim(now, m.client_id, {holder, m.request, m.flag}, settling_.may_be_held(m.client_id));
      return true;
    case FrameType::kYielded:
      registrar_.yielded(now, m.client_id, m.epoch, m.session, m.flag);
      return true;
    case FrameType::kRelease:
      registrar_.release(now, m.client_id, m.epoch);
      return true;
    case FrameType::kHold:
      registrar_.hold(now, m.client_id, holder, m.epoch);
      return true;
    case FrameType::kHeldAll:
      settling_.told(from, m.incarnation);
      update_settling(now);
      return true;
    default:
      return false;
  }
}

bool RegistrarLink::handle_here(Nanos now, NodeId from, FrameType type, const RegistrarMessage& m) {
  switch (type) {
    case FrameType::kGrant:
      handle_grant(now, from, m);
      return true;
    case FrameType::kClaimRefused: {
      const ClaimTable::Key key{m.shard, m.request};
      const ClaimTable::Waiting* waiting = claims_.find(key);
      if (m.incarnation != setup_.incarnation || waiting == nullptr || waiting->client_id != m.client_id) return true;
      claims_.answered(key, 0);
      host_.claim_failed(now, m.shard, m.request);
      return true;
    }
    case FrameType::kYield:
      yields_[{std::string(m.client_id), m.epoch}] = from;
      claims_.revoke(m.client_id, m.epoch);
      host_.yield(now, m.shard, m.client_id, m.epoch, m.flag);
      return true;
    default:
      return false;
  }
}

void RegistrarLink::handle_grant(Nanos now, NodeId from, const RegistrarMessage& m) {
  if (m.incarnation != setup_.incarnation) return;
  const ClaimTable::Key key{m.shard, m.request};
  const ClaimTable::Waiting* waiting = claims_.find(key);
  if (waiting != nullptr && waiting->client_id == m.client_id && m.epoch <= waiting->revoked) {
    // A yield has overtaken this grant: the id is another's by now. Another grant is on its way, or there is none.
    if (waiting->sent_twice) return;
    claims_.answered(key, 0);
    host_.claim_failed(now, m.shard, m.request);
    return;
  }
  if (waiting != nullptr && waiting->client_id == m.client_id) {
    claims_.answered(key, m.epoch);
    // Granted by one who is not its registrar any more: the new one must know.
    if (registrar_of(m.client_id, live()) != from) hold(m.client_id, m.shard, m.epoch);
    host_.claim_granted(now, m.shard, m.request, m.epoch, m.session, m.flag);
    return;
  }
  // Nobody waits for it: it came too late, or a second registrar granted what the first had granted already.
  RegistrarMessage release;
  release.epoch = m.epoch;
  release.client_id = m.client_id;
  send(from, FrameType::kRelease, release);
  const std::uint64_t held = claims_.epoch_of_answered(key, m.client_id);
  if (held != 0) hold(m.client_id, m.shard, held);
}

// RegistrarOut ------------------------------------------------------------------------------------------------------------

void RegistrarLink::grant(const Holder& to, std::uint64_t request, std::string_view client_id, std::uint64_t epoch,
                          Bytes session, bool session_present) {
  look_for_misplaced(client_id);
  RegistrarMessage m;
  m.shard = to.place.shard;
  m.flag = session_present;
  m.incarnation = to.incarnation;
  m.request = request;
  m.epoch = epoch;
  m.client_id = client_id;
  m.session = session;
  send(to.place.node, FrameType::kGrant, m);
}

void RegistrarLink::refuse(const Holder& to, std::uint64_t request, std::string_view client_id) {
  RegistrarMessage m;
  m.shard = to.place.shard;
  m.incarnation = to.incarnation;
  m.request = request;
  m.client_id = client_id;
  send(to.place.node, FrameType::kClaimRefused, m);
}

void RegistrarLink::yield(Place holder, std::string_view client_id, std::uint64_t epoch, bool discard) {
  RegistrarMessage m;
  m.shard = holder.shard;
  m.flag = discard;
  m.epoch = epoch;
  m.client_id = client_id;
  send(holder.node, FrameType::kYield, m);
}

/// Two registrars on two sides of a split never give the same epoch: its low bits are the registrar's.
std::uint64_t RegistrarLink::next_epoch() { return wire_.advance_clock() * kMembersMax + setup_.self; }

bool RegistrarLink::alive(const Holder& holder) {
  const NodeId node = holder.place.node;
  return !membership_.masked(node) && !membership_.gone(node) && !outlived(holder);
}

bool RegistrarLink::outlived(const Holder& holder) {
  return holder.incarnation < logs_.position_of(holder.place.node).incarnation;
}

}  // namespace orrery::cluster
