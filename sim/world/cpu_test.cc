// SPDX-License-Identifier: Apache-2.0
// The virtual CPU: what is charged, when handlers start, when effects leave.
#include <gtest/gtest.h>

#include "sim/world/test_world.h"

namespace orrery::sim {
namespace {

using world_contract::Record;
using world_contract::What;

WorldOptions priced_options() {
  WorldOptions options = plain_options();
  const auto set = [&](Cost row, std::uint32_t nanos) { options.costs.nanos[static_cast<std::size_t>(row)] = nanos; };
  set(Cost::kEvent, 1'000);
  for (int i = 0; i < kSizeClassCount; ++i) {
    set(static_cast<Cost>(static_cast<int>(Cost::kReceive) + i), 10'000);
    set(static_cast<Cost>(static_cast<int>(Cost::kSend) + i), 100'000);
  }
  set(static_cast<Cost>(static_cast<int>(Cost::kWork) + static_cast<int>(Work::kMqttPublish)), 7'000'000);
  set(Cost::kPost, 300);
  return options;
}

void publish_and_echo(const Record& r, Effects& effects) {
  if (r.what != What::kBytes) return;
  effects.work(Work::kMqttPublish, 2);
  effects.send(r.link, as_bytes(r.data));
  effects.send(r.link, as_bytes(r.data));
}
constexpr Nanos kPublishCost = 1'000 + 10'000 + 100'000 + 2 * 7'000'000;  // one write for both sends

Nanos busy_by_one_request(WorldOptions options) {
  TestWorld t(1, 1, publish_and_echo, std::move(options));
  t.connect_now(0);
  const Nanos before = t.world->usage(0).cpu_busy;
  t.send(0, "x");
  t.run(kSecond);
  return t.world->usage(0).cpu_busy - before;
}

TEST(VirtualCpu, ChargesRowsOfTheTable) { EXPECT_EQ(busy_by_one_request(priced_options()), kPublishCost); }

TEST(VirtualCpu, AFasterMachineChargesLess) {
  WorldOptions options = priced_options();
  options.machines = {{.speed_per_mille = 2000, .nic_bits_per_second = 15'000'000'000}};
  EXPECT_EQ(busy_by_one_request(options), kPublishCost / 2);
}

TEST(VirtualCpu, CostsVaryWithinTheirShare) {
  std::set<Nanos> costs;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    WorldOptions options = priced_options();
    options.seed = seed;
    options.cost_variation_per_mille = 100;
    const Nanos cost = busy_by_one_request(options);
    EXPECT_GE(cost, kPublishCost * 9 / 10);
    EXPECT_LE(cost, kPublishCost * 11 / 10);
    costs.insert(cost);
  }
  EXPECT_GT(costs.size(), 10u);
}

TEST(VirtualCpu, EffectsLeaveWhenTheWorkIsDone) {
  TestWorld t(1, 1, publish_and_echo, priced_options());
  t.connect_now(0);
  const Nanos asked = t.world->now();
  t.send(0, "x");
  t.run(kSecond);
  const Nanos handled = t.log.records().back().now;
  EXPECT_LT(handled, asked + 200 * kMicrosecond);
  EXPECT_GE(t.clients[0].pieces[0].first, handled + kPublishCost + 100 * kMicrosecond);
}

TEST(VirtualCpu, AnEventWaitsForTheOneBefore) {
  TestWorld t(1, 1, publish_and_echo, priced_options());
  t.connect_now(0);
  t.connect_now(1);
  t.send(0, "x");
  t.send(1, "x");
  t.run(kSecond);
  std::vector<Nanos> starts;
  for (const Record& r : t.log.records())
    if (r.what == What::kBytes) starts.push_back(r.now);
  ASSERT_EQ(starts.size(), 2u);
  EXPECT_EQ(starts[1], starts[0] + kPublishCost);
}

TEST(VirtualCpu, ShardsWorkSideBySide) {
  TestWorld t(
      1, 2,
      [](const Record& r, Effects& effects) {
        if (r.what == What::kBytes) effects.post(1 - r.place.shard, as_bytes(r.data));
        if (r.what == What::kMessage) effects.work(Work::kMqttPublish, 1);
      },
      priced_options());
  ClientId c = 0;
  std::set<ShardId> seen;
  for (; c < 20 && seen.size() < 2; ++c) {
    t.connect_now(c);
    seen.insert(t.log.records().back().place.shard);
  }
  ASSERT_EQ(seen.size(), 2u);
  for (ClientId i = 0; i < c; ++i) t.send(i, "x");
  t.run(kSecond);
  Nanos first[2] = {kNever, kNever};
  for (const Record& r : t.log.records())
    if (r.what == What::kMessage) first[r.place.shard] = std::min(first[r.place.shard], r.now);
  EXPECT_LT(std::max(first[0], first[1]) - std::min(first[0], first[1]), 7 * kMillisecond);
}

TEST(VirtualCpu, AWishThatMovesAwayWakesOnce) {
  TestWorld t(
      1, 1,
      [](const Record& r, Effects& effects) {
        if (r.what == What::kBytes) effects.wake_at(r.now + 500 * kMillisecond);
      },
      plain_options());
  t.connect_now(0);
  for (int i = 0; i < 10; ++i) {
    t.send(0, "x");
    t.run(100 * kMillisecond);
  }
  EXPECT_EQ(t.log.count(What::kWake), 0);
  t.run(kSecond);
  EXPECT_EQ(t.log.count(What::kWake), 1);
  EXPECT_TRUE(t.log.violations().empty());
}

TEST(Cpu, ACostThatTheBrokerKnowsIsCharged) {
  TestWorld t(
      1, 1,
      [](const Record& r, Effects& effects) {
        if (r.what != What::kBytes) return;
        effects.cost(7 * kMillisecond);
        effects.send(r.link, as_bytes(r.data));
      },
      plain_options());
  t.connect_now(0);
  const Nanos asked = t.world->now();
  t.send(0, "x");
  t.run(kSecond);
  ASSERT_EQ(t.clients[0].received, "x");
  EXPECT_GE(t.clients[0].pieces[0].first, asked + 7 * kMillisecond);
  EXPECT_EQ(t.world->usage(0).cpu_busy, 7 * kMillisecond);
}

}  // namespace
}  // namespace orrery::sim
