// SPDX-License-Identifier: Apache-2.0
// `orrery-sim run`: its options, and what it does with them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace orrery::sim {

struct RunCommand {
  std::string scenario;
  std::optional<std::uint64_t> seed;
  std::string json;       // file to write; empty for none
  std::string placement;  // empty: the scenario's
  std::string queue = "wheel";
  std::string broker;  // shared object; empty for the full broker
  std::string broker_options;
  std::string scale = "1";
  std::string trace;  // "FROM:TO", numbers of events
  bool check = false;
  bool quiet = false;
};

/// Returns an ExitCode. Prints the report on standard output, the progress and complaints on standard error.
int run(const RunCommand& command);

}  // namespace orrery::sim
