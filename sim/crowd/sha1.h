// SPDX-License-Identifier: Apache-2.0
// SHA-1 (FIPS 180-4), for the one thing the crowd needs it for: to check a server's Sec-WebSocket-Accept.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace orrery::sim {

/// Of at most 119 bytes: the key, the GUID and the padding are two blocks.
std::array<std::uint8_t, 20> sha1_short(std::string_view text);

}  // namespace orrery::sim
