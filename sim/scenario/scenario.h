// SPDX-License-Identifier: Apache-2.0
// A scenario: machines, network, crowd, faults, what is expected, and what somebody published about the same load.
//
// It is a JSON file with comments (docs/scenarios.md and schema/scenario.schema.json say every key). Reading is strict:
// an unknown key, a wrong type or an impossible value throws ConfigError with file, line, key and what would be valid.
// Everything that the file leaves out has the default that stands here.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sim/crowd/spec.h"
#include "sim/models/fault.h"
#include "sim/models/machine_model.h"
#include "sim/models/network.h"

namespace orrery::sim {

struct NodeSpec {
  std::string name;
  Role role = Role::kCore;
  ShardId vcpus = 1;  // one shard each
  std::uint64_t ram_bytes = 0;
  MachineModel machine;
  bool carries_clients = false;
};

/// A run that breaks one of these has broken an invariant, like one that turns an oracle red.
struct Expectations {
  std::uint64_t lost_max = 0;
  std::uint64_t lost_in_faults_max = 0;
  std::uint64_t duplicated_max = 0;
  std::uint64_t reordered_max = 0;
  std::optional<Nanos> latency_p99_max;
  std::uint64_t wills_min = 0;
  std::uint64_t retained_min = 0;
};

/// Figures of somebody else, as text for the table beside ours. The key says which row.
struct Published {
  std::string source;
  std::vector<std::pair<std::string, std::string>> rows;
};
/// The keys that `published` may have beside "source", in the order of the table.
struct PublishedKey {
  std::string_view key;
  std::string_view label;
};
inline constexpr PublishedKey kPublishedKeys[] = {
    {"connections", "live connections"},
    {"messages_in", "messages in /s"},
    {"messages_out", "messages out /s"},
    {"cpu_core", "CPU, core nodes"},
    {"cpu_replicant", "CPU, replicants"},
    {"ram_core", "RAM, core nodes"},
    {"ram_replicant", "RAM, replicants"},
    {"rx_core", "network RX, core nodes"},
    {"rx_replicant", "network RX, replicants"},
    {"tx_core", "network TX, core nodes"},
    {"tx_replicant", "network TX, replicants"},
    {"latency_p50", "latency p50"},
    {"latency_p95", "latency p95"},
    {"latency_p99", "latency p99"},
    {"latency_p999", "latency p99.9"},
    {"latency_max", "latency max"},
};

struct Scenario {
  std::string name;
  std::string description;
  std::vector<NodeSpec> nodes;
  NetworkModel network;
  CrowdSpec crowd;            // its seed is the run's; carriers and fault_windows are filled in by the reader
  std::vector<Fault> faults;  // `at` is absolute
  Expectations expect;
  Published published;
  std::string scale = "1";

  std::vector<ClusterMember> members() const;
  std::vector<MachineModel> machines() const;
};

/// Numbers of clients and the connect rate are multiplied by numerator / denominator, at least one client a role.
struct Scale {
  std::uint32_t numerator = 1;
  std::uint32_t denominator = 1;
};
/// "1/20" or "2"; nullopt for anything else, and for 0.
std::optional<Scale> parse_scale(std::string_view text);

/// Throws ConfigError. `file` is the name that errors carry.
Scenario read_scenario(std::string_view text, std::string_view file, Scale scale = {});

}  // namespace orrery::sim
