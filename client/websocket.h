// SPDX-License-Identifier: Apache-2.0
// WebSocket frames as a client sees them (RFC 6455 section 5): builds any frame, right or wrong, and checks what a
// server sends.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "client/octets.h"

namespace orrery::client {

enum class Opcode : std::uint8_t {
  kContinuation = 0,
  kText = 1,
  kBinary = 2,
  kClose = 8,
  kPing = 9,
  kPong = 10,
};

struct WebSocketFrame {
  bool fin = true;
  /// The three reserved bits, RSV1 as 4.
  unsigned rsv = 0;
  unsigned opcode = static_cast<unsigned>(Opcode::kBinary);
  bool masked = true;
  Octets payload;
};

/// How the payload's length is written: as short as possible, or in the 16- or 64-bit form although it is not needed.
enum class LengthForm : std::uint8_t { kShortest, k16, k64 };

/// `mask` is used when the frame says masked.
Octets encode_frame(const WebSocketFrame& frame, std::uint32_t mask, LengthForm form = LengthForm::kShortest);
WebSocketFrame make_frame(Opcode opcode, std::string_view payload, bool fin = true);
/// The payload of a Close frame.
Octets close_payload(unsigned code, std::string_view reason = {});
/// The code in a Close frame's payload, or 1005 when it has none.
unsigned close_code(std::string_view payload);
/// "BINARY 14 bytes", "CLOSE 1002", ...
std::string describe_frame(const WebSocketFrame& frame);

/// Cuts a server's stream into frames.
class FrameStream {
 public:
  void feed(std::string_view bytes) { buffer_ += bytes; }
  /// True when a whole frame is there; `raw` gets its bytes as they came. What is wrong with it is added to `errors`.
  bool next(WebSocketFrame& frame, Octets& raw, std::vector<std::string>& errors);
  bool empty() const { return buffer_.empty(); }

 private:
  Octets buffer_;
};

}  // namespace orrery::client
