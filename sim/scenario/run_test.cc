// SPDX-License-Identifier: Apache-2.0
// Whole runs with the small broker: the shapes of the crowd, its reconnects and its misbehaviours, and determinism.
#include "sim/scenario/run.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "sim/plug/load_plugin.h"
#include "sim/plug/plugin_node.h"

namespace orrery::sim {
namespace {

class RunScenario : public testing::Test {
 protected:
  void SetUp() override {
    std::string error;
    plugin_ = Plugin::load(ORRERY_SMALL_BROKER, error);
    ASSERT_NE(plugin_, nullptr) << error;
  }
  RunResult go(const std::string& body, QueueKind queue = QueueKind::kWheel) {
    const std::string text = R"({"name": "t", "nodes": [{"name": "node", "ram": "1GiB"}], )" + body + "}";
    RunOptions o;
    o.queue = queue;
    o.factory = make_plugin_factory(plugin_->table(), {});
    return run_scenario(read_scenario(text, "t.json"), o);
  }
  static std::string complaints(const RunResult& r) {
    std::string out;
    for (int i = 0; i < kRules; ++i)
      for (const Finding& f : r.verdicts.findings(static_cast<Rule>(i)))
        out += std::string(rule_name(static_cast<Rule>(i))) + ": " + f.what + "\n";
    for (const auto& s : r.broken_expectations) out += s + "\n";
    for (const auto& s : r.liveness_failures) out += s + "\n";
    return out;
  }
  std::unique_ptr<Plugin> plugin_;
};

TEST_F(RunScenario, PairsDeliverEverythingOnceAndInOrder) {
  const RunResult r = go(R"("phases": {"connects_per_second": 500, "settle": "1s", "steady": "20s", "drain": "1s"},
                            "crowd": [{"name": "p", "pairs": 50, "every": "2s", "qos": [0, 1, 2]}])");
  EXPECT_EQ(complaints(r), "");
  EXPECT_EQ(r.connections, 100u);
  EXPECT_EQ(r.tally.published, 50u * 10);
  EXPECT_EQ(r.tally.received, 500u);
  EXPECT_EQ(r.tally.latency_ns.count(), 500u);
  EXPECT_EQ(r.messages_in_per_second(), 25u);
  EXPECT_EQ(r.messages_out_per_second(), 25u);
  EXPECT_EQ(r.cross_node_per_million(), 0u);
  EXPECT_EQ(r.nodes.at(0).connections, 100u);
  EXPECT_GT(r.nodes.at(0).cpu_per_million, 0u);
  EXPECT_GT(r.nodes.at(0).rx_bits_per_second, 25u * 256 * 8);
  // Twice the path's least latency is the least that a message can take.
  EXPECT_GE(r.tally.latency_ns.min(), 200'000u);
}

TEST_F(RunScenario, FanOutFanInAndWildcards) {
  const RunResult r = go(R"("phases": {"connects_per_second": 500, "settle": "1s", "steady": "10s", "drain": "1s"},
                            "crowd": [{"name": "out", "publishers": 1, "subscribers": 20, "every": "1s"},
                                      {"name": "in", "publishers": 20, "subscribers": 2, "every": "1s", "qos": 2,
                                       "version": "5.0", "topic": "in/%i/v", "filter": "in/#", "transport": "tcp"}])");
  EXPECT_EQ(complaints(r), "");
  EXPECT_EQ(r.tally.published, 10u + 200u);
  EXPECT_EQ(r.tally.received, 200u + 400u);
}

TEST_F(RunScenario, CutStreamsAreJoined) {
  const RunResult r = go(R"("network": {"client": {"segment_bytes": 7, "cut_per_million": 500000}},
                            "phases": {"connects_per_second": 100, "settle": "1s", "steady": "5s", "drain": "2s"},
                            "crowd": [{"name": "p", "pairs": 10, "every": "500ms", "qos": [0, 1, 2],
                                       "payload_bytes": 700},
                                      {"name": "q", "pairs": 5, "every": "500ms", "qos": 2, "transport": "tcp"}])");
  EXPECT_EQ(complaints(r), "");
  EXPECT_EQ(r.tally.latency_ns.count(), 150u);
}

TEST_F(RunScenario, ANodeThatRestartsGetsItsClientsBack) {
  const RunResult r = go(R"("phases": {"connects_per_second": 100, "settle": "1s", "steady": "40s", "drain": "10s"},
                            "crowd": [{"name": "p", "pairs": 20, "every": "1s", "qos": [1, 2]}],
                            "faults": {"recovery": "15s", "plan": [{"at": "5s", "kind": "crash", "node": "node"},
                                                                   {"at": "8s", "kind": "restart", "node": "node"}]},
                            "expect": {"duplicated_max": 100, "lost_in_faults_max": 1000})");
  EXPECT_EQ(complaints(r), "");
  EXPECT_EQ(r.tally.connections_lost, 40u);
  EXPECT_EQ(r.live_at_end, 40u);
  EXPECT_EQ(r.tally.published, 800u) << "what fell due without a connection is sent after it";
}

TEST_F(RunScenario, ADeadNodeIsALivenessFailure) {
  const RunResult r = go(R"("phases": {"connects_per_second": 100, "settle": "1s", "steady": "5s", "drain": "1s"},
                            "crowd": [{"name": "p", "pairs": 3, "every": "1s", "qos": 0}],
                            "faults": {"plan": [{"at": "1s", "kind": "crash", "node": "node"}]},
                            "expect": {"lost_in_faults_max": 100})");
  ASSERT_EQ(r.liveness_failures.size(), 1u) << complaints(r);
  EXPECT_EQ(r.liveness_failures[0], "6 of 6 well-behaved clients are not connected at the end");
}

TEST_F(RunScenario, SessionsAreResumed) {
  const RunResult r = go(R"("phases": {"connects_per_second": 100, "settle": "1s", "steady": "20s", "drain": "5s"},
                            "crowd": [{"name": "p", "pairs": 20, "every": "500ms", "qos": [1, 2], "version": "5.0",
                                       "clean_start": false, "session_expiry": "1h",
                                       "misbehave": {"kind": "reconnect_storm", "at": "5s", "period": "5s"}}],
                            "expect": {"duplicated_max": 40})");
  EXPECT_EQ(complaints(r), "");
  EXPECT_EQ(r.tally.sessions_resumed, 40u);
  EXPECT_EQ(r.tally.connects_accepted, 80u);
  EXPECT_EQ(r.tally.in_doubt, 0u);
}

TEST_F(RunScenario, WillsAndRetainedMessagesArrive) {
  const RunResult r = go(R"("phases": {"connects_per_second": 100, "settle": "1s", "steady": "20s", "drain": "5s"},
                            "crowd": [{"name": "p", "pairs": 20, "every": "1s", "qos": 1, "retain": true, "will": true,
                                       "misbehave": {"kind": "reconnect_storm", "at": "5s", "period": "10s"}}],
                            "expect": {"wills_min": 15, "retained_min": 20, "duplicated_max": 20})");
  EXPECT_EQ(complaints(r), "");
}

TEST_F(RunScenario, MisbehavingClientsHarmNobodyElse) {
  const RunResult r = go(R"("phases": {"connects_per_second": 100, "settle": "1s", "steady": "20s", "drain": "10s"},
                            "crowd": [{"name": "slow", "pairs": 4, "every": "20ms", "qos": [0, 1],
                                       "payload_bytes": 4096, "misbehave": {"kind": "slow_reader", "period": "4s"}},
                                      {"name": "flood", "pairs": 2, "every": "1s", "qos": 0,
                                       "misbehave": {"kind": "flood", "factor": 100}},
                                      {"name": "half", "pairs": 5, "every": "1s", "qos": 1,
                                       "misbehave": {"kind": "half_packet"}},
                                      {"name": "good", "pairs": 10, "every": "1s", "qos": [0, 1, 2]}],
                            "expect": {"duplicated_max": 1000})");
  EXPECT_EQ(complaints(r), "");
  EXPECT_GT(r.tally.connects_accepted, 42u) << "half packets cost their connections";
  EXPECT_GT(r.tally.published, 2u * 20 * 100) << "the flood floods";
}

TEST_F(RunScenario, BothQueuesAndEverySeedTwice) {
  const std::string body = R"("phases": {"connects_per_second": 100, "settle": "1s", "steady": "5s", "drain": "1s"},
                              "crowd": [{"name": "p", "pairs": 20, "every": "1s", "qos": [0, 1, 2]}], "seed": )";
  std::uint64_t last = 0;
  for (const char* seed : {"1", "2", "3"}) {
    const RunResult a = go(body + seed);
    const RunResult b = go(body + seed, QueueKind::kHeap);
    EXPECT_EQ(a.run_hash, b.run_hash);
    EXPECT_NE(a.run_hash, last) << "another seed is another run";
    last = a.run_hash;
  }
}

}  // namespace
}  // namespace orrery::sim
