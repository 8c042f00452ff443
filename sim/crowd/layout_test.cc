// SPDX-License-Identifier: Apache-2.0
#include "sim/crowd/layout.h"

#include <gtest/gtest.h>

#include <set>

namespace orrery::sim {
namespace {

CrowdSpec two_groups() {
  CrowdSpec c;
  c.carriers = {1, 3, 4};
  c.connects_per_second = 10;
  c.settle = kSecond;
  c.steady = 20 * kSecond;
  GroupSpec pairs;
  pairs.name = "pairs";
  pairs.publishers = pairs.subscribers = 30;
  pairs.every = 3 * kSecond;
  pairs.qos = {0, 2};
  GroupSpec fan;
  fan.name = "fan";
  fan.shape = Shape::kAll;
  fan.publishers = 2;
  fan.subscribers = 5;
  fan.topic = "f/%i/x";
  fan.filter = "f/+/x";
  fan.qos = {1, 0};
  c.groups = {pairs, fan};
  return c;
}

TEST(Layout, NumbersClientsAndFlowsWithoutGapsOrOverlaps) {
  const Layout l(two_groups());
  EXPECT_EQ(l.clients(), 67u);
  EXPECT_EQ(l.flows(), 40u);
  std::set<std::uint64_t> flows;
  const Group& pairs = l.groups()[0];
  const Group& fan = l.groups()[1];
  for (std::uint32_t i = 0; i < 30; ++i) flows.insert(l.flow(pairs, i, i));
  for (std::uint32_t p = 0; p < 2; ++p)
    for (std::uint32_t s = 0; s < 5; ++s) flows.insert(l.flow(fan, p, s));
  EXPECT_EQ(flows.size(), 40u);
  EXPECT_EQ(*flows.rbegin(), 39u);
  for (ClientId c = 0; c < l.clients(); ++c) {
    const Group& g = l.groups()[l.group_of(c)];
    EXPECT_EQ(&g, c < 60 ? &pairs : &fan);
    const std::uint32_t n = l.number(g, c);
    EXPECT_EQ(l.is_publisher(g, c) ? l.publisher(g, n) : l.subscriber(g, n), c);
  }
}

TEST(Layout, AllSubscribersConnectBeforeAllPublishersAtTheRate) {
  const Layout l(two_groups());
  std::set<Nanos> times;
  Nanos last_subscriber = 0;
  Nanos first_publisher = kNever;
  for (ClientId c = 0; c < l.clients(); ++c) {
    const Group& g = l.groups()[l.group_of(c)];
    const Nanos t = l.connect_time(g, c);
    times.insert(t);
    if (l.is_publisher(g, c))
      first_publisher = std::min(first_publisher, t);
    else
      last_subscriber = std::max(last_subscriber, t);
  }
  EXPECT_EQ(times.size(), 67u) << "one at a time";
  EXPECT_EQ(*times.rbegin(), 6'600 * kMillisecond);
  EXPECT_LT(last_subscriber, first_publisher);
  EXPECT_EQ(l.steady_begin(), 7'700 * kMillisecond);
}

TEST(Layout, MessagesAreSpreadOverThePeriod) {
  const Layout l(two_groups());
  const Group& g = l.groups()[0];
  for (std::uint32_t i = 0; i < 30; ++i) {
    const ClientId p = l.publisher(g, i);
    EXPECT_GE(l.due(g, p, 0), l.steady_begin());
    EXPECT_LT(l.due(g, p, 0), l.steady_begin() + g.spec.every);
    EXPECT_EQ(l.due(g, p, 4), l.due(g, p, 0) + 4 * g.spec.every);
    for (std::uint32_t n = 0; n < 5; ++n) {
      EXPECT_EQ(l.first_due_at(g, p, l.due(g, p, n)), n);
      EXPECT_EQ(l.first_due_at(g, p, l.due(g, p, n) + 1), n + 1);
    }
  }
  EXPECT_NE(l.due(g, l.publisher(g, 0), 0) - l.due(g, l.publisher(g, 1), 0), 0);
}

TEST(Layout, PlacementKeepsPairsTogetherOrDrawsEachClient) {
  CrowdSpec spec = two_groups();
  const Layout paired(spec);
  spec.placement = Placement::kRandom;
  const Layout random(spec);
  int together = 0;
  std::set<NodeId> used;
  for (std::uint32_t i = 0; i < 30; ++i) {
    const Group& g = paired.groups()[0];
    EXPECT_EQ(paired.home(g, paired.subscriber(g, i)), paired.home(g, paired.publisher(g, i)));
    const Group& r = random.groups()[0];
    together += random.home(r, random.subscriber(r, i)) == random.home(r, random.publisher(r, i));
    used.insert(random.home(r, random.subscriber(r, i)));
  }
  EXPECT_LT(together, 20);
  EXPECT_EQ(used, (std::set<NodeId>{1, 3, 4}));
}

TEST(Layout, TextsAgreeWithTheirTests) {
  const Layout l(two_groups());
  std::string text;
  std::string scratch;
  for (const Group& g : l.groups())
    for (std::uint32_t i = 0; i < g.spec.publishers; ++i) {
      const std::string topic(l.topic(g, i, text));
      EXPECT_TRUE(l.is_topic(g, i, topic));
      for (const std::string& other : {topic + "0", topic.substr(0, topic.size() - 1), std::string(), "x" + topic})
        EXPECT_FALSE(l.is_topic(g, i, other)) << other;
      EXPECT_TRUE(l.filter_catches(g, i % g.spec.subscribers, topic, scratch));
    }
  const Group& pairs = l.groups()[0];
  EXPECT_FALSE(l.filter_catches(pairs, 1, "t/10", scratch));
  EXPECT_FALSE(l.filter_catches(pairs, 10, "t/1", scratch));
  EXPECT_EQ(l.client_id(l.groups()[1], l.publisher(l.groups()[1], 1), text), "fan-pub-1");
}

TEST(Layout, QosIsDealtOutByNumber) {
  const Layout l(two_groups());
  const Group& pairs = l.groups()[0];
  EXPECT_EQ(l.publish_qos(pairs, 0), 0);
  EXPECT_EQ(l.publish_qos(pairs, 3), 2);
  EXPECT_EQ(l.subscribe_qos(pairs, 3), 2);
  EXPECT_EQ(l.subscribe_qos(l.groups()[1], 4), 1) << "the highest of the list where everybody hears everybody";
}

TEST(Layout, TakingAClientAwayChangesNoOtherClientsDraws) {
  CrowdSpec spec = two_groups();
  const Layout before(spec);
  spec.groups[1].subscribers = 4;  // the last group: nobody else's number moves
  const Layout after(spec);
  for (ClientId c = 0; c < 60; ++c) {
    const auto offset = [&](const Layout& l) { return l.due(l.groups()[0], c, 0) - l.steady_begin(); };
    EXPECT_EQ(offset(before), offset(after));
  }
}

}  // namespace
}  // namespace orrery::sim
