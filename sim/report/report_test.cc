// SPDX-License-Identifier: Apache-2.0
#include "sim/report/report.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "sim/report/figures.h"

namespace orrery::sim {
namespace {

TEST(Figures, AreWrittenFromIntegers) {
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(grouped(1'000), "1,000");
  EXPECT_EQ(grouped(12'345'678), "12,345,678");
  EXPECT_EQ(decimal(12'345, 3, 1), "12.3");
  EXPECT_EQ(decimal(12'350, 3, 1), "12.4");
  EXPECT_EQ(decimal(999, 3, 1), "1.0");
  EXPECT_EQ(decimal(5, 6, 6), "0.000005");
  EXPECT_EQ(micros(1'234'549), "1,234.5 µs");
  EXPECT_EQ(micros(1'234'550), "1,234.6 µs");
  EXPECT_EQ(percent(512'345), "51.2 %");
  EXPECT_EQ(megabits(54'040'000), "54.0 Mbit/s");
  EXPECT_EQ(binary_size(1536), "1.5 KiB");
  EXPECT_EQ(binary_size(5u << 20), "5.00 MiB");
  EXPECT_EQ(hex(0xab), "00000000000000ab");
}

Scenario scenario() {
  Scenario s;
  s.name = "tiny";
  s.published.source = "somebody";
  s.published.rows = {{"connections", "2,000"}, {"latency_p99", "4,660 µs"}};
  return s;
}

RunResult result() {
  RunResult r;
  r.seed = 7;
  r.scenario = "tiny";
  r.cost_table = "table-1";
  r.run_hash = 0x0123456789abcdef;
  r.events = 5000;
  r.virtual_time = 10 * kSecond;
  r.steady = 2 * kSecond;
  r.clients = 10;
  r.connections = 10;
  r.tally.published_window = 20;
  r.tally.received = 40;
  r.tally.received_window = 30;
  r.tally.received_across = 10;
  for (std::uint64_t us = 1; us <= 100; ++us) r.tally.latency_ns.record(us * 1000);
  NodeResult n;
  n.name = "core1";
  n.up = true;
  n.vcpus = 4;
  n.ram_total = 1u << 30;
  n.connections = 10;
  n.cpu_per_million = 250'000;
  n.broker_bytes = 100u << 20;
  n.kernel_bytes = 28u << 20;
  n.rx_bits_per_second = 1'500'000;
  r.nodes = {n};
  r.notes.add(NoteKind::kClientTakenOver, 1'500'000'000, {0, 2});
  r.notes.add(NoteKind::kClientTakenOver, 1'600'000'000, {0, 3});
  return r;
}

RunContext context() {
  RunContext c;
  c.commit = "abc";
  c.placement = "paired";
  c.queue = "wheel";
  c.replay = "orrery-sim run tiny.json --seed 7";
  c.wall_nanos = 500'000'000;
  c.process_bytes = 20480;
  return c;
}

TEST(Report, TheTableShowsBothSides) {
  const std::string text = report_text(scenario(), result(), context());
  for (const char* line : {
           "                          somebody    this run\n",
           "  live connections           2,000          10\n",
           "  messages in /s                 -          10\n",
           "  CPU, core nodes                -      25.0 %\n",
           "  RAM, core nodes                -      12.5 %\n",
           "  latency p99             4,660 µs     99.3 µs\n",
           "  latency max                    -    100.0 µs\n",
           "  core1  core       10  25.0 %  100.00 MiB  28.00 MiB  12.5 %  1.5 Mbit/s  0.0 Mbit/s\n",
           "  client_taken_over      2  1.500000 s      core1/2\n",
           "  events                  5,000, 10,000 a second\n",
           "  process memory          20.0 KiB, 2,048 bytes a client\n",
           "  run hash                0123456789abcdef\n",
           "  messages across nodes   25.0 % (placement paired)\n",
           "  verdict                 pass\n",
       })
    EXPECT_NE(text.find(line), std::string::npos) << "no line: " << line << text;
  EXPECT_EQ(text.find("replicants"), std::string::npos) << "there are none";
  EXPECT_EQ(text.find("replay"), std::string::npos);
}

TEST(Report, AFailureSaysWhatAndHowToRepeatIt) {
  RunResult r = result();
  r.verdicts.violated(Rule::kOrder, 1'500'000'000, "message 2 of x after a later one");
  EXPECT_EQ(verdict_of(r), Verdict::kInvariantBroken);
  const std::string text = report_text(scenario(), r, context());
  EXPECT_NE(text.find("BROKEN order: 1 findings, the first are\n    at 1.500000 s  message 2 of x after a later one\n"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("replay: orrery-sim run tiny.json --seed 7\n"), std::string::npos);

  RunResult late = result();
  late.liveness_failures = {"3 clients away"};
  EXPECT_EQ(verdict_of(late), Verdict::kLivenessFailed);
  late.broken_expectations = {"lost: 1, at most 0"};
  EXPECT_EQ(verdict_of(late), Verdict::kInvariantBroken) << "a broken invariant is the graver of the two";
}

TEST(Report, TheDocumentHasTheSameFigures) {
  const nlohmann::json j = nlohmann::json::parse(report_json(scenario(), result(), context()));
  EXPECT_EQ(j["seed"], 7);
  EXPECT_EQ(j["run_hash"], "0123456789abcdef");
  EXPECT_EQ(j["messages_in_per_second"], 10);
  EXPECT_EQ(j["messages_out_per_second"], 15);
  EXPECT_EQ(j["bytes_per_client"], 2048);
  EXPECT_EQ(j["wall_seconds"], 0.5);
  EXPECT_EQ(j["cross_node_share"], 0.25);
  EXPECT_EQ(j["latency_us"]["max"], 100.0);
  EXPECT_EQ(j["nodes"][0]["cpu"], 0.25);
  EXPECT_EQ(j["nodes"][0]["ram_bytes"], 128u << 20);
  EXPECT_EQ(
      j["notes"]["client_taken_over"],
      (nlohmann::json{{"count", 2}, {"first_at_ns", 1'500'000'000}, {"first_node", "core1"}, {"first_shard", 2}}));
  EXPECT_EQ(j["notes"]["member_gone"], (nlohmann::json{{"count", 0}}));
  EXPECT_EQ(j["notes"].size(), kNoteKinds);
  EXPECT_EQ(j["rules"]["order"]["violations"], 0);
  EXPECT_EQ(j["published"]["latency_p99"], "4,660 µs");
  EXPECT_EQ(report_json(scenario(), result(), context()), report_json(scenario(), result(), context()));
}

}  // namespace
}  // namespace orrery::sim
