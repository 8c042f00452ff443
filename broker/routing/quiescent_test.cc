// SPDX-License-Identifier: Apache-2.0
#include "broker/routing/quiescent.h"

#include <gtest/gtest.h>

#include <vector>

#include "broker/routing/id_pool.h"

namespace orrery::routing {
namespace {

TEST(QuiescentStates, WithoutReadersNothingWaits) {
  Heap heap;
  QuiescentStates states(0);
  void* block = heap.allocate(100);
  states.retire(heap, block, 100);
  EXPECT_EQ(heap.bytes_in_use(), 0u);
  EXPECT_TRUE(states.safe(states.stamp()));
}

TEST(QuiescentStates, ABlockWaitsForEveryReader) {
  Heap heap;
  QuiescentStates states(3);
  for (std::uint32_t r = 0; r < 3; ++r) states.passed(r);
  states.reclaim();
  states.retire(heap, heap.allocate(100), 100);
  EXPECT_EQ(states.retired_blocks(), 1u);
  EXPECT_EQ(states.retired_bytes(), 100u);
  states.passed(0);  // may have begun before the block was unlinked, as far as the epoch tells
  states.reclaim();
  for (std::uint32_t r = 0; r < 3; ++r) EXPECT_TRUE(states.behind(r));
  states.passed(0);
  states.passed(2);
  states.reclaim();
  EXPECT_FALSE(states.behind(0));
  EXPECT_TRUE(states.behind(1));
  EXPECT_EQ(states.retired_blocks(), 1u);
  EXPECT_GT(heap.bytes_in_use(), 0u);
  states.passed(1);
  states.reclaim();
  EXPECT_EQ(states.retired_blocks(), 0u);
  EXPECT_EQ(states.retired_bytes(), 0u);
  EXPECT_EQ(heap.bytes_in_use(), 0u);
}

TEST(QuiescentStates, AReaderThatNeverHadAnEventHoldsEverything) {
  Heap heap;
  QuiescentStates states(2);
  states.retire(heap, heap.allocate(10), 10);
  for (int i = 0; i < 10; ++i) {
    states.passed(0);
    states.reclaim();
  }
  EXPECT_EQ(states.retired_blocks(), 1u);
  states.passed(1);
  states.reclaim();
  EXPECT_EQ(states.retired_blocks(), 0u);
}

TEST(QuiescentStates, WhatIsRetiredWhileOthersWaitIsFreedInOrder) {
  Heap heap;
  QuiescentStates states(1);
  for (int i = 0; i < 100; ++i) {
    states.retire(heap, heap.allocate(16), 16);
    states.reclaim();
    if (i % 10 == 9) {
      states.passed(0);
      states.reclaim();
      EXPECT_EQ(states.retired_blocks(), 0u);
    } else {
      EXPECT_EQ(states.retired_blocks(), static_cast<std::size_t>(i % 10 + 1));
    }
  }
}

TEST(QuiescentStates, FreesWhatIsLeftAtTheEnd) {
  Heap heap;
  {
    QuiescentStates states(1);
    states.retire(heap, heap.allocate(5000), 5000);
    states.retire(heap, heap.allocate(5), 5);
  }
  EXPECT_EQ(heap.bytes_in_use(), 0u);
}

TEST(IdPool, UsesIdsAgainOldestFirstWhenTheReadersHavePassed) {
  Heap heap;
  QuiescentStates states(1);
  IdPool pool(heap, states, 6);
  for (std::uint32_t id = 0; id < 4; ++id) EXPECT_EQ(pool.allocate(), id);
  pool.release(2);
  pool.release(0);
  EXPECT_EQ(pool.allocate(), 4u) << "a reader may still mean 2";
  states.reclaim();
  pool.release(1);
  states.passed(0);
  states.reclaim();
  EXPECT_EQ(pool.allocate(), 2u);
  EXPECT_EQ(pool.next(), 0u);
  EXPECT_EQ(pool.allocate(), 0u);
  EXPECT_EQ(pool.allocate(), 5u) << "1 was released after the epoch that the reader has seen";
  EXPECT_EQ(pool.allocate(), IdPool::kNone);
  states.passed(0);
  states.reclaim();
  EXPECT_EQ(pool.allocate(), 1u);
  EXPECT_EQ(pool.end(), 6u);
}

TEST(IdPool, TheQueueDoesNotGrowWithUse) {
  Heap heap;
  QuiescentStates states(0);
  IdPool pool(heap, states, 1000);
  std::vector<std::uint32_t> taken;
  for (int i = 0; i < 500; ++i) taken.push_back(pool.allocate());
  for (int i = 0; i < 50'000; ++i) {
    pool.release(taken[static_cast<std::size_t>(i) % 500]);
    taken[static_cast<std::size_t>(i) % 500] = pool.allocate();
  }
  EXPECT_LE(pool.end(), 501u);
  EXPECT_LT(pool.memory_bytes(), 4096u);
}

}  // namespace
}  // namespace orrery::routing
