// SPDX-License-Identifier: Apache-2.0
// Making a world, running it, and the events of a shard's own: start and wake.
#include "sim/world/engine.h"

#include <utility>

namespace orrery::sim {
namespace {

// Names of what the run's seed is mixed with.
constexpr std::uint64_t kNodeSeeds = 1;
constexpr std::uint64_t kWakeDraws = 2;

}  // namespace

Engine::Engine(WorldOptions options_given, ClientHost& host_given)
    : options(std::move(options_given)),
      costs(options.costs),
      host(host_given),
      queue(options.queue),
      hash(options.hash_interval),
      links(options.clients),
      clients(options.clients),
      wire(options.network, links, queue, machines, node_of_shard) {
  ORRERY_ASSERT(options.clients <= kEntityIndexMax / 2);
  ORRERY_ASSERT(options.members.size() <= kNodesMax);
  ORRERY_ASSERT(options.machines.empty() || options.machines.size() == options.members.size());
  for (std::size_t i = 0; i < options.members.size(); ++i) {
    const NodeId node = static_cast<NodeId>(i);
    const ShardId count = options.members[i].shards;
    machines.emplace_back(options.machines.empty() ? MachineModel{} : options.machines[i],
                          static_cast<std::uint32_t>(shards.size()), count, static_cast<std::uint32_t>(pairs.size()));
    for (ShardId s = 0; s < count; ++s) {
      shards.emplace_back(*this, Place{node, s}, static_cast<std::uint32_t>(shards.size()));
      node_of_shard.push_back(node);
      for (ShardId to = 0; to < count; ++to) pairs.push_back({.node = node, .from = s, .to = to});
    }
  }
  for (NodeId node = 0; node < machines.size(); ++node) {
    boot(node);
    queue.push({0, entity_of(EventKind::kBoot, node), 0});
  }
}

bool Engine::step(Nanos until) {
  Event event;
  if (!queue.pop(until, event)) return false;
  now = event.time;
  prefetch();
  inside_event = true;
  dispatch(event);
  inside_event = false;
  return true;
}

void Engine::dispatch(const Event& event) {
  switch (event.kind()) {
    case EventKind::kArrival:
      return arrival_event(event);
    case EventKind::kClientTimer:
      return client_timer_event(event);
    case EventKind::kPost:
      return post_event(event);
    case EventKind::kWake:
      return wake_event(event);
    case EventKind::kDrained:
      return drained_event(event);
    case EventKind::kEndClosed:
      return end_closed_event(event);
    case EventKind::kTimeout:
      return timeout_event(event);
    case EventKind::kFault:
      return fault_event(event);
    case EventKind::kBoot:
      return boot_event(event);
    case EventKind::kGiveUp:
      return give_up_event(event);
    case EventKind::kPostsTaken:
      return posts_taken_event(event);
    case EventKind::kDisk:
      return disk_event(event);
  }
}

void Engine::account(const Event& event, std::uint64_t digest) {
  const std::uint64_t number = hash.events();
  if (number >= trace_from && number < trace_to) trace_entry({number, event, digest});
  hash.add(event, digest);
}

void Engine::tell(Nanos at, Place place, const Note& note) {
  notes.add(note.kind, at, place);
  const std::uint64_t accounted = hash.events();  // the event that is handled is the last of them
  if (note_entry && accounted > trace_from && accounted <= trace_to) note_entry({accounted - 1, at, place, note});
}

// Touches what the next events will need, so that the memory is on its way while this one is handled.
void Engine::prefetch() {
  if (const Event* far = queue.upcoming(4); far != nullptr) {
    if (far->kind() == EventKind::kArrival) {
      __builtin_prefetch(&links[far->index() / 2], 1);
    } else if (far->kind() == EventKind::kClientTimer) {
      __builtin_prefetch(&clients[far->index()], 1);
      links.prefetch(far->index());
      host.prefetch(far->index());
    }
  }
  if (const Event* near = queue.upcoming(1); near != nullptr && near->kind() == EventKind::kArrival) {
    Link& link = links[near->index() / 2];
    const ItemId head = link.pipe[near->index() % 2].head;
    if (head != kNoItem) __builtin_prefetch(&wire.pool()[head]);
    if (link.client_at(1 - near->index() % 2)) host.prefetch(link.owner[0]);
  }
}

std::uint64_t Engine::seed_of(NodeId node) const {
  return key(key(key(options.seed, kNodeSeeds), node), machines[node].incarnation);
}

void Engine::boot(NodeId node) {
  Machine& machine = machines[node];
  machine.state = Machine::State::kUp;
  ++machine.incarnation;
  std::vector<Effects*> effects;
  for (ShardId s = 0; s < machine.shards; ++s) effects.push_back(&shards[machine.first_shard + s]);
  const NodeSetup setup{options.members, node, machine.incarnation, seed_of(node), machine.disk.has_value()};
  machine.node = options.factory(setup, effects);
  ORRERY_ASSERT(machine.node != nullptr);
  ORRERY_ASSERT(machine.node->shards() == machine.shards);
  for (ShardId s = 0; s < machine.shards; ++s) shards[machine.first_shard + s].start_life(machine.node->shard(s), now);
}

void Engine::start_shard(NodeId node, ShardId id) {
  ShardHost& shard = shards[machines[node].first_shard + id];
  shard.shard().start(shard.begin(now, costs[Cost::kWake]));
  shard.end(key(seed_of(node), id));
}

void Engine::boot_event(const Event& event) {
  account(event, 0);
  const NodeId node = static_cast<NodeId>(event.index());
  recover(node);
  for (ShardId s = 0; s < machines[node].shards; ++s) start_shard(node, s);
}

void Engine::wake_event(const Event& event) {
  ShardHost& shard = shards[event.index()];
  if (!shard.wake_due(now, event.arg)) return;
  account(event, 0);
  shard.shard().wake(shard.begin(now, costs[Cost::kWake]));
  shard.end(draw(options.seed, event.index(), kWakeDraws, event.arg));
}

}  // namespace orrery::sim
