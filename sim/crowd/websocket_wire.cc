// SPDX-License-Identifier: Apache-2.0
#include "sim/crowd/websocket_wire.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>

#include "base/assert.h"
#include "base/base64.h"
#include "sim/crowd/mqtt_wire.h"
#include "sim/crowd/sha1.h"

namespace orrery::sim {
namespace {

constexpr std::string_view kGuid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

std::array<char, 24> key_text(const WebSocketKey& key) {
  std::uint8_t raw[16];
  for (int i = 0; i < 8; ++i) {
    raw[i] = static_cast<std::uint8_t>(key.high >> (8 * i));
    raw[8 + i] = static_cast<std::uint8_t>(key.low >> (8 * i));
  }
  std::array<char, 24> text;
  base64_encode(raw, text.data());
  return text;
}

std::array<char, 28> accept_text(const WebSocketKey& key) {
  char joined[24 + kGuid.size()];
  const auto text = key_text(key);
  std::memcpy(joined, text.data(), 24);
  std::memcpy(joined + 24, kGuid.data(), kGuid.size());
  const auto digest = sha1_short({joined, sizeof joined});
  std::array<char, 28> accept;
  base64_encode(digest, accept.data());
  return accept;
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

bool same_word(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return lower(x) == lower(y); });
}

/// The value of a header field in lines that end with CR LF; empty when there is none.
std::string_view header_field(std::string_view lines, std::string_view name) {
  while (!lines.empty()) {
    const std::string_view line = lines.substr(0, lines.find("\r\n"));
    lines.remove_prefix(std::min(lines.size(), line.size() + 2));
    const std::size_t colon = line.find(':');
    if (colon == line.npos || !same_word(line.substr(0, colon), name)) continue;
    std::string_view value = line.substr(colon + 1);
    while (!value.empty() && value.front() == ' ') value.remove_prefix(1);
    while (!value.empty() && value.back() == ' ') value.remove_suffix(1);
    return value;
  }
  return {};
}

void append(std::vector<std::uint8_t>& out, std::string_view text) { out.insert(out.end(), text.begin(), text.end()); }

}  // namespace

void append_upgrade_request(std::vector<std::uint8_t>& out, const WebSocketKey& key) {
  const auto text = key_text(key);
  append(out,
         "GET /mqtt HTTP/1.1\r\nHost: broker\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
         "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: mqtt\r\nSec-WebSocket-Key: ");
  append(out, {text.data(), text.size()});
  append(out, "\r\n\r\n");
}

UpgradeAnswer check_upgrade_response(Bytes bytes, const WebSocketKey& key) {
  const std::string_view text = as_text(bytes);
  const std::size_t end = text.find("\r\n\r\n");
  if (end == text.npos) return {0, text.size() > kResponseBytesMax ? "an endless response to the upgrade" : nullptr};
  const std::string_view status = text.substr(0, text.find("\r\n"));
  const std::string_view fields = text.substr(status.size() + 2, end - status.size());
  const auto accept = accept_text(key);
  UpgradeAnswer answer{end + 4, nullptr};
  if (!status.starts_with("HTTP/1.1 101"))
    answer.error = "the upgrade was not answered with 101";
  else if (!same_word(header_field(fields, "upgrade"), "websocket"))
    answer.error = "a 101 without Upgrade: websocket";
  else if (!same_word(header_field(fields, "connection"), "upgrade"))
    answer.error = "a 101 without Connection: Upgrade";
  else if (header_field(fields, "sec-websocket-accept") != std::string_view(accept.data(), accept.size()))
    answer.error = "a wrong Sec-WebSocket-Accept";
  else if (header_field(fields, "sec-websocket-protocol") != "mqtt")
    answer.error = "a 101 without the subprotocol mqtt";
  return answer;
}

Bytes finish_frame(std::vector<std::uint8_t>& buffer, Opcode opcode, std::uint32_t mask) {
  ORRERY_ASSERT(buffer.size() >= kFrameHeaderMax);
  std::uint8_t* payload = buffer.data() + kFrameHeaderMax;
  const std::size_t size = buffer.size() - kFrameHeaderMax;
  const std::size_t length_bytes = size < 126 ? 0 : size < 65536 ? 2 : 8;
  std::uint8_t* const header = payload - (2 + length_bytes + 4);
  header[0] = static_cast<std::uint8_t>(0x80 | static_cast<unsigned>(opcode));
  header[1] = static_cast<std::uint8_t>(0x80 | (length_bytes == 0 ? size : length_bytes == 2 ? 126 : 127));
  for (std::size_t i = 0; i < length_bytes; ++i)
    header[2 + i] = static_cast<std::uint8_t>(static_cast<std::uint64_t>(size) >> (8 * (length_bytes - 1 - i)));
  std::uint8_t key[8];
  for (std::size_t i = 0; i < 8; ++i) key[i] = static_cast<std::uint8_t>(mask >> (8 * (i % 4)));
  std::memcpy(payload - 4, key, 4);
  std::uint64_t wide;
  std::memcpy(&wide, key, 8);
  std::size_t i = 0;
  for (; i + 8 <= size; i += 8) {
    std::uint64_t word;
    std::memcpy(&word, payload + i, 8);
    word ^= wide;
    std::memcpy(payload + i, &word, 8);
  }
  for (; i < size; ++i) payload[i] ^= key[i % 4];
  return {header, buffer.data() + buffer.size()};
}

ServerFrame parse_server_frame(Bytes bytes) {
  ServerFrame frame;
  if (bytes.size() < 2) return frame;
  const unsigned opcode = bytes[0] & 15u;
  std::size_t size = bytes[1] & 127u;
  if (bytes[0] & 0x70)
    frame.error = "a frame with reserved bits";
  else if (bytes[1] & 0x80)
    frame.error = "a masked frame from the server";
  else if (opcode != 0 && opcode != 2 && (opcode < 8 || opcode > 10))
    frame.error = "a frame that is neither binary nor control";
  else if (opcode >= 8 && (size > 125 || !(bytes[0] & 0x80)))
    frame.error = "a control frame that is long or fragmented";
  if (frame.error) return frame;
  std::size_t start = 2;
  if (size >= 126) {
    start = size == 126 ? 4 : 10;
    if (bytes.size() < start) return frame;
    std::uint64_t wide = 0;
    for (std::size_t i = 2; i < start; ++i) wide = wide << 8 | bytes[i];
    if (wide > 2 * kServerPacketBytesMax)
      frame.error = "a frame of more than 2 MiB";
    else if (wide < (start == 4 ? 126u : 65536u))
      frame.error = "a frame whose length is not in its shortest form";
    if (frame.error) return frame;
    size = static_cast<std::size_t>(wide);
  }
  if (bytes.size() - start < size) return frame;
  frame.size = start + size;
  frame.opcode = static_cast<Opcode>(opcode);
  frame.payload = bytes.subspan(start, size);
  return frame;
}

}  // namespace orrery::sim
