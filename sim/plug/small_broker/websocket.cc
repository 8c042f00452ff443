// SPDX-License-Identifier: Apache-2.0
#include "sim/plug/small_broker/websocket.h"

#include <array>
#include <cctype>

namespace orrery::sim::small {
namespace {

std::uint32_t rotate(std::uint32_t v, int n) { return v << n | v >> (32 - n); }

/// One block of FIPS 180-4's SHA-1.
void sha1_block(const std::string& data, std::size_t at, std::array<std::uint32_t, 5>& h) {
  std::array<std::uint32_t, 80> w{};
  for (std::size_t i = 0; i < 64; ++i) w[i / 4] = w[i / 4] << 8 | static_cast<std::uint8_t>(data[at + i]);
  for (std::size_t i = 16; i < 80; ++i) w[i] = rotate(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
  auto [a, b, c, d, e] = h;
  for (std::size_t i = 0; i < 80; ++i) {
    const auto [f, k] = i < 20   ? std::pair{(b & c) | (~b & d), 0x5a827999u}
                        : i < 40 ? std::pair{b ^ c ^ d, 0x6ed9eba1u}
                        : i < 60 ? std::pair{(b & c) | (b & d) | (c & d), 0x8f1bbcdcu}
                                 : std::pair{b ^ c ^ d, 0xca62c1d6u};
    const std::uint32_t next = rotate(a, 5) + f + e + k + w[i];
    e = d;
    d = c;
    c = rotate(b, 30);
    b = a;
    a = next;
  }
  h = {h[0] + a, h[1] + b, h[2] + c, h[3] + d, h[4] + e};
}

std::string sha1(std::string data) {
  const std::uint64_t bits = data.size() * 8;
  data.push_back(static_cast<char>(0x80));
  while (data.size() % 64 != 56) data.push_back(0);
  for (int i = 7; i >= 0; --i) data.push_back(static_cast<char>(bits >> (8 * i)));
  std::array<std::uint32_t, 5> h{0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
  for (std::size_t at = 0; at < data.size(); at += 64) sha1_block(data, at, h);
  std::string out;
  for (std::uint32_t v : h)
    for (int i = 3; i >= 0; --i) out.push_back(static_cast<char>(v >> (8 * i)));
  return out;
}

std::string base64(std::string_view in) {
  static constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t i = 0; i < in.size(); i += 3) {
    std::uint32_t v = 0;
    for (std::size_t j = 0; j < 3; ++j) v = v << 8 | (i + j < in.size() ? static_cast<std::uint8_t>(in[i + j]) : 0u);
    for (std::size_t j = 0; j < 4; ++j) out.push_back(i + j > in.size() ? '=' : kAlphabet[v >> (18 - 6 * j) & 63]);
  }
  return out;
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

/// The value of a header field, empty when it is not there. `name` in lower case.
std::string_view field(std::string_view request, std::string_view name) {
  std::size_t at = request.find("\r\n");
  while (at + 2 < request.size()) {
    const std::string_view line = request.substr(at + 2, request.find("\r\n", at + 2) - at - 2);
    const std::size_t colon = line.find(':');
    if (colon != line.npos && lower(line.substr(0, colon)) == name) {
      const std::size_t from = line.find_first_not_of(" \t", colon + 1);
      return from == line.npos ? std::string_view{} : line.substr(from);
    }
    at += line.size() + 2;
  }
  return {};
}

std::string header(std::uint8_t opcode, std::size_t size) {
  std::string out(1, static_cast<char>(0x80 | opcode));
  if (size < 126) {
    out.push_back(static_cast<char>(size));
  } else if (size < 65536) {
    out += {126, static_cast<char>(size >> 8), static_cast<char>(size)};
  } else {
    out.push_back(127);
    for (int i = 7; i >= 0; --i) out.push_back(static_cast<char>(static_cast<std::uint64_t>(size) >> (8 * i)));
  }
  return out;
}

}  // namespace

std::string accept_key(std::string_view key) {
  return base64(sha1(std::string(key) + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"));
}

std::string WebSocket::frame(std::string_view mqtt) { return header(2, mqtt.size()).append(mqtt); }

bool WebSocket::take(std::string_view bytes, std::string& mqtt, std::string& reply) {
  input_ += bytes;
  if (!upgraded_ && !take_request(reply)) return false;
  if (!upgraded_) return true;
  for (bool found = true; found;)
    if (!take_frame(mqtt, reply, found)) return false;
  return true;
}

bool WebSocket::take_request(std::string& reply) {
  const std::size_t end = input_.find("\r\n\r\n");
  if (end == input_.npos) return input_.size() <= kRequestBytesMax;
  const std::string_view request(input_.data(), end + 2);
  const std::string_view key = field(request, "sec-websocket-key");
  const bool good = request.starts_with("GET ") && lower(field(request, "upgrade")) == "websocket" &&
                    field(request, "sec-websocket-version") == "13" && key.size() == 24;
  if (!good) {
    reply += "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    return false;
  }
  reply += "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " +
           accept_key(key) + "\r\n";
  if (field(request, "sec-websocket-protocol").find("mqtt") != std::string_view::npos)
    reply += "Sec-WebSocket-Protocol: mqtt\r\n";
  reply += "\r\n";
  input_.erase(0, end + 4);
  upgraded_ = true;
  return true;
}

bool WebSocket::take_frame(std::string& mqtt, std::string& reply, bool& found) {
  found = false;
  const auto at = [&](std::size_t i) { return static_cast<std::uint8_t>(input_[i]); };
  if (input_.size() < 2) return true;
  const bool final = at(0) & 0x80;
  const unsigned opcode = at(0) & 15;
  const std::size_t short_size = at(1) & 0x7f;
  const std::size_t length_bytes = short_size == 126 ? 2 : short_size == 127 ? 8 : 0;
  if ((at(0) & 0x70) || !(at(1) & 0x80)) return fail(1002, reply);
  if (opcode >= 8 && (!final || length_bytes)) return fail(1002, reply);
  if (opcode == 1) return fail(1003, reply);
  if (opcode != 0 && opcode != 2 && (opcode < 8 || opcode > 10)) return fail(1002, reply);
  if (opcode < 8 && in_message_ != (opcode == 0)) return fail(1002, reply);
  if (input_.size() < 2 + length_bytes + 4) return true;
  std::uint64_t size = length_bytes ? 0 : short_size;
  for (std::size_t i = 0; i < length_bytes; ++i) size = size << 8 | at(2 + i);
  if (size > kFrameBytesMax) return fail(1009, reply);
  const std::size_t start = 2 + length_bytes + 4;
  if (input_.size() < start + size) return true;
  std::string payload = input_.substr(start, size);
  for (std::size_t i = 0; i < payload.size(); ++i)
    payload[i] = static_cast<char>(payload[i] ^ input_[start - 4 + i % 4]);
  input_.erase(0, start + size);
  if (input_.empty()) input_.shrink_to_fit();
  found = true;
  if (opcode == 8) return fail(1000, reply);
  if (opcode == 9) reply += header(10, payload.size()) + payload;
  if (opcode < 8) {
    in_message_ = !final;
    mqtt += payload;
  }
  return true;
}

bool WebSocket::fail(std::uint16_t code, std::string& reply) {
  reply += header(8, 2);
  reply.push_back(static_cast<char>(code >> 8));
  reply.push_back(static_cast<char>(code));
  return false;
}

}  // namespace orrery::sim::small
