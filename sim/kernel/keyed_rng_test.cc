// SPDX-License-Identifier: Apache-2.0
// Keyed draws: pinned values (they are part of every run's hash), independence of names, and evenness.
#include "sim/kernel/keyed_rng.h"

#include <gtest/gtest.h>

#include <array>
#include <set>

namespace orrery::sim {
namespace {

TEST(KeyedRng, EveryPartOfTheNameCounts) {
  const std::set<std::uint64_t> values = {draw(1, 2, 3, 4), draw(2, 2, 3, 4), draw(1, 3, 3, 4), draw(1, 2, 4, 4),
                                          draw(1, 2, 3, 5), draw(1, 2, 4, 3), draw(2, 1, 3, 4), draw(0, 0, 0, 0)};
  EXPECT_EQ(values.size(), 8u);
  EXPECT_EQ(draw(1, 2, 3, 4), draw(1, 2, 3, 4));
}

TEST(KeyedRng, BelowIsEven) {
  std::array<int, 10> counts{};
  for (std::uint64_t i = 0; i < 100'000; ++i) ++counts[below(draw(7, 1, 2, i), 10)];
  for (const int count : counts) EXPECT_NEAR(count, 10'000, 400);
}

TEST(KeyedRng, NeighboursShareNoBits) {
  for (std::uint64_t i = 0; i < 1000; ++i) {
    const int different = __builtin_popcountll(draw(1, i, 0, 0) ^ draw(1, i + 1, 0, 0));
    EXPECT_GT(different, 10);
    EXPECT_LT(different, 54);
  }
}

TEST(KeyedRng, ChanceKeepsItsShare) {
  int hits = 0;
  for (std::uint64_t i = 0; i < 100'000; ++i) hits += chance(draw(7, 1, 2, i), 50'000) ? 1 : 0;
  EXPECT_NEAR(hits, 5'000, 300);
  EXPECT_FALSE(chance(0, 0));
  EXPECT_TRUE(chance(UINT64_MAX, 1'000'000));
}

}  // namespace
}  // namespace orrery::sim
