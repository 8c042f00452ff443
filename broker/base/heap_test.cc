// SPDX-License-Identifier: Apache-2.0
#include "broker/base/heap.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

#include "broker/base/rng.h"
#include "broker/base/slab.h"

namespace orrery {
namespace {

TEST(Heap, BlocksDoNotOverlapAndTheAccountReturnsToZero) {
  Heap heap;
  Rng rng(7);
  struct Block {
    unsigned char* at;
    std::size_t size;
    unsigned char fill;
  };
  std::vector<Block> live;
  for (int step = 0; step < 40000; ++step) {
    if (live.empty() || rng.below(3) != 0) {
      const std::size_t size = 1 + rng.below(step % 50 == 0 ? 20000 : 700);
      auto* at = static_cast<unsigned char*>(heap.allocate(size));
      ASSERT_EQ(reinterpret_cast<std::uintptr_t>(at) % 16, 0u);
      const auto fill = static_cast<unsigned char>(rng.next());
      std::memset(at, fill, size);
      live.push_back({at, size, fill});
    } else {
      const std::size_t i = rng.below(live.size());
      for (std::size_t k = 0; k < live[i].size; ++k) ASSERT_EQ(live[i].at[k], live[i].fill);
      heap.free(live[i].at, live[i].size);
      live[i] = live.back();
      live.pop_back();
    }
    ASSERT_LE(heap.bytes_in_use(), heap.bytes_reserved());
  }
  for (const Block& b : live) heap.free(b.at, b.size);
  EXPECT_EQ(heap.bytes_in_use(), 0u);
}

TEST(Heap, EverySizeFitsItsClassAndWastesLessThanAQuarter) {
  for (std::size_t size = 1; size <= kHeapSmallMax; ++size) {
    Heap heap;
    std::memset(heap.allocate(size), 1, size);
    ASSERT_GE(heap.bytes_in_use(), size);
    ASSERT_LE(heap.bytes_in_use(), size + std::max<std::size_t>(15, size / 4)) << size;
  }
}

TEST(Slab, IdsAreDenseStableAndReused) {
  Heap heap;
  {
    Slab<std::string> slab(heap);
    std::vector<std::uint32_t> ids;
    for (int i = 0; i < 300; ++i) ids.push_back(slab.emplace(std::to_string(i)));
    EXPECT_EQ(ids.front(), 0u);
    EXPECT_EQ(ids.back(), 299u);
    std::string* address = &slab[17];
    slab.erase(200);
    slab.erase(100);
    EXPECT_FALSE(slab.contains(100));
    EXPECT_EQ(slab.emplace("again"), 100u);
    EXPECT_EQ(&slab[17], address);
    EXPECT_EQ(slab[17], "17");
    EXPECT_EQ(slab.size(), 299u);
    EXPECT_EQ(slab.end(), 300u);
  }
  EXPECT_EQ(heap.bytes_in_use(), 0u);
}

}  // namespace
}  // namespace orrery
