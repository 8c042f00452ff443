// SPDX-License-Identifier: Apache-2.0
// Reading and writing of big-endian fields, the form that MQTT, WebSocket and the peer protocol share.
//
// ByteReader never reads past its view: a read that does not fit returns zeros, sets failed() and consumes the rest, so
// that a parser may read a whole structure and ask once. ByteWriter appends to a buffer that the caller owns and
// reuses.
#pragma once

#include <cstdint>
#include <cstring>
#include <vector>

#include "base/types.h"

namespace orrery {

class ByteReader {
 public:
  explicit ByteReader(Bytes bytes) : at_(bytes.data()), end_(bytes.data() + bytes.size()) {}

  std::size_t remaining() const { return static_cast<std::size_t>(end_ - at_); }
  bool failed() const { return failed_; }
  /// True when everything was read and nothing was missing.
  bool done() const { return !failed_ && at_ == end_; }

  std::uint8_t u8() { return static_cast<std::uint8_t>(big_endian(1)); }
  std::uint16_t u16() { return static_cast<std::uint16_t>(big_endian(2)); }
  std::uint32_t u32() { return static_cast<std::uint32_t>(big_endian(4)); }
  std::uint64_t u64() { return big_endian(8); }

  /// The next n bytes, a view into the input; empty and failed() when there are fewer.
  Bytes take(std::size_t n) {
    if (n > remaining()) {
      fail();
      return {};
    }
    Bytes out(at_, n);
    at_ += n;
    return out;
  }
  /// A field of two length bytes and so many bytes: MQTT's strings and binary data.
  Bytes take_u16_prefixed() { return take(u16()); }
  Bytes take_u32_prefixed() { return take(u32()); }
  Bytes rest() { return take(remaining()); }

  void fail() {
    failed_ = true;
    at_ = end_;
  }

 private:
  std::uint64_t big_endian(std::size_t n) {
    if (n > remaining()) {
      fail();
      return 0;
    }
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < n; ++i) value = value << 8 | at_[i];
    at_ += n;
    return value;
  }

  const std::uint8_t* at_;
  const std::uint8_t* end_;
  bool failed_ = false;
};

class ByteWriter {
 public:
  using Buffer = std::vector<std::uint8_t>;
  explicit ByteWriter(Buffer& out) : out_(out) {}

  void u8(std::uint8_t v) { out_.push_back(v); }
  void u16(std::uint16_t v) { big_endian(v, 2); }
  void u32(std::uint32_t v) { big_endian(v, 4); }
  void u64(std::uint64_t v) { big_endian(v, 8); }
  void bytes(Bytes b) { out_.insert(out_.end(), b.begin(), b.end()); }
  void u16_prefixed(Bytes b) {
    u16(static_cast<std::uint16_t>(b.size()));
    bytes(b);
  }
  void u32_prefixed(Bytes b) {
    u32(static_cast<std::uint32_t>(b.size()));
    bytes(b);
  }
  std::size_t size() const { return out_.size(); }
  /// Overwrites four bytes at a position: lengths that are known only afterwards.
  void patch_u32(std::size_t at, std::uint32_t v) {
    for (int i = 0; i < 4; ++i) out_[at + static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(v >> (24 - 8 * i));
  }

 private:
  void big_endian(std::uint64_t v, int n) {
    const std::size_t at = out_.size();
    out_.resize(at + static_cast<std::size_t>(n));
    for (int i = 0; i < n; ++i)
      out_[at + static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(v >> (8 * (n - 1 - i)));
  }

  Buffer& out_;
};

}  // namespace orrery
