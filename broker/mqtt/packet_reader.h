// SPDX-License-Identifier: Apache-2.0
// What the decoders share: a reader of one packet's body that remembers the first thing that was wrong.
//
// After an error every read gives zeros and empty views and the error stays, so that a decoder reads field after field
// and asks where it matters. Only for decode_*.cc.
#pragma once

#include "base/bytes.h"
#include "broker/mqtt/limits.h"
#include "broker/mqtt/properties.h"
#include "broker/mqtt/result.h"
#include "broker/mqtt/utf8.h"
#include "broker/mqtt/variable_byte_integer.h"

namespace orrery::mqtt {

class PacketReader {
 public:
  explicit PacketReader(Bytes body) : in_(body) {}

  bool ok() const { return result_.ok(); }
  const DecodeResult& result() const { return result_; }
  std::size_t remaining() const { return in_.remaining(); }

  void fail(DecodeResult result) {
    if (result_.ok()) result_ = result;
    in_.fail();
  }

  std::uint8_t u8() { return checked(in_.u8()); }
  std::uint16_t u16() { return checked(in_.u16()); }
  Bytes binary() { return checked(in_.take_u16_prefixed()); }
  Bytes rest() { return in_.rest(); }

  /// A UTF-8 string; `what` is the error's text when it is not one.
  std::string_view text(const char* what) {
    const std::string_view value = as_text(binary());
    if (!valid_utf8(value)) {
      fail(malformed(what));
      return {};
    }
    return value;
  }

  std::uint16_t packet_id() {
    const std::uint16_t id = u16();
    if (id == 0) fail(protocol_error("packet identifier is 0"));
    return id;
  }

  /// A property section with its length.
  void properties(PropertyPlace place, Properties& out) {
    const VariableByteInteger length = read_variable_byte_integer(ByteReader(in_).rest());
    if (length.status != VariableStatus::kOk) return fail(malformed("wrong property length"));
    in_.take(length.size);
    if (length.value > in_.remaining()) return fail(malformed("properties longer than the packet"));
    if (length.value == 0) return;
    if (const DecodeResult parsed = parse_properties(place, in_.take(length.value), out); !parsed.ok()) fail(parsed);
  }

  /// The result, provided that nothing is left over.
  DecodeResult finish() {
    if (in_.remaining() != 0) fail(malformed("packet longer than its content"));
    return result_;
  }

 private:
  template <class Value>
  Value checked(Value value) {
    if (in_.failed()) fail(malformed("packet cut short"));
    return value;
  }

  ByteReader in_;
  DecodeResult result_;
};

}  // namespace orrery::mqtt
