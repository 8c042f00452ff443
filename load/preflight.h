// SPDX-License-Identifier: Apache-2.0
// What can be known to fail before a run starts: descriptors, ports, the broker's address.
#pragma once

#include <optional>
#include <string>

#include "load/options.h"
#include "load/transport.h"

namespace orrery::load {

/// Raises the limit of open descriptors as far as allowed. Returns one sentence with the number that is needed when it
/// is still too low, or when the source addresses have too few ephemeral ports for the connections.
std::optional<std::string> check_resources(const Options& options);

/// The same as arithmetic: `descriptors` that the process may open, `ports` that one source address has.
std::optional<std::string> resources_missing(const Options& options, std::uint64_t descriptors, std::uint64_t ports);

/// Resolves the host, connects once by TCP, and fills in where the clients will connect to. Returns one sentence when
/// that failed.
std::optional<std::string> find_target(const Options& options, Target& target);

}  // namespace orrery::load
