// SPDX-License-Identifier: Apache-2.0
// Bytes as the suite handles them: std::string, pieced together by hand so that malformed packets can be written too.
//
// Nothing here checks anything: u16(70000) and text() of more than 65535 bytes keep the low bits. Big-endian
// throughout.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace orrery::client {

using Octets = std::string;

/// The largest value that a variable byte integer can hold (5: 1.5.5).
inline constexpr std::uint32_t kVarintMax = 268'435'455;

Octets u8(unsigned value);
Octets u16(unsigned value);
Octets u32(std::uint32_t value);
/// The shortest variable byte integer, or one of exactly `width` bytes: more than needed is an overlong form, and with
/// width 5 it is one that never ends in time.
Octets varint(std::uint32_t value, int width = 0);
/// Two length bytes and the bytes: text fields and binary data.
Octets text(std::string_view value);
/// A packet: first byte, remaining length, body.
Octets frame(unsigned first_byte, std::string_view body);

/// "30 05 00 01 61 68 69", at most `limit` bytes and then how many more there are.
std::string hex(std::string_view bytes, std::size_t limit = 64);

/// Reads big-endian fields from a view. A read that does not fit gives zeros and sets failed().
class Cursor {
 public:
  explicit Cursor(std::string_view bytes) : rest_(bytes) {}
  unsigned u8() { return static_cast<unsigned>(number(1)); }
  unsigned u16() { return static_cast<unsigned>(number(2)); }
  std::uint32_t u32() { return static_cast<std::uint32_t>(number(4)); }
  std::string_view take(std::size_t n);
  std::string_view rest() { return take(rest_.size()); }
  /// Text or binary data.
  std::string_view prefixed() { return take(u16()); }
  /// A variable byte integer; `shortest` is set to false when it was longer than needed.
  std::uint32_t varint(bool& shortest);
  std::size_t remaining() const { return rest_.size(); }
  bool failed() const { return failed_; }

 private:
  std::uint64_t number(std::size_t n);
  std::string_view rest_;
  bool failed_ = false;
};

/// What is wrong with a text field, or nullptr: ill-formed UTF-8, a surrogate, or NUL (5: 1.5.4, 3.1.1: 1.5.3).
const char* text_error(std::string_view value);

}  // namespace orrery::client
