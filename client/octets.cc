// SPDX-License-Identifier: Apache-2.0
// Fields, variable byte integers and the text check, written from the standard's sections 1.5 and from RFC 3629.
#include "client/octets.h"

namespace orrery::client {
namespace {

char byte(std::uint64_t value) { return static_cast<char>(static_cast<unsigned char>(value & 0xff)); }

}  // namespace

Octets u8(unsigned value) { return Octets(1, byte(value)); }

Octets u16(unsigned value) { return Octets{byte(value >> 8), byte(value)}; }

Octets u32(std::uint32_t value) { return Octets{byte(value >> 24), byte(value >> 16), byte(value >> 8), byte(value)}; }

Octets varint(std::uint32_t value, int width) {
  Octets out;
  do {
    const std::uint32_t low = value & 0x7f;
    value >>= 7;
    const bool more = value != 0 || static_cast<int>(out.size()) + 1 < width;
    out += byte(more ? low | 0x80 : low);
  } while (value != 0 || static_cast<int>(out.size()) < width);
  return out;
}

Octets text(std::string_view value) { return u16(static_cast<unsigned>(value.size())) + Octets(value); }

Octets frame(unsigned first_byte, std::string_view body) {
  return u8(first_byte) + varint(static_cast<std::uint32_t>(body.size())) + Octets(body);
}

std::string hex(std::string_view bytes, std::size_t limit) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  for (std::size_t i = 0; i < bytes.size() && i < limit; ++i) {
    const auto b = static_cast<unsigned char>(bytes[i]);
    if (i != 0) out += ' ';
    out += kDigits[b >> 4];
    out += kDigits[b & 15];
  }
  if (bytes.size() > limit) out += " ... " + std::to_string(bytes.size() - limit) + " more";
  return out;
}

std::string_view Cursor::take(std::size_t n) {
  if (n > rest_.size()) {
    failed_ = true;
    rest_ = {};
    return {};
  }
  const std::string_view out = rest_.substr(0, n);
  rest_.remove_prefix(n);
  return out;
}

std::uint64_t Cursor::number(std::size_t n) {
  std::uint64_t value = 0;
  for (const char c : take(n)) value = value << 8 | static_cast<unsigned char>(c);
  return value;
}

std::uint32_t Cursor::varint(bool& shortest) {
  std::uint32_t value = 0;
  for (int i = 0; i < 4; ++i) {
    const unsigned b = u8();
    if (failed_) return 0;
    value |= (b & 0x7f) << (7 * i);
    if ((b & 0x80) == 0) {
      shortest = i == 0 || b != 0;
      return value;
    }
  }
  failed_ = true;
  return 0;
}

const char* text_error(std::string_view value) {
  for (std::size_t i = 0; i < value.size();) {
    const auto lead = static_cast<unsigned char>(value[i]);
    if (lead == 0) return "it holds the NUL character";
    const int more = lead < 0x80                   ? 0
                     : lead >= 0xc2 && lead < 0xe0 ? 1
                     : lead >= 0xe0 && lead < 0xf0 ? 2
                     : lead >= 0xf0 && lead < 0xf5 ? 3
                                                   : -1;
    if (more < 0) return "it holds a byte that begins no character";
    if (i + static_cast<std::size_t>(more) >= value.size()) return "its last character is cut off";
    std::uint32_t point = more == 0 ? lead : lead & (0x3fU >> more);
    for (int k = 1; k <= more; ++k) {
      const auto next = static_cast<unsigned char>(value[i + static_cast<std::size_t>(k)]);
      if ((next & 0xc0) != 0x80) return "a character lacks a continuation byte";
      point = point << 6 | (next & 0x3f);
    }
    if (more == 2 && point < 0x800) return "it holds an overlong form";
    if (more == 3 && point < 0x10000) return "it holds an overlong form";
    if (point >= 0xd800 && point < 0xe000) return "it holds a surrogate";
    if (point > 0x10ffff) return "it holds a code point above U+10FFFF";
    i += static_cast<std::size_t>(more) + 1;
  }
  return nullptr;
}

}  // namespace orrery::client
