// SPDX-License-Identifier: Apache-2.0
// Variable byte integers (1.5.5): seven bits a byte, the lowest first, at most four bytes, and no longer than needed.
#pragma once

#include <cstdint>
#include <vector>

#include "base/assert.h"
#include "base/types.h"
#include "broker/mqtt/limits.h"

namespace orrery::mqtt {

/// Bytes that the value takes: 1 to 4.
constexpr std::size_t variable_byte_integer_size(std::uint32_t value) {
  return value < 128 ? 1 : value < 16'384 ? 2 : value < 2'097'152 ? 3 : 4;
}

/// Writes the value and returns where the next byte goes. The value is at most kVariableByteIntegerMax.
inline std::uint8_t* write_variable_byte_integer(std::uint32_t value, std::uint8_t* to) {
  ORRERY_ASSERT(value <= kVariableByteIntegerMax);
  while (value >= 128) {
    *to++ = static_cast<std::uint8_t>(value | 128);
    value >>= 7;
  }
  *to++ = static_cast<std::uint8_t>(value);
  return to;
}

inline void append_variable_byte_integer(std::uint32_t value, std::vector<std::uint8_t>& out) {
  std::uint8_t bytes[4];
  out.insert(out.end(), bytes, write_variable_byte_integer(value, bytes));
}

enum class VariableStatus : std::uint8_t { kOk, kIncomplete, kTooLong, kNotShortest };

struct VariableByteInteger {
  VariableStatus status = VariableStatus::kIncomplete;
  std::uint8_t size = 0;  // bytes that it takes, when kOk
  std::uint32_t value = 0;
};

/// Reads one at the front of `bytes`. kTooLong as soon as four bytes announce a fifth.
inline VariableByteInteger read_variable_byte_integer(Bytes bytes) {
  std::uint32_t value = 0;
  for (std::uint8_t i = 0; i < 4; ++i) {
    if (i == bytes.size()) return {VariableStatus::kIncomplete, 0, 0};
    const std::uint8_t byte = bytes[i];
    value |= static_cast<std::uint32_t>(byte & 127) << (7 * i);
    if (byte >= 128) continue;
    if (byte == 0 && i != 0) return {VariableStatus::kNotShortest, 0, 0};
    return {VariableStatus::kOk, static_cast<std::uint8_t>(i + 1), value};
  }
  return {VariableStatus::kTooLong, 0, 0};
}

}  // namespace orrery::mqtt
