// SPDX-License-Identifier: Apache-2.0
// What a run says: a line each second, figures at the end, and all of it as JSON (schema/load-report.schema.json).
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/histogram.h"
#include "load/options.h"

namespace orrery::load {

/// Share of messages whose turn came too late above which a run is not to be trusted: one in a hundred.
inline constexpr std::uint64_t kLateShareMax = 100;

struct SecondLine {
  std::uint32_t second = 0;  // since the run began
  std::uint64_t ready = 0;   // clients
  std::uint64_t sent = 0;    // messages in this second
  std::uint64_t received = 0;
  Histogram latency_us;
};

struct Report {
  Options options;
  std::uint32_t run = 0;
  std::vector<SecondLine> seconds;
  bool interrupted = false;

  // Connections.
  std::uint64_t ready = 0;    // became ready
  std::uint64_t refused = 0;  // failed before
  std::uint64_t lost = 0;     // failed afterwards
  Nanos connecting = 0;       // until the last had become ready or failed
  std::uint64_t connections_per_second = 0;
  Histogram connect_us;
  std::map<std::string, std::uint64_t> failures;
  std::uint64_t memory_bytes = 0;  // of this process for its clients, when all are connected

  // Messages.
  Nanos traffic = 0;  // from the first intended time, or the end of connecting, to the end
  std::uint64_t sent = 0;
  std::uint64_t sent_late = 0;
  std::uint64_t sent_waited = 0;
  std::uint64_t unsent = 0;
  std::uint64_t acknowledged = 0;
  std::uint64_t not_accepted = 0;
  std::uint64_t received = 0;
  std::uint64_t messages_lost = 0;
  std::uint64_t duplicates = 0;
  std::uint64_t reordered = 0;
  std::uint64_t foreign = 0;
  Histogram latency_us;
  Histogram late_us;

  bool connections_good() const { return refused == 0 && lost == 0; }
  /// Why the figures should not be believed; empty if they can be.
  std::vector<std::string> doubts() const;
  /// 0, or 1 when connections failed, or messages were lost in pair.
  int exit_code() const;
};

std::string heading(const Report& report);
/// The names of the columns, and one line.
std::string second_header(const Options& options);
std::string second_text(const Options& options, const SecondLine& line);
std::string summary(const Report& report);

std::string to_json(const Report& report);

}  // namespace orrery::load
