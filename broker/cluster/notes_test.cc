// SPDX-License-Identifier: Apache-2.0
// What the cluster's machines tell to the log (docs/log.md): each of their kinds is caused here.
#include <gtest/gtest.h>

#include "broker/cluster/test_cluster.h"

namespace orrery::cluster {
namespace {

using test::TestCluster;

TEST(ClusterNotes, PeersComeAndGo) {
  TestCluster cluster("c1 r1", 1);
  cluster.start_all();
  cluster.run_for(kSecond);
  EXPECT_EQ(cluster.times_told("c1: peer_up: member r1 is up"), 1);
  EXPECT_EQ(cluster.times_told("r1: peer_up: member c1 is up"), 1);
  EXPECT_EQ(cluster.times_told("r1: attached: attached to core c1"), 1);
  cluster.crash(1);
  cluster.run_for(kSecond);
  EXPECT_EQ(cluster.times_told("c1: peer_down: member r1 is down: the connection ended"), 1);
  cluster.start(1);
  cluster.run_for(3 * kSecond);
  EXPECT_EQ(cluster.times_told("c1: peer_up: member r1 is up"), 2);
}

TEST(ClusterNotes, LanesComeAndGo) {
  TestCluster cluster("c1 r1 r2", 2);
  cluster.start_all();
  cluster.run_for(kSecond);
  EXPECT_GE(cluster.times_told("r1: lane_up: the lane between shard 0 and shard 0 of r2 is up"), 1);
  cluster.crash(2);
  cluster.run_for(kSecond);
  EXPECT_GE(
      cluster.times_told("r1: lane_down: the lane between shard 0 and shard 0 of r2 is down: the connection ended"), 1);
}

TEST(ClusterNotes, SilenceMasksThenEnds) {
  TestCluster cluster("c1 r1 r2", 3);
  cluster.start_all();
  cluster.run_for(kSecond);
  cluster.cut(0, 1);
  cluster.cut(2, 1);
  cluster[2].send({1, 0}, "lost");
  cluster.run_for(kNodeGoneAfter + kPeerTimeout + kSecond);
  EXPECT_EQ(cluster.times_told("r1: cores_lost: no core is heard: clients stay and known routes serve, no client can "
                               "connect and no new route is learned"),
            1);
  EXPECT_EQ(cluster.times_told("c1: peer_down: member r1 is down: it was silent for too long"), 1);
  const auto told = [&](std::string_view begin) {
    return std::count_if(cluster.notes().begin(), cluster.notes().end(),
                         [&](const std::string& line) { return line.starts_with(begin); });
  };
  EXPECT_EQ(told("c1: member_masked: member r1 is masked: nobody has heard it for 15 s"), 1);
  EXPECT_EQ(told("c1: member_gone: member r1 is gone: nobody has heard it for 30 s"), 1);
  EXPECT_EQ(told("r2: messages_lost: 1 messages for shard 0 of r1 may be lost"), 1);
  EXPECT_FALSE(cluster[2].send({1, 0}, "refused"));
  EXPECT_EQ(
      cluster.times_told("r2: dropped_peer_unreachable: a message for shard 0 of r1 is dropped: the member is gone"),
      1);
  cluster.heal_all();
  cluster.run_for(5 * kSecond);
  EXPECT_EQ(cluster.times_told("r1: cores_heard: cores are heard again"), 1);
  EXPECT_EQ(told("c1: member_unmasked: member r1"), 1);
  EXPECT_EQ(cluster.times_told("c1: member_back: member r1 is back"), 1);
}

TEST(ClusterNotes, AReplicantThatHasNeverHeardACoreSaysNothing) {
  TestCluster cluster("c1 r1", 4);
  cluster.start(1);
  cluster.run_for(10 * kSecond);
  for (const std::string& line : cluster.notes()) EXPECT_EQ(line.find("cores_"), line.npos) << line;
}

TEST(ClusterNotes, AFullLaneIsToldOf) {
  TestCluster cluster("c1 r1 r2", 5);
  cluster.start_all();
  cluster.run_for(kSecond);
  cluster.cut(1, 2);
  const std::string large(kLaneMessageBytesMax / 2, 'x');
  while (cluster[1].send({2, 0}, large)) {
  }
  EXPECT_EQ(
      cluster.times_told("r1: dropped_peer_unreachable: a message for shard 0 of r2 is dropped: the lane is full of "
                         "what is not acknowledged"),
      1);
}

}  // namespace
}  // namespace orrery::cluster
