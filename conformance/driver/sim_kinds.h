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
/// that the standard lets a server go without, so that its refusals can be seen.
const std::vector<std::string>& sim_kinds();
/// `kind` is one of sim_kinds(); over TCP unless changed.
SimSetup sim_setup(std::string_view kind, std::uint64_t seed);

}  // namespace orrery::conformance
