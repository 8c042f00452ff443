// SPDX-License-Identifier: Apache-2.0
// One thread of a run: an io_context and its share of the clients.
//
// The controller (run.h) calls start() and join(), posts the commands, and reads the counters at any time; everything
// else happens on the worker's thread. Commands are done in the order in which they were given.
#pragma once

#include <array>
#include <atomic>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/histogram.h"
#include "load/client.h"
#include "load/options.h"
#include "load/payload.h"
#include "load/schedule.h"
#include "load/transport.h"

namespace orrery::load {

/// A message that its own schedule got to later than this was late by the generator's fault.
inline constexpr Nanos kLateAbove = kMillisecond;

Nanos monotonic_now();

/// What all workers of a run are told.
struct Plan {
  Options options;
  Target target;
  std::uint32_t run = 0;
  std::string prefix;
};

enum class Count : std::uint8_t {
  kSettled,       // clients that became ready or failed before they were
  kReady,         // clients that are ready now
  kRefused,       // clients that failed before they were ready
  kLost,          // clients that were ready and failed
  kSent,          // messages
  kSentLate,      // their turn came more than kLateAbove after their time
  kSentWaited,    // they waited for an acknowledgement or for the socket
  kUnsent,        // their turn came and their client was gone
  kAcknowledged,  // messages above QoS 0
  kNotAccepted,   // acknowledged with a reason that refuses
  kReceived,      // messages with our stamp, each once
  kDuplicates,
  kReordered,
  kForeign,  // messages without our stamp
  kCount,
};

/// Latencies since they were last taken.
struct Interval {
  Histogram latency_us;
};

class Worker final : private ClientOwner {
 public:
  /// Owns publishers and subscribers [first, last) of the plan (of connections, in conn).
  Worker(const Plan& plan, std::uint32_t first, std::uint32_t last);
  ~Worker();

  /// Starts the thread, and connecting at the plan's pace from `begin` on.
  void start(Nanos begin);
  /// Commands.
  void publish(const Schedule& schedule);
  void stop_publishing();
  void take_interval(std::function<void(Interval)> taken);
  void stop_clients();
  /// Ends the io_context and the thread. The results below may be read afterwards.
  void join();

  std::uint64_t count(Count c) const { return counts_[static_cast<std::size_t>(c)].load(std::memory_order_relaxed); }
  /// True when the schedule has no message left and all that were due have been sent and acknowledged.
  bool published() const { return published_.load(std::memory_order_relaxed); }

  struct Results {
    Histogram connect_us;  // from the connect's begin to readiness
    Histogram late_us;     // how long after its time a message's turn came
    std::uint64_t missing = 0;
    std::map<std::string, std::uint64_t> failures;  // by reason
  };
  const Results& results() const { return results_; }

 private:
  Nanos now() const override { return monotonic_now(); }
  void client_ready(Client& client) override;
  void client_failed(Client& client, std::string_view why) override;
  void client_sent(Client& client, bool had_waited) override;
  void client_acknowledged(Client& client, bool refused) override;
  void client_received(Client& client, const client::Packet& publish) override;

  void add(Count c, std::uint64_t n = 1) {
    counts_[static_cast<std::size_t>(c)].fetch_add(n, std::memory_order_relaxed);
  }
  Nanos connect_time(std::size_t position) const;
  void connect_due();
  void publish_due();
  void note_published();
  void housekeeping();

  const Plan& plan_;
  TransportHost host_;
  ClientSetup setup_;
  std::uint32_t first_;
  std::vector<std::unique_ptr<Client>> clients_;  // in the order of their connects: subscribers before publishers
  std::size_t publishers_at_ = 0;                 // in clients_
  std::size_t connected_to_ = 0;                  // clients_ before it have begun to connect
  Nanos begin_ = 0;
  Schedule schedule_;
  std::unique_ptr<ScheduleCursor> cursor_;
  bool schedule_ended_ = false;
  boost::asio::steady_timer connect_timer_;
  boost::asio::steady_timer publish_timer_;
  boost::asio::steady_timer housekeeping_timer_;
  std::array<std::atomic<std::uint64_t>, static_cast<std::size_t>(Count::kCount)> counts_{};
  std::atomic<bool> published_{false};
  Interval interval_;
  Results results_;
  std::thread thread_;
};

}  // namespace orrery::load
