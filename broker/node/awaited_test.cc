// SPDX-License-Identifier: Apache-2.0
#include "broker/node/awaited.h"

#include <gtest/gtest.h>

#include <deque>

#include "base/rng.h"

namespace orrery::node {
namespace {

using Owed = std::vector<std::uint32_t>;

Owed settled(Awaited& awaited, std::size_t lane, std::uint64_t up_to) {
  Owed owed;
  awaited.settle(lane, up_to, [&](std::uint32_t o) { owed.push_back(o); });
  return owed;
}

TEST(Awaited, EachLaneIsSettledByItself) {
  Heap heap;
  Awaited awaited(heap, 2);
  awaited.add(0, 1, 10);
  awaited.add(1, 1, 20);
  awaited.add(0, 4, 11);
  EXPECT_EQ(settled(awaited, 0, 3), Owed{10});
  EXPECT_EQ(settled(awaited, 0, 3), Owed{});
  EXPECT_EQ(settled(awaited, 1, 9), Owed{20});
  EXPECT_EQ(settled(awaited, 0, 4), Owed{11});
  EXPECT_EQ(awaited.size(), 0u);
}

TEST(Awaited, IsFullOverAllLanes) {
  Heap heap;
  Awaited awaited(heap, 2, 3);
  awaited.add(0, 1, 1);
  awaited.add(1, 1, 2);
  EXPECT_FALSE(awaited.full());
  awaited.add(0, 2, 3);
  EXPECT_TRUE(awaited.full());
  settled(awaited, 0, 1);
  EXPECT_FALSE(awaited.full());
}

TEST(Awaited, AgreesWithQueuesAndGivesItsMemoryBack) {
  Heap heap;
  constexpr std::size_t kLanes = 3;
  Awaited awaited(heap, kLanes);
  const std::size_t empty = heap.bytes_in_use();
  std::deque<std::pair<std::uint64_t, std::uint32_t>> twins[kLanes];
  std::uint64_t tickets[kLanes] = {};
  Rng rng(1);
  for (std::uint32_t step = 0; step < 50'000; ++step) {
    const std::size_t lane = rng.below(kLanes);
    if (rng.below(100) < 98) {
      tickets[lane] += 1 + rng.below(3);
      awaited.add(lane, tickets[lane], step);
      twins[lane].emplace_back(tickets[lane], step);
      continue;
    }
    const std::uint64_t up_to = tickets[lane] - std::min<std::uint64_t>(tickets[lane], rng.below(300));
    Owed expected;
    for (auto& twin = twins[lane]; !twin.empty() && twin.front().first <= up_to; twin.pop_front())
      expected.push_back(twin.front().second);
    ASSERT_EQ(settled(awaited, lane, up_to), expected);
    ASSERT_EQ(awaited.size(), twins[0].size() + twins[1].size() + twins[2].size());
  }
  EXPECT_GT(heap.bytes_in_use(), empty);
  for (std::size_t lane = 0; lane < kLanes; ++lane) settled(awaited, lane, UINT64_MAX);
  EXPECT_LE(heap.bytes_in_use(), empty + kLanes * 1024 * 16);
}

}  // namespace
}  // namespace orrery::node
