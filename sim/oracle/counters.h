// SPDX-License-Identifier: Apache-2.0
// The oracle of the counters: every message that came in went out, waits, or was dropped under a name.
//
// The equations are those of broker/seam/counters.h; docs/broker-plug.md repeats them for other brokers. For every
// node, at any time and over all its lives:
//   matched + taken over = out + queued + handed over + the dropped ones that had matched
//   links opened >= links closed
// When a run without faults has come to rest, over all nodes together:
//   forwarded = received
//   connects accepted, messages in, messages out, subscriptions = what the clients saw
// A broker that counts nothing at all is not judged.
#pragma once

#include <string>
#include <vector>

#include "broker/seam/node.h"
#include "sim/oracle/verdicts.h"

namespace orrery::sim {

/// What the clients saw, for the second group of equations.
struct ClientView {
  std::uint64_t connects_accepted = 0;
  std::uint64_t messages_accepted = 0;  // PUBLISH packets that must have been accepted: no connection was lost
  std::uint64_t messages_received = 0;  // PUBLISH packets that came, DUP ones not counted
  std::uint64_t subscriptions = 0;      // that hold now
};

/// The first group, for one node.
void check_node_counters(const std::string& node, const ShardStats& stats, Nanos now, Verdicts& out);
/// The second group. Call it only for a run without faults and lost connections, at rest.
void check_cluster_counters(const std::vector<ShardStats>& nodes, const ClientView& clients, Nanos now, Verdicts& out);

}  // namespace orrery::sim
