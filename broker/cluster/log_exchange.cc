// SPDX-License-Identifier: Apache-2.0
#include "broker/cluster/log_exchange.h"

#include <algorithm>

#include "base/assert.h"

namespace orrery::cluster {

LogExchange::LogExchange(const ClusterSetup& setup, Heap& heap, ControlWire& wire, RouteSink& routes,
                         RetainedSink& retained)
    : setup_(setup), wire_(wire), routes_(routes), retained_(retained) {
  for (NodeId n = 0; n < setup.nodes(); ++n) {
    owners_.push_back(std::make_unique<Owner>(heap));
    peers_.push_back(std::make_unique<Peer>(heap));
  }
  owners_[setup.self]->log.reset({setup.incarnation, 0});
}

LogExchange::~LogExchange() = default;

// The own log ---------------------------------------------------------------------------------------------------------

/// False when it is not one that its owner can have made.
bool LogExchange::apply(NodeId owner, const Entry& entry) {
  if (!plausible(entry, setup_, owner)) return false;
  switch (entry.operation) {
    case Operation::kRouteAdd:
      routes_.add(owner, entry.filter, entry.shard);
      return true;
    case Operation::kRouteRemove:
      routes_.remove(owner, entry.filter, entry.shard);
      return true;
    case Operation::kRetained:
      return retained_.apply(owner, entry.value);
  }
  return false;
}

std::uint64_t LogExchange::append(const Entry& entry) {
  const bool applied = apply(setup_.self, entry);
  ORRERY_ASSERT(applied);  // or the peers would refuse us
  ByteWriter::Buffer encoded;
  ByteWriter w(encoded);
  encode(entry, w);
  OwnerLog& log = owners_[setup_.self]->log;
  log.append(encoded, setup_.nodes() > 1);
  wire_.port().effects().work(Work::kRouteApplied, 1);
  return log.last();
}

std::uint64_t LogExchange::in_force() const {
  return setup_.self_is_core() ? owners_[setup_.self]->log.last() : acknowledged_;
}

void LogExchange::acknowledged(Position at) {
  if (at.incarnation != setup_.incarnation) return;
  ORRERY_ASSERT(at.sequence <= owners_[setup_.self]->log.last());
  acknowledged_ = std::max(acknowledged_, at.sequence);
}

/// More of our own log in this life than we have written: nobody can have that.
bool LogExchange::ahead_of_us(const OwnerPosition& position) const {
  return position.owner == setup_.self && position.at.incarnation == setup_.incarnation &&
         position.at.sequence > owners_[setup_.self]->log.last();
}

// Peers ---------------------------------------------------------------------------------------------------------------

std::vector<OwnerPosition> LogExchange::positions() const {
  std::vector<OwnerPosition> all;
  for (NodeId n = 0; n < setup_.nodes(); ++n)
    if (owners_[n]->log.incarnation() != 0) all.push_back({n, owners_[n]->log.position()});
  return all;
}

void LogExchange::write_have(NodeId to, FrameType type, const Have& have) {
  ControlFrame frame(wire_, to, type);
  write(frame, have);
}

void LogExchange::peer_up(NodeId peer) {
  if (setup_.self_is_core() && setup_.is_core(peer)) write_have(peer, FrameType::kHave, {true, newborn_, positions()});
}

void LogExchange::peer_down(NodeId peer) {
  drop_copy_from(peer);
  Peer& p = *peers_[peer];
  p.feeds.fill({});
  p.attached = false;
  p.wants_retained = false;
  p.owes_ack = false;
  p.newborn = false;
  p.out.abort();
  if (newborn_asked_ == peer) newborn_asked_ = kNoNode;
  if (attached_to_ == peer) attached_to_ = kNoNode;
}

void LogExchange::attach(NodeId core) {
  if (attached_to_ != kNoNode && wire_.up(attached_to_)) ControlFrame(wire_, attached_to_, FrameType::kDetach);
  attached_to_ = core;
  if (core == kNoNode) return;
  peers_[core]->feeds[setup_.self].known = false;
  write_have(core, FrameType::kAttach, {true, newborn_, positions()});
}

void LogExchange::drop_copy_from(NodeId peer) {
  CopyReceiver& in = peers_[peer]->in;
  if (!in.active()) return;
  if (in.head().kind == CopyKind::kWhole && !in.ignored()) owners_[in.head().of.owner]->copied_from = kNoNode;
  in.abort();
}

void LogExchange::reset(NodeId owner, Position at) {
  ORRERY_ASSERT(owner != setup_.self);
  ORRERY_ASSERT(at > owners_[owner]->log.position());
  owners_[owner]->log.reset(at);
  for (const auto& peer : peers_) peer->feeds[owner].offset_known = false;
}

void LogExchange::observe_incarnation(NodeId node, std::uint64_t incarnation) {
  Owner& owner = *owners_[node];
  ORRERY_ASSERT(owners_[setup_.self]->log.incarnation() == setup_.incarnation);
  if (node == setup_.self || incarnation <= owner.log.incarnation()) return;
  if (owner.log.incarnation() != 0) routes_.remove_node(node);
  reset(node, {incarnation, 0});
  owner.copied_from = kNoNode;
  owner.uncertain = false;
  owner.asked_in_vain = 0;
  renewed_ |= mask_of(node);
  for (const auto& peer : peers_)
    if (peer->in.active() && peer->in.head().kind == CopyKind::kWhole && peer->in.head().of.owner == node)
      peer->in.ignore();
}

NodeMask LogExchange::take_renewed() {
  const NodeMask renewed = renewed_;
  renewed_ = 0;
  return renewed;
}

// Giving --------------------------------------------------------------------------------------------------------------

bool LogExchange::direct(NodeId owner) const { return owner == setup_.self || peers_[owner]->attached; }

bool LogExchange::serves(NodeId peer, NodeId owner) const {
  if (!setup_.self_is_core()) return owner == setup_.self && peer == attached_to_;
  return setup_.is_core(peer) ? direct(owner) : peers_[peer]->attached;
}

bool LogExchange::has_work(NodeId peer, NodeId owner) {
  Feed& feed = peers_[peer]->feeds[owner];
  if (owner == peer || !feed.known) return false;
  if (!setup_.self_is_core() && owner != setup_.self) return false;
  if (!feed.repair && !serves(peer, owner)) return false;
  const OwnerLog& log = owners_[owner]->log;
  const bool behind = log.last() > 0 && feed.at < log.position();
  if (!behind) feed.repair = false;
  return behind;
}

void LogExchange::set_feed(NodeId peer, const OwnerPosition& position, bool repair) {
  Peer& p = *peers_[peer];
  Feed& feed = p.feeds[position.owner];
  feed.at = position.at;
  feed.known = true;
  feed.offset_known = false;
  feed.repair = feed.repair || repair;
  if (p.out.active() && p.out.kind() == CopyKind::kWhole && p.out.owner() == position.owner) p.out.abort();
}

/// The other cores have had this owner's entries through others so far, or ask for what they have not had.
void LogExchange::became_direct(NodeId owner) {
  const OwnerLog& log = owners_[owner]->log;
  for (NodeId n = 0; n < setup_.nodes(); ++n) {
    Feed& feed = peers_[n]->feeds[owner];
    if (!setup_.is_core(n) || !feed.known || feed.repair) continue;
    feed.at = log.position();
    feed.offset_known = false;
  }
}

bool LogExchange::pump(Nanos now) {
  if (newborn_ && now >= newborn_until_) newborn_ = false;
  bool more = false;
  for (NodeId n = 0; n < setup_.nodes(); ++n) {
    if (n == setup_.self || !wire_.up(n)) continue;
    Peer& peer = *peers_[n];
    if (peer.owes_ack) {
      peer.owes_ack = false;
      ControlFrame frame(wire_, n, FrameType::kAck);
      write(frame, OwnerPosition{n, owners_[n]->log.position()});
    }
    if (!wire_.blocked(n)) more = pump_peer(n) || more;
  }
  return more;
}

bool LogExchange::pump_peer(NodeId peer) {
  Peer& p = *peers_[peer];
  std::size_t written = 0;
  while (written < kPumpBytes) {
    if (p.out.active()) {
      const NodeId owner = p.out.owner();
      const bool whole = p.out.kind() == CopyKind::kWhole;
      if (whole && p.out.at().incarnation != owners_[owner]->log.incarnation()) {
        p.out.abort();
        continue;
      }
      written += p.out.write_piece(wire_, peer, routes_, retained_);
      if (whole && !p.out.active()) {
        p.feeds[owner].at = p.out.at();
        p.feeds[owner].offset_known = false;
      }
      continue;
    }
    if (p.wants_retained) {
      begin_retained_copy(peer);
      continue;
    }
    NodeId owner = 0;
    while (owner < setup_.nodes() && !has_work(peer, owner)) ++owner;
    if (owner == setup_.nodes()) return false;
    written += write_entries(peer, owner);
  }
  return true;
}

std::size_t LogExchange::write_entries(NodeId to, NodeId owner) {
  Peer& peer = *peers_[to];
  Feed& feed = peer.feeds[owner];
  const OwnerLog& log = owners_[owner]->log;
  if (feed.at.incarnation != log.incarnation()) feed.at = {log.incarnation(), 0};
  if (feed.at.sequence + 1 < log.first()) {
    peer.out.begin_whole(owner, log.position(), wire_, to);
    return 0;
  }
  std::uint64_t next = feed.at.sequence + 1;
  if (!feed.offset_known) feed.offset = log.offset_of(next);
  const std::size_t before = wire_.buffer(to).size();
  {
    ControlFrame frame(wire_, to, FrameType::kEntries);
    write(frame, EntriesHead{owner, log.incarnation(), next, 0});
    const std::size_t count_at = frame.size() - kEntriesCountBack;
    frame.patch_u32(count_at, log.copy(next, feed.offset, kBatchBytes, frame));
  }
  feed.at.sequence = next - 1;
  feed.offset_known = true;
  return wire_.buffer(to).size() - before;
}

/// What the logs that the peer is given anyway do not bring.
void LogExchange::begin_retained_copy(NodeId to) {
  Peer& peer = *peers_[to];
  peer.wants_retained = false;
  std::vector<NodeId> owners;
  if (setup_.self_is_core()) {
    owners.push_back(to);
  } else {
    for (NodeId n = 0; n < setup_.nodes(); ++n)
      if (n != setup_.self) owners.push_back(n);
  }
  peer.out.begin_retained(std::move(owners), newborn_, wire_, to);
}

// Taking --------------------------------------------------------------------------------------------------------------

bool LogExchange::handle(Nanos now, NodeId from, FrameType type, ByteReader& body) {
  switch (type) {
    case FrameType::kHave:
      return handle_have(from, false, body);
    case FrameType::kAttach:
      return handle_have(from, true, body);
    case FrameType::kDetach:
      peers_[from]->attached = false;
      return body.done();
    case FrameType::kEntries:
      return handle_entries(now, from, body);
    case FrameType::kAck:
      return handle_ack(from, body);
    case FrameType::kCopyBegin:
      return handle_copy_begin(from, body);
    case FrameType::kCopyRows:
      return handle_copy_rows(from, body);
    case FrameType::kCopyEnd:
      return handle_copy_end(from, body);
    default:
      return false;
  }
}

bool LogExchange::handle_have(NodeId from, bool attaching, ByteReader& body) {
  Have have;
  if (!read(body, setup_, have)) return false;
  if (attaching && (!setup_.self_is_core() || setup_.is_core(from))) return false;
  for (const OwnerPosition& p : have.positions)
    if (ahead_of_us(p)) return false;
  Peer& peer = *peers_[from];
  if (have.newborn) peer.wants_retained = true;
  if (have.full) {
    peer.newborn = have.newborn;
    for (NodeId n = 0; n < setup_.nodes(); ++n) set_feed(from, {n, {}}, !attaching);
  }
  for (const OwnerPosition& p : have.positions) {
    observe_incarnation(p.owner, p.at.incarnation);
    set_feed(from, p, !attaching);
    if (p.owner == setup_.self && setup_.is_core(from)) acknowledged(p.at);
  }
  if (!attaching) return true;
  peer.attached = true;
  became_direct(from);
  Have reply;
  reply.newborn = newborn_ && may_ask_retained(from);
  if (reply.newborn) newborn_asked_ = from;
  reply.positions.push_back({from, owners_[from]->log.position()});
  write_have(from, FrameType::kHave, reply);
  return true;
}

/// A core that starts asks the other cores. Only when there is none that was there before, it asks one replicant.
bool LogExchange::may_ask_retained(NodeId replicant) const {
  if (newborn_asked_ != kNoNode && newborn_asked_ != replicant) return false;
  for (NodeId n = 0; n < setup_.nodes(); ++n)
    if (n != setup_.self && setup_.is_core(n) && wire_.up(n) && !peers_[n]->newborn) return false;
  return true;
}

bool LogExchange::handle_entries(Nanos now, NodeId from, ByteReader& body) {
  EntriesHead head;
  if (!read(body, setup_, head)) return false;
  if (head.owner == setup_.self) return true;
  Owner& owner = *owners_[head.owner];
  if (head.incarnation < owner.log.incarnation()) return true;
  observe_incarnation(head.owner, head.incarnation);
  Peer& peer = *peers_[from];
  if (peer.in.active() && peer.in.head().kind == CopyKind::kWhole && peer.in.head().of.owner == head.owner)
    drop_copy_from(from);  // the sender has given it up
  if (owner.copied_from != kNoNode) return true;
  if (head.first > owner.log.last() + 1) {
    ask(now, from, head.owner);
    return true;
  }
  std::uint32_t applied = 0;
  for (std::uint32_t i = 0; i < head.count; ++i) {
    const std::size_t before = body.remaining();
    ByteReader at_entry = body;
    Entry entry;
    if (!decode(body, entry)) return false;
    if (head.first + i <= owner.log.last()) continue;
    if (!apply(head.owner, entry)) return false;
    owner.log.append(at_entry.take(before - body.remaining()), setup_.self_is_core());
    ++applied;
  }
  if (applied > 0) {
    owner.asked_in_vain = 0;
    wire_.port().effects().work(Work::kRouteApplied, applied);
  }
  peer.owes_ack = peer.owes_ack || (head.owner == from && setup_.self_is_core());
  return body.done();
}

void LogExchange::ask(Nanos now, NodeId peer, NodeId owner) {
  Owner& o = *owners_[owner];
  if (now < o.ask_again_at) return;
  o.ask_again_at = now + kAskEvery;
  write_have(peer, FrameType::kHave, {false, false, {{owner, o.log.position()}}});
}

bool LogExchange::handle_ack(NodeId from, ByteReader& body) {
  OwnerPosition position;
  if (!read(body, setup_, position) || !body.done()) return false;
  if (position.owner != setup_.self || !setup_.is_core(from)) return false;
  if (ahead_of_us(position)) return false;
  acknowledged(position.at);
  return true;
}

bool LogExchange::handle_positions(Nanos now, NodeId from, const std::vector<OwnerPosition>& positions) {
  for (const OwnerPosition& p : positions) {
    if (ahead_of_us(p)) return false;
    if (p.owner == setup_.self) continue;
    observe_incarnation(p.owner, p.at.incarnation);
    Owner& owner = *owners_[p.owner];
    Feed& feed = peers_[from]->feeds[p.owner];
    const Position mine = owner.log.position();
    const bool could_give = setup_.is_core(from) || p.owner == from;
    if (!could_give || p.at <= mine || feed.compared != mine || owner.copied_from != kNoNode) {
      feed.behind = 0;
      feed.compared = mine;
      continue;
    }
    if (++feed.behind < 2 << std::min<int>(owner.asked_in_vain, 3)) continue;
    feed.behind = 0;
    owner.asked_in_vain = static_cast<std::uint8_t>(std::min(owner.asked_in_vain + 1, 100));
    ask(now, from, p.owner);
  }
  return true;
}

bool LogExchange::handle_copy_begin(NodeId from, ByteReader& body) {
  CopyHead head;
  if (!read(body, setup_, head)) return false;
  drop_copy_from(from);
  CopyReceiver& in = peers_[from]->in;
  if (head.kind == CopyKind::kRetainedOnly) {
    in.begin(head, false, false);
    return true;
  }
  const NodeId o = head.of.owner;
  Owner& owner = *owners_[o];
  observe_incarnation(o, head.of.at.incarnation);
  const bool wanted = o != setup_.self && head.of.at.incarnation == owner.log.incarnation() &&
                      head.of.at.sequence > owner.log.last() && owner.copied_from == kNoNode;
  in.begin(head, !wanted, owner.log.last() > 0 || owner.uncertain);
  if (wanted) {
    owner.copied_from = from;
    owner.uncertain = true;
  }
  return true;
}

bool LogExchange::handle_copy_rows(NodeId from, ByteReader& body) {
  CopyReceiver& in = peers_[from]->in;
  const NodeId o = body.u16();
  if (!in.active() || o >= setup_.nodes()) return false;
  const bool whole = in.head().kind == CopyKind::kWhole;
  if (whole && o != in.head().of.owner) return false;
  std::uint32_t applied = 0;
  while (body.remaining() > 0) {
    Entry row;
    if (!decode(body, row) || row.operation == Operation::kRouteRemove) return false;
    if (!whole && row.operation != Operation::kRetained) return false;
    if (in.ignored()) continue;
    if (!apply(o, row)) return false;
    in.note(row);
    ++applied;
  }
  if (applied > 0) wire_.port().effects().work(Work::kRouteApplied, applied);
  return !body.failed();
}

bool LogExchange::handle_copy_end(NodeId from, ByteReader& body) {
  CopyReceiver& in = peers_[from]->in;
  CopyHead head;
  if (!read(body, setup_, head) || !in.active()) return false;
  if (head.kind != in.head().kind || head.of.owner != in.head().of.owner || head.of.at != in.head().of.at) return false;
  const bool ignored = in.ignored();
  in.finish(routes_);
  if (head.kind == CopyKind::kRetainedOnly) {
    if (head.of.at.sequence == kFromSettled) newborn_ = false;
    return true;
  }
  if (ignored) return true;
  Owner& owner = *owners_[head.of.owner];
  owner.copied_from = kNoNode;
  owner.uncertain = false;
  owner.asked_in_vain = 0;
  reset(head.of.owner, head.of.at);
  peers_[from]->owes_ack = peers_[from]->owes_ack || (head.of.owner == from && setup_.self_is_core());
  return true;
}

std::uint64_t LogExchange::memory_bytes() const {
  std::uint64_t total = owners_.size() * (sizeof(Owner) + sizeof(Peer) + 2 * sizeof(void*));
  for (const auto& owner : owners_) total += owner->log.memory_bytes();
  for (const auto& peer : peers_) total += peer->in.memory_bytes();
  return total;
}

}  // namespace orrery::cluster
