// SPDX-License-Identifier: Apache-2.0
// The histogram against the obvious twin: sort all values and index.
#include "base/histogram.h"

#include <gtest/gtest.h>

#include "base/rng.h"

namespace orrery {
namespace {

std::uint64_t exact_at(std::vector<std::uint64_t> values, std::uint64_t per_million) {
  std::sort(values.begin(), values.end());
  const std::uint64_t rank = (values.size() * per_million + 999'999) / 1'000'000;
  return values[rank == 0 ? 0 : rank - 1];
}

TEST(Histogram, Empty) {
  const Histogram h;
  EXPECT_EQ(h.count(), 0u);
  EXPECT_EQ(h.at(500'000), 0u);
  EXPECT_EQ(h.min(), 0u);
  EXPECT_EQ(h.max(), 0u);
  EXPECT_EQ(h.mean(), 0u);
}

TEST(Histogram, SmallValuesAreExact) {
  Histogram h;
  for (std::uint64_t v = 0; v < 256; ++v) h.record(v);
  EXPECT_EQ(h.at(0), 0u);
  EXPECT_EQ(h.at(500'000), 127u);
  EXPECT_EQ(h.at(1'000'000), 255u);
  EXPECT_EQ(h.mean(), 127u);
}

TEST(Histogram, AgreesWithSortingWithinItsError) {
  Rng rng(5);
  for (int round = 0; round < 20; ++round) {
    Histogram h;
    std::vector<std::uint64_t> values;
    for (int i = 0; i < 3000; ++i) {
      values.push_back(rng.next() >> (1 + rng.below(60)));
      h.record(values.back());
    }
    for (const std::uint64_t q : {0u, 1u, 250'000u, 500'000u, 950'000u, 990'000u, 999'000u, 999'900u, 1'000'000u}) {
      const std::uint64_t exact = exact_at(values, q);
      EXPECT_GE(h.at(q), exact);
      EXPECT_LE(h.at(q) - exact, exact / 128);
    }
    EXPECT_EQ(h.max(), *std::max_element(values.begin(), values.end()));
    EXPECT_EQ(h.min(), *std::min_element(values.begin(), values.end()));
  }
}

TEST(Histogram, TheLargestValueHasABucket) {
  Histogram h;
  h.record(UINT64_MAX);
  h.record(UINT64_MAX - 1);
  EXPECT_EQ(h.at(1'000'000), UINT64_MAX);
}

TEST(Histogram, MergeIsTheSameAsRecordingAll) {
  Histogram a;
  Histogram b;
  Histogram all;
  for (std::uint64_t v = 1; v < 100'000; v = v * 3 + 1) {
    (v % 2 == 0 ? a : b).record(v, v % 5);
    all.record(v, v % 5);
  }
  a.merge(b);
  EXPECT_EQ(a.count(), all.count());
  EXPECT_EQ(a.mean(), all.mean());
  EXPECT_EQ(a.min(), all.min());
  EXPECT_EQ(a.max(), all.max());
  for (std::uint64_t q = 0; q <= 1'000'000; q += 10'000) EXPECT_EQ(a.at(q), all.at(q));
}

TEST(Histogram, ForEachVisitsInOrderAndCountsAll) {
  Histogram h;
  for (std::uint64_t v = 1; v < 10'000; v += 7) h.record(v);
  std::uint64_t count = 0;
  std::uint64_t last = 0;
  h.for_each([&](std::uint64_t value, std::uint64_t times) {
    EXPECT_GT(value, last);
    last = value;
    count += times;
  });
  EXPECT_EQ(count, h.count());
  EXPECT_EQ(last, h.max());
}

}  // namespace
}  // namespace orrery
