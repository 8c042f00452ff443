// SPDX-License-Identifier: Apache-2.0
// The oracles' own test: the good small broker is green, and each broken one turns exactly the rule red that it breaks.
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>

#include "sim/plug/load_plugin.h"
#include "sim/plug/plugin_node.h"
#include "sim/scenario/run.h"

namespace orrery::sim {
namespace {

/// Pairs of every QoS and version on both transports, and a fan-out, busy enough that a defect at every 7th message
/// shows.
constexpr const char* kScenario = R"({
  "name": "oracles",
  "nodes": [{"name": "node", "vcpus": 1}],
  "phases": {"connects_per_second": 1000, "settle": "1s", "steady": "20s", "drain": "3s"},
  "crowd": [
    {"name": "mixed", "pairs": 12, "qos": [0, 1, 2], "every": "250ms", "payload_bytes": 64},
    {"name": "five", "pairs": 6, "qos": [0, 1, 2], "every": "250ms", "payload_bytes": 300, "transport": "tcp",
     "version": "5.0"},
    {"name": "fan", "publishers": 2, "subscribers": 4, "qos": 1, "every": "1s"}
  ]
})";

/// QoS 2 publishers whose connections break in the middle: the broker sees repeated packet identifiers.
constexpr const char* kRepeats = R"({
  "name": "repeats",
  "nodes": [{"name": "node", "vcpus": 1}],
  "phases": {"connects_per_second": 1000, "settle": "1s", "steady": "60s", "drain": "60s"},
  "network": {"client": {"latency": "200ms"}},
  "crowd": [
    {"name": "resumed", "pairs": 20, "qos": 2, "every": "500ms", "clean_start": false,
     "misbehave": {"kind": "reconnect_storm", "at": "10s", "period": "40s", "share_percent": 50}}
  ]
})";

/// Subscribers that come back late are sent the retained message of their topic.
constexpr const char* kRetained = R"({
  "name": "retained",
  "nodes": [{"name": "node", "vcpus": 1}],
  "phases": {"connects_per_second": 1000, "settle": "1s", "steady": "20s", "drain": "3s"},
  "crowd": [
    {"name": "state", "pairs": 20, "qos": [0, 1], "every": "1s", "retain": true,
     "misbehave": {"kind": "reconnect_storm", "at": "10s", "period": "5s"}}
  ],
  "expect": {"retained_min": 20}
})";

RunResult run_with(const char* so, const std::string& options, const char* scenario) {
  std::string error;
  const auto plugin = Plugin::load(so, error);
  EXPECT_NE(plugin, nullptr) << error;
  RunOptions o;
  o.factory = make_plugin_factory(plugin->table(), {.options = options});
  return run_scenario(read_scenario(scenario, "test.json"), o);
}

std::string words(const RunResult& r) {
  std::string out;
  for (int i = 0; i < kRules; ++i)
    for (const Finding& f : r.verdicts.findings(static_cast<Rule>(i)))
      out += std::string(rule_name(static_cast<Rule>(i))) + " at " + std::to_string(f.at) + ": " + f.what + "\n";
  for (const std::string& s : r.broken_expectations) out += "expectation: " + s + "\n";
  for (const std::string& s : r.liveness_failures) out += "liveness: " + s + "\n";
  return out;
}

TEST(BrokenBrokers, TheGoodOneIsGreen) {
  for (const char* scenario : {kScenario, kRepeats, kRetained}) {
    const RunResult r = run_with(ORRERY_SMALL_BROKER, "", scenario);
    EXPECT_TRUE(r.verdicts.green()) << words(r);
    EXPECT_TRUE(r.broken_expectations.empty()) << words(r);
    EXPECT_TRUE(r.liveness_failures.empty()) << words(r);
    EXPECT_GE(r.tally.published, 400u);
    EXPECT_GE(r.tally.latency_ns.count(), r.tally.published);
  }
}

class Defect : public testing::TestWithParam<std::pair<const char*, Rule>> {};

TEST_P(Defect, TurnsItsRuleRedAndNoOther) {
  const auto& [defect, rule] = GetParam();
  const bool repeats = std::string_view(defect) == "qos2-forgetful";
  const char* scenario = repeats ? kRepeats : rule == Rule::kRetained ? kRetained : kScenario;
  const RunResult r = run_with(ORRERY_BROKEN_BROKER, defect, scenario);
  for (int i = 0; i < kRules; ++i) {
    const Rule other = static_cast<Rule>(i);
    if (other == rule)
      EXPECT_GT(r.verdicts.count(other), 0u) << "the oracle did not notice";
    else
      EXPECT_EQ(r.verdicts.count(other), 0u) << rule_name(other) << "\n" << words(r);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Each, Defect,
    testing::Values(std::pair{"qos0-twice", Rule::kQos0AtMostOnce}, std::pair{"qos1-lost", Rule::kQos1AtLeastOnce},
                    std::pair{"qos2-twice", Rule::kQos2ExactlyOnce}, std::pair{"qos2-lost", Rule::kQos2ExactlyOnce},
                    std::pair{"qos2-forgetful", Rule::kQos2ExactlyOnce}, std::pair{"order-swapped", Rule::kOrder},
                    std::pair{"misdelivered", Rule::kSubscription}, std::pair{"payload-altered", Rule::kContent},
                    std::pair{"stale-retained", Rule::kRetained}, std::pair{"garbled", Rule::kProtocol},
                    std::pair{"miscounted", Rule::kCounters}),
    [](const auto& instance) {
      std::string name = instance.param.first;
      for (char& c : name)
        if (c == '-') c = '_';
      return name;
    });

TEST(BrokenBrokers, StateThatOutlivesARunShowsInTheHash) {
  const RunResult good_a = run_with(ORRERY_SMALL_BROKER, "", kScenario);
  const RunResult good_b = run_with(ORRERY_SMALL_BROKER, "", kScenario);
  EXPECT_EQ(good_a.run_hash, good_b.run_hash);
  EXPECT_EQ(good_a.checkpoints, good_b.checkpoints);
  std::string error;
  const auto keep_open = Plugin::load(ORRERY_BROKEN_BROKER, error);
  const RunResult a = run_with(ORRERY_BROKEN_BROKER, "remembers", kScenario);
  const RunResult b = run_with(ORRERY_BROKEN_BROKER, "remembers", kScenario);
  EXPECT_NE(a.run_hash, b.run_hash);
}

TEST(BrokenBrokers, AnUnknownDefectIsRefusedWithTheNames) {
  std::string error;
  const auto plugin = Plugin::load(ORRERY_BROKEN_BROKER, error);
  ASSERT_NE(plugin, nullptr) << error;
  NodeSetup setup;
  setup.members = {{"node", Role::kCore, 1}};
  const std::string refusal = try_plugin(plugin->table(), {.options = "typo"}, setup);
  EXPECT_NE(refusal.find("qos0-twice, qos1-lost"), std::string::npos) << refusal;
  EXPECT_EQ(try_plugin(plugin->table(), {.options = "qos2-lost"}, setup), "");
  setup.members[0].shards = 2;
  EXPECT_NE(try_plugin(plugin->table(), {.options = "qos2-lost"}, setup), "");
}

TEST(BrokenBrokers, WhatIsNoBrokerIsRefused) {
  std::string error;
  EXPECT_EQ(Plugin::load("/nowhere/lib.so", error), nullptr);
  EXPECT_NE(error.find("cannot load the broker '/nowhere/lib.so'"), std::string::npos) << error;
}

}  // namespace
}  // namespace orrery::sim
