// SPDX-License-Identifier: Apache-2.0
// Nodes' disks: batches on their way to them, answers on their way back, and what a node that starts is shown.
//
// A batch leaves its shard when the event's work is done, like every effect. A disk has at most one event in the queue:
// for the end of the group under way, or for the first batch that waits.
#include "sim/world/engine.h"

namespace orrery::sim {
namespace {

constexpr std::uint64_t kGroupDraws = 41;
constexpr std::uint64_t kMountDraws = 42;
constexpr std::uint64_t kAnswerDraws = 43;
constexpr std::uint64_t kRecordDraws = 44;

}  // namespace

void Engine::recover(NodeId node) {
  Machine& machine = machines[node];
  if (!machine.disk) return;
  const Nanos ready = now + machine.disk->mount(draw(options.seed, node, kMountDraws, machine.incarnation));
  for (ShardId s = 0; s < machine.shards; ++s) {
    ShardHost& shard = shards[machine.first_shard + s];
    shard.stop_until(ready);
    std::uint64_t number = 0;
    const std::uint64_t draws = draw(options.seed, machine.first_shard + s, kRecordDraws, machine.incarnation);
    machine.disk->for_each(s, [&](Bytes name, Bytes value) {
      shard.shard().recovered(shard.begin(now, costs[Cost::kMessage]), name, value);
      shard.end(key(draws, number++));
    });
  }
}

void Engine::persist(Place from, std::uint64_t ticket, const StorageBatch& batch, Nanos leaves) {
  Machine& machine = machines[from.node];
  if (!machine.disk) {
    // A node without one is told so, as soon as an event of its own can come.
    machine.refused.push_back({from.shard, ticket, leaves});
  } else {
    machine.disk->submit(from.shard, ticket, batch, leaves);
  }
  arm_disk(from.node);
}

void Engine::arm_disk(NodeId node) {
  Machine& machine = machines[node];
  Nanos next = machine.disk ? machine.disk->next() : kNever;
  if (!machine.refused.empty()) next = std::min(next, machine.refused.front().ready);
  next = next == kNever ? kNever : std::max(next, now + 1);
  if (next == machine.disk_event) return;
  machine.disk_event = next;
  ++machine.disk_generation;
  if (next != kNever) queue.push({next, entity_of(EventKind::kDisk, node), machine.disk_generation});
}

void Engine::disk_event(const Event& event) {
  const NodeId node = static_cast<NodeId>(event.index());
  Machine& machine = machines[node];
  if (event.arg != machine.disk_generation) return;
  machine.disk_event = kNever;
  const auto tell = [&](ShardId s, std::uint64_t ticket, StorageResult result) {
    ShardHost& shard = shards[machine.first_shard + s];
    shard.shard().persisted(shard.begin(now, costs[Cost::kMessage]), ticket, result);
    shard.end(key(draw(options.seed, machine.first_shard + s, kAnswerDraws, ticket), event.arg));
  };
  std::vector<Disk::Answer> answers;
  if (machine.disk && machine.disk->busy()) answers = machine.disk->finish();
  std::uint64_t digest = answers.size();
  for (const Disk::Answer& a : answers)
    digest = mix64(digest ^ a.ticket) + static_cast<std::uint64_t>(a.shard) * 4 + static_cast<std::uint64_t>(a.result);
  account(event, digest);
  for (const Disk::Answer& a : answers) {
    machine.disk->told(a);
    tell(a.shard, a.ticket, a.result);
  }
  while (!machine.refused.empty() && machine.refused.front().ready <= now) {
    const Machine::Refused refused = machine.refused.front();
    machine.refused.pop_front();
    tell(refused.shard, refused.ticket, StorageResult::kFailed);
  }
  if (machine.disk && !machine.disk->busy() && machine.disk->next() <= now)
    machine.disk->begin(now, draw(options.seed, node, kGroupDraws, event.arg));
  arm_disk(node);
}

}  // namespace orrery::sim
