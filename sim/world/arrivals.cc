// SPDX-License-Identifier: Apache-2.0
// What comes over links and between shards: opening, bytes, ends, and the events that follow from windows and silence.
#include <algorithm>
#include <utility>

#include "sim/world/addresses.h"
#include "sim/world/engine.h"

namespace orrery::sim {
namespace {

constexpr std::uint64_t kDialKeys = 11;
constexpr std::uint64_t kPostDraws = 12;
constexpr std::uint64_t kEndDraws = 13;
constexpr std::uint32_t kPeerPort = 5370;

unsigned receiver(std::uint32_t pipe) { return 1 - pipe % 2; }

}  // namespace

void Engine::arrival_event(const Event& event) {
  const std::uint32_t pipe = event.index();
  Link& link = links[pipe / 2];
  std::uint8_t& flags = link.flags[pipe % 2];
  if ((flags & Pipe::kHeld) != 0 && wire.is_reset_behind(pipe, event.arg)) {
    if (disturbed && blocked(link, pipe % 2)) return;  // a reset is not sent twice
    wire.drop_before_last(pipe);
    flags &= static_cast<std::uint8_t>(~Pipe::kHeld);
  }
  const ItemId id = wire.head(pipe, event.arg);
  if (id == kNoItem) return;
  Item& item = wire.pool()[id];
  if (disturbed && blocked(link, pipe % 2)) {
    account(event, 0);
    return stall(pipe, item);
  }
  // A client that does not look at its socket does not see its end either; a shard is told.
  if ((flags & Pipe::kPaused) != 0 &&
      (item.kind == ItemKind::kData || (item.kind == ItemKind::kClose && link.client_at(receiver(pipe))))) {
    account(event, 0);
    flags |= Pipe::kHeld;
    return wire.announce_reset(pipe, now);
  }
  wire.pop(pipe, now);
  if ((flags & (Pipe::kBlocked | Pipe::kDrainDue)) == Pipe::kBlocked && wire.backlog(pipe) == 0) {
    flags |= Pipe::kDrainDue;
    queue.push({now + wire.latency_back(pipe), entity_of(EventKind::kDrained, pipe), link.generation});
  }
  account(event, payload_digest(item.bytes()) + static_cast<std::uint64_t>(item.kind));
  receive(pipe, item);
  wire.pool().free(id);
}

void Engine::receive(std::uint32_t pipe, Item& item) {
  const std::uint64_t drawn = wire.draw_for(pipe, item);
  switch (item.kind) {
    case ItemKind::kData:
      return data_arrived(pipe, item, drawn);
    case ItemKind::kOpen:
      return open_arrived(pipe, drawn);
    case ItemKind::kOpened:
      return opened_arrived(pipe, drawn);
    case ItemKind::kClose:
    case ItemKind::kFinish:
      return finish_arrived(pipe, item.kind, drawn);
    case ItemKind::kRefused:
    case ItemKind::kReset:
      return end_arrived(pipe, item.kind, drawn);
    case ItemKind::kPost:
      return;  // never on a link
  }
}

void Engine::open_arrived(std::uint32_t pipe, std::uint64_t drawn) {
  Link& link = links[pipe / 2];
  ShardHost& shard = shards[link.owner[1]];
  Machine& machine = machine_of(shard);
  const Nanos arrival = machine.nic.receive(now, 0);
  wire.append(pipe ^ 1, shard.alive() ? ItemKind::kOpened : ItemKind::kRefused);
  wire.flush(now, arrival);
  if (!shard.alive()) return;
  link.state[1] = EndState::kOpen;
  link.id[1] = shard.add_link(pipe ^ 1);
  const AddressText peer = link.of_client()
                               ? AddressText::of_client(link.owner[0], clients[link.owner[0]].connects)
                               : AddressText::of_node(node_of_shard[link.owner[0]], 1024 + link.id[0] % 64512);
  const LinkInfo info{link.of_client() ? link.kind : LinkKind::kPeerIn, 0, peer.text()};
  shard.shard().link_open(shard.begin(arrival, costs[Cost::kLinkOpen]), link.id[1], info);
  shard.end(drawn);
}

void Engine::opened_arrived(std::uint32_t pipe, std::uint64_t drawn) {
  Link& link = links[pipe / 2];
  if (link.state[0] != EndState::kDialling) return answer_with_reset(pipe);
  link.state[0] = EndState::kOpen;
  if (link.of_client()) {
    host.client_connected(now, link.owner[0]);
    return wire.flush(now, now);
  }
  ShardHost& shard = shards[link.owner[0]];
  const AddressText peer =
      AddressText::of_node(node_of_shard[link.owner[1]], kPeerPort + shards[link.owner[1]].place().shard);
  const LinkInfo info{LinkKind::kPeerOut, link.id[0], peer.text()};
  link.id[0] = shard.add_link(pipe ^ 1);
  const Nanos arrival = machine_of(shard).nic.receive(now, 0);
  shard.shard().link_open(shard.begin(arrival, costs[Cost::kLinkOpen]), link.id[0], info);
  shard.end(drawn);
}

void Engine::data_arrived(std::uint32_t pipe, Item& item, std::uint64_t drawn) {
  Link& link = links[pipe / 2];
  const unsigned end = receiver(pipe);
  if (link.state[end] != EndState::kOpen) {
    if (link.state[end] == EndState::kGone) answer_with_reset(pipe);
    return;
  }
  if (link.client_at(end)) {
    host.client_bytes(now, link.owner[0], item.bytes());
    return wire.flush(now, now);
  }
  ShardHost& shard = shards[link.owner[end]];
  const Nanos arrival = machine_of(shard).nic.receive(now, item.size);
  shard.shard().bytes(shard.begin(arrival, costs.receive(item.size)), link.id[end], item.bytes());
  shard.end(drawn);
}

// The sender has sent its last byte. Whether it still reads cannot be seen here: a shard that wants to go on may.
void Engine::finish_arrived(std::uint32_t pipe, ItemKind kind, std::uint64_t drawn) {
  Link& link = links[pipe / 2];
  const unsigned end = receiver(pipe);
  const bool open = link.state[end] == EndState::kOpen && !link.client_at(end);
  if (open && shards[link.owner[end]].shard().takes_half_close()) {
    ShardHost& shard = shards[link.owner[end]];
    shard.shard().half_closed(shard.begin(now, costs[Cost::kLinkClosed]), link.id[end]);
    return shard.end(drawn);
  }
  // Both directions end together, so a sender that still reads has to be told.
  if (open && kind == ItemKind::kFinish && link.state[1 - end] == EndState::kOpen) {
    wire.append(pipe ^ 1, ItemKind::kClose);
    wire.flush(now, now);
  }
  end_arrived(pipe, ItemKind::kClose, drawn);
}

void Engine::end_arrived(std::uint32_t pipe, ItemKind kind, std::uint64_t drawn) {
  Link& link = links[pipe / 2];
  const unsigned end = receiver(pipe);
  switch (link.state[end]) {
    case EndState::kDialling:
      return finish_end(pipe / 2, end, EndedBy::kRefused, drawn);
    case EndState::kOpen:
      return finish_end(pipe / 2, end, kind == ItemKind::kClose ? EndedBy::kClose : EndedBy::kReset, drawn);
    case EndState::kClosing:
      // Nobody is left to take what waits, so there is nothing to wait for; otherwise kEndClosed is on its way.
      if ((link.flags[end] & Pipe::kCloseDue) != 0) finish_end(pipe / 2, end, EndedBy::kReset, drawn);
      return;
    case EndState::kGone:
      return;
  }
}

void Engine::finish_end(std::uint32_t index, unsigned end, EndedBy how, std::uint64_t drawn) {
  Link& link = links[index];
  const EndState before = std::exchange(link.state[end], EndState::kGone);
  read_again(index * 2 + 1 - end);
  if (link.client_at(end)) {
    const ClientId client = link.owner[0];
    clients[client].link = kNoLink;
    release_if_over(index);
    host.client_closed(now, client, how);
    return wire.flush(now, now);
  }
  ShardHost& shard = shards[link.owner[end]];
  if (before == EndState::kDialling) {
    shard.shard().dial_failed(shard.begin(now, costs[Cost::kDialFailed]), link.id[0]);
  } else {
    const Nanos start = shard.begin(now, costs[Cost::kLinkClosed]);
    if (before == EndState::kOpen && how != EndedBy::kClose)
      shard.shard().link_reset(start, link.id[end]);
    else
      shard.shard().link_closed(start, link.id[end]);
    shard.remove_link(link.id[end]);
  }
  shard.end(drawn);
  release_if_over(index);
}

void Engine::read_again(std::uint32_t pipe) {
  std::uint8_t& flags = links[pipe / 2].flags[pipe % 2];
  const bool held = (flags & Pipe::kHeld) != 0;
  flags &= static_cast<std::uint8_t>(~(Pipe::kPaused | Pipe::kHeld));
  if (held) wire.deliver_head(pipe, now + 1);
}

void Engine::release_if_over(std::uint32_t index) {
  if (!links[index].over()) return;
  wire.drop_all(index * 2);
  wire.drop_all(index * 2 + 1);
  links.release(index);
}

// The receiver knows nothing of this connection (any more): the sender learns it, unless it is about to anyway.
void Engine::answer_with_reset(std::uint32_t pipe) {
  Link& link = links[pipe / 2];
  if (link.state[pipe % 2] == EndState::kGone) return;
  const ItemId last = link.pipe[receiver(pipe)].tail;
  if (last != kNoItem && wire.pool()[last].kind != ItemKind::kData) return;
  wire.append(pipe ^ 1, ItemKind::kReset);
  wire.flush(now, now);
}

void Engine::stall(std::uint32_t pipe, const Item& item) {
  Link& link = links[pipe / 2];
  link.flags[pipe % 2] |= Pipe::kStalled;
  stalled.push_back({pipe, item.sequence, now});
  const bool opening = link.state[0] == EndState::kDialling;
  const Nanos gives_up =
      opening ? std::max(item.leaves + options.network.connect_timeout, now + 1) : now + options.network.give_up;
  queue.push({gives_up, entity_of(EventKind::kTimeout, pipe), item.sequence});
}

void Engine::timeout_event(const Event& event) {
  const std::uint32_t pipe = event.index();
  Link& link = links[pipe / 2];
  if (wire.head(pipe, event.arg) == kNoItem) return;
  if ((link.flags[pipe % 2] & Pipe::kStalled) == 0) return;
  account(event, 0);
  const std::uint64_t drawn = key(link.key + kEndDraws, event.arg);
  if (link.state[0] == EndState::kDialling) {
    finish_end(pipe / 2, 0, EndedBy::kTimeout, drawn);
    // The answer was under way and cannot arrive; the end that sent it gives up on its own.
    if (!link.over()) queue.push({now + options.network.give_up, event.entity, event.arg});
    return;
  }
  wire.drop_all(pipe);
  if (link.state[pipe % 2] != EndState::kGone) finish_end(pipe / 2, pipe % 2, EndedBy::kTimeout, drawn);
}

void Engine::drained_event(const Event& event) {
  const std::uint32_t pipe = event.index();
  Link& link = links[pipe / 2];
  std::uint8_t& flags = link.flags[pipe % 2];
  if (link.generation != event.arg) return;
  flags &= static_cast<std::uint8_t>(~Pipe::kDrainDue);
  if ((flags & Pipe::kBlocked) == 0) return;
  if (wire.backlog(pipe) > 0) return;
  account(event, 0);
  flags &= static_cast<std::uint8_t>(~Pipe::kBlocked);
  const std::uint64_t drawn = key(link.key + kEndDraws, static_cast<std::uint64_t>(event.time));
  if (link.state[pipe % 2] == EndState::kClosing) return finish_end(pipe / 2, pipe % 2, EndedBy::kClose, drawn);
  if (link.state[pipe % 2] != EndState::kOpen) return;
  ShardHost& shard = shards[link.owner[pipe % 2]];
  shard.shard().drained(shard.begin(now, costs[Cost::kDrained]), link.id[pipe % 2]);
  shard.end(drawn);
}

void Engine::end_closed_event(const Event& event) {
  const std::uint32_t pipe = event.index();
  Link& link = links[pipe / 2];
  if (link.generation != event.arg) return;
  if (link.state[pipe % 2] != EndState::kClosing) return;
  account(event, 0);
  if ((link.flags[pipe % 2] & Pipe::kCloseDue) != 0) {
    wire.drop_unsent(pipe, now);
    wire.append(pipe, ItemKind::kReset);
    wire.flush(now, now);
  }
  finish_end(pipe / 2, pipe % 2, EndedBy::kClose, key(link.key + kEndDraws, static_cast<std::uint64_t>(event.time)));
}

void Engine::dial(ShardHost& from, std::uint32_t from_index, std::uint32_t tag, NodeId node, ShardId shard) {
  const bool exists = node < machines.size() && node != from.place().node && shard < machines[node].shards;
  const std::uint32_t index = links.allocate();
  Link& link = links[index];
  link.key = key(draw(options.seed, kDialKeys, from_index, from.dials++), std::uint64_t{node} << 16 | shard);
  link.kind = LinkKind::kPeerOut;
  link.owner[0] = from_index;
  link.owner[1] = exists ? machines[node].first_shard + shard : from_index;
  link.id[0] = tag;
  link.state[0] = EndState::kDialling;
  wire.append(index * 2 + (exists ? 0 : 1), exists ? ItemKind::kOpen : ItemKind::kRefused);
}

void Engine::post(std::uint32_t pair, ItemId id, Nanos leaves) {
  Pair& p = pairs[pair];
  Item& item = wire.pool()[id];
  item.sequence = p.next_sequence++;
  item.leaves = leaves;
  item.arrival =
      leaves + std::max<Nanos>(1, sample(options.network.post, draw(options.seed, kPostDraws, pair, item.sequence)));
  if (p.tail == kNoItem) {
    p.head = id;
    queue.push({item.arrival, entity_of(EventKind::kPost, pair), item.sequence});
  } else {
    item.arrival = std::max(item.arrival, wire.pool()[p.tail].arrival + 1);
    wire.pool()[p.tail].next = id;
  }
  p.tail = id;
}

void Engine::post_event(const Event& event) {
  Pair& p = pairs[event.index()];
  const ItemId id = p.head;
  if (id == kNoItem) return;
  Item& item = wire.pool()[id];
  if (item.sequence != event.arg) return;
  account(event, payload_digest(item.bytes()));
  p.head = item.next;
  if (p.head == kNoItem) {
    p.tail = kNoItem;
  } else {
    const Item& next = wire.pool()[p.head];
    queue.push({next.arrival, event.entity, next.sequence});
  }
  ShardHost& shard = shards[machines[p.node].first_shard + p.to];
  const Nanos begins = shard.begin(now, costs[Cost::kMessage]);
  p.queued -= item.size;
  if (begins > now) {
    p.begun.emplace_back(begins, item.size);
    p.begun_bytes += item.size;
  }
  // Later messages begin later: when this one begins, those that have not arrived are all that waits.
  if (p.told && p.queued <= kPostsHigh / 2) {
    p.told = false;
    queue.push({std::max(begins, now + 1), entity_of(EventKind::kPostsTaken, event.index()), p.generation});
  }
  shard.shard().message(begins, p.from, item.bytes());
  shard.end(draw(options.seed, kPostDraws + 1, event.index(), event.arg));
  wire.pool().free(id);
}

std::size_t Engine::posted(std::uint32_t pair, std::size_t bytes) {
  Pair& p = pairs[pair];
  p.queued += bytes;
  for (; !p.begun.empty() && p.begun.front().first <= now; p.begun.pop_front()) p.begun_bytes -= p.begun.front().second;
  const std::size_t waiting = p.queued + p.begun_bytes;
  if (waiting > kPostsHigh) p.told = true;
  return waiting;
}

void Engine::posts_taken_event(const Event& event) {
  Pair& p = pairs[event.index()];
  if (p.generation != event.arg) return;
  account(event, 0);
  ShardHost& shard = shards[machines[p.node].first_shard + p.from];
  shard.shard().posts_taken(shard.begin(now, costs[Cost::kWake]), p.to);
  shard.end(draw(options.seed, kPostDraws + 2, event.index(), static_cast<std::uint64_t>(now)));
}

}  // namespace orrery::sim
