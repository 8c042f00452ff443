// SPDX-License-Identifier: Apache-2.0
#include "broker/admin/load_average.h"

#include <algorithm>

namespace orrery::admin {
namespace {

__extension__ using Wide = unsigned __int128;
constexpr std::uint64_t kOne = std::uint64_t{1} << 60;
constexpr Nanos kMinute = 60 * kSecond;

std::uint64_t times(std::uint64_t a, std::uint64_t b) { return static_cast<std::uint64_t>(Wide{a} * b >> 60); }

}  // namespace

std::uint64_t exp_of_minus(Nanos x, Nanos y) {
  constexpr int kHalvings = 6;
  if (x / y >= 1 << kHalvings) return 0;
  // exp(-t) for a t below 1 by its series, then squared as often as t had been halved.
  const auto t = static_cast<std::uint64_t>((Wide{static_cast<std::uint64_t>(x)} << (60 - kHalvings)) /
                                            static_cast<std::uint64_t>(y));
  std::uint64_t plus = kOne, minus = 0, term = kOne;
  for (std::uint64_t n = 1; term > 0; ++n) {
    term = times(term, t) / n;
    (n % 2 == 1 ? minus : plus) += term;
  }
  std::uint64_t e = plus - minus;
  for (int i = 0; i < kHalvings; ++i) e = times(e, e);
  return e;
}

void LoadAverage::add(std::uint64_t delta, Nanos interval) {
  const Wide wide = (Wide{delta} << kFractionBits) * kMinute / static_cast<std::uint64_t>(interval);
  const auto rate = static_cast<std::uint64_t>(std::min(wide, Wide{UINT64_MAX >> 1}));
  for (std::size_t p = 0; p < kMinutes.size(); ++p) {
    const std::uint64_t decay = exp_of_minus(interval, kMinutes[p] * kMinute);
    std::uint64_t& average = per_minute_[p];
    average = average >= rate ? rate + times(average - rate, decay) : rate - times(rate - average, decay);
  }
}

std::string LoadAverage::text(std::size_t period) const {
  const Wide hundredths = (Wide{per_minute_[period]} * 100 + (1 << (kFractionBits - 1))) >> kFractionBits;
  std::string out = std::to_string(static_cast<std::uint64_t>(hundredths / 100));
  const auto rest = static_cast<int>(hundredths % 100);
  out += '.';
  out += static_cast<char>('0' + rest / 10);
  out += static_cast<char>('0' + rest % 10);
  return out;
}

}  // namespace orrery::admin
