// SPDX-License-Identifier: Apache-2.0
// The full broker behind its seam: one node, shards, and clusters, through real packets. (What MQTT asks of a broker in
// detail is conformance's; here are the paths between shards and nodes.)
#include "broker/node/broker_node.h"

#include <gtest/gtest.h>

#include <numeric>

#include "broker/node/test_node.h"

namespace orrery::node {
namespace {

using mqtt::PacketType;
using mqtt::ReasonCode;

TEST_F(BrokerNode, DeliversBetweenShardsAtEachQos) {
  for (const ShardId shards : std::initializer_list<ShardId>{1, 3}) {
    open(alone(shards));
    auto sub = client({0, 0}, "sub");
    subscribe(*sub, "t/+", 2);
    auto pub = client({0, static_cast<ShardId>(shards - 1)}, "pub");
    for (std::uint8_t qos = 0; qos <= 2; ++qos) pub->publish("t/1", std::string(1, static_cast<char>('0' + qos)), qos);
    settle();
    EXPECT_EQ(sub->payloads(), (Payloads{"0", "1", "2"}));
    const auto acks = pub->hear();
    ASSERT_EQ(acks.size(), 3u);
    EXPECT_EQ(acks[0].type, PacketType::kPuback);
    EXPECT_EQ(acks[1].type, PacketType::kPubrec);
    EXPECT_EQ(acks[2].type, PacketType::kPubcomp);
    sub->unsubscribe("t/+");
    settle();
    EXPECT_EQ(sub->hear().back().type, PacketType::kUnsuback);
    pub->publish("t/1", "late", 1);
    settle();
    EXPECT_EQ(sub->payloads(), Payloads{});
    EXPECT_EQ(pub->hear().back().reason, ReasonCode::kNoMatchingSubscribers);
    balanced();
  }
}

TEST_F(BrokerNode, ASessionIsResumedOnAnotherShardWithNothingLost) {
  open(alone(2));
  auto sub = client({0, 0}, "sub", false, 600);
  EXPECT_FALSE(session_present);
  subscribe(*sub, "t", 1);
  sub->drop();
  settle();
  auto pub = client({0, 1}, "pub");
  pub->publish("t", "offline", 1);
  settle();
  sub = client({0, 1}, "sub", false, 600);
  EXPECT_TRUE(session_present);
  settle(4 * kSecond);
  pub->publish("t", "online", 1);
  settle();
  Payloads got = resumed;
  for (const std::string& p : sub->payloads()) got.push_back(p);
  EXPECT_EQ(got, (Payloads{"offline", "online"}));
  balanced();
}

TEST_F(BrokerNode, TakeoverDisconnectsTheOldConnectionOnTheSameAndOnAnotherShard) {
  open(alone(2));
  for (const ShardId second : std::initializer_list<ShardId>{0, 1}) {
    auto first = client({0, 0}, "same", false, 600);
    auto other = client({0, second}, "same", false, 600);
    EXPECT_TRUE(session_present);
    const auto heard = first->hear();
    ASSERT_FALSE(heard.empty());
    EXPECT_EQ(heard.back().type, PacketType::kDisconnect);
    EXPECT_EQ(heard.back().reason, ReasonCode::kSessionTakenOver);
    EXPECT_TRUE(first->closed());
    EXPECT_FALSE(other->closed());
    other->disconnect();
    settle();
    auto clean = client({0, 1}, "same", true);
    EXPECT_FALSE(session_present);
    clean->disconnect();
    settle();
  }
  EXPECT_EQ(world->stats(0)[Counter::kSessions], 0u);
}

TEST_F(BrokerNode, RetainedMessagesAndWillsReachOtherShards) {
  open(alone(2));
  auto pub = client({0, 1}, "pub", true, 0, mqtt::WillView{"will", as_bytes("gone"), 1, true, {}});
  pub->publish("kept", "value", 1, true);
  settle();
  EXPECT_EQ(pub->hear().back().type, PacketType::kPuback);
  auto sub = client({0, 0}, "sub");
  sub->subscribe("#", 1);
  settle();
  auto heard = sub->hear();
  ASSERT_EQ(heard.size(), 2u);
  EXPECT_EQ(heard[0].type, PacketType::kSuback);
  EXPECT_EQ(heard[1].payload, "value");
  EXPECT_TRUE(heard[1].retain);
  pub->drop();
  settle();
  EXPECT_EQ(sub->payloads(), (Payloads{"gone"}));
  auto late = client({0, 1}, "late");
  late->subscribe("will", 1);
  settle();
  EXPECT_EQ(late->payloads(), (Payloads{"gone"}));
  balanced();
}

TEST_F(BrokerNode, AClusterDeliversAcrossNodesInOrder) {
  nodes = 4;
  open(small_cluster());
  auto sub = client(kR1b, "sub");
  subscribe(*sub, "t/#", 1);
  auto pub = client(kR2a, "pub");
  Payloads sent;
  for (int i = 0; i < 50; ++i) {
    sent.push_back(std::to_string(i));
    pub->publish("t/x", sent.back(), 1);
  }
  settle();
  EXPECT_EQ(sub->payloads(), sent);
  const auto acks = pub->hear();
  ASSERT_EQ(acks.size(), 50u);
  for (std::uint16_t i = 0; i < 50; ++i) EXPECT_EQ(acks[i].packet_id, i + 1) << "acknowledged in order";
  balanced();
}

TEST_F(BrokerNode, ASessionMovesBetweenNodesWithItsQueue) {
  nodes = 4;
  open(small_cluster());
  auto sub = client(kR1a, "sub", false, 600);
  subscribe(*sub, "t", 1);
  sub->drop();
  settle();
  auto pub = client(kR2b, "pub");
  for (int i = 0; i < 5; ++i) pub->publish("t", std::to_string(i), 1);
  settle();
  sub = client(kR2a, "sub", false, 600);
  EXPECT_TRUE(session_present);
  // While the ghost still stands: what is published now must come once, and after what came before.
  for (int i = 5; i < 10; ++i) pub->publish("t", std::to_string(i), 1);
  settle(5 * kSecond);
  Payloads got = resumed;
  for (const std::string& p : sub->payloads()) got.push_back(p);
  EXPECT_EQ(got, (Payloads{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"}));
  EXPECT_EQ(world->stats(2)[Counter::kSessions], 0u);
  EXPECT_EQ(world->stats(2)[Counter::kSubscriptions], 0u);
  balanced();
}

TEST_F(BrokerNode, AfterConnackAMovedSessionMissesNotEvenQos0) {
  open(alone(2));
  auto sub = client({0, 0}, "sub", false, 600);
  subscribe(*sub, "t", 0);
  sub->disconnect();
  settle();
  auto pub = client({0, 0}, "pub");
  TestClient again(*world, {0, 1});
  again.connect("sub", false, 600);
  std::vector<Heard> heard;
  while (heard.empty()) {
    settle(5 * kMicrosecond);
    heard = again.hear();
  }
  ASSERT_EQ(heard[0].type, PacketType::kConnack);
  EXPECT_TRUE(heard[0].session_present);
  pub->publish("t", "at once", 0);
  settle();
  EXPECT_EQ(again.payloads(), (Payloads{"at once"}));
}

TEST_F(BrokerNode, NoLocalHoldsWhileTheSessionMoves) {
  open(alone(2));
  auto first = client({0, 0}, "same", false, 600);
  first->subscribe("t", 1, true);
  settle();
  first->hear();
  first->disconnect();
  settle();
  auto again = client({0, 1}, "same", false, 600);
  EXPECT_TRUE(session_present);
  auto other = client({0, 0}, "other");
  again->publish("t", "own", 1);  // the ghost on the other shard is still subscribed
  other->publish("t", "other's", 1);
  settle(4 * kSecond);
  EXPECT_EQ(again->payloads(), (Payloads{"other's"}));
}

TEST_F(BrokerNode, TakeoverAcrossNodes) {
  nodes = 4;
  open(small_cluster());
  auto first = client(kR1a, "same");
  auto second = client(kR2b, "same");
  EXPECT_EQ(first->hear().back().reason, ReasonCode::kSessionTakenOver);
  EXPECT_TRUE(first->closed());
  EXPECT_FALSE(second->closed());
}

TEST_F(BrokerNode, RetainedMessagesAreKnownOnEveryNode) {
  nodes = 4;
  open(small_cluster());
  auto pub = client(kR1a, "pub");
  pub->publish("kept", "one", 1, true);
  settle();
  auto sub = client(kR2b, "sub");
  sub->subscribe("kept", 1);
  settle();
  EXPECT_EQ(sub->payloads(), (Payloads{"one"}));
}

TEST_F(BrokerNode, ASharedGroupGetsEachMessageOnceInTheWholeCluster) {
  nodes = 4;
  open(small_cluster());
  std::vector<std::unique_ptr<TestClient>> members;
  for (const Place place : {kR1a, kR1b, kR2a}) {
    members.push_back(client(place, "m" + std::to_string(members.size())));
    subscribe(*members.back(), "$share/g/t", 1);
  }
  auto pub = client(kR2b, "pub");
  for (int i = 0; i < 60; ++i) pub->publish("t", std::to_string(i), 1);
  settle();
  std::vector<int> counts;
  for (auto& m : members) counts.push_back(static_cast<int>(m->payloads().size()));
  EXPECT_EQ(std::accumulate(counts.begin(), counts.end(), 0), 60);
  for (const int n : counts) EXPECT_GT(n, 5) << "everybody gets a share";
  balanced();
}

TEST_F(BrokerNode, LosingAllCoresStopsNoTraffic) {
  nodes = 4;
  open(small_cluster());
  auto sub = client(kR1a, "sub");
  subscribe(*sub, "t", 1);
  auto pub = client(kR2a, "pub");
  world->kill(0);
  world->kill(1);
  settle(10 * kSecond);
  pub->publish("t", "still", 1);
  settle();
  EXPECT_EQ(sub->payloads(), (Payloads{"still"}));
  EXPECT_FALSE(sub->closed());
  world->revive(0);
  world->revive(1);
  settle(10 * kSecond);
  auto late = client(kR2b, "late");
  subscribe(*late, "t", 1);
  pub->publish("t", "again", 1);
  settle();
  EXPECT_EQ(sub->payloads(), (Payloads{"again"}));
  EXPECT_EQ(late->payloads(), (Payloads{"again"}));
}

TEST_F(BrokerNode, AReplicantThatRestartsLosesItsRoutesAndNobodyElses) {
  nodes = 4;
  open(small_cluster());
  auto lost = client(kR1a, "lost");
  subscribe(*lost, "t", 1);
  auto sub = client(kR2a, "sub");
  subscribe(*sub, "t", 1);
  world->kill(2);
  settle(100 * kMillisecond);
  world->revive(2);
  settle(5 * kSecond);
  auto pub = client(kR1b, "pub");
  pub->publish("t", "x", 1);
  settle(2 * kSecond);
  EXPECT_EQ(sub->payloads(), (Payloads{"x"}));
  EXPECT_EQ(pub->hear().back().type, PacketType::kPuback);
  auto back = client(kR1a, "lost");
  EXPECT_FALSE(session_present);
  subscribe(*back, "t", 1);
  pub->publish("t", "y", 1);
  settle();
  EXPECT_EQ(back->payloads(), (Payloads{"y"}));
}

TEST_F(BrokerNode, GarbageClosesItsOwnConnectionOnly) {
  open(alone(1));
  auto good = client({0, 0}, "good");
  auto bad = client({0, 0}, "bad");
  const std::uint8_t garbage[] = {0x30, 0xff, 0xff, 0xff, 0xff, 0x01};
  bad->raw(garbage);
  settle();
  const auto heard = bad->hear();
  ASSERT_FALSE(heard.empty());
  EXPECT_EQ(heard.back().reason, ReasonCode::kMalformedPacket);
  EXPECT_TRUE(bad->closed());
  EXPECT_FALSE(good->closed());
  EXPECT_EQ(world->stats(0)[Counter::kProtocolErrors], 1u);
}

TEST_F(BrokerNode, EverythingGivesItsMemoryBack) {
  open(alone(2));
  const auto round = [&] {
    auto sub = client({0, 0}, "sub", false, 5);
    subscribe(*sub, "a/+/c", 2);
    auto pub = client({0, 1}, "pub");
    for (int i = 0; i < 20; ++i) pub->publish("a/b/c", std::string(300, 'x'), static_cast<std::uint8_t>(i % 3));
    settle();
    sub->hear();
    pub->hear();
    sub->drop();
    pub->disconnect();
    settle();
    auto again = client({0, 1}, "sub", true);
    again->disconnect();
    settle(15 * kSecond);  // timers that nobody waits for run out
  };
  round();
  const std::uint64_t before = world->stats(0).memory_bytes;
  for (int i = 0; i < 50; ++i) round();
  // The tail of the owner log may grow (to cluster/limits.h), by four route operations a round; nothing else.
  EXPECT_LE(world->stats(0).memory_bytes, before + 50 * 4 * 64);
  EXPECT_EQ(world->stats(0)[Counter::kSessions], 0u);
}

}  // namespace
}  // namespace orrery::node
