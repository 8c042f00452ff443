// SPDX-License-Identifier: Apache-2.0
// Lanes between nodes in memory: exactly once and in order through lost connections, and what is reported when a node
// dies.
#include "broker/cluster/lanes.h"

#include <gtest/gtest.h>

#include "broker/cluster/test_cluster.h"

namespace orrery::cluster::test {
namespace {

/// What a shard that got messages "0", "1", ... up to here has received.
std::vector<std::string> numbers(int shard, int count) {
  std::vector<std::string> out;
  for (int i = 0; i < count; ++i) out.push_back(std::to_string(shard) + ":" + std::to_string(i));
  return out;
}

TEST(Lanes, EveryPairOfShardsHasItsOwnOrder) {
  TestCluster cluster("c1 r1/2 r2/3", 1);
  cluster.start_all();
  cluster.run_for(kSecond);
  for (int i = 0; i < 50; ++i)
    for (ShardId from = 0; from < 2; ++from)
      for (ShardId to = 0; to < 3; ++to)
        ASSERT_EQ(cluster[1].send({2, to}, std::to_string(i), i % 7 == 0, from), static_cast<std::uint64_t>(i + 1));
  cluster.run_for(kSecond);
  for (ShardId from = 0; from < 2; ++from) {
    ASSERT_EQ((cluster[2].received[{1, from}].size()), 150u);
    for (int to = 0; to < 3; ++to) {
      std::vector<std::string> got;
      for (const std::string& m : cluster[2].received[{1, from}])
        if (m[0] - '0' == to) got.push_back(m);
      EXPECT_EQ(got, numbers(to, 50));
      EXPECT_EQ((cluster[1].accepted[{from, {2, static_cast<ShardId>(to)}}]), 50u);
    }
    EXPECT_EQ(cluster[1].lanes(from).buffered_bytes(), 0u);
  }
}

TEST(Lanes, AMessageThatWantsItIsAcknowledgedAtOnce) {
  TestCluster cluster("c1 r1 r2", 2);
  cluster.start_all();
  cluster.run_for(kSecond);
  cluster[1].send({2, 0}, "lazy", false);
  cluster.run_for(100 * kMillisecond);
  EXPECT_EQ((cluster[1].accepted[{0, {2, 0}}]), 0u);
  cluster.run_for(kLaneAckAfter);
  EXPECT_EQ((cluster[1].accepted[{0, {2, 0}}]), 1u);
  cluster[1].send({2, 0}, "eager", true);
  cluster.run_for(3 * kMillisecond);
  EXPECT_EQ((cluster[1].accepted[{0, {2, 0}}]), 2u);
}

TEST(Lanes, ManyUnwantedAcknowledgementsComeInBatches) {
  TestCluster cluster("c1 r1 r2", 3);
  cluster.start_all();
  cluster.run_for(kSecond);
  for (std::uint32_t i = 0; i < kLaneAckMessages; ++i) cluster[1].send({2, 0}, "x", false);
  cluster.run_for(20 * kMillisecond);
  EXPECT_EQ((cluster[1].accepted[{0, {2, 0}}]), kLaneAckMessages);
  cluster[1].send({2, 0}, std::string(kLaneAckBytes, 'x'), false);
  cluster.run_for(20 * kMillisecond);
  EXPECT_EQ((cluster[1].accepted[{0, {2, 0}}]), kLaneAckMessages + 1);
}

TEST(Lanes, ALostConnectionLosesAndRepeatsNothing) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    TestCluster cluster("c1 r1 r2", seed);
    cluster.quiet = true;
    cluster.start_all();
    int sent = 0;
    for (int round = 0; round < 60; ++round) {
      const std::uint64_t burst = cluster.rng().below(30);
      for (std::uint64_t i = 0; i < burst; ++i)
        ASSERT_TRUE(cluster[1].send({2, 0}, std::to_string(sent++), cluster.rng().below(2) == 0));
      cluster.run_for(static_cast<Nanos>(cluster.rng().below(4)) * kMillisecond);
      switch (cluster.rng().below(8)) {
        case 0:
          cluster.drop_pipes(1, 2);
          break;
        case 1:
          cluster.cut(1, 2);
          break;
        case 2:
          cluster.heal(1, 2);
          break;
        default:
          break;
      }
    }
    cluster.heal_all();
    cluster.run_for(15 * kSecond);
    EXPECT_EQ((cluster[2].received[{1, 0}]), numbers(0, sent)) << seed;
    EXPECT_EQ((cluster[1].accepted[{0, {2, 0}}]), static_cast<std::uint64_t>(sent));
    EXPECT_TRUE(cluster[1].lost.empty());
  }
}

TEST(Lanes, MessagesWaitForANodeThatHasNotStarted) {
  TestCluster cluster("c1 r1 r2", 4);
  cluster.start(0);
  cluster.start(1);
  cluster.run_for(kSecond);
  cluster[1].send({2, 0}, "0");
  cluster.run_for(kSecond);
  cluster.start(2);
  cluster.run_for(5 * kSecond);
  EXPECT_EQ((cluster[2].received[{1, 0}]), numbers(0, 1));
}

TEST(Lanes, ANewIncarnationLosesWhatIsUnconfirmed) {
  TestCluster cluster("c1 r1 r2", 5);
  cluster.start_all();
  cluster.run_for(kSecond);
  cluster[1].send({2, 0}, "0");
  cluster.run_for(kSecond);
  cluster.crash(2);
  cluster.take_transcript();
  cluster[1].send({2, 0}, "lost");
  cluster[1].send({2, 0}, "lost too");
  cluster.run_for(100 * kMillisecond);
  cluster.start(2);
  cluster.run_for(2 * kSecond);
  EXPECT_EQ(cluster[1].lost, std::vector<std::string>{"r2/0 2-3"});
  EXPECT_TRUE((cluster[2].received[{1, 0}].empty()));
  EXPECT_EQ(cluster[1].send({2, 0}, "0"), 4u);
  cluster.run_for(kSecond);
  EXPECT_EQ((cluster[2].received[{1, 0}]), numbers(0, 1));
  EXPECT_EQ((cluster[1].accepted[{0, {2, 0}}]), 4u);
}

TEST(Lanes, ASenderThatStartsAgainIsNotMistakenForItsFormerLife) {
  TestCluster cluster("c1 r1 r2", 6);
  cluster.start_all();
  cluster.run_for(kSecond);
  for (int i = 0; i < 5; ++i) cluster[1].send({2, 0}, std::to_string(i));
  cluster.run_for(kSecond);
  cluster.crash(1, true);
  cluster.start(1);
  cluster[1].send({2, 0}, "5");
  cluster.run_for(2 * kSecond);
  EXPECT_EQ((cluster[2].received[{1, 0}]), numbers(0, 6));
  EXPECT_EQ((cluster[1].accepted[{0, {2, 0}}]), 1u);
}

TEST(Lanes, AGoneNodeIsRefusedUntilItIsBack) {
  TestCluster cluster("c1 r1 r2", 7);
  cluster.start_all();
  cluster.run_for(kSecond);
  cluster.crash(2, true);
  cluster.run_for(kSecond);
  EXPECT_TRUE(cluster[1].send({2, 0}, "waits"));
  cluster.run_for(kNodeGoneAfter + kPeerTimeout + kSecond);
  EXPECT_EQ(cluster[1].lost, std::vector<std::string>{"r2/0 1-1"});
  EXPECT_FALSE(cluster[1].send({2, 0}, "refused"));
  EXPECT_EQ(cluster[1].lanes().buffered_bytes(), 0u);
  cluster.start(2);
  cluster.run_for(3 * kSecond);
  EXPECT_TRUE(cluster[1].send({2, 0}, "0"));
  cluster.run_for(kSecond);
  EXPECT_EQ((cluster[2].received[{1, 0}]), numbers(0, 1));
}

TEST(Lanes, APartitionThatOutlastsTheGraceSkipsWhatWasLost) {
  TestCluster cluster("c1 r1 r2", 8);
  cluster.start_all();
  cluster.run_for(kSecond);
  cluster[1].send({2, 0}, "0");
  cluster.run_for(kSecond);
  cluster.cut(1, 2);
  cluster.cut(0, 2);
  cluster[1].send({2, 0}, "lost");
  cluster.run_for(kNodeGoneAfter + kPeerTimeout + kSecond);
  EXPECT_EQ(cluster[1].lost, std::vector<std::string>{"r2/0 2-2"});
  cluster.heal_all();
  cluster.run_for(5 * kSecond);
  cluster[1].send({2, 0}, "1");
  cluster.run_for(kSecond);
  EXPECT_EQ((cluster[2].received[{1, 0}]), numbers(0, 2)) << "the same incarnation: the lane goes on behind the gap";
}

TEST(Lanes, ADeadStreamIsNoticedByTheSender) {
  TestCluster cluster("c1 r1 r2", 9);
  cluster.start_all();
  cluster.run_for(kSecond);
  cluster.crash(2, true);
  cluster.start(2);  // the old stream leads nowhere, and nobody said so
  cluster[1].send({2, 0}, "0");
  cluster.run_for(kLaneStallAfter + 5 * kSecond);
  EXPECT_EQ(cluster[1].lost.size(), 1u);
  cluster[1].send({2, 0}, "0");
  cluster.run_for(kSecond);
  EXPECT_EQ((cluster[2].received[{1, 0}]), numbers(0, 1));
}

TEST(Lanes, LimitsRefuseAndAreFreedByAcknowledgements) {
  TestCluster cluster("c1 r1 r2", 10);
  cluster.start_all();
  cluster.run_for(kSecond);
  EXPECT_FALSE(cluster[1].send({2, 0}, std::string(kLaneMessageBytesMax + 1, 'x')));
  cluster.cut(1, 2);
  const std::string large(kLaneMessageBytesMax / 2, 'x');
  int accepted = 0;
  while (cluster[1].send({2, 0}, large)) ++accepted;
  EXPECT_EQ(accepted, 3);
  EXPECT_LE(cluster[1].lanes().buffered_bytes(), kLaneBufferBytesMax);
  EXPECT_EQ(cluster[1].send({2, 0}, "small"), 4u);
  cluster.heal(1, 2);
  cluster.run_for(20 * kSecond);
  EXPECT_EQ((cluster[2].received[{1, 0}].size()), 4u);
  EXPECT_EQ(cluster[1].lanes().buffered_bytes(), 0u);
  EXPECT_TRUE(cluster[1].send({2, 0}, large));
}

TEST(Lanes, IdleLanesCostNoTimerAndLittleMemory) {
  TestCluster cluster("c1/8 r1/32 r2/32", 11);
  cluster.start_all();
  cluster.run_for(30 * kSecond);
  EXPECT_EQ(cluster[1].lanes(5).next_deadline(), kNever);
  EXPECT_EQ(cluster[1].port(5).next_deadline(), kNever);
  // 32 lanes out and 32 in: what one end costs, the stream in the port included.
  const std::uint64_t bytes = cluster[1].lanes(5).memory_bytes() + cluster[1].port(5).memory_bytes();
  EXPECT_LT(bytes / 64, 200u);
}

}  // namespace
}  // namespace orrery::cluster::test
