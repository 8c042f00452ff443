// SPDX-License-Identifier: Apache-2.0
// The simulated brokers by name: what --target takes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "conformance/driver/sim.h"

namespace orrery::conformance {

/// "sim": one node with two shards. "cluster": a core and two replicants. "limited": one node with every capability off
/// that the standard lets a server go without, so that its refusals can be seen. "guarded": one node with a user, SCRAM
/// and two closed topics, where everybody else may come in too. "moved": one node that refuses every client and names
/// another server. "echo": no broker, but its WebSocket codec with an echo behind it, over WebSocket only.
const std::vector<std::string>& sim_kinds();
/// `kind` is one of sim_kinds(); over its first listener unless changed.
SimSetup sim_setup(std::string_view kind, std::uint64_t seed);

}  // namespace orrery::conformance
