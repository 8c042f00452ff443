// SPDX-License-Identifier: Apache-2.0
#include "broker/admin/http_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "broker/admin/test_effects.h"

namespace orrery::admin {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

constexpr const char* kGet = "GET /a HTTP/1.1\r\nHost: x\r\n\r\n";

/// Answers "/later" when it is told to and anything else at once, with the path as the body.
struct EchoUser : HttpUser {
  void request(Nanos now, LinkId link, const HttpRequest& request) override {
    ++requests;
    if (request.path == "/later") {
      later[link] = now;
      return;
    }
    HttpResponse response;
    response.content_type = kPlainText;
    response.body = request.path;
    server->respond(now, link, response);
  }
  void request_gone(LinkId link) override { later.erase(link); }
  void answer(Nanos now, LinkId link) {
    later.erase(link);
    server->respond(now, link, {.content_type = kPlainText, .body = "late"});
  }

  HttpServer* server = nullptr;
  std::map<LinkId, Nanos> later;
  int requests = 0;
};

struct HttpServerTest : testing::Test {
  HttpServerTest() : server(heap, effects, counters, user) { user.server = &server; }
  void open(LinkId link) { server.link_open(now, link); }
  void say(LinkId link, const std::string& text) { server.bytes(now, link, as_bytes(text)); }
  /// Runs every timer up to then.
  void pass(Nanos duration) {
    const Nanos end = now + duration;
    while (server.next_deadline() <= end) {
      now = std::max(now, server.next_deadline());
      server.tick(now);
    }
    now = end;
  }
  static int count(const std::string& text, const std::string& what) {
    int n = 0;
    for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++n;
    return n;
  }

  Nanos now = kSecond;
  Heap heap;
  TestEffects effects;
  Counters counters;
  EchoUser user;
  HttpServer server;
};

TEST_F(HttpServerTest, AnswersAndKeepsTheLink) {
  open(1);
  say(1, kGet);
  EXPECT_EQ(
      effects.take(1),
      "HTTP/1.1 200 OK\r\nServer: orrery\r\nContent-Type: text/plain; charset=utf-8\r\nCache-Control: no-store\r\n"
      "X-Content-Type-Options: nosniff\r\nContent-Length: 2\r\n\r\n/a");
  EXPECT_FALSE(effects.is_closed(1));
  say(1, "HEAD /abc HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  const std::string head = effects.take(1);
  EXPECT_THAT(head, HasSubstr("Connection: close\r\n"));
  EXPECT_THAT(head, HasSubstr("Content-Length: 4\r\n"));
  EXPECT_TRUE(head.ends_with("\r\n\r\n"));
  EXPECT_TRUE(effects.is_closed(1));
  EXPECT_EQ(counters[Counter::kAdminRequests], 2u);
  EXPECT_EQ(counters[Counter::kAdminRefused], 0u);
}

TEST_F(HttpServerTest, AnswersPipelinedRequestsInOrder) {
  open(1);
  say(1,
      "GET /later HTTP/1.1\r\nHost: x\r\n\r\nGET /b HTTP/1.1\r\nHost: x\r\n\r\nGET /c HTTP/1.1\r\nHost: x\r\n\r\nGET "
      "/d");
  EXPECT_EQ(effects.take(1), "");
  say(1, " HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(user.requests, 1);
  EXPECT_EQ(effects.stopped.count(1), 1u);
  user.answer(now, 1);
  pass(0);
  EXPECT_TRUE(effects.stopped.empty());
  const std::string all = effects.take(1);
  EXPECT_EQ(count(all, "HTTP/1.1 200 OK"), 4);
  EXPECT_LT(all.find("late"), all.find("/b"));
  EXPECT_LT(all.find("/b"), all.find("/c"));
  EXPECT_LT(all.find("/c"), all.find("/d"));
  EXPECT_EQ(server.buffered(), 0u);
}

TEST_F(HttpServerTest, BeginsSoManyRequestsInOneEventAndTheOthersLater) {
  std::string many;
  for (std::uint32_t i = 0; i < 3 * kRequestsPerEvent; ++i) many += kGet;
  open(1);
  say(1, many);
  EXPECT_EQ(user.requests, static_cast<int>(kRequestsPerEvent));
  EXPECT_LE(server.next_deadline(), now);
  server.tick(now);
  EXPECT_EQ(user.requests, 2 * static_cast<int>(kRequestsPerEvent));
  server.tick(now);
  EXPECT_EQ(user.requests, 3 * static_cast<int>(kRequestsPerEvent));
  EXPECT_GT(server.next_deadline(), now);
  EXPECT_EQ(server.buffered(), 0u);
}

TEST_F(HttpServerTest, HoldsOnlySoMuchBehindARequest) {
  open(1);
  say(1, "GET /later HTTP/1.1\r\nHost: x\r\n\r\n");
  for (int i = 0; i < 100; ++i) {
    say(1, std::string(10'000, 'x'));
    EXPECT_LE(server.buffered(), kHeldBytesMax);
  }
  user.answer(now, 1);
  pass(0);
  const std::string all = effects.take(1);
  EXPECT_THAT(all, HasSubstr("late"));
  EXPECT_THAT(all, HasSubstr("HTTP/1.1 429 "));
  EXPECT_TRUE(effects.is_closed(1));
  EXPECT_EQ(counters[Counter::kAdminRefused], 1u);
}

TEST_F(HttpServerTest, WaitsForAClientThatTakesItsAnswersSlowly) {
  open(1);
  effects.backlog = 10;
  say(1, std::string(kGet) + kGet);
  EXPECT_EQ(user.requests, 1);
  EXPECT_EQ(effects.stopped.count(1), 1u);
  server.drained(now, 1);
  pass(0);
  EXPECT_EQ(user.requests, 2);
  pass(kTakeTimeout);
  ASSERT_TRUE(effects.is_closed(1));
  EXPECT_EQ(effects.closed[1], CloseHow::kAbort);
}

TEST_F(HttpServerTest, RefusesWhatIsNoRequestAndCloses) {
  open(1);
  say(1, "\x16\x03\x01 what");
  const std::string answer = effects.take(1);
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 400 Bad Request\r\n"));
  EXPECT_THAT(
      answer,
      HasSubstr("{\"code\":\"BAD_REQUEST\",\"message\":\"This is not HTTP: a request begins with its method.\"}"));
  EXPECT_THAT(answer, HasSubstr("Connection: close\r\n"));
  EXPECT_EQ(effects.closed[1], CloseHow::kFlush);
  say(1, kGet);  // on its way when the link was closed
  EXPECT_EQ(user.requests, 0);
  EXPECT_EQ(effects.notes,
            (std::vector<std::string>{"admin_refused 400 This is not HTTP: a request begins with its method."}));
  EXPECT_EQ(counters[Counter::kAdminRefused], 1u);
  EXPECT_EQ(counters[Counter::kAdminRequests], 0u);
}

TEST_F(HttpServerTest, ClosesIdleAndSlowLinks) {
  open(1);
  open(2);
  say(2, kGet);
  open(3);
  say(3, "GET /a HTTP");
  pass(kRequestTimeout - 1);
  EXPECT_TRUE(effects.closed.empty());
  say(3, "/1.1\r\n");  // it does not help to send a byte now and then
  pass(1);
  EXPECT_THAT(effects.take(3), StartsWith("HTTP/1.1 408 "));
  EXPECT_TRUE(effects.is_closed(3));
  pass(kIdleTimeout - kRequestTimeout);
  EXPECT_TRUE(effects.is_closed(1));
  EXPECT_TRUE(effects.is_closed(2));
  EXPECT_EQ(effects.take(1), "");
  EXPECT_EQ(server.next_deadline(), kNever);
}

TEST_F(HttpServerTest, ServesSoManyLinksAndNoMore) {
  for (LinkId link = 0; link < kLinksMax; ++link) open(link);
  open(100);
  EXPECT_THAT(effects.take(100), StartsWith("HTTP/1.1 503 "));
  EXPECT_TRUE(effects.is_closed(100));
  say(100, kGet);
  server.drained(now, 100);
  server.link_closed(now, 100);
  server.link_closed(now, 5);
  open(101);
  say(101, kGet);
  EXPECT_THAT(effects.take(101), StartsWith("HTTP/1.1 200 "));
  EXPECT_EQ(server.links(), kLinksMax);
}

TEST_F(HttpServerTest, SaysThatARequestIsGoneWithItsLink) {
  open(1);
  say(1, "GET /later HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(user.later.size(), 1u);
  pass(10 * kIdleTimeout);  // no time-out of the link's while the answer is the user's to give
  EXPECT_FALSE(effects.is_closed(1));
  server.link_closed(now, 1);
  EXPECT_TRUE(user.later.empty());
  EXPECT_EQ(heap.bytes_in_use(), 0u);
}

TEST_F(HttpServerTest, TellsAClientToGoOnWithItsBody) {
  open(1);
  say(1, "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(effects.take(1), "HTTP/1.1 100 Continue\r\n\r\n");
  say(1, "hi");
  EXPECT_THAT(effects.take(1), StartsWith("HTTP/1.1 200 "));
}

}  // namespace
}  // namespace orrery::admin
