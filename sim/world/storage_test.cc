// SPDX-License-Identifier: Apache-2.0
// Disks in the world: times, groups over shards, faults from a plan, nodes without a disk, and the run hash.
#include <gtest/gtest.h>

#include "sim/kernel/keyed_rng.h"
#include "sim/world/test_world.h"

namespace orrery::sim {
namespace {

using world_contract::Record;
using world_contract::What;

StorageBatch put(std::string_view key, std::string_view value) {
  StorageBatch batch;
  batch.put(as_bytes(key), as_bytes(value));
  return batch;
}
WorldOptions with_disk(int nodes = 1) {
  WorldOptions options = plain_options();
  MachineModel machine;
  machine.disk = DiskModel{.sync = {.base = kMillisecond, .tail_mean = 0}};
  options.machines.assign(static_cast<std::size_t>(nodes), machine);
  return options;
}
void plan(TestWorld& t, FaultKind kind, NodeId node = 0) {
  t.world->plan({{.at = t.world->now() + 1, .kind = kind, .node = node}});
}
void persist_at_start(const Record& r, Effects& effects) {
  if (r.what == What::kStart) effects.persist(5, put("shard", std::to_string(r.place.shard)));
}

TEST(WorldStorage, TwoShardsShareOneSyncAndAreToldAfterIt) {
  TestWorld t(1, 2, persist_at_start, with_disk());
  t.run(2 * kMillisecond);  // one for the recovery of nothing
  EXPECT_EQ(t.log.count(What::kPersisted), 0);
  EXPECT_EQ(t.world->disk(0)->bytes(), 0u);
  t.run(100 * kMicrosecond);
  EXPECT_EQ(t.log.count(What::kPersisted), 2);
  Nanos last = 0;
  for (const Record& r : t.log.records())
    if (r.what == What::kPersisted) last = r.now;
  EXPECT_GE(last, 2 * kMillisecond);
  t.world->disk(0)->for_each(1, [](Bytes key, Bytes value) {
    EXPECT_EQ(as_text(key), "shard");
    EXPECT_EQ(as_text(value), "1");
  });
}

TEST(WorldStorage, ABatchWaitsForTheWorkOfItsEvent) {
  WorldOptions options = with_disk();
  options.costs.nanos[static_cast<std::size_t>(Cost::kEvent)] = 10'000'000;
  TestWorld t(1, 1, persist_at_start, options);
  plan(t, FaultKind::kCrash);  // in the middle of the work: the disk has heard nothing
  t.run(kSecond);
  plan(t, FaultKind::kRestart);
  t.run(2 * kMillisecond);
  EXPECT_EQ(t.log.count(What::kRecovered), 0);
}

TEST(WorldStorage, ANodeWithoutADiskIsToldThatItFails) {
  TestWorld t(1, 1, persist_at_start, plain_options());
  t.run(kSecond);
  ASSERT_EQ(t.log.count(What::kPersisted), 1);
  EXPECT_EQ(t.log.first(What::kPersisted)->result, StorageResult::kFailed);
  EXPECT_EQ(t.log.first(What::kPersisted)->ticket, 5u);
  EXPECT_EQ(t.world->disk(0), nullptr);
}

TEST(WorldStorage, ANodeThatStartsIsShownItsRecordsAfterTheTimeThatReadingTakes) {
  TestWorld t(1, 1, persist_at_start, with_disk());
  t.run(kSecond);
  plan(t, FaultKind::kPowerLoss);
  t.run(kSecond);
  const Nanos restarted = t.world->now() + 1;
  plan(t, FaultKind::kRestart);
  t.run(kSecond);
  ASSERT_EQ(t.log.count(What::kRecovered), 1);
  EXPECT_GE(t.log.first(What::kRecovered)->now, restarted + kMillisecond);
  EXPECT_EQ(t.log.count(What::kStart), 2);
  EXPECT_TRUE(t.log.violations().empty());
}

TEST(WorldStorage, AFullOrBrokenDiskKeepsTheNodeFromStarting) {
  for (const FaultKind kind : {FaultKind::kDiskFull, FaultKind::kDiskFails}) {
    TestWorld t(1, 1, persist_at_start, with_disk());
    t.run(kSecond);
    plan(t, FaultKind::kPowerLoss);
    plan(t, kind);
    t.run(kSecond);
    plan(t, FaultKind::kRestart);
    t.run(kSecond);
    EXPECT_FALSE(t.world->usage(0).up);
    t.connect_now(0);
    EXPECT_EQ(t.clients[0].ended_by, EndedBy::kRefused) << "the machine is there, the process is not";
    plan(t, FaultKind::kDiskMended);
    t.run(kSecond);
    plan(t, FaultKind::kRestart);
    t.run(kSecond);
    EXPECT_TRUE(t.world->usage(0).up);
    EXPECT_EQ(t.log.count(What::kRecovered), 1);
  }
}

TEST(WorldStorage, ASlowDiskAnswersLate) {
  TestWorld t(1, 1, persist_at_start, with_disk());
  t.world->plan({{.at = 1, .kind = FaultKind::kSlowDisk, .node = 0, .per_mille = 100'000}});
  t.run(50 * kMillisecond);
  EXPECT_EQ(t.log.count(What::kPersisted), 0);
  t.run(100 * kMillisecond);
  EXPECT_EQ(t.log.count(What::kPersisted), 1);
}

TEST(WorldStorage, AnsweredBatchesSurvivePowerLossesAtAnyMomentAndTheRunIsAFunctionOfItsSeed) {
  // Two nodes count in their storage as fast as they are answered; power comes and goes.
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    std::uint64_t hash[2] = {};
    for (const QueueKind queue : {QueueKind::kWheel, QueueKind::kHeap}) {
      WorldOptions options = with_disk(2);
      options.seed = seed;
      options.queue = queue;
      options.machines[0].disk->sync.tail_mean = kMillisecond;
      std::uint64_t answered[2] = {};
      std::uint64_t there[2] = {};
      TestWorld t(
          2, 1,
          [&](const Record& r, Effects& effects) {
            const NodeId n = r.place.node;
            if (r.what == What::kRecovered) there[n] = std::stoull(r.data);
            if (r.what == What::kStart) {
              EXPECT_GE(there[n], answered[n]) << "seed " << seed;
              EXPECT_LE(there[n], answered[n] + 3) << "seed " << seed;
              answered[n] = there[n];
              for (std::uint64_t i = 1; i <= 3; ++i)
                effects.persist(there[n] + i, put("n", std::to_string(there[n] + i)));
            }
            if (r.what != What::kPersisted) return;
            answered[n] = r.ticket;
            effects.persist(r.ticket + 3, put("n", std::to_string(r.ticket + 3)));
          },
          options);
      for (std::uint64_t i = 0; i < 40; ++i) {
        const NodeId node = static_cast<NodeId>(i % 2);
        t.run(1 + static_cast<Nanos>(below(draw(seed, i, 1, 1), 7 * kMillisecond)));
        plan(t, i % 3 == 0 ? FaultKind::kCrash : FaultKind::kPowerLoss, node);
        t.run(1 + static_cast<Nanos>(below(draw(seed, i, 1, 2), kMillisecond)));
        plan(t, FaultKind::kRestart, node);
      }
      t.run(kSecond);
      EXPECT_GT(answered[0], 20u);
      hash[queue == QueueKind::kHeap ? 1 : 0] = t.world->hash().value();
      for (const std::string& violation : t.log.violations()) ADD_FAILURE() << "seed " << seed << ": " << violation;
    }
    EXPECT_EQ(hash[0], hash[1]) << "seed " << seed;
  }
}

}  // namespace
}  // namespace orrery::sim
