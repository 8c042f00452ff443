// SPDX-License-Identifier: Apache-2.0
#include "broker/admin/load_average.h"

#include <gtest/gtest.h>

#include <cmath>

namespace orrery::admin {
namespace {

TEST(LoadAverage, ExpAgreesWithFloatingPoint) {
  for (const double t : {0.0, 1e-9, 1e-3, 1.0 / 90, 1.0 / 6, 0.5, 1.0, 2.0, 7.7, 20.0, 63.9, 64.0, 1000.0}) {
    const Nanos y = 60 * kSecond;
    const auto x = static_cast<Nanos>(t * 60e9);
    const double exact = std::exp(-static_cast<double>(x) / static_cast<double>(y));
    EXPECT_NEAR(static_cast<double>(exp_of_minus(x, y)) / std::pow(2.0, 60), exact, std::pow(2.0, -45)) << t;
  }
}

TEST(LoadAverage, IsWhatTheFormulaSays) {
  LoadAverage average;
  double twin[3] = {0, 0, 0};
  for (int step = 0; step < 400; ++step) {
    const std::uint64_t delta = step < 200 ? 500 + 37 * (step % 11) : 3;
    const Nanos interval = (step % 7 == 0 ? 9 : 10) * kSecond;
    average.add(delta, interval);
    const double rate = static_cast<double>(delta) * 60e9 / static_cast<double>(interval);
    for (std::size_t p = 0; p < 3; ++p) {
      const double decay = std::exp(-static_cast<double>(interval) / (LoadAverage::kMinutes[p] * 60e9));
      twin[p] = rate + (twin[p] - rate) * decay;
      EXPECT_NEAR(std::stod(average.text(p)), twin[p], 0.011) << step;
    }
  }
}

TEST(LoadAverage, HasTwoDecimalsAndNoLimitInSight) {
  LoadAverage average;
  EXPECT_EQ(average.text(0), "0.00");
  for (int i = 0; i < 1000; ++i) average.add(1, 60 * kSecond);
  EXPECT_EQ(average.text(0), "1.00");
  EXPECT_EQ(average.text(2), "1.00");
  for (int i = 0; i < 5; ++i) average.add(UINT64_MAX, 1);
  EXPECT_FALSE(average.text(0).empty());
}

}  // namespace
}  // namespace orrery::admin
