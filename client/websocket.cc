// SPDX-License-Identifier: Apache-2.0
// Frames, written from RFC 6455 section 5.2.
#include "client/websocket.h"

namespace orrery::client {
namespace {

Octets u64(std::uint64_t value) {
  return u32(static_cast<std::uint32_t>(value >> 32)) + u32(static_cast<std::uint32_t>(value));
}

void check_frame(const WebSocketFrame& frame, std::uint64_t length, unsigned short_length,
                 std::vector<std::string>& errors) {
  if (frame.masked) errors.push_back("the server masks a frame (RFC 6455 5.1)");
  if (frame.rsv != 0) errors.push_back("a reserved bit is set without an extension (RFC 6455 5.2)");
  const bool control = frame.opcode >= 8;
  if ((frame.opcode > 2 && frame.opcode < 8) || frame.opcode > 10)
    errors.push_back("opcode " + std::to_string(frame.opcode) + " is reserved (RFC 6455 5.2)");
  if (control && !frame.fin) errors.push_back("a control frame is fragmented (RFC 6455 5.5)");
  if (control && length > 125) errors.push_back("a control frame is longer than 125 bytes (RFC 6455 5.5)");
  if ((short_length == 126 && length < 126) || (short_length == 127 && length < 65536))
    errors.push_back("the length is not in its shortest form (RFC 6455 5.2)");
  if (frame.opcode == 8 && length == 1) errors.push_back("a Close frame has a payload of one byte (RFC 6455 5.5.1)");
}

}  // namespace

Octets encode_frame(const WebSocketFrame& frame, std::uint32_t mask, LengthForm form) {
  Octets out = u8((frame.fin ? 0x80U : 0) | (frame.rsv & 7) << 4 | (frame.opcode & 15));
  const unsigned mask_bit = frame.masked ? 0x80 : 0;
  const std::size_t n = frame.payload.size();
  if (form == LengthForm::kShortest) form = n > 65535 ? LengthForm::k64 : n > 125 ? LengthForm::k16 : form;
  if (form == LengthForm::k64)
    out += u8(mask_bit | 127) + u64(n);
  else if (form == LengthForm::k16)
    out += u8(mask_bit | 126) + u16(static_cast<unsigned>(n));
  else
    out += u8(mask_bit | static_cast<unsigned>(n));
  if (!frame.masked) return out + frame.payload;
  const Octets key = u32(mask);
  out += key;
  for (std::size_t i = 0; i < n; ++i) out += static_cast<char>(frame.payload[i] ^ key[i & 3]);
  return out;
}

WebSocketFrame make_frame(Opcode opcode, std::string_view payload, bool fin) {
  WebSocketFrame f;
  f.fin = fin;
  f.opcode = static_cast<unsigned>(opcode);
  f.payload = payload;
  return f;
}

Octets close_payload(unsigned code, std::string_view reason) { return u16(code) + Octets(reason); }

unsigned close_code(std::string_view payload) { return payload.size() < 2 ? 1005 : Cursor(payload).u16(); }

std::string describe_frame(const WebSocketFrame& frame) {
  static constexpr const char* kNames[] = {"CONTINUATION", "TEXT", "BINARY"};
  std::string out = frame.opcode <= 2    ? kNames[frame.opcode]
                    : frame.opcode == 8  ? "CLOSE " + std::to_string(close_code(frame.payload))
                    : frame.opcode == 9  ? "PING"
                    : frame.opcode == 10 ? "PONG"
                                         : "opcode " + std::to_string(frame.opcode);
  if (!frame.fin) out += " (more follows)";
  if (frame.rsv != 0) out += " rsv=" + std::to_string(frame.rsv);
  return out + " " + std::to_string(frame.payload.size()) + " bytes";
}

bool FrameStream::next(WebSocketFrame& frame, Octets& raw, std::vector<std::string>& errors) {
  Cursor in(buffer_);
  const unsigned first = in.u8();
  const unsigned second = in.u8();
  const unsigned short_length = second & 0x7f;
  std::uint64_t length = short_length;
  if (short_length == 126) length = in.u16();
  if (short_length == 127) {
    length = in.u32();
    length = length << 32 | in.u32();
  }
  if (!in.failed() && length >> 63 != 0) errors.push_back("the top bit of a 64-bit length is set (RFC 6455 5.2)");
  const Octets key((second & 0x80) != 0 ? in.take(4) : std::string_view{});
  if (in.failed() || in.remaining() < length) return false;
  frame.fin = (first & 0x80) != 0;
  frame.rsv = first >> 4 & 7;
  frame.opcode = first & 15;
  frame.masked = (second & 0x80) != 0;
  frame.payload = in.take(static_cast<std::size_t>(length));
  for (std::size_t i = 0; frame.masked && i < frame.payload.size(); ++i)
    frame.payload[i] = static_cast<char>(frame.payload[i] ^ key[i & 3]);
  check_frame(frame, length, short_length, errors);
  const std::size_t whole = buffer_.size() - in.remaining();
  raw = buffer_.substr(0, whole);
  buffer_.erase(0, whole);
  return true;
}

}  // namespace orrery::client
