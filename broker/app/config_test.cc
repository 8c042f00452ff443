// SPDX-License-Identifier: Apache-2.0
// Configurations that are read, those that are refused with the exact text, and that what is printed can be read again.
#include "broker/app/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

namespace orrery::app {
namespace {

using testing::HasSubstr;

BrokerConfig read(const std::string& text, const std::vector<Override>& overrides = {}) {
  return read_config(text, "demo.json", overrides);
}
std::string error_of(const std::string& text, const std::vector<Override>& overrides = {}) {
  try {
    read(text, overrides);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "no error";
}

const char* const kCluster = R"({
  "node": {"name": "r1"},
  "cluster": {"members": [
    {"name": "c1", "role": "core", "peer": "127.0.0.1:5370"},
    {"name": "r1", "role": "replicant", "peer": "127.0.0.1:5380", "shards": 2}
  ]}
})";

TEST(Config, WithoutAFile) {
  const BrokerConfig config = read("");
  EXPECT_EQ(config.node_name, "n1");
  ASSERT_EQ(config.listeners.size(), 2u);
  EXPECT_EQ(config.listeners[0].bind, "0.0.0.0:1883");
  EXPECT_EQ(config.listeners[1].bind, "0.0.0.0:8083");
  EXPECT_TRUE(config.members.empty());
}

TEST(Config, AFileChangesWhatItNames) {
  const BrokerConfig config = read(R"({
    "$schema": "broker-config.schema.json",
    // only WebSocket, twice
    "listeners": {"tcp": {"default": {"enable": false}}, "ws": {"second": {"bind": ":8084", "max_connections": 7}}},
    "mqtt": {"max_packet_size": "2MB", "session_expiry_interval": "infinity", "server_keepalive": 60,
             "max_qos_allowed": 1}
  })");
  ASSERT_EQ(config.listeners.size(), 3u);
  EXPECT_FALSE(config.listeners[0].enable);
  EXPECT_EQ(config.listeners[1].bind, "0.0.0.0:8083");
  EXPECT_EQ(config.listeners[2].kind, LinkKind::kWebSocket);
  EXPECT_EQ(config.listeners[2].bind, ":8084");
  EXPECT_EQ(config.listeners[2].max_connections, 7u);
  EXPECT_EQ(config.broker.mqtt.max_packet_size, 2u << 20);
  EXPECT_EQ(config.broker.mqtt.v3_session_expiry, UINT32_MAX);
  EXPECT_EQ(config.broker.mqtt.server_keep_alive, 60);
  EXPECT_EQ(config.broker.mqtt.max_qos, 1);
}

TEST(Config, EnvironmentOverFileAndCommandLineOverBoth) {
  const char* const variables[] = {"ORRERY_LISTENERS__WS__DEFAULT__BIND=127.0.0.1:1", "ORRERY_MQTT__MAX_INFLIGHT=7",
                                   "ORRERY_SEED=9", "HOME=/", nullptr};
  std::vector<Override> overrides = overrides_from_environment(variables);
  ASSERT_EQ(overrides.size(), 2u);
  overrides.push_back(override_from_option("listeners.ws.default.bind=127.0.0.1:2"));
  const BrokerConfig config = read(R"({"mqtt": {"max_inflight": 3}})", overrides);
  EXPECT_EQ(config.listeners[1].bind, "127.0.0.1:2");
  EXPECT_EQ(config.broker.mqtt.max_inflight, 7);
}

TEST(Config, ACluster) {
  const BrokerConfig config = read(kCluster);
  EXPECT_EQ(config.self, 1);
  EXPECT_EQ(config.members[0].shards, 1);
  EXPECT_EQ(config.members[1].shards, 2);
}

TEST(Config, Mistakes) {
  EXPECT_EQ(error_of("{\"listeners\": {\n \"tcp\": {\"default\": {\"bnd\": \"x\"}}}}"),
            "demo.json:2: listeners.tcp.default.bnd: unknown key; did you mean \"bind\"? "
            "(valid: enable, bind, max_connections)");
  EXPECT_EQ(error_of(R"({"listeners": {"tcp": {"second": {}}}})"),
            "demo.json:1: listeners.tcp.second: the key \"bind\" is missing");
  EXPECT_EQ(error_of(R"({"listeners": {"ws": {"default": {"bind": "here"}}}})"),
            "demo.json:1: listeners.ws.default.bind: \"here\" is not an address such as \"127.0.0.1:1883\", "
            "\"[::1]:1883\" or \":1883\"");
  EXPECT_EQ(error_of(R"({"mqtt": {"max_qos_allowed": 3}})"),
            "demo.json:1: mqtt.max_qos_allowed: expected a whole number from 0 to 2, found 3");
  EXPECT_EQ(error_of(R"({"mqtt": {"session_expiry_interval": "1500ms"}})"),
            "demo.json:1: mqtt.session_expiry_interval: expected whole seconds, found \"1500ms\"");
  EXPECT_EQ(error_of(R"({"listeners": {"tcp": {"default": {"enable": false}}, "ws": {"default": {"enable": false}}}})"),
            "demo.json:1: listeners: every listener is switched off; at least one must have \"enable\": true");
  EXPECT_EQ(error_of("", {override_from_option("node.shards=many")}),
            "--set: node.shards: expected a whole number from 0 to 64, found \"many\"");
  EXPECT_EQ(error_of("", {{"environment ORRERY_NODE__NAM", "node.nam", "x"}}),
            "environment ORRERY_NODE__NAM: node.nam: unknown key; did you mean \"name\"? "
            "(valid: name, data_dir, shards)");
  EXPECT_THROW(override_from_option("node.name"), ConfigError);
}

TEST(Config, TheAdminsHttpAndTheSysTree) {
  EXPECT_EQ(read("").admin_bind, "127.0.0.1:18083");
  EXPECT_EQ(read(R"({"admin": {"bind": ""}})").admin_bind, "");
  EXPECT_EQ(read(R"({"admin": {"bind": ":18084"}})").admin_bind, ":18084");
  EXPECT_EQ(error_of(R"({"admin": {"bind": "here"}})").substr(0, 47),
            "demo.json:1: admin.bind: \"here\" is not an addre");
  EXPECT_EQ(read("").broker.sys_interval, 10 * kSecond);
  EXPECT_EQ(read(R"({"mqtt": {"sys_interval": "0s"}})").broker.sys_interval, 0);
  EXPECT_EQ(read(R"({"mqtt": {"sys_interval": "100ms"}})").broker.sys_interval, 100 * kMillisecond);
  EXPECT_EQ(error_of(R"({"mqtt": {"sys_interval": "1ms"}})"),
            "demo.json:1: mqtt.sys_interval: expected 0 or at least 100ms, found \"1ms\"");
}

TEST(Config, MistakesInAMemberList) {
  const auto with = [](const std::string& from, const std::string& to) {
    std::string text = kCluster;
    text.replace(text.find(from), from.size(), to);
    return error_of(text);
  };
  EXPECT_EQ(with("\"r1\"}", "\"r9\"}"), "demo.json:2: node.name: \"r9\" is not among cluster.members (valid: c1, r1)");
  EXPECT_EQ(with("\"r1\", \"role\"", "\"c1\", \"role\""),
            "demo.json:5: cluster.members[1].name: a second member is called \"c1\"");
  EXPECT_EQ(with("\"core\"", "\"replicant\""),
            "demo.json:3: cluster.members: at least one member must have the role \"core\"");
  EXPECT_EQ(with("\"role\": \"core\", ", ""), "demo.json:4: cluster.members[0]: the key \"role\" is missing");
  EXPECT_EQ(with("\"r1\"}", "\"r1\", \"shards\": 3}"),
            "demo.json:2: node.shards: is 3, and cluster.members says 2 for r1; leave it out");
  EXPECT_EQ(with("127.0.0.1:5380", ":5380"),
            "demo.json:5: cluster.members[1].peer: other members need a host here, such as \"127.0.0.1:5370\"");
  EXPECT_EQ(
      with(":5380", ":65535"),
      "demo.json:5: cluster.members[1].peer: the port must be from 1 to 65535, also with the shard's number added");
  EXPECT_EQ(error_of(R"({"cluster": {"bind": ":5370"}})"), "demo.json:1: cluster.bind: needs cluster.members");
}

TEST(Config, WhatIsPrintedReadsBack) {
  for (const char* text : {"", kCluster}) {
    const std::string printed = print_config(read(text));
    EXPECT_THAT(printed, HasSubstr("// The largest packet that a client may send"));
    EXPECT_EQ(print_config(read(printed)), printed);
  }
}

TEST(Config, TheSchemaFileIsUpToDate) {
  std::ifstream file("schema/broker-config.schema.json");
  const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  EXPECT_EQ(text, print_schema()) << "write it anew: orrery-broker print-config --schema";
  EXPECT_NO_THROW(JsonDocument::parse(text, "schema"));
}

}  // namespace
}  // namespace orrery::app
