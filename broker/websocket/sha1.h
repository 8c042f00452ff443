// SPDX-License-Identifier: Apache-2.0
// SHA-1 (FIPS 180-4) and base64 (RFC 4648), for the one place that needs them: Sec-WebSocket-Accept.
//
// SHA-1 proves nothing here and is not used where it would have to: the RFC asks for it to show that the server
// understood.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/types.h"

namespace orrery::websocket {

std::array<std::uint8_t, 20> sha1(Bytes message);

std::string base64_encode(Bytes bytes);

/// Number of bytes that a padded base64 text stands for; -1 if it is not one. Bits left over by the padding are
/// ignored.
int base64_decoded_size(std::string_view text);

}  // namespace orrery::websocket
