// SPDX-License-Identifier: Apache-2.0
// What the encoders share: a writer into room that was made once for the whole packet. Only for encode_*.cc.
#pragma once

#include <cstring>

#include "base/assert.h"
#include "base/bytes.h"
#include "broker/mqtt/limits.h"
#include "broker/mqtt/types.h"
#include "broker/mqtt/variable_byte_integer.h"

namespace orrery::mqtt {

/// Size of a packet whose body has so many bytes.
inline std::size_t packet_size(std::size_t body) {
  ORRERY_ASSERT(body <= kVariableByteIntegerMax);
  return 1 + variable_byte_integer_size(static_cast<std::uint32_t>(body)) + body;
}

/// Bytes of a section with its length in front.
inline std::size_t section_size(std::size_t properties) {
  return variable_byte_integer_size(static_cast<std::uint32_t>(properties)) + properties;
}

class PacketWriter {
 public:
  /// Makes room in `out` and writes the fixed header. The caller writes exactly `body` bytes, which the end checks.
  PacketWriter(PacketType type, std::uint8_t flags, std::size_t body, ByteWriter::Buffer& out) {
    const std::size_t start = out.size();
    out.resize(start + packet_size(body));
    at_ = out.data() + start;
    end_ = out.data() + out.size();
    u8(static_cast<std::uint8_t>(static_cast<int>(type) << 4 | flags));
    variable(static_cast<std::uint32_t>(body));
  }
  ~PacketWriter() { ORRERY_ASSERT(at_ == end_); }
  PacketWriter(const PacketWriter&) = delete;
  PacketWriter& operator=(const PacketWriter&) = delete;

  void u8(std::uint8_t v) { *at_++ = v; }
  void u16(std::uint16_t v) {
    at_[0] = static_cast<std::uint8_t>(v >> 8);
    at_[1] = static_cast<std::uint8_t>(v);
    at_ += 2;
  }
  void u32(std::uint32_t v) {
    u16(static_cast<std::uint16_t>(v >> 16));
    u16(static_cast<std::uint16_t>(v));
  }
  void variable(std::uint32_t v) { at_ = write_variable_byte_integer(v, at_); }
  void bytes(Bytes b) {
    if (b.empty()) return;
    std::memcpy(at_, b.data(), b.size());
    at_ += b.size();
  }
  void prefixed(Bytes b) {
    u16(static_cast<std::uint16_t>(b.size()));
    bytes(b);
  }
  void text(std::string_view s) { prefixed(as_bytes(s)); }
  void section(Bytes properties) {
    variable(static_cast<std::uint32_t>(properties.size()));
    bytes(properties);
  }

 private:
  std::uint8_t* at_;
  std::uint8_t* end_;
};

/// Size of a string or binary field.
inline std::size_t prefixed_size(std::size_t n) {
  ORRERY_ASSERT(n <= kStringMax);
  return 2 + n;
}

}  // namespace orrery::mqtt
