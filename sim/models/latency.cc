// SPDX-License-Identifier: Apache-2.0
// Exponential numbers from integers. An exponential variable is G ln 2 + Y: G counts heads of a fair coin before the
// first tail (here: leading zeros of the draw), and Y is exponential given that it is below ln 2, which is -ln(1 - v/2)
// for even v. So a table over v of 256 steps with linear interpolation serves the whole tail.
#include <algorithm>
#include <array>
#include <bit>

#include "sim/models/network.h"

namespace orrery::sim {
namespace {

constexpr int kSteps = 256;
constexpr std::uint64_t kLn2 = 45426;  // ln 2 in 1/65536
constexpr int kMostDoublings = 23;     // 16 means

// -ln(1 - x) = x + x^2/2 + x^3/3 + ..., x = step / 512, in 1/65536; computed in 1/2^32.
constexpr std::uint64_t minus_log(std::uint64_t step) {
  const std::uint64_t x = (step << 32) / (2 * kSteps);
  std::uint64_t power = x;
  std::uint64_t sum = 0;
  for (std::uint64_t k = 1; k <= 40; ++k) {
    sum += power / k;
    power = power * x >> 32;
  }
  return sum >> 16;
}

constexpr std::array<std::uint32_t, kSteps + 1> make_table() {
  std::array<std::uint32_t, kSteps + 1> table{};
  for (std::uint64_t i = 0; i <= kSteps; ++i) table[i] = static_cast<std::uint32_t>(minus_log(i));
  return table;
}
constexpr std::array<std::uint32_t, kSteps + 1> kTable = make_table();

}  // namespace

Nanos sample(const Latency& latency, std::uint64_t drawn) {
  const std::uint64_t doublings = static_cast<std::uint64_t>(std::min(std::countl_zero(drawn), kMostDoublings));
  const std::size_t step = drawn & (kSteps - 1);
  const std::uint64_t between = drawn >> 8 & 0xffff;
  const std::uint64_t low = kTable[step];
  const std::uint64_t tail = doublings * kLn2 + low + ((kTable[step + 1] - low) * between >> 16);
  return latency.base + static_cast<Nanos>(static_cast<std::uint64_t>(latency.tail_mean) * tail >> 16);
}

}  // namespace orrery::sim
