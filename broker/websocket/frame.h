// SPDX-License-Identifier: Apache-2.0
// The names of RFC 6455 that both directions share: opcodes (section 5.2) and close codes (section 7.4).
#pragma once

#include <cstdint>

namespace orrery::websocket {

enum class Opcode : std::uint8_t {
  kContinuation = 0x0,
  kText = 0x1,
  kBinary = 0x2,
  kClose = 0x8,
  kPing = 0x9,
  kPong = 0xA,
};

/// A status code of a Close frame. Plain numbers, since a peer may send 3000 to 4999 as it likes.
using CloseCode = std::uint16_t;
inline constexpr CloseCode kCloseNormal = 1000;
inline constexpr CloseCode kCloseGoingAway = 1001;
inline constexpr CloseCode kCloseProtocolError = 1002;
inline constexpr CloseCode kCloseUnsupportedData = 1003;
/// Never on the wire: a Close frame without a code.
inline constexpr CloseCode kCloseNoStatus = 1005;
inline constexpr CloseCode kCloseInvalidPayload = 1007;
inline constexpr CloseCode kClosePolicyViolation = 1008;
inline constexpr CloseCode kCloseTooBig = 1009;
inline constexpr CloseCode kCloseInternalError = 1011;

/// Whether a code may stand in a Close frame: defined for the wire by the RFC or its registry, or in 3000 to 4999.
constexpr bool close_code_allowed(CloseCode code) {
  if (code >= 3000) return code <= 4999;
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014);
}

}  // namespace orrery::websocket
