// SPDX-License-Identifier: Apache-2.0
#include "broker/base/heap.h"

#include <gtest/gtest.h>

#include <cstring>
#include <set>
#include <string>
#include <vector>

#include "base/hash.h"
#include "base/rng.h"
#include "broker/base/id_set.h"
#include "broker/base/id_table.h"
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

TEST(IdSet, AgreesWithAStandardSetThroughChurn) {
  Heap heap;
  IdSet set(heap);
  std::set<std::uint32_t> twin;
  Rng rng(3);
  // Few distinct hashes on purpose: long runs of collisions are what erase must get right.
  const auto hash_of = [](std::uint32_t id) { return std::uint64_t{id % 13}; };
  for (int step = 0; step < 50000; ++step) {
    const auto id = static_cast<std::uint32_t>(rng.below(200));
    const std::uint32_t found = set.find(hash_of(id), [&](std::uint32_t other) { return other == id; });
    ASSERT_EQ(found != kNoSlot, twin.contains(id));
    if (found == kNoSlot) {
      set.insert(id, hash_of);
      twin.insert(id);
    } else {
      set.erase(id, hash_of);
      twin.erase(id);
    }
    ASSERT_EQ(set.size(), twin.size());
  }
}

TEST(IdTable, KeepsAddressesAndDestroysWhatIsLeft) {
  Heap heap;
  {
    IdTable<std::string> table(heap);
    std::string* five = &table.create(5, "five");
    table.create(4000, "far");
    EXPECT_EQ(&table[5], five);
    EXPECT_FALSE(table.contains(6));
    table.destroy(5);
    EXPECT_FALSE(table.contains(5));
    EXPECT_EQ(table.create(5, "again"), "again");
  }
  EXPECT_EQ(heap.bytes_in_use(), 0u);
}

TEST(Hash, IsTheSameEverywhere) {
  // XXH3 64-bit with seed; known answers so that a route table's order can never depend on the machine.
  EXPECT_EQ(hash_text("", 0), 0x2d06800538d394c2ULL);
  EXPECT_NE(hash_text("t/1", 1), hash_text("t/1", 2));
}

}  // namespace
}  // namespace orrery
