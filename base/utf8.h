// SPDX-License-Identifier: Apache-2.0
// Whether bytes are well-formed UTF-8 (Unicode 15, table 3-7: no overlong forms, no surrogates, nothing above
// U+10FFFF).
//
// Only that: which characters a protocol forbids on top (MQTT: U+0000) is the protocol's own rule. Eight ASCII bytes
// are passed at a time, since that is what nearly every client id, topic and reason consists of.
#pragma once

#include <cstdint>
#include <cstring>

#include "base/types.h"

namespace orrery {

/// Length of the well-formed sequence that starts at bytes[0]; 0 if there is none. `bytes` must not be empty.
inline std::size_t utf8_sequence(Bytes bytes) {
  const std::uint8_t lead = bytes[0];
  if (lead < 0x80) return 1;
  const std::size_t size = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || bytes.size() < size) return 0;
  // The first continuation byte's range is what excludes overlong forms, surrogates and the planes above 16.
  const std::uint8_t low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  const std::uint8_t high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  if (bytes[1] < low || bytes[1] > high) return 0;
  for (std::size_t i = 2; i < size; ++i)
    if ((bytes[i] & 0xC0) != 0x80) return 0;
  return size;
}

inline bool utf8_well_formed(Bytes bytes) {
  while (!bytes.empty()) {
    std::uint64_t eight = 0;
    if (bytes.size() >= 8 && (std::memcpy(&eight, bytes.data(), 8), (eight & 0x8080808080808080ULL) == 0)) {
      bytes = bytes.subspan(8);
      continue;
    }
    const std::size_t size = utf8_sequence(bytes);
    if (size == 0) return false;
    bytes = bytes.subspan(size);
  }
  return true;
}

}  // namespace orrery
