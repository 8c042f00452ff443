// SPDX-License-Identifier: Apache-2.0
// The stamp at the front of every payload that orrery-load publishes: who, which, and when it should have been sent.
//
//   "OLG1"  run u32  publisher u32  sequence u32  intended u64      (big-endian, 24 bytes; filler follows)
//
// `intended` is the time at which the schedule wanted the message sent, in nanoseconds of CLOCK_MONOTONIC, which all
// processes of one machine share. Latency is counted from there and not from the send, so that a stalled generator or a
// full window shows up as latency instead of hiding it (coordinated omission). `run` tells processes apart.
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "base/types.h"

namespace orrery::load {

inline constexpr std::size_t kStampSize = 24;
inline constexpr std::uint32_t kStampMagic = 0x4F4C4731;  // "OLG1"

struct Stamp {
  std::uint32_t run = 0;
  std::uint32_t publisher = 0;
  std::uint32_t sequence = 0;
  Nanos intended = 0;
  bool operator==(const Stamp&) const = default;
};

/// Overwrites the first kStampSize bytes.
inline void write_stamp(std::uint8_t* to, const Stamp& stamp) {
  const auto put = [&to](std::uint64_t value, int size) {
    for (int i = size; i-- > 0;) *to++ = static_cast<std::uint8_t>(value >> (8 * i));
  };
  put(kStampMagic, 4);
  put(stamp.run, 4);
  put(stamp.publisher, 4);
  put(stamp.sequence, 4);
  put(static_cast<std::uint64_t>(stamp.intended), 8);
}

/// Nothing if the payload is not one of ours.
inline std::optional<Stamp> read_stamp(Bytes payload) {
  ByteReader reader(payload);
  if (reader.u32() != kStampMagic) return std::nullopt;
  Stamp stamp;
  stamp.run = reader.u32();
  stamp.publisher = reader.u32();
  stamp.sequence = reader.u32();
  stamp.intended = static_cast<Nanos>(reader.u64());
  if (reader.failed()) return std::nullopt;
  return stamp;
}

}  // namespace orrery::load
