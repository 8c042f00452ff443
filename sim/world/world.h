// SPDX-License-Identifier: Apache-2.0
// The virtual world: nodes that run the real broker code, clients, the network between them, and one clock.
//
// The World makes each node through a NodeFactory, gives every shard an Effects and a virtual CPU, and turns the
// effects into timed events. An event that arrives at a shard starts when the shard's CPU is free, is handled at once
// with `now` = that start, is charged from the cost table, and its effects leave when the work is done. One thread;
// nothing here reads a clock, so a run is a function of its options, its plan and what the host does. docs/simulator.md
// describes the models.
//
// Order of use: construct; plan(); then run_until() as often as wanted, with client calls between or inside. Nodes boot
// at time 0.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "broker/seam/node.h"
#include "broker/seam/storage_image.h"
#include "sim/kernel/event.h"
#include "sim/kernel/run_hash.h"
#include "sim/models/cost_table.h"
#include "sim/models/fault.h"
#include "sim/models/machine_model.h"
#include "sim/models/network.h"
#include "sim/world/client_host.h"
#include "sim/world/note_marks.h"

namespace orrery::sim {

struct WorldOptions {
  std::uint64_t seed = 1;
  std::vector<ClusterMember> members;
  NodeFactory factory;
  std::uint32_t clients = 0;
  NetworkModel network;
  /// One for each member, or empty: all as MachineModel{}.
  std::vector<MachineModel> machines;
  CostTable costs = default_cost_table();
  /// Every event's cost is varied evenly by up to this share up or down.
  std::uint32_t cost_variation_per_mille = 100;
  QueueKind queue = QueueKind::kWheel;
  std::uint64_t hash_interval = RunHash::kDefaultInterval;
};

/// What a node has used since the beginning, over all its lives; windows are differences of two of these.
struct NodeUsage {
  bool up = false;
  std::uint64_t incarnation = 0;
  /// Sum over the shards of the time that their CPUs were busy.
  Nanos cpu_busy = 0;
  std::uint64_t rx_bytes = 0;
  std::uint64_t tx_bytes = 0;
  std::uint64_t rx_packets = 0;
  std::uint64_t tx_packets = 0;
  /// Sockets that are open now (clients' and peers').
  std::uint64_t sockets = 0;
  /// What the broker's own heaps hold now, and kKernelSocketBytes for each socket.
  std::uint64_t broker_bytes = 0;
  std::uint64_t kernel_bytes = 0;
};

/// A node that ended itself (Effects::give_up).
struct NodeDeath {
  NodeId node = 0;
  Nanos at = 0;
  int status = 0;
  std::string last_words;
};

/// One handled event, for a trace.
struct TraceEntry {
  std::uint64_t number = 0;
  Event event;
  std::uint64_t digest = 0;
};

/// One note, told while the event with this number was handled. Valid during the call.
struct NoteEntry {
  std::uint64_t number = 0;
  Nanos at = 0;
  Place place;
  const Note& note;
};

class World {
 public:
  /// `host` outlives the world.
  World(WorldOptions options, ClientHost& host);
  ~World();

  // ---- running ----
  /// Handles every event at or before `until`; now() is `until` afterwards.
  void run_until(Nanos until);
  /// Handles one event at or before `until`; false when there is none (now() is left alone).
  bool step(Nanos until);
  Nanos now() const;
  std::uint64_t events_handled() const;
  /// Events that wait, stale ones included.
  std::size_t events_pending() const;
  const RunHash& hash() const;
  /// From now on calls `entry` for every event with number from..to - 1, before it is handled.
  void trace(std::uint64_t from, std::uint64_t to, std::function<void(const TraceEntry&)> entry);
  /// The same for what is told while those events are handled.
  void trace_notes(std::function<void(const NoteEntry&)> entry);
  /// What all nodes have told since the beginning.
  const NoteMarks& notes() const;

  // ---- clients ----
  /// Starts a connection to a shard of the node that is drawn by key; client_connected or client_closed follows.
  /// The client must have none.
  void connect(ClientId client, NodeId node, LinkKind kind);
  /// Queues bytes. Returns what the transport has not taken (0 while it keeps up); ignored without a
  /// connection and before client_connected.
  std::size_t client_send(ClientId client, Bytes bytes);
  /// Ends the connection; the host hears no more of it. Ignored without one. connect() may follow at once.
  void client_close(ClientId client, CloseHow how);
  /// Ends the client's direction after what was sent; it goes on receiving, and must not send any more. A node that
  /// does not take a half close ends the connection then.
  void client_finish(ClientId client);
  /// Asks for client_timer(arg) at `when` (not before now); replaces the timer that was pending. kNever withdraws it.
  void client_timer_at(ClientId client, Nanos when, std::uint32_t arg);
  /// A client that does not read: bytes wait in the network and press back on the node.
  void client_pause_reading(ClientId client);
  void client_resume_reading(ClientId client);
  /// True from connect() until the end.
  bool client_has_connection(ClientId client) const;

  // ---- faults ----
  void plan(const std::vector<Fault>& faults);

  // ---- observation ----
  NodeId nodes() const;
  NodeUsage usage(NodeId node) const;
  /// The sum over the shards of the node's present life; zeros while it is down.
  ShardStats stats(NodeId node) const;
  /// The sum of the last stats() of the node's former lives.
  ShardStats former_stats(NodeId node) const;
  /// Nodes that gave up, in order.
  const std::vector<NodeDeath>& deaths() const;
  /// The node itself; null while it is down.
  Node* node(NodeId node);
  /// What of the node's storage a loss of power would leave now; null when it has no disk.
  const StorageImage* disk(NodeId node) const;
  /// Segments, connection requests, ends and posts that are under way or wait.
  std::size_t items_under_way() const;
  /// Bytes that the simulator itself holds: queue, links, bytes in flight. Without the nodes and the host.
  std::size_t memory_bytes() const;

 private:
  friend class Engine;
  std::unique_ptr<class Engine> engine_;
};

}  // namespace orrery::sim
