// SPDX-License-Identifier: Apache-2.0
// Nodes of the full broker in a LoopbackWorld, with clients at any place: the fixture of this folder's tests.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "broker/node/broker_node.h"
#include "broker/node/test_client.h"

namespace orrery::node {

using Payloads = std::vector<std::string>;

inline std::vector<ClusterMember> alone(ShardId shards) { return {{"n1", Role::kCore, shards}}; }
inline std::vector<ClusterMember> small_cluster() {
  return {{"c1", Role::kCore, 1}, {"c2", Role::kCore, 1}, {"r1", Role::kReplicant, 2}, {"r2", Role::kReplicant, 2}};
}
inline constexpr Place kR1a{2, 0}, kR1b{2, 1}, kR2a{3, 0}, kR2b{3, 1};

class BrokerNode : public testing::Test {
 protected:
  void open(std::vector<ClusterMember> members, const BrokerOptions& options = {}) {
    nodes = static_cast<NodeId>(members.size());
    world = std::make_unique<LoopbackWorld>(make_broker_node(options), std::move(members));
    settle(2 * kSecond);
  }
  void settle(Nanos time = 200 * kMillisecond) { world->run_for(time); }
  std::unique_ptr<TestClient> client(Place to, std::string_view id, bool clean = true, std::uint32_t expiry = 0,
                                     std::optional<mqtt::WillView> will = {}) {
    auto c = std::make_unique<TestClient>(*world, to);
    c->connect(id, clean, expiry, will);
    settle();
    const auto heard = c->hear();
    EXPECT_FALSE(heard.empty()) << id;
    if (!heard.empty()) {
      EXPECT_EQ(heard[0].type, mqtt::PacketType::kConnack);
      EXPECT_EQ(heard[0].reason, mqtt::ReasonCode::kSuccess);
      session_present = heard[0].session_present;
      // What a resumed session had waiting.
      resumed.clear();
      for (std::size_t i = 1; i < heard.size(); ++i)
        if (heard[i].type == mqtt::PacketType::kPublish) resumed.push_back(heard[i].payload);
    }
    return c;
  }
  void subscribe(TestClient& c, std::string_view filter, std::uint8_t qos) {
    c.subscribe(filter, qos);
    settle();
    const auto heard = c.hear();
    ASSERT_FALSE(heard.empty());
    EXPECT_EQ(heard[0].type, mqtt::PacketType::kSuback);
    EXPECT_EQ(heard[0].reason_codes, (std::vector<std::uint8_t>{qos}));
    settle();  // the other nodes learn the route
  }
  /// Every shard's books balance (counters.h).
  void balanced() {
    std::uint64_t forwarded = 0, received = 0, unreachable = 0;
    for (NodeId n = 0; n < nodes; ++n) {
      const ShardStats s = world->stats(n);
      EXPECT_EQ(s[Counter::kMessagesMatched] + s[Counter::kMessagesTakenOver],
                s[Counter::kMessagesOut] + s[Counter::kMessagesQueued] + s[Counter::kMessagesHandedOver] +
                    s[Counter::kDroppedQueueFull] + s[Counter::kDroppedSlowConsumer] + s[Counter::kDroppedTooLarge] +
                    s[Counter::kDroppedExpired] + s[Counter::kDroppedOffline] + s[Counter::kDroppedDuplicate] +
                    s[Counter::kDroppedSessionEnded])
          << "node " << n;
      forwarded += s[Counter::kMessagesForwarded];
      received += s[Counter::kMessagesReceived];
      unreachable += s[Counter::kDroppedPeerUnreachable];
    }
    EXPECT_EQ(forwarded, received + unreachable);
  }

  std::unique_ptr<LoopbackWorld> world;
  NodeId nodes = 1;
  bool session_present = false;
  Payloads resumed;
};

}  // namespace orrery::node
