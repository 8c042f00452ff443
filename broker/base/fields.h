// SPDX-License-Identifier: Apache-2.0
// A layout that is written down once: a struct names its fields in order, and writing and reading both follow that
// list.
//
//   struct Release {
//     std::uint64_t epoch = 0;
//     std::string_view client_id;
//     static void fields(auto& self, auto& f) {
//       f.u64(self.epoch);
//       f.text(self.client_id);
//     }
//   };
//
// write_fields() appends the fields to a buffer, read_fields() takes them from a reader and is false when they are cut
// short or a value is not one that writing makes; read_whole() is false also when bytes are left. Texts and bytes that
// were read are views into the input. A layer with fields of its own derives from FieldWriter and FieldReader
// (broker/node/shard_message.h).
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "base/assert.h"
#include "base/bytes.h"

namespace orrery {

/// A list of texts: to be written from texts that stand somewhere, and when read a view of the encoded list, walked in
/// order.
class TextList {
 public:
  TextList() = default;
  TextList(std::span<const std::string_view> texts) : texts_(texts), count_(texts.size()) {}
  /// `encoded` is `count` texts, each two bytes of length and the bytes: has been checked.
  TextList(Bytes encoded, std::size_t count) : encoded_(encoded), count_(count) {}

  std::size_t size() const { return count_; }
  bool empty() const { return count_ == 0; }
  template <class Visit>
  void for_each(Visit&& visit) const {
    for (const std::string_view text : texts_) visit(text);
    for (ByteReader in(encoded_); in.remaining() > 0;) visit(as_text(in.take_u16_prefixed()));
  }

 private:
  std::span<const std::string_view> texts_;
  Bytes encoded_;
  std::size_t count_ = 0;
};

class FieldWriter {
 public:
  explicit FieldWriter(ByteWriter& out) : out_(out) {}

  void u8(std::uint8_t v) { out_.u8(v); }
  void u16(std::uint16_t v) { out_.u16(v); }
  void u32(std::uint32_t v) { out_.u32(v); }
  void u64(std::uint64_t v) { out_.u64(v); }
  void flag(bool v) { out_.u8(v ? 1 : 0); }
  /// At most 65,535 bytes: what an MQTT string can have.
  void text(std::string_view v) {
    ORRERY_ASSERT(v.size() <= UINT16_MAX);
    out_.u16_prefixed(as_bytes(v));
  }
  void blob(Bytes v) { out_.u32_prefixed(v); }
  void texts(const TextList& list) {
    out_.u32(static_cast<std::uint32_t>(list.size()));
    list.for_each([&](std::string_view v) { text(v); });
  }
  /// A number that must be below `end` when it is read.
  void below(std::uint8_t v, std::uint8_t end) {
    ORRERY_ASSERT(v < end);
    out_.u8(v);
  }

 protected:
  ByteWriter& out_;
};

class FieldReader {
 public:
  explicit FieldReader(ByteReader& in) : in_(in) {}

  void u8(std::uint8_t& v) { v = in_.u8(); }
  void u16(std::uint16_t& v) { v = in_.u16(); }
  void u32(std::uint32_t& v) { v = in_.u32(); }
  void u64(std::uint64_t& v) { v = in_.u64(); }
  void flag(bool& v) {
    const std::uint8_t byte = in_.u8();
    if (byte > 1) in_.fail();
    v = byte == 1;
  }
  void text(std::string_view& v) { v = as_text(in_.take_u16_prefixed()); }
  void blob(Bytes& v) { v = in_.take_u32_prefixed(); }
  void texts(TextList& list) {
    const std::uint32_t count = in_.u32();
    ByteReader walk = in_;
    for (std::uint32_t n = 0; n < count && !walk.failed(); ++n) walk.take_u16_prefixed();
    if (walk.failed()) return in_.fail();
    list = TextList(in_.take(in_.remaining() - walk.remaining()), count);
  }
  void below(std::uint8_t& v, std::uint8_t end) {
    v = in_.u8();
    if (v >= end) in_.fail();
  }

 protected:
  ByteReader& in_;
};

template <class Struct>
void write_fields(ByteWriter& out, const Struct& value) {
  FieldWriter fields(out);
  Struct::fields(value, fields);
}

template <class Struct>
bool read_fields(ByteReader& in, Struct& value) {
  FieldReader fields(in);
  Struct::fields(value, fields);
  return !in.failed();
}

template <class Struct>
bool read_whole(ByteReader& in, Struct& value) {
  return read_fields(in, value) && in.done();
}

}  // namespace orrery
