// SPDX-License-Identifier: Apache-2.0
// For tests, fuzzers and benchmarks: a client's frames, correct or wrong in any way one asks for.
//
// Written apart from the decoder, straight from the figure in RFC 6455 section 5.2.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace orrery::websocket::test {

struct FrameSpec {
  int opcode = 0x2;
  bool fin = true;
  int rsv = 0;  // three bits: RSV1 is 4
  bool masked = true;
  std::uint32_t key = 0x37FA213D;
  /// 0: the shortest; else 1 (7 bits), 2 or 8 bytes of length, whether that is right or not.
  int length_form = 0;
  /// The length that is claimed; -1: the payload's.
  std::int64_t claimed = -1;
};

inline std::string frame(std::string_view payload, const FrameSpec& spec = {}) {
  const std::uint64_t length = spec.claimed < 0 ? payload.size() : static_cast<std::uint64_t>(spec.claimed);
  const int form = spec.length_form != 0 ? spec.length_form : length <= 125 ? 1 : length <= 0xFFFF ? 2 : 8;
  std::string out;
  out.push_back(static_cast<char>((spec.fin ? 0x80 : 0) | spec.rsv << 4 | spec.opcode));
  const std::uint64_t seven = form == 1 ? length & 0x7F : form == 2 ? 126 : 127;
  out.push_back(static_cast<char>((spec.masked ? 0x80 : 0) | static_cast<int>(seven)));
  if (form > 1)
    for (int shift = 8 * (form - 1); shift >= 0; shift -= 8) out.push_back(static_cast<char>(length >> shift & 0xFF));
  if (!spec.masked) return out.append(payload);
  char key[4];
  for (int i = 0; i < 4; ++i) key[i] = static_cast<char>(spec.key >> (24 - 8 * i) & 0xFF);
  out.append(key, 4);
  for (std::size_t i = 0; i < payload.size(); ++i) out.push_back(static_cast<char>(payload[i] ^ key[i % 4]));
  return out;
}

inline std::string control(int opcode, std::string_view payload) {
  FrameSpec spec;
  spec.opcode = opcode;
  return frame(payload, spec);
}
inline std::string ping(std::string_view payload) { return control(0x9, payload); }
inline std::string pong(std::string_view payload) { return control(0xA, payload); }
inline std::string close(std::string_view payload) { return control(0x8, payload); }
inline std::string close(std::uint16_t code, std::string_view reason = {}) {
  std::string payload = {static_cast<char>(code >> 8), static_cast<char>(code & 0xFF)};
  return close(payload.append(reason));
}
/// One fragment: the first has opcode 2, the others 0.
inline std::string fragment(std::string_view payload, bool first, bool last) {
  FrameSpec spec;
  spec.opcode = first ? 0x2 : 0x0;
  spec.fin = last;
  return frame(payload, spec);
}

/// The request of an ordinary client, with a line of its own before the empty line.
inline std::string request(std::string_view protocols = "mqtt", std::string_view more = {}) {
  std::string text =
      "GET /mqtt HTTP/1.1\r\nHost: broker.example:8083\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n";
  if (!protocols.empty()) text.append("Sec-WebSocket-Protocol: ").append(protocols).append("\r\n");
  return text.append(more).append("\r\n");
}

}  // namespace orrery::websocket::test
