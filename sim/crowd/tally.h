// SPDX-License-Identifier: Apache-2.0
// What the crowd counts during a run. "Window" is the steady phase.
#pragma once

#include <cstdint>

#include "base/histogram.h"

namespace orrery::sim {

struct Tally {
  // connections
  std::uint64_t live = 0;               // now
  std::uint64_t connects_accepted = 0;  // CONNACKs of success
  std::uint64_t connects_refused = 0;   // CONNACKs of another reason
  std::uint64_t connects_failed = 0;    // attempts that ended before CONNACK
  std::uint64_t connections_lost = 0;   // live ones that ended, by whatever side
  std::uint64_t sessions_resumed = 0;
  // messages
  std::uint64_t published = 0;  // PUBLISH packets, repeats not counted
  std::uint64_t published_window = 0;
  std::uint64_t published_again = 0;    // repeats after a reconnect
  std::uint64_t publishes_refused = 0;  // acknowledged with a reason of 0x80 or more
  std::uint64_t received = 0;           // PUBLISH packets, those with DUP not counted
  std::uint64_t received_window = 0;
  std::uint64_t received_across = 0;    // publisher and subscriber on different nodes
  std::uint64_t received_retained = 0;  // retained messages of new subscriptions
  std::uint64_t received_wills = 0;
  // findings
  std::uint64_t duplicated = 0;  // at any QoS
  std::uint64_t reordered = 0;
  std::uint64_t lost = 0;            // at any QoS, outside of fault windows
  std::uint64_t lost_in_faults = 0;  // due within a fault window
  std::uint64_t in_doubt = 0;        // missing, and its publisher lost the session before it was completed
  std::uint64_t unfinished = 0;      // missing, and still unacknowledged when the run ended
  Histogram latency_ns;              // due to received, of everything that was received in order
};

}  // namespace orrery::sim
