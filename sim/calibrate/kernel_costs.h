// SPDX-License-Identifier: Apache-2.0
// What the kernel costs for the work of a broker's event loop, measured on loopback sockets as broker/runtime_asio uses
// them: non-blocking, one epoll set, edge-triggered, TCP_NODELAY, reads until a short one, one write for what an event
// sends.
//
// Times are of the thread's CPU clock, in batches, and the least of several rounds. On loopback the network stack's
// receiving half runs inside the sender's write, so a write here is dearer and a read cheaper than between two
// machines; the sum is the same.
#pragma once

#include <array>
#include <string>

#include "sim/models/cost_table.h"

namespace orrery::sim {

struct KernelCosts {
  double event = 0;        // waiting for one event, asleep before it
  double link_open = 0;    // accept, options, joining the epoll set
  double link_closed = 0;  // reading the end, close
  double dial = 0;         // socket, connect, joining the epoll set, asking for the result
  double drained = 0;      // changing what is waited for, twice
  double wake = 0;         // setting the timer and reading it
  double post = 0;         // ringing another thread's bell
  double message = 0;      // answering it
  std::array<double, kSizeClassCount> receive{};
  std::array<double, kSizeClassCount> send{};
};

/// Empty on success, otherwise what went wrong: a sentence with the system's reason.
std::string measure_kernel(int rounds, KernelCosts& out);

}  // namespace orrery::sim
