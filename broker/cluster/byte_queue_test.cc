// SPDX-License-Identifier: Apache-2.0
// The queue against a plain string.
#include "broker/cluster/byte_queue.h"

#include <gtest/gtest.h>

#include <string>

#include "base/rng.h"

namespace orrery::cluster {
namespace {

TEST(ByteQueue, BehavesLikeAString) {
  Rng rng(1);
  for (int run = 0; run < 20; ++run) {
    Heap heap;
    {
      ByteQueue queue(heap);
      std::string twin;
      std::uint64_t twin_begin = 0;
      for (int step = 0; step < 300; ++step) {
        if (rng.below(2) == 0) {
          const std::string piece(rng.below(3) == 0 ? rng.below(20'000) : rng.below(50),
                                  static_cast<char>('a' + step % 26));
          queue.append(as_bytes(piece));
          twin += piece;
        } else {
          const std::uint64_t n = rng.below(4) == 0 ? twin.size() : rng.below(twin.size() + 1);
          queue.drop_until(queue.begin() + n);
          twin.erase(0, n);
          twin_begin += n;
        }
        ASSERT_EQ(queue.begin(), twin_begin);
        ASSERT_EQ(queue.size(), twin.size());
        ASSERT_EQ(queue.empty(), twin.empty());
        const std::uint64_t from = rng.below(twin.size() + 1);
        const std::size_t n = rng.below(twin.size() - from + 1);
        std::string copied(n, '\0');
        queue.copy(twin_begin + from, n, reinterpret_cast<std::uint8_t*>(copied.data()));
        ASSERT_EQ(copied, twin.substr(from, n));
        if (from < twin.size()) {
          const Bytes part = queue.read(twin_begin + from, 100);
          ASSERT_FALSE(part.empty());
          ASSERT_LE(part.size(), 100u);
          ASSERT_EQ(as_text(part), std::string_view(twin).substr(from, part.size()));
        }
      }
      queue.clear();
      EXPECT_EQ(queue.memory_bytes(), 0u);
    }
    EXPECT_EQ(heap.bytes_in_use(), 0u);
  }
}

}  // namespace
}  // namespace orrery::cluster
