// SPDX-License-Identifier: Apache-2.0
// Holding clients back: floods of a client that never reads, work that is left for later events, keep alive meanwhile.
#include <algorithm>

#include "broker/base/work_budget.h"
#include "broker/node/limits.h"
#include "broker/node/test_node.h"

namespace orrery::node {
namespace {

using mqtt::PacketType;

constexpr std::size_t kRead = 64 * 1024;  // what the real world reads at once

std::string repeated(std::string_view what, std::size_t size) {
  std::string all;
  while (all.size() < size) all += what;
  return all;
}
/// As a masked frame of a client, whose mask is zero.
std::string frame(unsigned char first, std::string_view payload) {
  std::string out(1, static_cast<char>(first));
  if (payload.size() < 126) {
    out += static_cast<char>(0x80 | payload.size());
  } else {
    const bool large = payload.size() > 0xffff;
    out += static_cast<char>(0x80 | (large ? 127 : 126));
    for (int shift = large ? 56 : 8; shift >= 0; shift -= 8) out += static_cast<char>(payload.size() >> shift & 0xff);
  }
  return out + std::string(4, '\0') + std::string(payload);
}
const std::string kPingreq("\xc0\0", 2);
const std::string kConnect("\x10\x11\0\4MQTT\5\2\0\0\0\0\4wsws", 19);
const std::string kUpgrade =
    "GET /mqtt HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n";

class Hold : public BrokerNode {
 protected:
  std::uint64_t memory() { return world->stats(0).memory_bytes; }
  /// A client that sends 24 reads of `what` and reads nothing: what the node and its transport hold stays bounded, the
  /// client is held up, others are served. In the end it reads, and all is answered.
  void flood(int client, std::string_view what, std::size_t answer_size) {
    auto other = this->client({0, 0}, "other");
    world->take(client);
    world->read(client, false);
    const std::uint64_t before = memory();
    std::uint64_t most = 0;
    const std::string piece = repeated(what, kRead);
    constexpr int kPieces = 24;
    for (int i = 0; i < kPieces; ++i) {
      world->send(client, as_bytes(piece));
      settle(10 * kMillisecond);
      most = std::max(most, memory() - before + world->queued_for(client));
    }
    EXPECT_LE(most, 1024u * 1024) << "for one client that never reads";
    EXPECT_GE(world->untaken(client), kPieces / 3 * piece.size());
    EXPECT_GE(world->stats(0)[Counter::kLinksHeldBack], 1u);
    other->raw(as_bytes(kPingreq));
    settle(10 * kMillisecond);
    EXPECT_EQ(other->hear().size(), 1u);
    world->read(client, true);
    settle(2 * kSecond);
    EXPECT_EQ(world->untaken(client), 0u);
    EXPECT_EQ(world->take(client).size(), kPieces * (piece.size() / what.size()) * answer_size);
    EXPECT_LE(memory(), before + 4096);
  }
};

TEST_F(Hold, PingsBeforeConnectOverWebSocket) {
  open(alone(1));
  const int client = world->connect({0, 0}, LinkKind::kWebSocket);
  world->send(client, as_bytes(kUpgrade));
  settle();
  flood(client, frame(0x89, std::string(125, 'x')), 127);
}

TEST_F(Hold, PingsAfterConnect) {
  open(alone(1));
  auto c = client({0, 0}, "flooder");
  flood(c->number(), kPingreq, 2);
}

TEST_F(Hold, PublishesOfQos1) {
  open(alone(1));
  auto c = client({0, 0}, "flooder");
  // Each is acknowledged before the next is read, so none is above the receive maximum.
  flood(c->number(), std::string("\x32\x07\0\1t\0\7\0x", 9), 5);
}

TEST_F(Hold, NoEventHandlesMoreThanItsBudget) {
  open(alone(1));
  auto c = client({0, 0}, "many");
  c->raw(as_bytes(repeated(kPingreq, kRead)));
  const Nanos until = world->now() + kSecond;
  std::uint64_t before = world->works(Work::kMqttOther);
  std::uint64_t all = 0;
  while (world->step(until)) {
    const std::uint64_t after = world->works(Work::kMqttOther);
    EXPECT_LE(after - before, kEventUnits);
    all += after - before;
    before = after;
  }
  EXPECT_EQ(all, kRead / 2);
  EXPECT_EQ(c->hear().size(), kRead / 2);
}

TEST_F(Hold, ManyClientsThatSendMuchTakeTurns) {
  open(alone(1));
  std::vector<std::unique_ptr<TestClient>> clients;
  for (int i = 0; i < 4; ++i) clients.push_back(client({0, 0}, "c" + std::to_string(i)));
  for (auto& c : clients) c->raw(as_bytes(repeated(kPingreq, kRead)));
  // After a quarter of the work everybody has got about a quarter.
  const Nanos until = world->now() + kSecond;
  const std::uint64_t begin = world->works(Work::kMqttOther);
  while (world->works(Work::kMqttOther) - begin < kRead / 2 && world->step(until)) {
  }
  for (auto& c : clients)
    EXPECT_NEAR(static_cast<double>(world->queued_for(c->number())), kRead / 4, 4.0 * kEventUnits);
  settle();
  for (auto& c : clients) EXPECT_EQ(c->hear().size(), kRead / 2);
}

TEST_F(Hold, WhatIsDearIsChargedForItsDeliveries) {
  open(alone(1));
  std::vector<std::unique_ptr<TestClient>> subscribers;
  for (int i = 0; i < 50; ++i) {
    subscribers.push_back(client({0, 0}, "s" + std::to_string(i)));
    subscribe(*subscribers.back(), "t", 0);
  }
  auto c = client({0, 0}, "publisher");
  std::string packets;
  for (int i = 0; i < 200; ++i) packets += std::string("\x30\x05\0\1t\0x", 7);
  c->raw(as_bytes(packets));
  const Nanos until = world->now() + kSecond;
  std::uint64_t before = world->works(Work::kMqttDeliver);
  while (world->step(until)) {
    const std::uint64_t after = world->works(Work::kMqttDeliver);
    EXPECT_LE(after - before, kEventUnits + 50);  // the last packet may go beyond
    before = after;
  }
  for (auto& s : subscribers) EXPECT_EQ(s->payloads().size(), 200u);
}

TEST_F(Hold, WhatFollowsAConnectInOneReadComesInOrderAndBeforeTheEnd) {
  open(alone(2));
  auto subscriber = client({0, 1}, "subscriber");
  subscribe(*subscriber, "t", 0);
  TestClient c(*world, {0, 0});
  c.connect("hasty");
  for (int i = 0; i < 3000; ++i) c.publish("t", std::to_string(i), 0);
  c.disconnect();
  c.drop();
  settle(kSecond);
  const Payloads got = subscriber->payloads();
  ASSERT_EQ(got.size(), 3000u);
  for (int i = 0; i < 3000; ++i) EXPECT_EQ(got[static_cast<std::size_t>(i)], std::to_string(i));
}

// Frames of all kinds, and pieces that end anywhere: the rest of a payload and the rest of the stream are told apart.
TEST_F(Hold, FramesThatWaitForTheirTurnStayWhole) {
  open(alone(1));
  const int client = world->connect({0, 0}, LinkKind::kWebSocket);
  world->send(client, as_bytes(kUpgrade + frame(0x82, kConnect)));
  settle();
  world->take(client);
  std::string stream;
  std::size_t pings = 0;
  std::size_t pongs = 0;
  for (std::size_t size = 1; size < 30'000; size = size * 3 + 1) {
    stream += frame(0x82, repeated(kPingreq, 2 * size));
    stream += frame(0x89, "p");
    pings += size;
    ++pongs;
  }
  for (std::size_t at = 0, piece = 1; at < stream.size(); at += piece, piece = piece % 9000 + 777)
    world->send(client, as_bytes(std::string_view(stream).substr(at, piece)));
  settle(kSecond);
  EXPECT_FALSE(world->closed(client));
  EXPECT_EQ(world->works(Work::kMqttOther), pings);
  const auto answers = world->take(client);
  EXPECT_EQ(answers.size(), pings * 4 + pongs * 3);
  EXPECT_EQ(std::count(answers.begin(), answers.end(), 0x8a), static_cast<std::ptrdiff_t>(pongs));
}

// Publishers of a shard feel that another one does not keep up; nothing is lost, and the shard still serves deliveries.
TEST_F(Hold, AShardThatIsNotKeptUpWithReadsItsClientsNoMore) {
  BrokerOptions options;
  options.mqtt.max_link_backlog = 64 * 1024 * 1024;  // what was held comes at once, and nothing may be dropped
  open(alone(2), options);
  auto far = client({0, 1}, "far");
  subscribe(*far, "t", 0);
  auto publisher = client({0, 0}, "publisher");
  world->hold_posts({0, 0}, 1, true);
  constexpr std::size_t kMessages = 3000;
  for (std::size_t i = 0; i < kMessages; ++i) publisher->publish("t", std::to_string(i) + std::string(4000, 'x'), 0);
  settle(kSecond);
  EXPECT_GT(world->posted({0, 0}, 1), kPostsHigh);
  EXPECT_EQ(std::count_if(world->notes().begin(), world->notes().end(),
                          [](const auto& n) { return n.kind == NoteKind::kShardBehind; }),
            1);
  EXPECT_LE(world->posted({0, 0}, 1), kPostsHigh + 2 * kRead);
  EXPECT_GT(world->untaken(publisher->number()), kMessages * 4000 / 2);
  auto near =
      std::make_unique<TestClient>(*world, Place{0, 0});  // waits like everybody whose packets the shard must read
  near->connect("near");
  settle();
  EXPECT_TRUE(near->hear().empty());
  world->hold_posts({0, 0}, 1, false);
  settle(kSecond);
  EXPECT_EQ(world->posted({0, 0}, 1), 0u);
  EXPECT_FALSE(near->hear().empty());
  const Payloads got = far->payloads();
  ASSERT_EQ(got.size(), kMessages);
  for (std::size_t i = 0; i < kMessages; ++i) ASSERT_TRUE(got[i].starts_with(std::to_string(i) + "x"));
}

class HeldKeepAlive : public Hold {
 protected:
  /// Connects with a keep alive of 10 s, floods, and is held up.
  int held_up() {
    open(alone(1));
    const int c = world->connect({0, 0}, LinkKind::kTcp);
    world->send(c, as_bytes(std::string("\x10\x11\0\4MQTT\5\2\0\x0a\0\0\4slow", 19)));
    settle();
    world->read(c, false);
    for (int i = 0; i < 12; ++i) world->send(c, as_bytes(repeated(kPingreq, kRead)));
    settle();
    EXPECT_GE(world->stats(0)[Counter::kLinksHeldBack], 1u);
    return c;
  }
};

TEST_F(HeldKeepAlive, WhoTakesNothingIsEnded) {
  const int c = held_up();
  settle(14 * kSecond);
  EXPECT_FALSE(world->closed(c));
  settle(20 * kSecond);
  EXPECT_TRUE(world->closed(c));
}

TEST_F(HeldKeepAlive, WhoTakesALittleNowAndThenIsNot) {
  const int c = held_up();
  for (int i = 0; i < 12; ++i) {
    settle(10 * kSecond);
    world->take_some(c, 2);
    EXPECT_FALSE(world->closed(c)) << i;
  }
}

TEST_F(HeldKeepAlive, WhoReadsAgainHasItsKeepAliveFromThen) {
  const int c = held_up();
  settle(14 * kSecond);
  world->read(c, true);
  settle(10 * kSecond);
  EXPECT_FALSE(world->closed(c));
  settle(20 * kSecond);  // and is as silent as anybody
  EXPECT_TRUE(world->closed(c));
}

// It was held up by deliveries and has sent nothing: what it could have sent meanwhile we had not read.
TEST_F(HeldKeepAlive, WhoWasSentMuchAndReadsAgainHasItsKeepAliveFromThen) {
  open(alone(1));
  const int c = world->connect({0, 0}, LinkKind::kTcp);
  world->send(c, as_bytes(std::string("\x10\x11\0\4MQTT\5\2\0\x0a\0\0\4slow", 19)));
  settle();
  world->send(c, as_bytes(std::string("\x82\x07\0\1\0\0\1t\0", 9)));
  settle();
  world->read(c, false);
  auto publisher = client({0, 0}, "publisher");
  for (int i = 0; i < 130; ++i) publisher->publish("t", std::string(4000, 'x'), 0);
  settle();
  EXPECT_EQ(world->stats(0)[Counter::kLinksHeldBack], 1u);
  settle(13 * kSecond);
  world->read(c, true);
  settle(10 * kSecond);
  EXPECT_FALSE(world->closed(c));
  settle(20 * kSecond);
  EXPECT_TRUE(world->closed(c));
}

}  // namespace
}  // namespace orrery::node
