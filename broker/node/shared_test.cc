// SPDX-License-Identifier: Apache-2.0
// Shared subscriptions over shards and nodes: each strategy's choice, and who gets what when a member goes.
#include <gtest/gtest.h>

#include <map>
#include <numeric>

#include "broker/node/test_node.h"

namespace orrery::node {
namespace {

using mqtt::PacketType;
using session::SharedStrategy;

class Shared : public BrokerNode {
 protected:
  void open_with(SharedStrategy strategy, std::vector<ClusterMember> members) {
    BrokerOptions options;
    options.mqtt.shared_strategy = strategy;
    open(std::move(members), options);
  }
  std::unique_ptr<TestClient> member(Place to, const std::string& id, std::uint32_t expiry = 0) {
    auto c = client(to, id, expiry == 0, expiry);
    subscribe(*c, "$share/g/t/#", 2);
    return c;
  }
  void publish(TestClient& from, const std::string& topic, int count, std::uint8_t qos = 1) {
    for (int i = 0; i < count; ++i) from.publish(topic, std::to_string(i), qos);
    settle();
  }
  static std::size_t sum(const std::vector<std::size_t>& counts) {
    return std::accumulate(counts.begin(), counts.end(), std::size_t{0});
  }
};

std::vector<std::size_t> counts_of(const std::vector<std::unique_ptr<TestClient>>& members) {
  std::vector<std::size_t> counts;
  for (const auto& m : members) counts.push_back(m->payloads().size());
  return counts;
}

TEST_F(Shared, RoundRobinGivesEachMemberItsTurnWhereverItIs) {
  open_with(SharedStrategy::kRoundRobin, small_cluster());
  std::vector<std::unique_ptr<TestClient>> members;
  for (const Place p : {kR1a, kR1a, kR1a, kR1b, kR2a, kR2a, kR2b})
    members.push_back(member(p, "m" + std::to_string(members.size())));
  auto pub = client(kR1a, "pub");
  publish(*pub, "t/x", 70);
  EXPECT_EQ(counts_of(members), std::vector<std::size_t>(7, 10));
  // Two of the three at one place go, one by UNSUBSCRIBE and one with its session: the others have equal shares again.
  members[0]->unsubscribe("$share/g/t/#");
  members[2]->disconnect();
  settle();
  members[0]->hear();
  publish(*pub, "t/x", 50);
  EXPECT_EQ(counts_of(members), (std::vector<std::size_t>{0, 10, 0, 10, 10, 10, 10}));
  balanced();
}

TEST_F(Shared, RandomUsesAllAndSendsEachOnce) {
  open_with(SharedStrategy::kRandom, small_cluster());
  std::vector<std::unique_ptr<TestClient>> members;
  for (const Place p : {kR1a, kR1a, kR2b}) members.push_back(member(p, "m" + std::to_string(members.size())));
  auto pub = client(kR2a, "pub");
  publish(*pub, "t/x", 90);
  const auto counts = counts_of(members);
  EXPECT_EQ(sum(counts), 90u);
  for (const std::size_t n : counts) EXPECT_GT(n, 8u);
}

TEST_F(Shared, StickyStaysWithOneUntilItGoes) {
  open_with(SharedStrategy::kSticky, small_cluster());
  std::vector<std::unique_ptr<TestClient>> members;
  for (const Place p : {kR1a, kR1a, kR2b, kR2a}) members.push_back(member(p, "m" + std::to_string(members.size())));
  auto one = client(kR2a, "one");
  auto two = client(kR1b, "two");
  publish(*one, "t/x", 10);
  publish(*two, "t/y", 10);
  const auto counts = counts_of(members);
  const auto chosen = std::find(counts.begin(), counts.end(), 20u);
  ASSERT_NE(chosen, counts.end());
  members[static_cast<std::size_t>(chosen - counts.begin())]->disconnect();
  settle();
  publish(*one, "t/x", 10);
  publish(*two, "t/y", 10);
  const auto after = counts_of(members);
  EXPECT_EQ(std::count(after.begin(), after.end(), 20u), 1);
  EXPECT_EQ(sum(after), 20u);
}

TEST_F(Shared, HashingByClientOrByTopicKeepsWhatBelongsTogether) {
  for (const SharedStrategy strategy : {SharedStrategy::kHashClientId, SharedStrategy::kHashTopic}) {
    open_with(strategy, small_cluster());
    std::vector<std::unique_ptr<TestClient>> members;
    for (const Place p : {kR1a, kR1b, kR2a, kR2b}) members.push_back(member(p, "m" + std::to_string(members.size())));
    std::vector<std::size_t> together(4, 0);
    for (int n = 0; n < 24; ++n) {
      auto pub = client(n % 2 == 0 ? kR1a : kR2b, "pub" + std::to_string(n));
      const bool by_client = strategy == SharedStrategy::kHashClientId;
      // The same key ten times: of one client over many topics, or of one topic.
      for (int i = 0; i < 10; ++i) pub->publish("t/" + std::to_string(by_client ? i : n), "x", 1);
      settle();
      const auto counts = counts_of(members);
      ASSERT_EQ(std::count(counts.begin(), counts.end(), 10u), 1) << n;
      ++together[static_cast<std::size_t>(std::find(counts.begin(), counts.end(), 10u) - counts.begin())];
    }
    for (const std::size_t n : together) EXPECT_GT(n, 0u) << "every member has some of 24 keys";
  }
}

TEST_F(Shared, LocalPrefersTheShardThenTheNode) {
  open_with(SharedStrategy::kLocal, small_cluster());
  std::vector<std::unique_ptr<TestClient>> members;
  for (const Place p : {kR1a, kR1b, kR2a}) members.push_back(member(p, "m" + std::to_string(members.size())));
  auto near = client(kR1b, "near");
  publish(*near, "t/x", 10);
  EXPECT_EQ(counts_of(members), (std::vector<std::size_t>{0, 10, 0}));
  auto same_node = client(kR2b, "node");
  publish(*same_node, "t/x", 10);
  EXPECT_EQ(counts_of(members), (std::vector<std::size_t>{0, 0, 10}));
  members[2]->disconnect();
  settle();
  publish(*same_node, "t/x", 10);
  EXPECT_EQ(sum(counts_of(members)), 10u);
}

TEST_F(Shared, AMemberWithoutAConnectionGetsNothingWhileAnotherHasOne) {
  open_with(SharedStrategy::kRoundRobin, alone(1));
  auto away = member({0, 0}, "away", 600);
  auto here = member({0, 0}, "here");
  away->drop();
  settle();
  auto pub = client({0, 0}, "pub");
  publish(*pub, "t/x", 10);
  EXPECT_EQ(here->payloads().size(), 10u);
  here->disconnect();
  settle();
  publish(*pub, "t/x", 3);
  away = client({0, 0}, "away", false, 600);
  EXPECT_EQ(resumed.size(), 3u);
  balanced();
}

// QoS 1 goes to another member even when it was sent (4.8.2 advises it); QoS 2 only when it was not [MQTT-4.8.2-5].
TEST_F(Shared, WhenASessionEndsOthersGetWhatItWasOwed) {
  for (const Place other : {Place{0, 0}, Place{0, 1}}) {
    open_with(SharedStrategy::kRoundRobin, alone(2));
    auto first = member({0, 0}, "first");
    auto pub = client({0, 1}, "pub");
    pub->publish("t/1", "one, sent", 1);
    pub->publish("t/2", "two, sent", 2);
    settle();
    EXPECT_EQ(first->hear(false).size(), 2u);  // never acknowledged
    auto second = member(other, "second");
    first->drop();
    settle();
    EXPECT_EQ(second->payloads(), Payloads{"one, sent"});
    pub->hear();
    balanced();
  }
}

TEST_F(Shared, QueuedMessagesOfASessionThatExpiresMoveToAnotherNode) {
  open_with(SharedStrategy::kRoundRobin, small_cluster());
  auto away = member(kR1a, "away", 5);
  away->drop();
  settle();
  auto pub = client(kR2a, "pub");
  pub->publish("t/1", "one", 1);
  pub->publish("t/2", "two", 2);
  settle();
  pub->hear();
  auto second = member(kR2b, "second");
  EXPECT_EQ(second->payloads(), Payloads{});
  settle(10 * kSecond);
  EXPECT_EQ(second->payloads(), (Payloads{"one", "two"}));
  balanced();
}

}  // namespace
}  // namespace orrery::node
