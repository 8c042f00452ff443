// SPDX-License-Identifier: Apache-2.0
// Latency against the mean and quantiles of the exponential; cost rows and their names; the block pool against a map.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/rng.h"
#include "sim/models/block_pool.h"
#include "sim/models/cost_table.h"
#include "sim/models/network.h"

namespace orrery::sim {
namespace {

TEST(Latency, IsExponentialAboveItsBase) {
  Rng rng(1);
  std::vector<Nanos> values;
  Nanos sum = 0;
  for (int i = 0; i < 200'000; ++i) {
    values.push_back(sample({1000, 10'000}, rng.next()));
    sum += values.back() - 1000;
  }
  std::sort(values.begin(), values.end());
  EXPECT_GE(values.front(), 1000);
  EXPECT_NEAR(static_cast<double>(sum) / 200'000, 10'000, 150);
  EXPECT_NEAR(static_cast<double>(values[100'000]), 1000 + 6931, 150);    // ln 2
  EXPECT_NEAR(static_cast<double>(values[198'000]), 1000 + 46052, 1200);  // ln 100
}

TEST(Latency, HasPinnedValuesAndACut) {
  EXPECT_EQ(sample({500, 0}, 123), 500);
  EXPECT_EQ(sample({0, 65536}, UINT64_MAX << 24), 0);
  EXPECT_EQ(sample({0, 65536}, 0x8000000000000080ULL), 18853);  // -ln(3/4) in 1/65536, rounded down
  EXPECT_EQ(sample({0, 1000}, 0), 23 * 45426 * 1000 / 65536);
  EXPECT_LE(sample({0, 1000}, 0xffff), 16'640);
}

TEST(CostTable, EveryRowHasItsName) {
  std::set<std::string> names;
  for (int row = 0; row < kCostRows; ++row) {
    names.insert(cost_row_name(row));
    EXPECT_EQ(find_cost_row(cost_row_name(row)), row);
    EXPECT_GT(default_cost_table().nanos[static_cast<std::size_t>(row)], 0u) << cost_row_name(row);
  }
  EXPECT_EQ(names.size(), static_cast<std::size_t>(kCostRows));
  EXPECT_EQ(find_cost_row("work_mqtt_publish"), static_cast<int>(Cost::kWork) + static_cast<int>(Work::kMqttPublish));
  EXPECT_EQ(find_cost_row("send_65536"), static_cast<int>(Cost::kWork) - 1);
  EXPECT_EQ(find_cost_row("nothing"), std::nullopt);
}

TEST(CostTable, SizesFindTheirClass) {
  CostTable table;
  for (int i = 0; i < kCostRows; ++i) table.nanos[static_cast<std::size_t>(i)] = static_cast<std::uint32_t>(100 + i);
  const Nanos first = table[Cost::kReceive];
  EXPECT_EQ(table.receive(0), first);
  EXPECT_EQ(table.receive(64), first);
  EXPECT_EQ(table.receive(65), first + 1);
  EXPECT_EQ(table.receive(65536), first + 5);
  EXPECT_EQ(table.receive(65537), 2 * (first + 5));
  EXPECT_EQ(table.send(300), table[Cost::kSend] + 2);
  EXPECT_EQ(table.work(Work::kTimer, 3), 3 * (100 + kCostRows - 1));
}

TEST(BlockPool, ItemsKeepTheirBytes) {
  BlockPool pool;
  std::map<ItemId, std::vector<std::uint8_t>> twin;
  Rng rng(9);
  for (int step = 0; step < 20'000; ++step) {
    if (twin.size() < 300 && rng.below(3) != 0) {
      const std::size_t room = rng.below(2) == 0 ? rng.below(100) : rng.below(40'000);
      const ItemId id = pool.allocate(room);
      Item& item = pool[id];
      ASSERT_EQ(item.next, kNoItem);
      ASSERT_EQ(item.size, 0u);
      ASSERT_GE(item.capacity, room);
      item.size = static_cast<std::uint32_t>(room);
      std::vector<std::uint8_t> bytes(room, static_cast<std::uint8_t>(step));
      std::copy(bytes.begin(), bytes.end(), item.data());
      ASSERT_TRUE(twin.emplace(id, bytes).second) << "an id in use was given out";
    } else if (!twin.empty()) {
      auto at = twin.begin();
      std::advance(at, static_cast<std::ptrdiff_t>(rng.below(twin.size())));
      const MutableBytes kept = pool[at->first].bytes();
      ASSERT_TRUE(std::equal(kept.begin(), kept.end(), at->second.begin(), at->second.end()));
      pool.free(at->first);
      twin.erase(at);
    }
  }
}

TEST(BlockPool, FreedMemoryIsUsedAgain) {
  BlockPool pool;
  const ItemId first = pool.allocate(100'000);
  pool.free(first);
  const std::size_t before = pool.memory_bytes();
  for (int i = 0; i < 1000; ++i) pool.free(pool.allocate(100'000));
  EXPECT_EQ(pool.memory_bytes(), before);
}

}  // namespace
}  // namespace orrery::sim
