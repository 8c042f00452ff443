// SPDX-License-Identifier: Apache-2.0
// A node that is asked over HTTP, and its $SYS tree as clients see it: with several shards, in a cluster, and while cut
// off.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "broker/node/test_node.h"

namespace orrery::node {
namespace {

using mqtt::PacketType;
using testing::HasSubstr;
using testing::StartsWith;

class AdminNode : public BrokerNode {
 protected:
  /// One request on a link of its own; the whole answer.
  std::string get(NodeId node, const std::string& path) {
    const int link = world->connect({node, 0}, LinkKind::kAdmin);
    world->send(link, as_bytes("GET " + path + " HTTP/1.1\r\nHost: n\r\nConnection: close\r\n\r\n"));
    settle(10 * kMillisecond);
    EXPECT_TRUE(world->closed(link));
    return std::string(as_text(world->take(link)));
  }
  /// The value of a sample, by its whole name with labels.
  std::uint64_t sample(NodeId node, const std::string& path, const std::string& name) {
    const std::string page = get(node, path);
    EXPECT_THAT(page, StartsWith("HTTP/1.1 200 OK\r\n"));
    const std::size_t at = page.find("\n" + name + " ");
    EXPECT_NE(at, std::string::npos) << name;
    return at == std::string::npos ? 0 : std::stoull(page.substr(at + name.size() + 2));
  }
  std::uint64_t metric(NodeId node, const std::string& name) { return sample(node, "/metrics", name); }
  std::uint64_t emqx(NodeId node, const std::string& name) { return sample(node, "/api/v5/prometheus/stats", name); }

  static std::map<std::string, Heard> by_topic(TestClient& c) {
    std::map<std::string, Heard> out;
    for (const Heard& h : c.hear())
      if (h.type == PacketType::kPublish) out[h.topic] = h;
    return out;
  }
};

TEST_F(AdminNode, MetricsAreOfAllShards) {
  open({{"n1", Role::kCore, 4}});
  std::vector<std::unique_ptr<TestClient>> clients;
  for (ShardId s = 0; s < 4; ++s) {
    clients.push_back(client({0, s}, "c" + std::to_string(s)));
    subscribe(*clients.back(), "t", 1);
  }
  clients[2]->publish("t", "12345", 1);
  clients[3]->publish("kept", "x", 0, true);
  settle();
  EXPECT_EQ(metric(0, "mqtt_sessions_connected"), 4u);
  EXPECT_EQ(metric(0, "mqtt_packets_received_total{type=\"connect\"}"), 4u);
  EXPECT_EQ(metric(0, "mqtt_packets_received_total{type=\"publish\",qos=\"1\"}"), 1u);
  EXPECT_EQ(metric(0, "mqtt_packets_sent_total{type=\"publish\",qos=\"1\"}"), 4u);
  EXPECT_EQ(metric(0, "mqtt_payload_bytes_sent_total"), 20u);
  EXPECT_EQ(metric(0, "mqtt_retained"), 1u);
  EXPECT_EQ(metric(0, "orrery_routes"), 4u);
  EXPECT_EQ(metric(0, "orrery_route_filters"), 1u);
  EXPECT_EQ(metric(0, "orrery_shards_answered"), 4u);
  EXPECT_GT(metric(0, "orrery_heap_bytes"), 1000u);
  EXPECT_EQ(emqx(0, "emqx_connections_count"), 4u);
  EXPECT_EQ(emqx(0, "emqx_messages_qos1_sent"), 4u);
  clients[1]->drop();
  settle();
  EXPECT_EQ(emqx(0, "emqx_connections_count"), 3u);
  EXPECT_EQ(emqx(0, "emqx_connections_max"), 4u);
  EXPECT_EQ(emqx(0, "emqx_client_disconnected"), 1u);
  EXPECT_THAT(get(0, "/nothing"), StartsWith("HTTP/1.1 404 "));
  balanced();
}

TEST_F(AdminNode, TheSysTreeIsRetainedAndComesAgainWhenItChanges) {
  open({{"n1", Role::kCore, 2}});
  for (const Place place : {Place{0, 0}, Place{0, 1}}) {
    auto c = client(place, "c" + std::to_string(place.shard));
    c->subscribe("$SYS/#", 2);
    settle();
    const auto tree = by_topic(*c);
    ASSERT_EQ(tree.count("$SYS/broker/uptime"), 1u);
    EXPECT_GT(tree.size(), 45u);
    EXPECT_TRUE(tree.at("$SYS/broker/uptime").retain);
    EXPECT_EQ(tree.at("$SYS/broker/uptime").qos, 0);
    EXPECT_EQ(tree.at("$SYS/broker/version").payload, "orrery version unknown");
    EXPECT_EQ(tree.count("$SYS/broker/retained messages/count"), 1u);
    settle(10 * kSecond);
    const auto changed = by_topic(*c);
    ASSERT_EQ(changed.count("$SYS/broker/uptime"), 1u);
    EXPECT_FALSE(changed.at("$SYS/broker/uptime").retain);
    EXPECT_EQ(changed.count("$SYS/broker/version"), 0u);
    EXPECT_EQ(changed.count("$SYS/broker/bytes/sent"), 1u);
    c->drop();
    settle();
  }
  balanced();
}

TEST_F(AdminNode, WildcardsDoNotShowTheSysTree) {
  open({{"n1", Role::kCore, 1}});
  auto c = client({0, 0}, "c");
  c->subscribe("#", 0);
  c->subscribe("+/broker/uptime", 0);
  settle(25 * kSecond);
  EXPECT_TRUE(by_topic(*c).empty());
}

TEST_F(AdminNode, WithoutAnIntervalThereIsNoSysTree) {
  BrokerOptions options;
  options.sys_interval = 0;
  open({{"n1", Role::kCore, 2}}, options);
  auto c = client({0, 1}, "c");
  c->subscribe("$SYS/#", 0);
  settle(25 * kSecond);
  EXPECT_TRUE(by_topic(*c).empty());
  EXPECT_EQ(metric(0, "mqtt_sessions_connected"), 1u);
}

TEST_F(AdminNode, EachNodeTellsItsOwnClientsAboutItself) {
  open(small_cluster());
  auto one = client(kR1b, "one");
  auto other = client(kR2a, "other");
  auto third = client(kR2b, "third");
  one->subscribe("$SYS/broker/clients/connected", 0);
  other->subscribe("$SYS/broker/clients/connected", 0);
  third->subscribe("$share/g/$SYS/broker/clients/connected", 0);
  settle(10 * kSecond);
  by_topic(*one);
  by_topic(*other);
  by_topic(*third);
  auto fourth = client(kR2a, "fourth");
  settle(10 * kSecond);
  EXPECT_TRUE(by_topic(*one).empty());  // nothing has changed there
  EXPECT_EQ(by_topic(*other)["$SYS/broker/clients/connected"].payload, "3");
  EXPECT_EQ(by_topic(*third)["$SYS/broker/clients/connected"].payload, "3");
  EXPECT_EQ(metric(2, "mqtt_sessions_connected"), 1u);
  EXPECT_EQ(metric(3, "mqtt_sessions_connected"), 3u);
  EXPECT_EQ(metric(0, "mqtt_retained"), 0u);
  balanced();
}

TEST_F(AdminNode, ANodeThatComesBackHasNoTreeOfAnother) {
  open(small_cluster());
  settle(10 * kSecond);
  world->kill(2);
  settle(5 * kSecond);
  world->revive(2);
  settle(5 * kSecond);
  auto c = client(kR1a, "c");
  c->subscribe("$SYS/broker/uptime", 0);
  settle();
  // Its own, of a node that is young.
  EXPECT_LT(std::stoi(by_topic(*c)["$SYS/broker/uptime"].payload), 6);
}

TEST_F(AdminNode, StatusSaysWhetherClientsAreTaken) {
  open(small_cluster());
  for (NodeId n = 0; n < 4; ++n) EXPECT_THAT(get(n, "/status"), StartsWith("HTTP/1.1 200 OK\r\n")) << n;
  EXPECT_THAT(get(2, "/status"), HasSubstr("{\"status\":\"running\",\"node\":\"r1\",\"version\":\"unknown\"}"));
  world->kill(0);
  world->kill(1);
  settle(30 * kSecond);
  EXPECT_THAT(get(2, "/status"), StartsWith("HTTP/1.1 503 Service Unavailable\r\n"));
  EXPECT_THAT(get(2, "/status"), HasSubstr("This replicant is not attached to any core"));
  EXPECT_EQ(metric(2, "orrery_takes_clients"), 0u);
  world->revive(1);
  settle(30 * kSecond);
  EXPECT_THAT(get(2, "/status"), StartsWith("HTTP/1.1 200 OK\r\n"));
}

TEST_F(AdminNode, StatusOfANodeThatIsEmptied) {
  BrokerOptions options;
  options.mqtt.server_reference = "other.example:1883";
  open({{"n1", Role::kCore, 1}}, options);
  const std::string answer = get(0, "/status");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 503 "));
  EXPECT_THAT(answer,
              HasSubstr("{\"code\":\"SERVICE_UNAVAILABLE\",\"message\":\"This node takes no clients for now: it tells "
                        "them to use other.example:1883.\"}"));
}

TEST_F(AdminNode, HostileLinksDoNotDisturbClients) {
  open({{"n1", Role::kCore, 2}});
  std::vector<int> links;
  for (int i = 0; i < 60; ++i) {
    links.push_back(world->connect({0, 0}, LinkKind::kAdmin));
    world->send(links.back(),
                as_bytes(i % 2 == 0 ? std::string(20'000, 'x') : "GET /metrics HTTP/1.1\r\nHost: a\r\n\r\nGET"));
  }
  settle();
  auto c = client({0, 0}, "c");
  subscribe(*c, "t", 0);
  c->publish("t", "still here", 0);
  settle();
  EXPECT_EQ(c->payloads(), (std::vector<std::string>{"still here"}));
  for (const int link : links) world->close(link);
  settle();
  EXPECT_THAT(get(0, "/metrics"), StartsWith("HTTP/1.1 200 "));
}

}  // namespace
}  // namespace orrery::node
