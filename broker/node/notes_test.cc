// SPDX-License-Identifier: Apache-2.0
// What a node tells to the log beside its sessions and its cluster: transports, limits, and that all of it is counted.
#include "broker/node/test_node.h"
#include "broker/websocket/test_frames.h"

namespace orrery::node {
namespace {

class NodeNotes : public BrokerNode {
 protected:
  int times(NoteKind kind) {
    const auto& notes = world->notes();
    return static_cast<int>(std::count_if(notes.begin(), notes.end(), [&](const auto& n) { return n.kind == kind; }));
  }
  std::string last() { return world->notes().empty() ? "" : world->notes().back().line; }
};

TEST_F(NodeNotes, ARequestThatIsNoWebSocket) {
  open(alone(1));
  const int c = world->connect({0, 0}, LinkKind::kWebSocket);
  world->send(c, as_bytes("GET /mqtt HTTP/1.1\r\nHost: x\r\n\r\n"));
  settle();
  ASSERT_EQ(times(NoteKind::kUpgradeRefused), 1);
  EXPECT_TRUE(last().starts_with("upgrade_refused: the request for WebSocket from an unknown address is refused: "))
      << last();
}

TEST_F(NodeNotes, AFrameThatBreaksTheRules) {
  open(alone(1));
  const int c = world->connect({0, 0}, LinkKind::kWebSocket);
  world->send(c, as_bytes(websocket::test::request()));
  settle();
  world->send(c, as_bytes(std::string_view("\x82\x01x", 3)));  // not masked
  settle();
  ASSERT_EQ(times(NoteKind::kWebSocketError), 1);
  EXPECT_NE(last().find("(close code 1002)"), std::string::npos) << last();
}

TEST_F(NodeNotes, AClientThatTakesNothing) {
  open(alone(1));
  auto c = client({0, 0}, "c");
  world->read(c->number(), false);
  std::string pings;
  for (int i = 0; i < 400'000; ++i) pings += std::string("\xc0\0", 2);
  c->raw(as_bytes(pings));
  settle(kSecond);
  EXPECT_EQ(times(NoteKind::kLinkHeldBack), 1);
}

TEST_F(NodeNotes, StatsCountThemByKind) {
  open(alone(2));
  auto a = client({0, 0}, "x");
  auto b = client({0, 1}, "x");
  EXPECT_EQ(times(NoteKind::kClientTakenOver), 1);
  EXPECT_EQ(world->stats(0).notes[NoteKind::kClientTakenOver], 1u);
  EXPECT_EQ(world->stats(0).notes[NoteKind::kClientConnected], 2u);
}

}  // namespace
}  // namespace orrery::node
