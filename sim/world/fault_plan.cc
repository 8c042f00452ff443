// SPDX-License-Identifier: Apache-2.0
// Faults carried out. What each may do is said in sim/models/fault.h.
#include <algorithm>

#include "sim/world/engine.h"

namespace orrery::sim {
namespace {

constexpr std::uint64_t kHealDraws = 31;
constexpr std::uint64_t kPowerLossDraws = 32;

bool same_cut(const Fault& a, const Fault& b) {
  const auto same = [](const PlaceSet& x, const PlaceSet& y) { return x.nodes == y.nodes && x.clients == y.clients; };
  return same(a.from, b.from) && same(a.to, b.to) && a.both_ways == b.both_ways;
}

}  // namespace

void Engine::plan(const std::vector<Fault>& entries) {
  for (const Fault& fault : entries) {
    ORRERY_ASSERT(fault.at > 0);  // at 0 the nodes start
    ORRERY_ASSERT(fault.at >= now);
    ORRERY_ASSERT(fault.node < machines.size());
    ORRERY_ASSERT(fault.kind < FaultKind::kDiskFull || machines[fault.node].disk);
    queue.push({fault.at, entity_of(EventKind::kFault, static_cast<std::uint32_t>(faults.size())), 0});
    faults.push_back(fault);
  }
}

void Engine::fault_event(const Event& event) {
  account(event, 0);
  const Fault& fault = faults[event.index()];
  Machine& machine = machines[fault.node];
  switch (fault.kind) {
    case FaultKind::kCrash:
      if (machine.state == Machine::State::kUp) crash(fault.node, Machine::State::kProcessDead);
      break;
    case FaultKind::kPowerLoss:
      if (machine.state == Machine::State::kUp) crash(fault.node, Machine::State::kPowerLost);
      machine.state = Machine::State::kPowerLost;
      if (machine.disk) machine.disk->lose_power(now, draw(options.seed, fault.node, kPowerLossDraws, event.index()));
      break;
    case FaultKind::kRestart:
      restart(fault.node);
      break;
    case FaultKind::kPause:
      for (ShardId s = 0; s < machine.shards; ++s) {
        ShardHost& shard = shards[machine.first_shard + s];
        shard.stop_until(std::max(shard.free_at(), now) + fault.duration);
      }
      break;
    case FaultKind::kSlowCpu:
      machine.slow_per_mille = fault.per_mille;
      break;
    case FaultKind::kPartition:
      cuts.push_back(fault);
      break;
    case FaultKind::kHeal:
      heal(fault);
      break;
    case FaultKind::kSlowPath:
      machine.extra_latency = fault.duration;
      break;
    case FaultKind::kDiskFull:
      machine.disk->set_full(true);
      break;
    case FaultKind::kDiskFails:
      machine.disk->set_fails(true);
      break;
    case FaultKind::kDiskMended:
      machine.disk->set_full(false);
      machine.disk->set_fails(false);
      break;
    case FaultKind::kSlowDisk:
      machine.disk->set_slow(fault.per_mille);
      break;
  }
  disturbed = !cuts.empty() || std::any_of(machines.begin(), machines.end(),
                                           [](const Machine& m) { return m.state == Machine::State::kPowerLost; });
}

void Engine::give_up_event(const Event& event) {
  const auto node = static_cast<NodeId>(event.index());
  Machine& machine = machines[node];
  if (machine.state != Machine::State::kUp || static_cast<std::uint32_t>(machine.incarnation) != event.arg) return;
  account(event, 0);
  crash(node, Machine::State::kProcessDead);
}

void Engine::crash(NodeId node, Machine::State state) {
  Machine& machine = machines[node];
  const bool reset = state == Machine::State::kProcessDead;
  machine.state = state;
  for (ShardId s = 0; s < machine.shards; ++s) {
    const ShardStats last = machine.node->shard(s).stats();
    for (std::size_t c = 0; c < std::size(last.counters); ++c) machine.former.counters[c] += last.counters[c];
    for (std::size_t k = 0; k < kNoteKinds; ++k) machine.former.notes.values[k] += last.notes.values[k];
  }
  machine.node.reset();
  machine.refused.clear();
  if (machine.disk) machine.disk->crash(now);
  arm_disk(node);
  for (ShardId s = 0; s < machine.shards; ++s) {
    ShardHost& shard = shards[machine.first_shard + s];
    for (LinkId id = 0; id < shard.links_end(); ++id)
      if (const std::uint32_t end = shard.find_link(id); end != kNoLink) crash_link(end / 2, end % 2, reset);
    shard.end_life();
  }
  // Dials that were under way have no number at their shard yet.
  for (std::uint32_t index = links.first_allocated(); index < links.end(); ++index) {
    const Link& link = links[index];
    if (link.of_client() || link.state[0] != EndState::kDialling) continue;
    if (node_of_shard[link.owner[0]] == node) crash_link(index, 0, reset);
  }
  for (std::uint32_t pair = machine.first_pair; pair < pairs.size() && pairs[pair].node == node; ++pair) {
    Pair& p = pairs[pair];
    for (ItemId id = p.head; id != kNoItem;) {
      const ItemId next = wire.pool()[id].next;
      wire.pool().free(id);
      id = next;
    }
    p.head = kNoItem;
    p.tail = kNoItem;
    p.told = false;
    ++p.generation;
    p.queued = 0;
    p.begun.clear();
    p.begun_bytes = 0;
  }
}

void Engine::crash_link(std::uint32_t index, unsigned end, bool reset) {
  Link& link = links[index];
  link.state[end] = EndState::kGone;
  read_again(index * 2 + 1 - end);
  wire.drop_unsent(index * 2 + end, now);
  if (!link.over() && reset) {
    wire.append(index * 2 + end, ItemKind::kReset);
    wire.flush(now, now);
  }
  release_if_over(index);
}

void Engine::restart(NodeId node) {
  if (machines[node].state == Machine::State::kUp) crash(node, Machine::State::kProcessDead);
  if (machines[node].disk && !machines[node].disk->writable()) {
    machines[node].state = Machine::State::kProcessDead;  // the machine is there, and the process refuses to start
    return retry_stalled();
  }
  boot(node);
  recover(node);
  for (ShardId s = 0; s < machines[node].shards; ++s) start_shard(node, s);
  retry_stalled();
}

void Engine::heal(const Fault& fault) {
  const auto cut = std::find_if(cuts.begin(), cuts.end(), [&](const Fault& c) { return same_cut(c, fault); });
  if (cut == cuts.end()) return;
  cuts.erase(cut);
  retry_stalled();
}

bool Engine::contains(const PlaceSet& set, const Link& link, unsigned end) const {
  if (link.client_at(end)) return set.clients;
  return (set.nodes >> node_of_shard[link.owner[end]] & 1) != 0;
}

// Whether nothing that end `from` sends can reach the other end.
bool Engine::blocked(const Link& link, unsigned from) const {
  const unsigned to = 1 - from;
  if (!link.client_at(to) && machines[node_of_shard[link.owner[to]]].state == Machine::State::kPowerLost) return true;
  return std::any_of(cuts.begin(), cuts.end(), [&](const Fault& cut) {
    if (contains(cut.from, link, from) && contains(cut.to, link, to)) return true;
    return cut.both_ways && contains(cut.to, link, from) && contains(cut.from, link, to);
  });
}

// Gives an arrival to every stalled stream whose path is free again.
void Engine::retry_stalled() {
  std::vector<Stalled> still;
  for (const Stalled& s : stalled) {
    Link& link = links[s.pipe / 2];
    std::uint8_t& flags = link.flags[s.pipe % 2];
    if ((flags & Pipe::kStalled) == 0 || wire.head(s.pipe, s.sequence) == kNoItem) continue;
    if (blocked(link, s.pipe % 2)) {
      still.push_back(s);
      continue;
    }
    flags &= static_cast<std::uint8_t>(~Pipe::kStalled);
    const std::uint64_t waited = static_cast<std::uint64_t>(now - s.since);
    const Nanos until_retry = static_cast<Nanos>(below(key(link.key + kHealDraws, s.sequence), 2 * waited + 1));
    wire.deliver_head(s.pipe, now + wire.latency_back(s.pipe) + until_retry);
  }
  stalled = std::move(still);
}

}  // namespace orrery::sim
