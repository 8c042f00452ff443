// SPDX-License-Identifier: Apache-2.0
#include "broker/cluster/registrar_link.h"

#include <algorithm>

namespace orrery::cluster {
namespace {

/// The frame that says it.
constexpr FrameType frame_of(const claims::Request&) { return FrameType::kClaim; }
constexpr FrameType frame_of(const claims::Grant&) { return FrameType::kGrant; }
constexpr FrameType frame_of(const claims::Refusal&) { return FrameType::kClaimRefused; }
constexpr FrameType frame_of(const claims::Yield&) { return FrameType::kYield; }
constexpr FrameType frame_of(const claims::Yielded&) { return FrameType::kYielded; }
constexpr FrameType frame_of(const claims::Release&) { return FrameType::kRelease; }
constexpr FrameType frame_of(const claims::Hold&) { return FrameType::kHold; }
constexpr FrameType frame_of(const claims::HeldAll&) { return FrameType::kHeldAll; }

/// Values that no honest node says.
template <class Said>
bool plausible(const ClusterSetup& setup, const Said& said) {
  if constexpr (requires { said.epoch; })
    if (said.epoch == 0 || said.epoch > kEpochMax) return false;
  if constexpr (requires { said.session; })
    if (said.session.size() > kSessionBytesMax || (!said.session_present && !said.session.empty())) return false;
  if constexpr (requires { said.cores; })
    for (NodeId n = 0; n < kMembersMax; ++n)
      if ((said.cores & mask_of(n)) != 0 && (n >= setup.nodes() || !setup.is_core(n))) return false;
  return true;
}

}  // namespace

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

// Sending -------------------------------------------------------------------------------------------------------------

NodeId RegistrarLink::next_hop(NodeId to) const {
  if (to == setup_.self || wire_.up(to)) return to;
  NodeMask up = 0;
  for (NodeId n = 0; n < setup_.nodes(); ++n)
    if (wire_.up(n)) up |= mask_of(n);
  return membership_.hearer_of(to, up);
}

template <class Said>
bool RegistrarLink::send(NodeId to, const HolderShard& holder, const Said& said) {
  if (to == kNoNode) return false;
  const NodeId hop = next_hop(to);
  if (hop == kNoNode) return false;
  ControlFrame frame(wire_, hop, frame_of(said));
  write(frame, Envelope{setup_.self, to, 0});
  write(frame, holder);
  write_fields(frame, said);
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

// The shards' side ----------------------------------------------------------------------------------------------------

void RegistrarLink::claim(Nanos now, ShardId shard, const claims::Request& request) {
  const ClaimTable::Key key{shard, request.request};
  if (!claims_.add(now, key, std::string(request.client_id), request.clean_start)) return overflown_.push_back(key);
  send_claim(key, *claims_.find(key));
}

void RegistrarLink::send_claim(ClaimTable::Key key, ClaimTable::Waiting& waiting) {
  const NodeId registrar = registrar_of(waiting.client_id, live());
  const claims::Request request{key.request, waiting.clean_start, waiting.client_id};
  if (!send(registrar, {key.shard, setup_.incarnation}, request)) return;
  waiting.sent_twice = waiting.sent_twice || waiting.registrar != kNoNode;
  waiting.registrar = registrar;
}

void RegistrarLink::yielded(const claims::Yielded& yielded) {
  const auto at = yields_.find({std::string(yielded.client_id), yielded.epoch});
  if (at == yields_.end()) return;
  claims::Yielded said = yielded;
  said.session_present = yielded.session_present && yielded.session.size() <= kSessionBytesMax;
  if (!said.session_present) said.session = {};
  send(at->second, {}, said);
  yields_.erase(at);
}

void RegistrarLink::release(const claims::Release& release) {
  send(registrar_of(release.client_id, live()), {}, release);
}

void RegistrarLink::hold(ShardId shard, const claims::Hold& hold) {
  send(registrar_of(hold.client_id, live()), {shard, setup_.incarnation}, hold);
}

void RegistrarLink::begin_round(Nanos now, NodeMask before) {
  if (round_ != 0) before = 0;  // what the round under way has not told yet must be told too
  round_ = live();
  if (round_ == 0) return;
  told_.assign(setup_.members[setup_.self].shards, false);
  host_.reassert(now, before, round_);
}

void RegistrarLink::held_all(ShardId shard, const claims::HeldAll& all) {
  if (round_ == 0 || all.cores != round_ || shard >= told_.size()) return;
  told_[shard] = true;
  if (std::find(told_.begin(), told_.end(), false) != told_.end()) return;
  round_ = 0;
  for (NodeId n = 0; n < setup_.nodes(); ++n)
    if ((all.cores & mask_of(n)) != 0) send(n, {}, all);
}

// What happens around -------------------------------------------------------------------------------------------------

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
  for (const ClaimTable::Key& key : failed) host_.refused(now, key.shard, {key.request, {}});
  return true;
}

void RegistrarLink::tick(Nanos now) {
  registrar_.tick(now);
  ClaimTable::Key key;
  while (claims_.expire(now, key)) host_.refused(now, key.shard, {key.request, {}});
  if (settling_.next_deadline() <= now) update_settling(now);
  if (purge_at_ <= now) purge(now);
}

/// A row for an id that is another registrar's: who claimed or holds it sees other cores live than this node does. One
/// of the two will change its mind; if it is the other, it tells the right registrar, and the row here is left over.
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

// Frames --------------------------------------------------------------------------------------------------------------

bool RegistrarLink::handle(Nanos now, NodeId from, FrameType type, ByteReader& body) {
  Envelope envelope;
  if (!read(body, setup_, envelope)) return false;
  if (envelope.to != setup_.self) return pass_on(from, type, envelope, body);
  HolderShard holder;
  if (!read(body, holder) || !valid(envelope.from, type, holder)) return false;
  switch (type) {
    case FrameType::kClaim:
      return take_as<claims::Request>(now, envelope.from, holder, body);
    case FrameType::kGrant:
      return take_as<claims::Grant>(now, envelope.from, holder, body);
    case FrameType::kClaimRefused:
      return take_as<claims::Refusal>(now, envelope.from, holder, body);
    case FrameType::kYield:
      return take_as<claims::Yield>(now, envelope.from, holder, body);
    case FrameType::kYielded:
      return take_as<claims::Yielded>(now, envelope.from, holder, body);
    case FrameType::kRelease:
      return take_as<claims::Release>(now, envelope.from, holder, body);
    case FrameType::kHold:
      return take_as<claims::Hold>(now, envelope.from, holder, body);
    case FrameType::kHeldAll:
      return take_as<claims::HeldAll>(now, envelope.from, holder, body);
    default:
      return false;
  }
}

/// The holder's shard is one of the node that claims or holds: the sender, or for what a registrar says this node.
bool RegistrarLink::valid(NodeId from, FrameType type, const HolderShard& holder) const {
  const bool from_registrar =
      type == FrameType::kGrant || type == FrameType::kClaimRefused || type == FrameType::kYield;
  if (!setup_.is_core(from_registrar ? from : setup_.self)) return false;
  return holder.shard < setup_.members[from_registrar ? setup_.self : from].shards;
}

template <class Said>
bool RegistrarLink::take_as(Nanos now, NodeId from, const HolderShard& holder, ByteReader& body) {
  Said said;
  if (!read_whole(body, said) || !plausible(setup_, said)) return false;
  take(now, from, holder, said);
  return true;
}

void RegistrarLink::take(Nanos now, NodeId from, const HolderShard& holder, const claims::Request& request) {
  wire_.port().effects().work(Work::kRegistrarClaim, 1);
  look_for_misplaced(request.client_id);
  registrar_.claim(now, {{from, holder.shard}, holder.incarnation}, request, settling_.may_be_held(request.client_id));
}

void RegistrarLink::take(Nanos now, NodeId, const HolderShard&, const claims::Yielded& yielded) {
  wire_.port().effects().work(Work::kRegistrarClaim, 1);
  registrar_.yielded(now, yielded);
}

void RegistrarLink::take(Nanos now, NodeId, const HolderShard&, const claims::Release& release) {
  wire_.port().effects().work(Work::kRegistrarClaim, 1);
  registrar_.release(now, release);
}

void RegistrarLink::take(Nanos now, NodeId from, const HolderShard& holder, const claims::Hold& hold) {
  wire_.port().effects().work(Work::kRegistrarClaim, 1);
  look_for_misplaced(hold.client_id);
  registrar_.hold(now, {{from, holder.shard}, holder.incarnation}, hold);
}

void RegistrarLink::take(Nanos now, NodeId from, const HolderShard&, const claims::HeldAll& all) {
  settling_.told(from, all.cores);
  update_settling(now);
}

void RegistrarLink::take(Nanos now, NodeId, const HolderShard& holder, const claims::Refusal& refusal) {
  const ClaimTable::Key key{holder.shard, refusal.request};
  const ClaimTable::Waiting* waiting = claims_.find(key);
  if (holder.incarnation != setup_.incarnation) return;
  if (waiting == nullptr || waiting->client_id != refusal.client_id) return;
  claims_.answered(key, 0);
  host_.refused(now, holder.shard, refusal);
}

void RegistrarLink::take(Nanos now, NodeId from, const HolderShard& holder, const claims::Yield& yield) {
  yields_[{std::string(yield.client_id), yield.epoch}] = from;
  claims_.revoke(yield.client_id, yield.epoch);
  host_.yield(now, holder.shard, yield);
}

void RegistrarLink::take(Nanos now, NodeId from, const HolderShard& holder, const claims::Grant& grant) {
  if (holder.incarnation != setup_.incarnation) return;
  const ClaimTable::Key key{holder.shard, grant.request};
  const ClaimTable::Waiting* waiting = claims_.find(key);
  if (waiting != nullptr && waiting->client_id == grant.client_id && grant.epoch <= waiting->revoked) {
    // A yield has overtaken this grant: the id is another's by now. Another grant is on its way, or there is none.
    if (waiting->sent_twice) return;
    claims_.answered(key, 0);
    host_.refused(now, holder.shard, {grant.request, grant.client_id});
    return;
  }
  if (waiting != nullptr && waiting->client_id == grant.client_id) {
    claims_.answered(key, grant.epoch);
    // Granted by one who is not its registrar any more: the new one must know.
    if (registrar_of(grant.client_id, live()) != from) hold(holder.shard, {grant.epoch, grant.client_id});
    host_.granted(now, holder.shard, grant);
    return;
  }
  // Nobody waits for it: it came too late, or a second registrar granted what the first had granted already.
  send(from, {}, claims::Release{grant.epoch, grant.client_id});
  const std::uint64_t held = claims_.epoch_of_answered(key, grant.client_id);
  if (held != 0) hold(holder.shard, {held, grant.client_id});
}

// RegistrarOut --------------------------------------------------------------------------------------------------------

void RegistrarLink::grant(const Holder& to, const claims::Grant& grant) {
  look_for_misplaced(grant.client_id);
  send(to.place.node, {to.place.shard, to.incarnation}, grant);
}

void RegistrarLink::refuse(const Holder& to, const claims::Refusal& refusal) {
  send(to.place.node, {to.place.shard, to.incarnation}, refusal);
}

void RegistrarLink::yield(Place holder, const claims::Yield& yield) { send(holder.node, {holder.shard, 0}, yield); }

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
