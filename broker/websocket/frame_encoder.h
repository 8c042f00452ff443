// SPDX-License-Identifier: Apache-2.0
// Writes a server's frames (RFC 6455 section 5.2): never masked, never fragmented, the shortest length form.
//
// Data goes out with write_header into room that the caller has kept before the payload, or append_header before
// payload that is appended after it: no payload is copied twice. Control frames are appended whole.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/types.h"
#include "broker/websocket/frame.h"
#include "broker/websocket/limits.h"

namespace orrery::websocket {

/// 2 bytes, or 4 above 125 bytes of payload, or 10 above 65,535.
inline constexpr std::size_t kServerHeaderMax = 10;

constexpr std::size_t header_size(std::uint64_t payload_size) {
  return payload_size <= 125 ? 2 : payload_size <= 0xFFFF ? 4 : 10;
}

/// Writes the header of one unfragmented frame to `to`, which has header_size(payload_size) bytes; returns that size.
std::size_t write_header(std::uint8_t* to, Opcode opcode, std::uint64_t payload_size);

/// Appends the header only; the caller appends exactly payload_size bytes after it.
void append_header(std::vector<std::uint8_t>& out, Opcode opcode, std::uint64_t payload_size);

/// Appends a whole Ping or Pong. At most kControlPayloadMax bytes of payload.
void append_ping(std::vector<std::uint8_t>& out, Bytes payload);
void append_pong(std::vector<std::uint8_t>& out, Bytes payload);

/// Appends a whole Close. With kCloseNoStatus the frame is empty (the answer to an empty Close); any other code must be
/// close_code_allowed(). A reason beyond kCloseReasonMax is cut between characters.
void append_close(std::vector<std::uint8_t>& out, CloseCode code, std::string_view reason = {});

}  // namespace orrery::websocket
