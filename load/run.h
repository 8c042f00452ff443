// SPDX-License-Identifier: Apache-2.0
// One run from the first connect to the report.
//
// Phases: connect all clients at the asked pace; when the last is ready or has failed, traffic; at the limit, the
// duration or an interrupt, wait a little for what is still under way; DISCONNECT. A second interrupt ends at once.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdio>
#include <memory>
#include <vector>

#include "load/report.h"
#include "load/worker.h"

namespace orrery::load {

/// After the last send the run ends when nothing has come for so long.
inline constexpr Nanos kDrainQuiet = 3 * kSecond;
/// How long DISCONNECTs may take to go out.
inline constexpr Nanos kCloseGrace = 300 * kMillisecond;
/// From the command to publish to the first intended time, so that every worker has heard of it.
inline constexpr Nanos kPublishDelay = 100 * kMillisecond;

class Run {
 public:
  /// Lines go to `out` as they come.
  Run(const Plan& plan, std::FILE* out);
  ~Run();

  /// Returns when the run has ended.
  Report execute();

 private:
  enum class Phase : std::uint8_t { kConnecting, kTraffic, kDraining, kClosing, kDone };

  void poll();
  void step();
  bool traffic_ends() const;
  bool published() const;
  bool drained() const;
  bool drain_is_quiet();
  void begin_traffic();
  void begin_draining();
  void begin_closing();
  void end_lines();
  void second();
  void take_second();
  void add_second(std::size_t line, const Interval& interval);
  void print_complete_seconds();
  void finish();

  std::uint64_t sum(Count c) const;
  void say(const std::string& text) const;

  const Plan& plan_;
  std::FILE* out_;
  std::uint64_t memory_before_;
  Report report_;
  boost::asio::io_context io_{1};
  boost::asio::signal_set signals_;
  boost::asio::steady_timer poll_timer_;
  boost::asio::steady_timer second_timer_;
  std::vector<std::unique_ptr<Worker>> workers_;
  Phase phase_ = Phase::kConnecting;
  bool ending_ = false;  // the last line has been asked for
  Nanos began_ = 0;
  Nanos phase_began_ = 0;
  Nanos traffic_began_ = 0;
  std::uint64_t drain_seen_ = 0;  // messages and acknowledgements that had come when phase_began_ was set last
  std::uint64_t sent_before_ = 0;
  std::uint64_t received_before_ = 0;
  std::vector<std::size_t> intervals_missing_;  // for each line: workers whose interval has not come yet
  std::size_t printed_ = 0;
};

}  // namespace orrery::load
