// SPDX-License-Identifier: Apache-2.0
// The same options give the same run: twice, with either queue, in one stretch or many, with any compiler; and who is
// missing changes nothing for the others.
#include <gtest/gtest.h>

#include "sim/world/echo.h"

namespace orrery::sim {
namespace {

WorldOptions eventful_options(QueueKind queue) {
  WorldOptions options = echo_options(3, 4);
  options.seed = 42;
  options.queue = queue;
  options.hash_interval = 1000;
  options.network.client.cut_per_million = 50'000;
  options.network.client.loss_per_million = 1'000;
  return options;
}
std::vector<Fault> eventful_plan() {
  const PlaceSet clients{.nodes = 0, .clients = true};
  const PlaceSet node_0{.nodes = 1, .clients = false};
  return {{.at = 3 * kSecond, .kind = FaultKind::kCrash, .node = 1},
          {.at = 4 * kSecond, .kind = FaultKind::kPartition, .node = 0, .from = clients, .to = node_0},
          {.at = 5 * kSecond, .kind = FaultKind::kRestart, .node = 1},
          {.at = 6 * kSecond, .kind = FaultKind::kHeal, .node = 0, .from = clients, .to = node_0},
          {.at = 7 * kSecond, .kind = FaultKind::kPowerLoss, .node = 2},
          {.at = 8 * kSecond, .kind = FaultKind::kPause, .node = 0, .duration = 100 * kMillisecond}};
}
const EchoCrowd::Plan kPlan{.clients = 500, .ramp = kSecond, .period = kSecond};

std::unique_ptr<EchoCrowd> run(WorldOptions options, Nanos stretch = 10 * kSecond) {
  auto crowd = std::make_unique<EchoCrowd>(std::move(options), kPlan);
  crowd->world().plan(eventful_plan());
  for (Nanos t = stretch; t <= 10 * kSecond; t += stretch) crowd->world().run_until(t);
  return crowd;
}

TEST(Determinism, TwoRunsAreOne) {
  const auto a = run(eventful_options(QueueKind::kWheel));
  const auto b = run(eventful_options(QueueKind::kWheel));
  EXPECT_EQ(a->world().hash().value(), b->world().hash().value());
  EXPECT_EQ(a->world().hash().checkpoints(), b->world().hash().checkpoints());
  EXPECT_EQ(a->wrong_bytes, 0u);
  EXPECT_GT(a->echoes, 2'000u);
  EXPECT_GT(a->ends[static_cast<std::size_t>(EndedBy::kReset)], 0u);
  EXPECT_GT(a->world().former_stats(1)[Counter::kLinksOpened], 0u);
}

TEST(Determinism, TheQueueDoesNotMatter) {
  EXPECT_EQ(run(eventful_options(QueueKind::kWheel))->world().hash().value(),
            run(eventful_options(QueueKind::kHeap))->world().hash().value());
}

TEST(Determinism, HowOftenTheRunIsInterruptedDoesNotMatter) {
  EXPECT_EQ(run(eventful_options(QueueKind::kWheel))->world().hash().value(),
            run(eventful_options(QueueKind::kWheel), kSecond / 8)->world().hash().value());
}

TEST(Determinism, TheSeedMatters) {
  WorldOptions other = eventful_options(QueueKind::kWheel);
  other.seed = 43;
  EXPECT_NE(run(eventful_options(QueueKind::kWheel))->world().hash().value(), run(other)->world().hash().value());
}

// Pinned: every compiler, every level of optimisation and both queues must come to it. Change it when a model changes.
TEST(Determinism, TheHashIsTheSameEverywhere) {
  EXPECT_EQ(run(eventful_options(QueueKind::kWheel))->world().hash().value(), 7125017304059076745u);
}

TEST(Determinism, CheckpointsAndTraceFindTheFirstDifference) {
  WorldOptions other = eventful_options(QueueKind::kWheel);
  other.network.client.retransmit_delay += 1;  // the first lost segment makes the difference
  const Stretch stretch = first_difference(run(eventful_options(QueueKind::kWheel))->world().hash().checkpoints(),
                                           run(other)->world().hash().checkpoints());
  ASSERT_LT(stretch.from, stretch.to);
  std::vector<TraceEntry> traces[2];
  int which = 0;
  for (WorldOptions options : {eventful_options(QueueKind::kWheel), other}) {
    EchoCrowd crowd(options, kPlan);
    crowd.world().trace(stretch.from, stretch.to, [&](const TraceEntry& e) { traces[which].push_back(e); });
    crowd.world().plan(eventful_plan());
    crowd.world().run_until(10 * kSecond);
    ++which;
  }
  ASSERT_EQ(traces[0].size(), stretch.to - stretch.from);
  std::size_t i = 0;
  while (i < traces[0].size() && traces[0][i].event == traces[1][i].event) ++i;
  ASSERT_LT(i, traces[0].size());
  EXPECT_EQ(traces[0][i].number, stretch.from + i);
}

// Without costs and queues clients meet nowhere: then each must see exactly the same times without one of them.
TEST(Determinism, AMissingClientChangesNoDrawOfTheOthers) {
  std::vector<EchoCrowd::Latency> latencies[2];
  for (int i = 0; i < 2; ++i) {
    WorldOptions options = echo_options(2, 4);
    options.costs.nanos.fill(0);
    options.machines = {2, {.speed_per_mille = 1000, .nic_bits_per_second = 8'000'000'000'001}};
    options.network.client.loss_per_million = 5'000;
    EchoCrowd::Plan plan = kPlan;
    plan.note_latencies = true;
    if (i == 1) plan.absent = 123;
    EchoCrowd crowd(options, plan);
    crowd.world().run_until(5 * kSecond);
    for (const EchoCrowd::Latency& l : crowd.latencies)
      if (l.client != 123) latencies[i].push_back(l);
  }
  EXPECT_GT(latencies[0].size(), 1'000u);
  EXPECT_TRUE(latencies[0] == latencies[1]);
}

TEST(World, AnIdleClientIsSmall) {
  EchoCrowd::Plan plan{.clients = 50'000, .ramp = kSecond, .period = 100 * kSecond};
  EchoCrowd crowd(echo_options(2, 2), plan);
  crowd.world().run_until(5 * kSecond);
  EXPECT_EQ(crowd.echoes, plan.clients);
  EXPECT_EQ(crowd.world().events_pending(), plan.clients);
  EXPECT_LT(crowd.world().memory_bytes() / plan.clients, 150u);
}

}  // namespace
}  // namespace orrery::sim
