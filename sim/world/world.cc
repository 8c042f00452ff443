// SPDX-License-Identifier: Apache-2.0
// The public face of the engine.
#include "sim/world/world.h"

#include <utility>

#include "sim/world/engine.h"

namespace orrery::sim {

World::World(WorldOptions options, ClientHost& host) : engine_(std::make_unique<Engine>(std::move(options), host)) {}
World::~World() = default;

void World::run_until(Nanos until) {
  ORRERY_ASSERT(until < kNever);
  while (engine_->step(until)) {
  }
  if (until > engine_->now) engine_->now = until;
}
bool World::step(Nanos until) { return engine_->step(until); }
Nanos World::now() const { return engine_->now; }
std::uint64_t World::events_handled() const { return engine_->hash.events(); }
std::size_t World::events_pending() const { return engine_->queue.size(); }
const RunHash& World::hash() const { return engine_->hash; }
void World::trace(std::uint64_t from, std::uint64_t to, std::function<void(const TraceEntry&)> entry) {
  engine_->trace_from = from;
  engine_->trace_to = to;
  engine_->trace_entry = std::move(entry);
}
void World::trace_notes(std::function<void(const NoteEntry&)> entry) { engine_->note_entry = std::move(entry); }
const NoteMarks& World::notes() const { return engine_->notes; }

void World::connect(ClientId client, NodeId node, LinkKind kind) { engine_->connect(client, node, kind); }
std::size_t World::client_send(ClientId client, Bytes bytes) { return engine_->client_send(client, bytes); }
void World::client_close(ClientId client, CloseHow how) { engine_->client_close(client, how); }
void World::client_finish(ClientId client) { engine_->client_finish(client); }
void World::client_timer_at(ClientId client, Nanos when, std::uint32_t arg) {
  engine_->client_timer_at(client, when, arg);
}
void World::client_pause_reading(ClientId client) { engine_->client_pauses(client); }
void World::client_resume_reading(ClientId client) { engine_->client_resumes(client); }
bool World::client_has_connection(ClientId client) const { return engine_->clients[client].link != kNoLink; }

void World::plan(const std::vector<Fault>& faults) { engine_->plan(faults); }

const std::vector<NodeDeath>& World::deaths() const { return engine_->deaths; }
NodeId World::nodes() const { return static_cast<NodeId>(engine_->machines.size()); }
Node* World::node(NodeId node) { return engine_->machines[node].node.get(); }

NodeUsage World::usage(NodeId node) const {
  const Machine& machine = engine_->machines[node];
  NodeUsage usage{.up = machine.state == Machine::State::kUp,
                  .incarnation = machine.incarnation,
                  .rx_bytes = machine.nic.rx_bytes,
                  .tx_bytes = machine.nic.tx_bytes,
                  .rx_packets = machine.nic.rx_packets,
                  .tx_packets = machine.nic.tx_packets};
  for (ShardId s = 0; s < machine.shards; ++s) {
    const ShardHost& shard = engine_->shards[machine.first_shard + s];
    usage.cpu_busy += shard.busy();
    usage.sockets += shard.links_open();
  }
  usage.broker_bytes = stats(node).memory_bytes;
  usage.kernel_bytes = usage.sockets * kKernelSocketBytes;
  return usage;
}

ShardStats World::stats(NodeId node) const {
  const Machine& machine = engine_->machines[node];
  ShardStats sum;
  if (machine.node == nullptr) return sum;
  for (ShardId s = 0; s < machine.shards; ++s) {
    const ShardStats one = machine.node->shard(s).stats();
    for (std::size_t c = 0; c < std::size(sum.counters); ++c) sum.counters[c] += one.counters[c];
    sum.memory_bytes += one.memory_bytes;
    for (std::size_t k = 0; k < kNoteKinds; ++k) sum.notes.values[k] += one.notes.values[k];
  }
  return sum;
}

ShardStats World::former_stats(NodeId node) const { return engine_->machines[node].former; }

const StorageImage* World::disk(NodeId node) const {
  const auto& disk = engine_->machines[node].disk;
  return disk ? &disk->safe() : nullptr;
}

std::size_t World::items_under_way() const { return engine_->wire.pool().in_use(); }

std::size_t World::memory_bytes() const {
  std::size_t bytes = sizeof(Engine) + engine_->queue.memory_bytes() + engine_->links.memory_bytes() +
                      engine_->wire.pool().memory_bytes() + engine_->clients.capacity() * sizeof(Engine::Client) +
                      engine_->pairs.capacity() * sizeof(Engine::Pair) +
                      engine_->stalled.capacity() * sizeof(Engine::Stalled);
  for (const ShardHost& shard : engine_->shards) bytes += shard.memory_bytes();
  for (const Machine& machine : engine_->machines) bytes += machine.disk ? machine.disk->safe().bytes() : 0;
  return bytes;
}

}  // namespace orrery::sim
