// SPDX-License-Identifier: Apache-2.0
// SHA-1 (FIPS 180-4), for the one place that needs it: Sec-WebSocket-Accept.
//
// SHA-1 proves nothing here and is not used where it would have to: the RFC asks for it to show that the server
// understood.
#pragma once

#include <array>
#include <cstdint>

#include "base/types.h"

namespace orrery::websocket {

std::array<std::uint8_t, 20> sha1(Bytes message);

}  // namespace orrery::websocket
