// SPDX-License-Identifier: Apache-2.0
// How figures are written: with thousands apart, with units, always from integers.
#pragma once

#include <cstdint>
#include <string>

namespace orrery::sim {

/// 1234567 as "1,234,567".
std::string grouped(std::uint64_t n);
/// `value` / 10^`shift` with `digits` decimals, rounded half up: decimal(12345, 3, 1) is "12.3".
std::string decimal(std::uint64_t value, int shift, int digits);
/// Nanoseconds as microseconds: "1,234.5 µs".
std::string micros(std::uint64_t nanos);
/// Bits per second as "115.2 Mbit/s".
std::string megabits(std::uint64_t bits_per_second);
/// Bytes as "1.25 GiB", or MiB or KiB.
std::string binary_size(std::uint64_t bytes);
/// 16 digits.
std::string hex(std::uint64_t value);
/// Millionths as "12.3 %".
std::string percent(std::uint64_t per_million);

}  // namespace orrery::sim
