// SPDX-License-Identifier: Apache-2.0
// The control plane in a cluster in memory: routes, client ids, and what happened to others in the field.
#include "broker/cluster/control_plane.h"

#include <gtest/gtest.h>

#include "broker/cluster/test_cluster.h"

namespace orrery::cluster::test {
namespace {

using Row = TestRoutes::Row;

bool knows(TestCluster& cluster, NodeId node, NodeId owner, const std::string& filter) {
  return cluster[node].routes.rows[owner].count({filter, 0}) != 0;
}

bool all_know(TestCluster& cluster, NodeId owner, const std::string& filter) {
  for (NodeId n = 0; n < cluster.size(); ++n)
    if (cluster.runs(n) && !knows(cluster, n, owner, filter)) return false;
  return true;
}

/// A client id whose registrar, among the cores of `live`, is this one.
std::string id_at(NodeId registrar, NodeMask live, int number = 0) {
  for (int i = 0;; ++i) {
    const std::string id = "client" + std::to_string(i);
    if (registrar_of(id, live) == registrar && number-- == 0) return id;
  }
}

TEST(ControlPlane, ANodeAloneIsItsOwnCore) {
  TestCluster cluster("c1", 1);
  cluster.start_all();
  TestNode& node = cluster[0];
  EXPECT_EQ(node.plane().next_deadline(), kNever);
  EXPECT_EQ(node.subscribe("a/b"), 1u);
  EXPECT_EQ(node.in_force_to, 1u);
  EXPECT_TRUE(knows(cluster, 0, 0, "a/b"));
  node.connect("one");
  ASSERT_EQ(node.sessions.count("one"), 1u);
  node.sessions["one"].state = "kept";
  const std::uint64_t epoch = node.sessions["one"].epoch;
  node.connect("one");
  cluster.run_for(kMillisecond);
  ASSERT_EQ(node.sessions.count("one"), 1u);
  EXPECT_GT(node.sessions["one"].epoch, epoch);
  EXPECT_EQ(node.sessions["one"].state, "kept");
  EXPECT_EQ(node.plane().registrar_rows(), 1u);
  node.end_session("one");
  EXPECT_EQ(node.plane().registrar_rows(), 0u);
}

TEST(ControlPlane, RoutesReachEverybodyAndAreInForceAtTheCore) {
  TestCluster cluster("c1 c2 r1 r2 r3", 2);
  cluster.start_all();
  cluster.run_for(kSecond);
  EXPECT_EQ(cluster[2].subscribe("t"), 1u);
  EXPECT_EQ(cluster[2].in_force_to, 0u);
  cluster.run_for(20 * kMillisecond);
  EXPECT_EQ(cluster[2].in_force_to, 1u);
  EXPECT_TRUE(all_know(cluster, 2, "t"));
  cluster[2].unsubscribe("t");
  cluster.run_for(20 * kMillisecond);
  for (NodeId n = 0; n < cluster.size(); ++n) EXPECT_FALSE(knows(cluster, n, 2, "t")) << n;
}

// Routes --------------------------------------------------------------------------------------------------------------

TEST(ControlPlane, UnsubscribeAndSubscribeAgainLeavesTheRoute) {
  TestCluster cluster("c1 c2 r1 r2", 3);
  cluster.start_all();
  cluster.run_for(kSecond);
  cluster[2].subscribe("t");
  cluster[2].unsubscribe("t");
  cluster[2].subscribe("t");
  cluster.run_for(kSecond);
  EXPECT_TRUE(all_know(cluster, 2, "t"));
}

TEST(ControlPlane, AGapIsAskedFor) {
  // r1 gives its log to one of three cores. That core cannot reach another one, and dies; the third core goes on with
  // r1 and passes entries on to the one that has missed some.
  TestCluster cluster("c1 c2 c3 r1", 4);
  cluster.start_all();
  cluster.run_for(kSecond * 7);
  const NodeId first = cluster[3].plane().attached_to();
  const NodeMask others = 7 & ~mask_of(first);
  const NodeId second = attachment_of(cluster.setup(), 3, others);
  const NodeId third = static_cast<NodeId>(3 - first - second);
  cluster.cut(first, third);
  cluster[3].subscribe("missed");
  cluster.run_for(50 * kMillisecond);
  EXPECT_FALSE(knows(cluster, third, 3, "missed"));
  cluster.crash(first);
  cluster.run_for(50 * kMillisecond);
  ASSERT_EQ(cluster[3].plane().attached_to(), second);
  cluster[3].subscribe("next");
  cluster.run_for(50 * kMillisecond);
  EXPECT_TRUE(knows(cluster, third, 3, "missed"));
  EXPECT_TRUE(knows(cluster, third, 3, "next"));
}

TEST(ControlPlane, WhatNobodyWillAskForIsFoundByHeartbeats) {
  // As above, but no further entry ever shows the gap.
  TestCluster cluster("c1 c2 c3 r1", 4);
  cluster.start_all();
  cluster.run_for(kSecond * 7);
  const NodeId first = cluster[3].plane().attached_to();
  const auto third = static_cast<NodeId>(first == 2 ? 1 : 2);
  cluster.cut(first, third);
  cluster[3].subscribe("missed");
  cluster.run_for(50 * kMillisecond);
  cluster.crash(first);
  EXPECT_FALSE(knows(cluster, third, 3, "missed"));
  cluster.run_for(3 * kSecond);
  EXPECT_TRUE(knows(cluster, third, 3, "missed"));
}

TEST(ControlPlane, ACoreThatComesBackEmptyGetsAll) {
  TestCluster cluster("c1 c2 r1 r2", 5);
  cluster.start_all();
  cluster.run_for(7 * kSecond);
  for (NodeId n = 0; n < 4; ++n) cluster[n].subscribe("of" + std::to_string(n));
  cluster[2].retain("topic", "value");
  cluster.run_for(kSecond);
  const std::uint64_t events = cluster.events();
  cluster.crash(0);
  cluster.run_for(500 * kMillisecond);
  cluster.start(0);
  cluster.run_for(3 * kSecond);
  for (NodeId n = 1; n < 4; ++n) EXPECT_TRUE(all_know(cluster, n, "of" + std::to_string(n))) << n;
  for (NodeId n = 0; n < 4; ++n) EXPECT_EQ(cluster[n].routes.rows[0].size(), 0u) << "rows of the former life, at " << n;
  EXPECT_EQ(cluster[0].retained.values["topic"].text, "value");
  EXPECT_LT(cluster.events() - events, 20'000u);
}

TEST(ControlPlane, AllCoresComeBackEmptyAndTakeBackWhatTheReplicantsKnow) {
  TestCluster cluster("c1 c2 r1 r2 r3", 6);
  cluster.start_all();
  cluster.run_for(kSecond);
  for (NodeId n = 2; n < 5; ++n) cluster[n].subscribe("of" + std::to_string(n));
  cluster[0].retain("by a core", "value");
  cluster.run_for(kNewbornFor);
  cluster.crash(0);
  cluster.crash(1);
  cluster.run_for(60 * kSecond);
  // Nothing is masked, nothing forgotten, however long it takes.
  for (NodeId n = 2; n < 5; ++n) {
    EXPECT_TRUE(cluster[n].routes.masked.empty()) << n;
    EXPECT_TRUE(knows(cluster, n, static_cast<NodeId>(n == 2 ? 3 : 2), n == 2 ? "of3" : "of2"));
  }
  const std::uint64_t sequence = cluster[2].subscribe("meanwhile");
  cluster.run_for(kSecond);
  EXPECT_LT(cluster[2].in_force_to, sequence);
  cluster.start(0);
  cluster.start(1);
  cluster.run_for(10 * kSecond);
  EXPECT_EQ(cluster[2].in_force_to, sequence);
  for (NodeId n = 2; n < 5; ++n) {
    EXPECT_TRUE(all_know(cluster, n, "of" + std::to_string(n)));
    EXPECT_TRUE(cluster[n].routes.masked.empty()) << n;
  }
  EXPECT_TRUE(all_know(cluster, 2, "meanwhile"));
  for (NodeId n = 0; n < 5; ++n) EXPECT_EQ(cluster[n].retained.values["by a core"].text, "value") << n;
}

TEST(ControlPlane, LateCleanUpOfAFormerLifeDoesNotTouchTheNewOne) {
  TestCluster cluster("c1 c2 r1 r2", 7);
  cluster.start_all();
  cluster.run_for(kSecond);
  cluster[2].subscribe("old");
  cluster[2].subscribe("both");
  cluster.run_for(kSecond);
  cluster.crash(2, true);  // nobody is told
  cluster.start(2);
  cluster[2].subscribe("both");
  cluster[2].subscribe("new");
  cluster.run_for(10 * kSecond);
  EXPECT_TRUE(all_know(cluster, 2, "both"));
  EXPECT_TRUE(all_know(cluster, 2, "new"));
  for (NodeId n = 0; n < 4; ++n) EXPECT_FALSE(knows(cluster, n, 2, "old")) << n;
  EXPECT_TRUE(cluster[3].routes.masked.empty());
}

TEST(ControlPlane, TwoCoresThatLoseEachOtherPurgeNothing) {
  TestCluster cluster("c1 c2", 8);
  cluster.start_all();
  cluster.run_for(kSecond);
  cluster[0].subscribe("zero");
  cluster[1].subscribe("one");
  cluster.run_for(kSecond);
  cluster.cut(0, 1);
  cluster.run_for(kMaskAfter + 2 * kPeerTimeout);
  EXPECT_EQ(cluster[0].routes.masked, std::set<NodeId>{1});
  EXPECT_EQ(cluster[1].routes.masked, std::set<NodeId>{0});
  EXPECT_TRUE(knows(cluster, 0, 1, "one"));
  cluster[0].subscribe("more");
  cluster.heal(0, 1);
  cluster.run_for(3 * kSecond);
  for (NodeId n = 0; n < 2; ++n) EXPECT_TRUE(cluster[n].routes.masked.empty());
  EXPECT_TRUE(all_know(cluster, 0, "zero"));
  EXPECT_TRUE(all_know(cluster, 1, "one"));
  EXPECT_TRUE(all_know(cluster, 0, "more"));
}

TEST(ControlPlane, CoresThatLoseOnlyEachOtherAreServedThroughTheReplicants) {
  TestCluster cluster("c1 c2 r1 r2", 9);
  cluster.start_all();
  cluster.run_for(7 * kSecond);
  ASSERT_NE(cluster[2].plane().attached_to(), cluster[3].plane().attached_to());
  cluster.cut(0, 1);
  cluster.run_for(2 * kNodeGoneAfter);
  for (NodeId n = 0; n < 4; ++n) EXPECT_TRUE(cluster[n].routes.masked.empty()) << n;
  cluster[2].subscribe("a");
  cluster[3].subscribe("b");
  cluster.run_for(3 * kSecond);
  EXPECT_TRUE(all_know(cluster, 2, "a"));
  EXPECT_TRUE(all_know(cluster, 3, "b"));
  // The two cores agree about who registers what, and one of them is reached through a replicant.
  EXPECT_EQ(cluster[0].plane().live_cores(), 3u);
  const std::string id = id_at(1, 3);
  cluster[0].connect(id);
  cluster.run_for(50 * kMillisecond);
  EXPECT_EQ(cluster[0].sessions.count(id), 1u);
  EXPECT_EQ(cluster[1].plane().registrar_rows(), 1u);
}

TEST(ControlPlane, AnUnreachableReplicantIsMaskedAndComesBack) {
  TestCluster cluster("c1 c2 r1 r2", 10);
  cluster.start_all();
  cluster.run_for(kSecond);
  cluster[2].subscribe("t");
  cluster.run_for(kSecond);
  for (NodeId n = 0; n < 4; ++n)
    if (n != 2) cluster.cut(n, 2);
  cluster.take_transcript();
  cluster.run_for(kNodeGoneAfter + kPeerTimeout + kSecond);
  EXPECT_EQ(cluster[3].routes.masked, std::set<NodeId>{2});
  EXPECT_TRUE(knows(cluster, 3, 2, "t"));
  EXPECT_TRUE(cluster[2].routes.masked.empty()) << "it hears no core: it knows nothing about the others";
  const std::string transcript = cluster.take_transcript();
  for (const char* name : {"c1", "c2", "r2"})
    EXPECT_NE(transcript.find(std::string(name) + " gone r1"), std::string::npos);
  EXPECT_EQ(transcript.find("r1 gone"), std::string::npos);
  cluster.heal_all();
  cluster.run_for(4 * kSecond);
  EXPECT_TRUE(cluster[3].routes.masked.empty());
}

TEST(ControlPlane, ACoreThatHasJustStartedIsNotRunOverByAll) {
  TestCluster cluster("c1 c2 c3 r1 r2 r3 r4 r5 r6", 11);
  cluster.start_all();
  cluster.run_for(7 * kSecond);
  std::map<NodeId, int> load;
  std::map<NodeId, NodeId> before;
  for (NodeId n = 3; n < 9; ++n) ++load[before[n] = cluster[n].plane().attached_to()];
  for (NodeId core = 0; core < 3; ++core) EXPECT_EQ(load[core], 2) << core;
  cluster.crash(0);
  cluster.run_for(kSecond);
  cluster.start(0);
  cluster.run_for(3 * kSecond);
  for (NodeId n = 3; n < 9; ++n) EXPECT_NE(cluster[n].plane().attached_to(), 0) << "too early";
  cluster.run_for(7 * kSecond);
  for (NodeId n = 3; n < 9; ++n) EXPECT_EQ(cluster[n].plane().attached_to(), before[n]);
}

TEST(ControlPlane, WhoIsBehindTheLogGetsAFullCopyWithoutAMissingRoute) {
  TestCluster cluster("c1 r1 r2", 12);
  cluster.quiet = true;
  cluster.start_all();
  cluster.run_for(kSecond);
  for (int i = 0; i < 1000; ++i) cluster[1].subscribe("stays" + std::to_string(i));
  for (int i = 0; i < 1000; ++i) cluster[1].subscribe("goes" + std::to_string(i));
  cluster.run_for(kSecond);
  ASSERT_EQ(cluster[2].routes.rows[1].size(), 2000u);
  for (int i = 0; i < 1000; ++i) cluster[2].routes.precious.insert({"stays" + std::to_string(i), 0});
  cluster.cut(0, 2);
  cluster.run_for(kPeerTimeout + kSecond);
  for (int i = 0; i < 1000; ++i) cluster[1].unsubscribe("goes" + std::to_string(i));
  // So many bytes that the core's tail does not reach back to that.
  for (int i = 0; i < 60; ++i) cluster[1].retain("large", std::string(100'000, static_cast<char>('a' + i % 26)));
  cluster.run_for(kSecond);
  cluster[1].subscribe("new");
  cluster.heal(0, 2);
  // While the copy is under way there is more.
  const auto done = [&] { return knows(cluster, 2, 1, "during"); };
  for (int i = 0; i < 200; ++i) {
    cluster.run_for(10 * kMillisecond);
    cluster[1].subscribe("turn");
    cluster[1].unsubscribe("turn");
  }
  cluster[1].subscribe("during");
  ASSERT_TRUE(cluster.run_until(done, 10 * kSecond));
  EXPECT_EQ(cluster[2].routes.precious_removed, 0u);
  EXPECT_EQ(cluster[2].routes.rows[1], cluster[1].routes.rows[1]);
  EXPECT_EQ(cluster[2].routes.rows[1].size(), 1002u);
}

TEST(ControlPlane, RetainedValuesOfAFormerLifeComeBackToTheirOwner) {
  TestCluster cluster("c1 c2 r1 r2", 13);
  cluster.start_all();
  cluster.run_for(kSecond);
  cluster[2].retain("mine", "first");
  cluster[3].retain("yours", "value");
  cluster.run_for(100 * kMillisecond);
  cluster[2].retain("mine", "second");
  cluster.run_for(kSecond);
  cluster.crash(2);
  cluster.start(2);
  cluster.run_for(3 * kSecond);
  EXPECT_EQ(cluster[2].retained.values["mine"].text, "second");
  EXPECT_EQ(cluster[2].retained.values["yours"].text, "value");
  cluster[2].retain("mine", "third");
  cluster.run_for(kSecond);
  for (NodeId n = 0; n < 4; ++n) EXPECT_EQ(cluster[n].retained.values["mine"].text, "third") << n;
}

TEST(ControlPlane, NodesThatSleptDoNotTakeItForTheOthersSilence) {
  TestCluster cluster("c1 c2 r1", 14);
  cluster.start_all();
  cluster.run_for(10 * kSecond);
  cluster[2].connect("x");
  cluster.run_for(kSecond);
  const std::uint64_t dials = cluster.dials();
  cluster.take_transcript();
  for (NodeId n = 0; n < 3; ++n) cluster.pause(n, 60 * kSecond);
  cluster.run_for(70 * kSecond);
  EXPECT_EQ(cluster.dials(), dials);
  EXPECT_EQ(cluster.take_transcript(), "");
}

TEST(ControlPlane, AChangeOfCoreDoesNotSendTheOtherCoresWhatTheyHave) {
  TestCluster cluster("c1 c2 c3 r1", 26);
  cluster.start_all();
  cluster.run_for(7 * kSecond);
  const NodeId first = cluster[3].plane().attached_to();
  const NodeId second = attachment_of(cluster.setup(), 3, 7 & ~mask_of(first));
  const auto third = static_cast<NodeId>(3 - first - second);
  for (int i = 0; i < 60; ++i) cluster[3].retain("large", std::string(100'000, static_cast<char>('a' + i % 26)));
  cluster.run_for(2 * kSecond);
  const std::uint64_t before = cluster.bytes_sent(second, third);
  EXPECT_LT(before, 100'000u) << "it came from the first core";
  cluster.crash(first);
  cluster.run_for(100 * kMillisecond);
  ASSERT_EQ(cluster[3].plane().attached_to(), second);
  cluster[3].subscribe("next");
  cluster.run_for(2 * kSecond);
  EXPECT_TRUE(knows(cluster, third, 3, "next"));
  EXPECT_LT(cluster.bytes_sent(second, third) - before, 10'000u);
}

// Client ids ----------------------------------------------------------------------------------------------------------

TEST(ControlPlane, TheHolderYieldsAndTheSessionTravels) {
  TestCluster cluster("c1 c2 r1 r2", 15);
  cluster.start_all();
  cluster.run_for(kSecond);
  cluster.take_transcript();
  cluster[2].connect("x");
  cluster.run_for(20 * kMillisecond);
  cluster[2].sessions["x"].state = "queue";
  cluster[3].connect("x");
  cluster.run_for(20 * kMillisecond);
  EXPECT_EQ(cluster[2].sessions.count("x"), 0u);
  EXPECT_EQ(cluster[3].sessions["x"].state, "queue");
  cluster[2].connect("x", 0, true);
  cluster.run_for(20 * kMillisecond);
  EXPECT_EQ(cluster[3].sessions.count("x"), 0u);
  EXPECT_EQ(cluster[2].sessions["x"].state, "");
  EXPECT_EQ(cluster.take_transcript(),
            "r1 granted x\n"
            "r1 told to yield x\n"
            "r2 granted x with queue\n"
            "r2 told to yield x and discard\n"
            "r1 granted x\n");
}

TEST(ControlPlane, ManyClaimsForOneIdAreServedInOrder) {
  TestCluster cluster("c1 c2 r1 r2 r3", 16);
  cluster.start_all();
  cluster.run_for(kSecond);
  for (NodeId n = 2; n < 5; ++n) cluster[n].connect("x");
  for (NodeId n = 2; n < 5; ++n) cluster[n].connect("x");
  cluster.run_for(kSecond);
  int holders = 0;
  for (NodeId n = 2; n < 5; ++n) holders += static_cast<int>(cluster[n].sessions.count("x"));
  EXPECT_EQ(holders, 1);
  for (NodeId n = 2; n < 5; ++n) EXPECT_EQ(cluster[n].claims_failed, 0u);
}

TEST(ControlPlane, TheLateEndOfAnOldSessionDoesNotUnregisterTheNew) {
  TestCluster cluster("c1 r1 r2", 17);
  cluster.start_all();
  cluster.run_for(kSecond);
  cluster[1].connect("x");
  cluster.run_for(20 * kMillisecond);
  const std::uint64_t old_epoch = cluster[1].sessions["x"].epoch;
  cluster[2].connect("x");
  cluster.run_for(20 * kMillisecond);
  cluster[1].plane().release(cluster.now(), {old_epoch, "x"});
  cluster[1].plane().end_of_event(cluster.now());
  cluster.run_for(20 * kMillisecond);
  EXPECT_EQ(cluster[0].plane().registrar_rows(), 1u);
  cluster[2].end_session("x");
  cluster.run_for(20 * kMillisecond);
  EXPECT_EQ(cluster[0].plane().registrar_rows(), 0u);
}

TEST(ControlPlane, AHolderThatDoesNotAnswerIsPassedOver) {
  TestCluster cluster("c1 r1 r2", 18);
  cluster.start_all();
  cluster.run_for(kSecond);
  cluster[1].connect("x");
  cluster.run_for(20 * kMillisecond);
  cluster[1].yield_delay = kNever;
  cluster[2].connect("x");
  cluster.run_for(kYieldTimeout - 100 * kMillisecond);
  EXPECT_EQ(cluster[2].sessions.count("x"), 0u);
  cluster.run_for(200 * kMillisecond);
  EXPECT_EQ(cluster[2].sessions.count("x"), 1u);
}

TEST(ControlPlane, TheIdsOfADeadNodeAreFreeAfterTheTimeOut) {
  TestCluster cluster("c1 r1 r2", 19);
  cluster.start_all();
  cluster.run_for(kSecond);
  cluster[1].connect("x");
  cluster.run_for(20 * kMillisecond);
  cluster.crash(1, true);
  cluster[2].connect("x");
  ASSERT_TRUE(cluster.run_until([&] { return cluster[2].sessions.count("x") == 1; }, kYieldTimeout + kSecond));
  cluster.start(1);
  cluster.run_for(3 * kSecond);
  cluster[1].connect("y");
  cluster.run_for(20 * kMillisecond);
  cluster.crash(1);
  cluster.start(1);
  cluster.run_for(kSecond);
  cluster[2].connect("y");
  cluster.run_for(20 * kMillisecond);
  EXPECT_EQ(cluster[2].sessions.count("y"), 1u) << "held by a former life: no need to wait";
  EXPECT_EQ(cluster[0].plane().registrar_rows(), 2u);
}

TEST(ControlPlane, TheRegistrarDiesDuringAClaim) {
  TestCluster cluster("c1 c2 r1 r2", 20);
  cluster.start_all();
  cluster.run_for(kSecond);
  const std::string id = id_at(0, 3);
  cluster[2].connect(id);
  cluster.run_for(20 * kMillisecond);
  cluster[2].sessions[id].state = "queue";
  cluster[2].yield_delay = 100 * kMillisecond;
  cluster[3].connect(id);
  cluster.run_for(20 * kMillisecond);
  cluster.take_transcript();
  cluster.crash(0);
  ASSERT_TRUE(cluster.run_until([&] { return cluster[3].sessions.count(id) == 1; }, kClaimTimeout));
  EXPECT_EQ(cluster[2].sessions.count(id), 0u) << "two nodes own one id";
  EXPECT_EQ(cluster[3].claims_failed, 0u);
}

TEST(ControlPlane, ANewRegistrarKnowsTheHolderBeforeItGrants) {
  TestCluster cluster("c1 c2 r1 r2", 21);
  cluster.start_all();
  cluster.run_for(kSecond);
  const std::string id = id_at(0, 3);
  cluster[2].connect(id);
  cluster.run_for(20 * kMillisecond);
  cluster[2].sessions[id].state = "queue";
  cluster[2].reassert_delay = kSecond;  // it has much to tell
  cluster.crash(0);
  cluster.run_for(kPeerTimeout);
  cluster[3].connect(id);
  ASSERT_TRUE(cluster.run_until([&] { return cluster[3].sessions.count(id) == 1; }, 5 * kSecond));
  EXPECT_EQ(cluster[3].sessions[id].state, "queue");
  EXPECT_EQ(cluster[2].sessions.count(id), 0u);
  // The registrar comes back, empty: the same again.
  cluster.start(0);
  cluster.run_for(2 * kSecond);
  cluster[2].connect(id);
  ASSERT_TRUE(cluster.run_until([&] { return cluster[2].sessions.count(id) == 1; }, 5 * kSecond));
  EXPECT_EQ(cluster[2].sessions[id].state, "queue");
  EXPECT_EQ(cluster[0].plane().registrar_rows(), 1u);
  EXPECT_EQ(cluster[1].plane().registrar_rows(), 0u);
}

TEST(ControlPlane, AfterASplitTheOlderEpochYields) {
  TestCluster cluster("c1 c2 r1 r2", 22);
  cluster.start_all();
  cluster.run_for(kSecond);
  // c1 and r1 on one side, c2 and r2 on the other.
  for (NodeId a = 0; a < 4; a += 2)
    for (NodeId b = 1; b < 4; b += 2) cluster.cut(a, b);
  cluster.run_for(kMaskAfter + kPeerTimeout);
  cluster[2].connect("x");
  cluster.run_for(kSecond);
  cluster[3].connect("x");
  cluster.run_for(kSecond);
  ASSERT_EQ(cluster[2].sessions.count("x"), 1u);
  ASSERT_EQ(cluster[3].sessions.count("x"), 1u);
  const bool first_is_newer = cluster[2].sessions["x"].epoch > cluster[3].sessions["x"].epoch;
  cluster.heal_all();
  cluster.run_for(10 * kSecond);
  EXPECT_EQ(cluster[2].sessions.count("x"), first_is_newer ? 1u : 0u);
  EXPECT_EQ(cluster[3].sessions.count("x"), first_is_newer ? 0u : 1u);
}

TEST(ControlPlane, WithoutACoreClaimsFailInTime) {
  TestCluster cluster("c1 r1", 23);
  cluster.start_all();
  cluster.run_for(kSecond);
  cluster[1].connect("held");
  cluster.run_for(kSecond);
  cluster.crash(0);
  cluster.run_for(5 * kSecond);
  cluster.take_transcript();
  cluster[1].connect("x");
  cluster.run_for(kClaimTimeout - kSecond);
  EXPECT_EQ(cluster.take_transcript(), "");
  cluster.run_for(2 * kSecond);
  EXPECT_EQ(cluster.take_transcript(), "r1 claim failed x\n");
  EXPECT_EQ(cluster[1].sessions.count("held"), 1u);
  cluster[1].connect("y");
  cluster.start(0);
  cluster.run_for(5 * kSecond);
  EXPECT_EQ(cluster[1].sessions.count("y"), 1u);
  EXPECT_EQ(cluster[0].plane().registrar_rows(), 2u);
}

TEST(ControlPlane, AClaimIsPassedOnWhereThereIsNoStream) {
  TestCluster cluster("c1 c2 r1 r2", 24);
  cluster.start_all();
  cluster.run_for(kSecond);
  cluster.cut(0, 2);  // r1 does not reach c1, everybody else does
  cluster.run_for(10 * kSecond);
  EXPECT_EQ(cluster[2].plane().live_cores(), 3u);
  const std::string id = id_at(0, 3);
  cluster[2].connect(id);
  cluster.run_for(20 * kMillisecond);
  ASSERT_EQ(cluster[2].sessions.count(id), 1u);
  cluster[2].sessions[id].state = "queue";
  cluster[3].connect(id);
  cluster.run_for(20 * kMillisecond);
  EXPECT_EQ(cluster[3].sessions[id].state, "queue");
  EXPECT_EQ(cluster[2].sessions.count(id), 0u);
}

TEST(ControlPlane, AClaimLostWithItsStreamIsSentAgain) {
  TestCluster cluster("c1 r1", 27);
  cluster.start_all();
  cluster.run_for(kSecond);
  cluster[1].connect("x");
  cluster.drop_pipes(0, 1);
  cluster.run_for(kSecond);
  EXPECT_EQ(cluster[1].sessions.count("x"), 1u);
  EXPECT_EQ(cluster[0].plane().registrar_rows(), 1u);
}

TEST(ControlPlane, GrantsOfANewRegistrarAreNewerThanThoseOfTheDead) {
  TestCluster cluster("c1 c2 r1 r2", 25);
  cluster.quiet = true;
  cluster.start_all();
  cluster.run_for(kSecond);
  // r1 is given many ids by c1 at once, none of which anybody else hears of; then c1 dies.
  cluster.cut(1, 2);
  std::string last;
  for (int i = 0; i < 2000; ++i) {
    const std::string id = "many" + std::to_string(i);
    if (registrar_of(id, 3) == 0) cluster[2].connect(last = id);
  }
  cluster.run_for(20 * kMillisecond);
  ASSERT_EQ(cluster[2].sessions.count(last), 1u);
  cluster.crash(0);
  cluster.run_for(kMaskAfter + kPeerTimeout);
  cluster[3].connect(last);
  cluster.run_for(6 * kSecond);
  ASSERT_EQ(cluster[3].sessions.count(last), 1u);
  cluster.heal(1, 2);
  cluster.run_for(6 * kSecond);
  EXPECT_EQ(cluster[3].sessions.count(last), 1u);
  EXPECT_EQ(cluster[2].sessions.count(last), 0u);
}

}  // namespace
}  // namespace orrery::cluster::test
