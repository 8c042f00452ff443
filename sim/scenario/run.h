// SPDX-License-Identifier: Apache-2.0
// Carries a scenario out: builds the world and the crowd, runs all phases, asks the oracles, and returns one result.
//
// Nothing here reads a clock or writes anywhere; who calls it does (sim/app). The same scenario, seed and factory give
// the same result, to the byte, with either queue.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "broker/seam/node.h"
#include "sim/crowd/tally.h"
#include "sim/kernel/event.h"
#include "sim/kernel/run_hash.h"
#include "sim/models/cost_table.h"
#include "sim/oracle/verdicts.h"
#include "sim/scenario/scenario.h"
#include "sim/world/world.h"

namespace orrery::sim {

struct Progress {
  Nanos now = 0;
  Nanos end = 0;
  std::uint64_t events = 0;
  std::uint64_t live = 0;
  std::uint64_t received = 0;
  const char* phase = "";
};

struct RunOptions {
  NodeFactory factory;
  QueueKind queue = QueueKind::kWheel;
  CostTable costs = default_cost_table();
  std::uint64_t hash_interval = RunHash::kDefaultInterval;
  /// Called now and then; may be empty.
  std::function<void(const Progress&)> progress;
  /// With trace_to > 0: `trace` is called for the events with these numbers.
  std::uint64_t trace_from = 0;
  std::uint64_t trace_to = 0;
  std::function<void(const TraceEntry&)> trace;
  /// And, when it is there, for what nodes tell while those events are handled.
  std::function<void(const NoteEntry&)> trace_note;
};

/// One node in the steady phase. Rates and shares are averages over it, the rest is its last instant.
struct NodeResult {
  std::string name;
  Role role = Role::kCore;
  ShardId vcpus = 1;
  std::uint64_t ram_total = 0;
  bool up = false;
  std::uint64_t connections = 0;      // clients that were live
  std::uint64_t cpu_per_million = 0;  // of all its vCPUs
  std::uint64_t broker_bytes = 0;
  std::uint64_t kernel_bytes = 0;
  std::uint64_t rx_bits_per_second = 0;
  std::uint64_t tx_bits_per_second = 0;
  ShardStats stats;  // at the end of the run, over all lives
  std::uint64_t ram_bytes() const { return broker_bytes + kernel_bytes; }
};

/// Everything that is known of a finished run: its hash, its figures, and what the oracles, the expectations and the
/// liveness phase complain about, in words.
struct RunResult {
  std::uint64_t seed = 0;
  std::string scenario;
  std::string cost_table;
  std::uint64_t run_hash = 0;
  std::uint64_t events = 0;
  std::vector<RunHash::Checkpoint> checkpoints;
  Nanos virtual_time = 0;
  Nanos steady = 0;
  std::uint64_t clients = 0;
  std::uint64_t connections = 0;  // live at the end of the steady phase
  std::uint64_t live_at_end = 0;
  std::uint64_t expected_live = 0;
  Tally tally;
  Verdicts verdicts;
  std::vector<NodeResult> nodes;
  /// What the nodes have told; beside the run and not in its hash.
  NoteMarks notes;
  std::vector<std::string> broken_expectations;
  std::vector<std::string> liveness_failures;
  std::vector<Finding> deaths;    // of brokers that said so themselves: node, status, last words
  std::uint64_t sim_bytes = 0;    // world and crowd
  std::uint64_t nodes_bytes = 0;  // all brokers' own heaps

  std::uint64_t messages_in_per_second() const;
  std::uint64_t messages_out_per_second() const;
  /// Millionths of the received messages whose publisher was on another node.
  std::uint64_t cross_node_per_million() const;
};

RunResult run_scenario(const Scenario& scenario, const RunOptions& options);

}  // namespace orrery::sim
