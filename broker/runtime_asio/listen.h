// SPDX-License-Identifier: Apache-2.0
// Listening sockets: one for each shard on the same port (SO_REUSEPORT spreads connections), and the errors of a start.
#pragma once

#include <string>
#include <vector>

#include "broker/runtime_asio/address.h"
#include "broker/runtime_asio/fd.h"

namespace orrery::runtime {

/// Binds `count` sockets to one address without listening yet; with port 0 the kernel picks one and `address` gets it.
/// A port that any other process holds is refused, though SO_REUSEPORT alone would silently share it.
/// Returns a sentence, or nothing on success.
std::string bind_sockets(Address& address, std::size_t count, std::vector<Fd>& out);

/// Lets a bound socket take connections.
std::string start_listening(const Fd& socket);

}  // namespace orrery::runtime
