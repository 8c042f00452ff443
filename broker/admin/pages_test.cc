// SPDX-License-Identifier: Apache-2.0
// What the pages and the $SYS tree say of made-up figures, and docs/metrics.md, which is written from the same lists:
// with ORRERY_REWRITE=1 in the environment this test writes it anew, to be reviewed as a diff.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>

#include "broker/admin/emqx_names.h"
#include "broker/admin/metrics_page.h"
#include "broker/admin/prometheus_text.h"
#include "broker/admin/sys_tree.h"

namespace orrery::admin {
namespace {

using testing::HasSubstr;

/// Each counter has a value of its own.
NodeFigures made_up() {
  NodeFigures f;
  f.now = 100 * kSecond;
  f.uptime = 90 * kSecond + 1;
  f.shards = f.answered = 2;
  f.notes.values[static_cast<std::size_t>(NoteKind::kAdminRefused)] = 7;
  for (int i = 0; i < kCounters; ++i) {
    f.values[i] = 1000 + static_cast<std::uint64_t>(i);
    f.highest[i] = 5000 + static_cast<std::uint64_t>(i);
  }
  return f;
}

std::uint64_t value(Counter c) { return made_up()[c]; }

/// The samples of a page by name and labels. Checks what Prometheus asks of the text: every metric once, its two
/// comments before its samples.
std::map<std::string, std::string> samples(const std::string& page) {
  std::map<std::string, std::string> out;
  std::set<std::string> metrics;
  std::string present;
  std::istringstream lines(page);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("# HELP ")) {
      present = line.substr(7, line.find(' ', 7) - 7);
      EXPECT_TRUE(metrics.insert(present).second) << present << " twice";
      EXPECT_GT(line.size(), 7 + present.size() + 3) << line;
      std::getline(lines, line);
      EXPECT_TRUE(line == "# TYPE " + present + " counter" || line == "# TYPE " + present + " gauge") << line;
    } else if (!line.starts_with("# ")) {
      EXPECT_EQ(line.substr(0, line.find_first_of(" {")), present);
      const std::size_t space = line.rfind(' ');
      EXPECT_TRUE(out.emplace(line.substr(0, space), line.substr(space + 1)).second) << line;
    }
  }
  EXPECT_TRUE(page.ends_with("\n"));
  return out;
}

TEST(PrometheusText, EscapesWhatItMust) {
  PrometheusText text;
  text.begin("m", MetricKind::kGauge, "back\\slash \"quote\"\nline");
  text.sample("", 1);
  text.sample("a=1,b=x", 2);
  text.sample_with("node", "q\"\\\n", 3);
  EXPECT_EQ(text.take(), R"(# HELP m back\\slash "quote"\nline
# TYPE m gauge
m 1
m{a="1",b="x"} 2
m{node="q\"\\\n"} 3
)");
}

TEST(MetricsPage, HasEveryCounterOnce) {
  const auto page = samples(metrics_page(made_up(), {"n\"1", "0.1.0"}, true));
  EXPECT_EQ(page.at("orrery_node_info{node=\"n\\\"1\"}"), "1");
  EXPECT_EQ(page.at("orrery_build_info{version=\"0.1.0\"}"), "1");
  EXPECT_EQ(page.at("orrery_uptime_seconds"), "90");
  EXPECT_EQ(page.at("orrery_takes_clients"), "1");
  EXPECT_EQ(page.at("mqtt_packets_received_total{type=\"publish\",qos=\"1\"}"),
            std::to_string(value(Counter::kPacketsInPublish1)));
  EXPECT_EQ(page.at("mqtt_sessions"), std::to_string(value(Counter::kSessions)));
  EXPECT_EQ(page.at("orrery_notes_total{kind=\"admin_refused\"}"), "7");
  EXPECT_EQ(page.size(), 6u + kCounters + kNoteKinds);
  std::set<std::string> values;
  for (const auto& [name, v] : page) values.insert(v);
  for (int i = 0; i < kCounters; ++i) EXPECT_EQ(values.count(std::to_string(1000 + i)), 1u) << counter_name(Counter(i));
}

TEST(MetricsPage, FollowsThePromisesOfItsNames) {
  for (int i = 0; i < kCounters; ++i) {
    const CounterInfo& c = counter_info(static_cast<Counter>(i));
    const std::string metric = c.metric;
    EXPECT_EQ(metric.ends_with("_total"), c.kind == MetricKind::kCounter) << metric;
    EXPECT_FALSE(metric_help(metric).empty()) << metric;
  }
}

TEST(MetricsPage, SaysWhenShardsAreMissing) {
  NodeFigures f = made_up();
  EXPECT_THAT(metrics_page(f, {}, true), testing::Not(HasSubstr("did not answer")));
  f.answered = 1;
  EXPECT_THAT(metrics_page(f, {}, true), HasSubstr("# 1 of 2 shards did not answer in time"));
  EXPECT_THAT(metrics_page(f, {}, false), HasSubstr("\norrery_shards_answered 1\n"));
  EXPECT_THAT(metrics_page(f, {}, false), HasSubstr("\norrery_takes_clients 0\n"));
  EXPECT_THAT(emqx_page(f), HasSubstr("# 1 of 2 shards did not answer in time"));
}

/// The names that EMQX's dashboards read. They are written here once more, by hand: they must not change with the
/// table.
constexpr const char* kDashboards =
    "connections_count connections_max sessions_count sessions_max topics_count routes_count routes_max "
    "suboptions_count "
    "suboptions_max subscribers_count subscribers_max subscriptions_count subscriptions_max subscriptions_shared_count "
    "subscriptions_shared_max retained_count retained_max bytes_received bytes_sent client_connected "
    "client_disconnected "
    "messages_received messages_sent messages_delayed messages_dropped messages_dropped_expired "
    "messages_dropped_no_subscribers messages_forward messages_retained messages_qos0_received messages_qos1_received "
    "messages_qos2_received messages_qos0_sent messages_qos1_sent messages_qos2_sent delivery_dropped "
    "delivery_dropped_expired delivery_dropped_no_local delivery_dropped_qos0_msg delivery_dropped_queue_full "
    "delivery_dropped_too_large packets_connect packets_connack_sent packets_connack_error packets_connack_auth_error "
    "packets_disconnect_sent packets_publish_received packets_publish_sent packets_puback_received packets_puback_sent "
    "packets_pubrel_received packets_pubrel_sent packets_pubcomp_received packets_pubcomp_sent "
    "packets_subscribe_received packets_subscribe_error packets_subscribe_auth_error packets_suback_sent "
    "packets_unsubscribe_received packets_unsubscribe_error packets_unsuback_sent packets_pingreq_received "
    "packets_pingresp_sent packets_auth_received packets_auth_sent";

TEST(EmqxPage, HasTheNamesThatDashboardsRead) {
  const auto page = samples(emqx_page(made_up()));
  std::istringstream names(kDashboards);
  for (std::string name; names >> name;) EXPECT_EQ(page.count("emqx_" + name), 1u) << name;
  EXPECT_EQ(page.at("emqx_connections_count"), std::to_string(value(Counter::kConnected)));
  EXPECT_EQ(page.at("emqx_sessions_max"), std::to_string(4000 + value(Counter::kSessions)));
  EXPECT_EQ(page.at("emqx_messages_received"),
            std::to_string(value(Counter::kPacketsInPublish0) + value(Counter::kPacketsInPublish1) +
                           value(Counter::kPacketsInPublish2)));
  EXPECT_EQ(page.at("emqx_messages_delayed"), "0");
}

std::map<std::string, std::string> update(SysTree& tree, const NodeFigures& figures) {
  std::map<std::string, std::string> out;
  tree.update(figures, [&](std::string_view topic, std::string_view payload) {
    EXPECT_TRUE(out.emplace(topic, payload).second) << topic;
    EXPECT_FALSE(payload.empty()) << topic;
  });
  return out;
}

TEST(SysTree, HasMosquittosNames) {
  SysTree tree("orrery version 0.1.0");
  const auto all = update(tree, made_up());
  for (const char* topic : {"version",
                            "uptime",
                            "clients/total",
                            "clients/maximum",
                            "clients/connected",
                            "clients/disconnected",
                            "clients/expired",
                            "messages/received",
                            "messages/sent",
                            "messages/stored",
                            "store/messages/count",
                            "store/messages/bytes",
                            "subscriptions/count",
                            "retained messages/count",
                            "heap/current",
                            "heap/maximum",
                            "bytes/received",
                            "bytes/sent",
                            "publish/messages/received",
                            "publish/messages/sent",
                            "publish/messages/dropped",
                            "publish/bytes/received",
                            "publish/bytes/sent"})
    EXPECT_EQ(all.count("$SYS/broker/" + std::string(topic)), 1u) << topic;
  for (const char* load : {"messages/received", "messages/sent", "publish/received", "publish/sent", "publish/dropped",
                           "bytes/received", "bytes/sent", "sockets", "connections"})
    for (const char* period : {"1min", "5min", "15min"})
      EXPECT_EQ(all.at("$SYS/broker/load/" + std::string(load) + "/" + period), "0.00") << load;
  EXPECT_EQ(all.size(), tree.topics());
  EXPECT_EQ(all.at("$SYS/broker/version"), "orrery version 0.1.0");
  EXPECT_EQ(all.at("$SYS/broker/uptime"), "90 seconds");
  EXPECT_EQ(all.at("$SYS/broker/clients/maximum"), std::to_string(4000 + value(Counter::kSessions)));
}

TEST(SysTree, PublishesWhatHasChanged) {
  SysTree tree("v");
  NodeFigures f = made_up();
  update(tree, f);
  EXPECT_TRUE(update(tree, f).empty());
  f.now += 10 * kSecond;
  f.uptime += 10 * kSecond;
  f.values[static_cast<int>(Counter::kBytesIn)] += 600;
  const auto changed = update(tree, f);
  EXPECT_EQ(changed.at("$SYS/broker/uptime"), "100 seconds");
  EXPECT_EQ(changed.at("$SYS/broker/bytes/received"), std::to_string(value(Counter::kBytesIn) + 600));
  EXPECT_EQ(changed.at("$SYS/broker/load/bytes/received/1min"), "552.67");  // 3600 * (1 - exp(-1/6))
  EXPECT_EQ(changed.size(), 5u);
}

TEST(SysTree, NeverShowsLessThanNothing) {
  SysTree tree("v");
  NodeFigures f = made_up();
  f.values[static_cast<int>(Counter::kConnected)] = f[Counter::kSessions] + 1;  // asked at different instants
  EXPECT_EQ(update(tree, f).at("$SYS/broker/clients/disconnected"), "0");
}

std::string terms(const Sum& sum) {
  std::string out;
  for (const Counter c : sum) out += (out.empty() ? "" : " + ") + std::string(counter_name(c));
  return out;
}

/// docs/metrics.md.
std::string document() {
  std::ostringstream out;
  out << "# What a node says of itself\n\n"
         "This page is written by a test from the lists that the program uses: `broker/seam/counter_list.h`,\n"
         "`broker/admin/emqx_names.cc`, `broker/admin/sys_tree.cc`. Figures are those of one node; all its shards are\n"
         "asked each time. The HTTP is on 127.0.0.1:18083 unless `admin.bind` says otherwise; everybody who reaches it "
         "may\n"
         "read. `GET /status` is for load balancers: 200 when the node takes clients, otherwise 503 and why not.\n\n"
         "## GET /metrics\n\n"
         "| metric | labels | kind | in reports | what it is |\n| --- | --- | --- | --- | --- |\n";
  for (int i = 0; i < kCounters; ++i) {
    const CounterInfo& c = counter_info(static_cast<Counter>(i));
    const std::string text = *c.text != '\0' ? c.text : std::string(metric_help(c.metric));
    out << "| " << c.metric << " | " << c.labels << " | " << (c.kind == MetricKind::kCounter ? "counter" : "gauge")
        << " | " << c.name << " | " << text << " |\n";
  }
  out << "\nBeside them: `orrery_build_info`, `orrery_node_info`, `orrery_uptime_seconds`, `orrery_takes_clients`,\n"
         "`orrery_shards`, `orrery_shards_answered`,\n"
         "and `orrery_notes_total`, with the kind of note ([log](log.md)) as its label.\n\n"
         "## GET /api/v5/prometheus/stats\n\n"
         "EMQX's names. `max` is the highest sum that a gathering has seen: one is made for each request and at the "
         "end of "
         "each\n`mqtt.sys_interval`.\n\n"
         "| name | kind | sum of | what it is |\n| --- | --- | --- | --- |\n";
  for (const EmqxName& n : emqx_names())
    out << "| " << n.name << " | " << (n.kind == MetricKind::kCounter ? "counter" : "gauge") << " | "
        << (n.highest ? "max " : "") << terms(n.sum) << " | " << n.text << " |\n";
  out << "\n## $SYS/broker\n\n"
         "Mosquitto's names, retained and at QoS 0, brought up to date every `mqtt.sys_interval` (10 s; 0: there is "
         "no\n"
         "tree); what has not changed is not sent again. `version` and `uptime` are texts. Each node tells its own "
         "clients\n"
         "about itself. Clients cannot publish there: such a message is dropped like any that its sender may not "
         "publish\n"
         "(0x87 in MQTT 5).\n\n"
         "| topic below $SYS/broker | sum of | what it is |\n| --- | --- | --- |\n";
  for (const SysNumber& n : sys_numbers()) {
    const std::string minus = terms(n.minus);
    out << "| " << n.topic << " | " << (n.highest ? "max " : "") << terms(n.plus)
        << (minus.empty() ? "" : " - " + minus) << " | " << n.text << " |\n";
  }
  for (const SysLoad& l : sys_loads())
    out << "| " << l.topic << "/{1,5,15}min | " << terms(l.sum) << " | " << l.text
        << " A minute, as a moving average. |\n";
  return out.str();
}

TEST(Document, IsUpToDate) {
  const std::string path = "docs/metrics.md";
  if (std::getenv("ORRERY_REWRITE") != nullptr) std::ofstream(path) << document();
  std::ifstream in(path);
  std::ostringstream found;
  found << in.rdbuf();
  EXPECT_TRUE(found.str() == document()) << path << " is not what the lists say: run with ORRERY_REWRITE=1";
}

}  // namespace
}  // namespace orrery::admin
