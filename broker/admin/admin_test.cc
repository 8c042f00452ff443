// SPDX-License-Identifier: Apache-2.0
// The whole of it over one link, with shards that answer when the test says so.
#include "broker/admin/admin.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "broker/admin/test_effects.h"

namespace orrery::admin {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

constexpr ShardId kShards = 3;

struct AdminTest : testing::Test, AdminHost {
  AdminTest() { restart(10 * kSecond); }
  void restart(Nanos sys_interval) {
    admin.emplace(AdminOptions{{"n1", "0.1.0"}, sys_interval}, kShards, heap, effects, counters, *this);
    admin->start(now);
  }

  void ask_shards(Nanos, std::uint64_t round) override { rounds.push_back(round); }
  std::string_view why_no_clients() override { return why_not; }
  void publish_sys(Nanos, std::string_view topic, std::string_view payload) override {
    published[std::string(topic)] = payload;
  }

  void get(LinkId link, const std::string& path, const std::string& method = "GET") {
    admin->bytes(now, link, as_bytes(method + " " + path + " HTTP/1.1\r\nHost: x\r\n\r\n"));
  }
  void answer(ShardId shard, std::uint64_t sessions) {
    ShardFigures figures;
    figures.stats.counters[static_cast<int>(Counter::kSessions)] = sessions;
    admin->shard_answered(now, rounds.back(), shard, figures);
  }
  void answer_all(std::uint64_t sessions) {
    for (ShardId s = 0; s < kShards; ++s) answer(s, sessions);
  }
  void pass(Nanos duration) {
    const Nanos end = now + duration;
    while (admin->next_deadline() <= end) {
      now = std::max(now, admin->next_deadline());
      admin->tick(now);
    }
    now = end;
  }

  Nanos now = kSecond;
  Heap heap;
  TestEffects effects;
  Counters counters;
  std::vector<std::uint64_t> rounds;
  std::map<std::string, std::string> published;
  std::string why_not;
  std::optional<Admin> admin;
};

TEST_F(AdminTest, AnswersMetricsWhenAllShardsHave) {
  restart(0);
  admin->link_open(now, 1);
  admin->link_open(now, 2);
  get(1, "/metrics?name[]=x");
  EXPECT_EQ(rounds.size(), 1u);
  answer(0, 1);
  get(2, "/api/v5/prometheus/stats");
  EXPECT_EQ(rounds.size(), 1u);  // the same round does for both
  answer(2, 100);
  EXPECT_EQ(effects.take(1), "");
  answer(1, 10);
  const std::string metrics = effects.take(1);
  EXPECT_THAT(metrics, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(metrics, HasSubstr("Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"));
  EXPECT_THAT(metrics, HasSubstr("\nmqtt_sessions 111\n"));
  EXPECT_THAT(effects.take(2), HasSubstr("\nemqx_sessions_count 111\n"));
  get(1, "/metrics");
  EXPECT_EQ(rounds.size(), 2u);
}

TEST_F(AdminTest, SaysWhenAShardDoesNotAnswer) {
  restart(0);
  admin->link_open(now, 1);
  get(1, "/metrics");
  answer(0, 1);
  answer(1, 1);
  pass(kGatherTimeout - 1);
  EXPECT_EQ(effects.take(1), "");
  pass(1);
  EXPECT_THAT(effects.take(1), HasSubstr("# 1 of 3 shards did not answer in time"));
  answer(2, 1);  // late: nobody waits for it
  EXPECT_EQ(effects.take(1), "");
}

TEST_F(AdminTest, ForgetsAClientThatHasGone) {
  restart(0);
  admin->link_open(now, 1);
  get(1, "/metrics");
  admin->link_closed(now, 1);
  answer_all(1);
  EXPECT_EQ(effects.take(1), "");
}

TEST_F(AdminTest, StatusIsForLoadBalancers) {
  admin->link_open(now, 1);
  get(1, "/status");
  std::string answer = effects.take(1);
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_TRUE(answer.ends_with("{\"status\":\"running\",\"node\":\"n1\",\"version\":\"0.1.0\"}\n"));
  why_not = "This node is being drained.";
  get(1, "/status");
  EXPECT_TRUE(effects.notes.empty());  // a load balancer asks every second
  answer = effects.take(1);
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 503 Service Unavailable\r\n"));
  EXPECT_TRUE(answer.ends_with("{\"code\":\"SERVICE_UNAVAILABLE\",\"message\":\"This node is being drained.\"}\n"));
  get(1, "/status", "HEAD");
  EXPECT_TRUE(effects.take(1).ends_with("\r\n\r\n"));
}

TEST_F(AdminTest, RefusesOtherPathsAndMethods) {
  admin->link_open(now, 1);
  for (const char* path : {"/", "/metrics/", "/Status", "/..", "*"}) {
    get(1, path);
    EXPECT_THAT(effects.take(1), StartsWith("HTTP/1.1 404 Not Found\r\n")) << path;
  }
  for (const char* method : {"POST", "DELETE", "OPTIONS", "BREW", "get"}) {
    get(1, "/metrics", method);
    const std::string answer = effects.take(1);
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 405 Method Not Allowed\r\n")) << method;
    EXPECT_THAT(answer, HasSubstr("\r\nAllow: GET, HEAD\r\n"));
    EXPECT_THAT(answer, HasSubstr("{\"code\":\"METHOD_NOT_ALLOWED\",\"message\":"));
  }
  EXPECT_FALSE(effects.is_closed(1));
  EXPECT_EQ(counters[Counter::kAdminRefused], 10u);
  EXPECT_EQ(effects.notes.size(), 10u);
}

TEST_F(AdminTest, KeepsTheSysTree) {
  pass(0);
  EXPECT_EQ(rounds.size(), 1u);
  EXPECT_TRUE(published.empty());
  answer_all(2);
  EXPECT_EQ(published.size(), admin->sys_topics());
  EXPECT_EQ(published["$SYS/broker/clients/total"], "6");
  published.clear();
  pass(10 * kSecond - 1);
  EXPECT_EQ(rounds.size(), 1u);
  pass(1);
  EXPECT_EQ(rounds.size(), 2u);
  answer_all(3);
  EXPECT_EQ(published["$SYS/broker/clients/total"], "9");
  EXPECT_EQ(published["$SYS/broker/uptime"], "10 seconds");
  EXPECT_EQ(published.count("$SYS/broker/version"), 0u);
}

TEST_F(AdminTest, ARequestDoesNotMakeTheSysTreeMove) {
  pass(0);
  answer_all(2);
  published.clear();
  admin->link_open(now, 1);
  get(1, "/metrics");
  answer_all(3);
  EXPECT_TRUE(published.empty());
}

TEST_F(AdminTest, WithoutAnIntervalThereIsNoTreeAndNothingToDo) {
  restart(0);
  EXPECT_EQ(admin->next_deadline(), kNever);
  EXPECT_EQ(admin->sys_topics(), 0u);
}

}  // namespace
}  // namespace orrery::admin
