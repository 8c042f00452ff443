// SPDX-License-Identifier: Apache-2.0
#include "broker/websocket/frame_encoder.h"

#include "base/assert.h"

namespace orrery::websocket {
namespace {

void append_control(std::vector<std::uint8_t>& out, Opcode opcode, Bytes payload) {
  ORRERY_ASSERT(payload.size() <= kControlPayloadMax);
  append_header(out, opcode, payload.size());
  out.insert(out.end(), payload.begin(), payload.end());
}

/// The longest prefix of at most kCloseReasonMax bytes that does not end inside a character.
std::string_view fitting(std::string_view reason) {
  if (reason.size() <= kCloseReasonMax) return reason;
  std::size_t size = kCloseReasonMax;
  while (size > 0 && (static_cast<std::uint8_t>(reason[size]) & 0xC0) == 0x80) --size;
  return reason.substr(0, size);
}

}  // namespace

std::size_t write_header(std::uint8_t* to, Opcode opcode, std::uint64_t payload_size) {
  const std::size_t size = header_size(payload_size);
  to[0] = static_cast<std::uint8_t>(0x80 | static_cast<std::uint8_t>(opcode));
  if (size == 2) {
    to[1] = static_cast<std::uint8_t>(payload_size);
    return size;
  }
  to[1] = size == 4 ? 126 : 127;
  for (std::size_t i = size; i-- > 2; payload_size >>= 8) to[i] = static_cast<std::uint8_t>(payload_size);
  return size;
}

void append_header(std::vector<std::uint8_t>& out, Opcode opcode, std::uint64_t payload_size) {
  const std::size_t at = out.size();
  out.resize(at + header_size(payload_size));
  write_header(out.data() + at, opcode, payload_size);
}

void append_ping(std::vector<std::uint8_t>& out, Bytes payload) { append_control(out, Opcode::kPing, payload); }

void append_pong(std::vector<std::uint8_t>& out, Bytes payload) { append_control(out, Opcode::kPong, payload); }

void append_close(std::vector<std::uint8_t>& out, CloseCode code, std::string_view reason) {
  if (code == kCloseNoStatus) {
    append_control(out, Opcode::kClose, {});
    return;
  }
  ORRERY_ASSERT(close_code_allowed(code));
  const Bytes text = as_bytes(fitting(reason));
  append_header(out, Opcode::kClose, 2 + text.size());
  out.push_back(static_cast<std::uint8_t>(code >> 8));
  out.push_back(static_cast<std::uint8_t>(code));
  out.insert(out.end(), text.begin(), text.end());
}

}  // namespace orrery::websocket
