// SPDX-License-Identifier: Apache-2.0
// The generator that a shard owns (SplitMix64: Steele, Lea, Flood, OOPSLA 2014), and the mixer that makes keys of
// names.
//
// Seeded from outside: from the operating system in the real runtime, from the run's seed in the simulator. Not for
// secrets. The same seed gives the same numbers with every compiler, which <random>'s distributions do not promise.
#pragma once

#include <cstdint>

namespace orrery {

/// A bijection of 64 bits that spreads every input bit over all output bits.
constexpr std::uint64_t mix64(std::uint64_t x) {
  x ^= x >> 30;
  x *= 0xbf58476d1ce4e5b9ULL;
  x ^= x >> 27;
  x *= 0x94d049bb133111ebULL;
  x ^= x >> 31;
  return x;
}

class Rng {
 public:
  explicit constexpr Rng(std::uint64_t seed) : state_(seed) {}

  constexpr std::uint64_t next() { return mix64(state_ += 0x9e3779b97f4a7c15ULL); }

  /// Uniform in 0 to n - 1 (n > 0), by multiply and shift: the bias is below n / 2^64.
  constexpr std::uint64_t below(std::uint64_t n) {
    __extension__ using Wide = unsigned __int128;
    return static_cast<std::uint64_t>((static_cast<Wide>(next()) * n) >> 64);
  }

 private:
  std::uint64_t state_;
};

}  // namespace orrery
