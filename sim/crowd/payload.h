// SPDX-License-Identifier: Apache-2.0
// What a message of the crowd says: who sent it, its number, when it was due, and filler that depends on the number.
//
//   offset  bytes  little-endian
//        0      4  magic "ORRY"
//        4      4  publisher's ClientId
//        8      4  message number
//       12      8  time it was due, in ns
//       20      -  filler: byte i is kFiller[(number & 63) + i]
// A will is 12 bytes: magic "WILL", the publisher, and which of its connections it was given with.
#pragma once

#include <cstdint>
#include <cstring>
#include <vector>

#include "base/rng.h"
#include "base/types.h"
#include "sim/crowd/spec.h"

namespace orrery::sim {

inline constexpr std::uint32_t kPayloadMagic = 0x5952524f;
inline constexpr std::uint32_t kWillMagic = 0x4c4c4957;
inline constexpr std::size_t kWillBytes = 12;

struct PayloadHeader {
  std::uint32_t magic = kPayloadMagic;
  std::uint32_t publisher = 0;
  std::uint32_t number = 0;
  Nanos due = 0;
};

class PayloadCodec {
 public:
  explicit PayloadCodec(std::uint32_t bytes_max) : filler_(bytes_max + 64) {
    for (std::size_t i = 0; i < filler_.size(); ++i) filler_[i] = static_cast<std::uint8_t>(mix64(i) >> 7);
  }

  void append(std::vector<std::uint8_t>& out, const PayloadHeader& h, std::size_t bytes) const {
    const std::size_t at = out.size();
    out.resize(at + kPayloadBytesMin);
    put(out.data() + at, h.magic, 4);
    put(out.data() + at + 4, h.publisher, 4);
    put(out.data() + at + 8, h.number, 4);
    put(out.data() + at + 12, static_cast<std::uint64_t>(h.due), 8);
    const std::uint8_t* filler = filler_.data() + (h.number & 63);
    out.insert(out.end(), filler, filler + (bytes - kPayloadBytesMin));
  }
  void append_will(std::vector<std::uint8_t>& out, std::uint32_t publisher, std::uint32_t life) const {
    const std::size_t at = out.size();
    out.resize(at + kWillBytes);
    put(out.data() + at, kWillMagic, 4);
    put(out.data() + at + 4, publisher, 4);
    put(out.data() + at + 8, life, 4);
  }

  /// The first fields of a payload or will; a magic of 0 when it is shorter than either. `due` only for payloads.
  static PayloadHeader read(Bytes b) {
    PayloadHeader h{0, 0, 0, 0};
    if (b.size() < kWillBytes) return h;
    h = {static_cast<std::uint32_t>(get(b.data(), 4)), static_cast<std::uint32_t>(get(b.data() + 4, 4)),
         static_cast<std::uint32_t>(get(b.data() + 8, 4)), 0};
    if (b.size() >= kPayloadBytesMin) h.due = static_cast<Nanos>(get(b.data() + 12, 8));
    return h;
  }
  /// Whether the filler is what the number asks for. The payload must be of the length that was sent.
  bool filler_matches(Bytes b, std::uint32_t number) const {
    return std::memcmp(b.data() + kPayloadBytesMin, filler_.data() + (number & 63), b.size() - kPayloadBytesMin) == 0;
  }

 private:
  static void put(std::uint8_t* out, std::uint64_t v, int bytes) {
    for (int i = 0; i < bytes; ++i) out[i] = static_cast<std::uint8_t>(v >> (8 * i));
  }
  static std::uint64_t get(const std::uint8_t* in, int bytes) {
    std::uint64_t v = 0;
    for (int i = 0; i < bytes; ++i) v |= static_cast<std::uint64_t>(in[i]) << (8 * i);
    return v;
  }
  std::vector<std::uint8_t> filler_;
};

}  // namespace orrery::sim
