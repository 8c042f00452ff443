// SPDX-License-Identifier: Apache-2.0
// Moving averages of a counter's growth per minute over 1, 5 and 15 minutes, as mosquitto's $SYS tree has them.
// Integers only.
//
// After an interval d with the rate r the average over a period p becomes r + (average - r) * exp(-d / p). It starts at
// 0, so that it has reached 63 % of a steady rate after one period.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "base/types.h"

namespace orrery::admin {

/// exp(-x / y) times 2^60, to within 2^-48 of it. y is above 0, x is not below.
std::uint64_t exp_of_minus(Nanos x, Nanos y);

class LoadAverage {
 public:
  static constexpr std::array<int, 3> kMinutes = {1, 5, 15};

  /// The counter has grown by `delta` in the interval, which is above 0.
  void add(std::uint64_t delta, Nanos interval);
  /// Per minute, with two decimals: "12.50". `period` is a position in kMinutes.
  std::string text(std::size_t period) const;

 private:
  static constexpr int kFractionBits = 16;
  std::array<std::uint64_t, kMinutes.size()> per_minute_ = {};  // times 2^kFractionBits
};

}  // namespace orrery::admin
