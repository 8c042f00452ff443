// SPDX-License-Identifier: Apache-2.0
// A run's result for people and for scripts: the table on the terminal and the JSON document, from the same figures.
//
// The JSON document is described by schema/run-report.schema.json. Integers only where a figure is exact; shares and
// seconds are decimal fractions made of integers, so that equal runs print equal text.
#pragma once

#include <cstdint>
#include <string>

#include "sim/scenario/run.h"

namespace orrery::sim {

/// What only the program around the run knows.
struct RunContext {
  std::string version;
  std::string commit;
  std::string scenario_file;
  std::string broker;  // "orrery", or what a plugged-in broker calls itself
  std::string placement;
  std::string queue;
  std::string replay;  // the command that repeats this run
  std::uint64_t wall_nanos = 0;
  std::uint64_t process_bytes = 0;  // the process's largest resident set
};

enum class Verdict : std::uint8_t { kPass, kInvariantBroken, kLivenessFailed, kBrokerDied };
Verdict verdict_of(const RunResult& result);
const char* verdict_name(Verdict verdict);

/// The tables, ending with a line break.
std::string report_text(const Scenario& scenario, const RunResult& result, const RunContext& context);
/// Indented, ending with a line break.
std::string report_json(const Scenario& scenario, const RunResult& result, const RunContext& context);

}  // namespace orrery::sim
