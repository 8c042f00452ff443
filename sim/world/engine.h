// SPDX-License-Identifier: Apache-2.0
// The inside of World: everything that a run consists of, and what happens at each kind of event. Private to sim/world.
//
// One object because entities meet only here; what an entity does by itself is in ShardHost (a shard), Wire (a stream),
// Machine (a node). The .cc files follow the kinds of events: engine.cc runs and dispatches, storage.cc does what disks
// do, arrivals.cc handles what comes over links and posts, clients.cc what clients ask for, fault_plan.cc what breaks.
#pragma once

#include <deque>
#include <functional>
#include <vector>

#include "sim/kernel/event_queue.h"
#include "sim/kernel/keyed_rng.h"
#include "sim/world/shard_host.h"
#include "sim/world/wire.h"
#include "sim/world/world.h"

namespace orrery::sim {

/// How long a close with flush waits for a reader that does not read before the connection is reset.
inline constexpr Nanos kCloseLinger = 30 * kSecond;

class Engine {
 public:
  Engine(WorldOptions options_given, ClientHost& host_given);

  // ---- running (engine.cc) ----
  bool step(Nanos until);
  void dispatch(const Event& event);
  /// Counts an event that is not stale, adds it to the run's hash and shows it to the trace.
  void account(const Event& event, std::uint64_t digest);
  /// Marks a note as reached, and shows it to the trace when it shows the event that is handled.
  void tell(Nanos at, Place place, const Note& note);
  void prefetch();
  void boot(NodeId node);
  void start_shard(NodeId node, ShardId shard);
  void boot_event(const Event& event);
  void wake_event(const Event& event);

  // ---- storage (storage.cc) ----
  /// Hands every shard of the node what it had stored, before it starts.
  void recover(NodeId node);
  void persist(Place from, std::uint64_t ticket, const StorageBatch& batch, Nanos leaves);
  void disk_event(const Event& event);
  /// Sees to it that an event comes when the disk has something to do.
  void arm_disk(NodeId node);

  // ---- what comes (arrivals.cc) ----
  void arrival_event(const Event& event);
  void receive(std::uint32_t pipe, Item& item);
  void open_arrived(std::uint32_t pipe, std::uint64_t drawn);
  void opened_arrived(std::uint32_t pipe, std::uint64_t drawn);
  void data_arrived(std::uint32_t pipe, Item& item, std::uint64_t drawn);
  void end_arrived(std::uint32_t pipe, ItemKind kind, std::uint64_t drawn);
  void finish_arrived(std::uint32_t pipe, ItemKind kind, std::uint64_t drawn);
  void drained_event(const Event& event);
  void end_closed_event(const Event& event);
  void timeout_event(const Event& event);
  void stall(std::uint32_t pipe, const Item& item);
  void answer_with_reset(std::uint32_t pipe);
  void dial(ShardHost& from, std::uint32_t from_index, std::uint32_t tag, NodeId node, ShardId shard);
  void post(std::uint32_t pair, ItemId item, Nanos leaves);
  void post_event(const Event& event);
  /// Counts a message and says what waits in the pair.
  std::size_t posted(std::uint32_t pair, std::size_t bytes);
  void posts_taken_event(const Event& event);
  /// The end is over: tells its shard or its client, and gives the link back when the other end is over too.
  void finish_end(std::uint32_t link, unsigned end, EndedBy how, std::uint64_t drawn);
  void release_if_over(std::uint32_t link);
  /// The pipe's receiver reads (again), or is gone: what it holds back goes on.
  void read_again(std::uint32_t pipe);

  // ---- clients (clients.cc) ----
  struct Client {
    std::uint32_t link = kNoLink;
    std::uint32_t connects = 0;  // how often it has connected: names the draws of each connection
    std::uint32_t timer_generation = 0;
    std::uint32_t timer_arg = 0;
  };
  void connect(ClientId client, NodeId node, LinkKind kind);
  std::size_t client_send(ClientId client, Bytes bytes);
  void client_close(ClientId client, CloseHow how);
  void client_finish(ClientId client);
  void client_timer_at(ClientId client, Nanos when, std::uint32_t arg);
  void client_pauses(ClientId client);
  void client_resumes(ClientId client);
  void client_timer_event(const Event& event);
  /// Lets leave what clients sent, unless the event that is being handled will.
  void flush_outside() {
    if (!inside_event) wire.flush(now, now);
  }

  // ---- faults (fault_plan.cc) ----
  void plan(const std::vector<Fault>& faults);
  void fault_event(const Event& event);
  void give_up_event(const Event& event);
  void crash(NodeId node, Machine::State state);
  void crash_link(std::uint32_t link, unsigned end, bool reset);
  void restart(NodeId node);
  void heal(const Fault& fault);
  bool blocked(const Link& link, unsigned from) const;
  bool contains(const PlaceSet& set, const Link& link, unsigned end) const;
  void retry_stalled();

  Machine& machine_of(const ShardHost& shard) { return machines[shard.place().node]; }
  std::uint64_t seed_of(NodeId node) const;

  /// A queue of messages from one shard to another of the same node.
  struct Pair {
    ItemId head = kNoItem;
    ItemId tail = kNoItem;
    std::uint32_t next_sequence = 0;
    NodeId node = 0;
    ShardId from = 0;
    ShardId to = 0;
    bool told = false;             // of more than kPostsHigh: a posts_taken is owed
    std::uint32_t generation = 0;  // raised when the node dies
    std::size_t queued = 0;        // bytes that have not arrived
    // Messages that have arrived and wait for the receiver's CPU: when they begin, and their bytes.
    std::deque<std::pair<Nanos, std::size_t>> begun = {};
    std::size_t begun_bytes = 0;
  };
  struct Stalled {
    std::uint32_t pipe;
    std::uint32_t sequence;
    Nanos since;
  };

  WorldOptions options;
  const CostTable& costs;
  ClientHost& host;
  EventQueue queue;
  Nanos now = 0;
  bool inside_event = false;
  RunHash hash;
  std::uint64_t trace_from = 0;
  std::uint64_t trace_to = 0;
  std::function<void(const TraceEntry&)> trace_entry;
  std::function<void(const NoteEntry&)> note_entry;
  NoteMarks notes;

  LinkTable links;
  std::vector<Client> clients;
  std::vector<Machine> machines;
  std::vector<NodeId> node_of_shard;
  std::deque<ShardHost> shards;  // a deque: they are told to nodes by address
  std::vector<Pair> pairs;
  Wire wire;

  std::vector<Fault> faults;
  std::vector<Fault> cuts;
  std::vector<Stalled> stalled;
  std::vector<NodeDeath> deaths;
  bool disturbed = false;  // any cut, or any machine without power
};

}  // namespace orrery::sim
