// SPDX-License-Identifier: Apache-2.0
// The fit finds prices that made the samples, ignores interrupts, never goes negative, and says what it has not seen.
#include "sim/calibrate/fit.h"

#include <gtest/gtest.h>

#include "base/rng.h"

namespace orrery::sim {
namespace {

std::size_t at(Feature f) { return static_cast<std::size_t>(f); }
std::size_t at(Work w) { return at(Feature::kWork) + static_cast<std::size_t>(w); }

Features event(Feature kind, std::initializer_list<std::pair<std::size_t, std::uint32_t>> done) {
  Features features{};
  features[at(kind)] = 1;
  for (const auto& [feature, times] : done) features[feature] = times;
  return features;
}

const std::vector<Features> kEvents = {
    event(Feature::kBytes, {}),
    event(Feature::kBytes, {{at(Work::kMqttPublish), 1}}),
    event(Feature::kBytes, {{at(Work::kWebSocketFrame), 1}, {at(Work::kMqttPublish), 1}}),
    event(Feature::kBytes, {{at(Work::kMqttPublish), 1}, {at(Work::kMqttDeliver), 3}}),
    event(Feature::kBytes, {{at(Work::kMqttPublish), 1}, {at(Feature::kPost), 1}}),
    event(Feature::kMessage, {{at(Work::kMqttDeliver), 1}}),
    event(Feature::kMessage, {{at(Work::kMqttDeliver), 200}}),
    event(Feature::kWake, {}),
};

double price_of(std::size_t feature) {
  if (feature == at(Feature::kBytes)) return 120;
  if (feature == at(Feature::kMessage)) return 90;
  if (feature == at(Feature::kWake)) return 40;
  if (feature == at(Feature::kPost)) return 70;
  if (feature == at(Work::kMqttPublish)) return 400;
  if (feature == at(Work::kMqttDeliver)) return 300;
  return feature == at(Work::kWebSocketFrame) ? 25 : 0;
}

TEST(Fit, FindsThePrices) {
  Rng rng(1);
  Samples samples;
  for (int i = 0; i < 20'000; ++i) {
    const Features& e = kEvents[rng.below(kEvents.size())];
    double nanos = 0;
    for (std::size_t f = 0; f < kFeatures; ++f) nanos += e[f] * price_of(f);
    nanos += nanos * (static_cast<double>(rng.below(41)) - 20) / 100;  // 20 % up or down
    if (rng.below(50) == 0) nanos += 50'000;                           // an interrupt
    samples.add(e, static_cast<std::uint32_t>(nanos));
  }
  EXPECT_EQ(samples.events(), 20'000u);
  const Fit fit = fit_prices(samples.groups());
  for (std::size_t f = 0; f < kFeatures; ++f) {
    const bool used = price_of(f) > 0;
    EXPECT_EQ(fit.seen[f], used) << f;
    if (used) {
      EXPECT_NEAR(fit.prices[f], price_of(f), price_of(f) * 0.1 + 5) << f;
    }
  }
  EXPECT_LT(fit.mean_error, 0.03);
}

TEST(Fit, PricesAreNotNegative) {
  // The second kind of event does more and takes less: the best price of what it does more is 0.
  const Fit fit =
      fit_prices({{event(Feature::kBytes, {}), 100, 1}, {event(Feature::kBytes, {{at(Work::kTimer), 1}}), 80, 1}});
  EXPECT_EQ(fit.prices[at(Work::kTimer)], 0);
  EXPECT_NEAR(fit.prices[at(Feature::kBytes)], 88, 2);
}

TEST(Fit, NothingMeasuredIsNothingSeen) {
  const Fit fit = fit_prices({});
  for (const bool seen : fit.seen) EXPECT_FALSE(seen);
}

}  // namespace
}  // namespace orrery::sim
