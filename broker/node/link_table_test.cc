// SPDX-License-Identifier: Apache-2.0
#include "broker/node/link_table.h"

#include <gtest/gtest.h>

namespace orrery::node {
namespace {

class Nobody final : public LinkUser {
  void link_open(Nanos, LinkId, const LinkInfo&) override {}
  void bytes(Nanos, LinkId, MutableBytes) override {}
  void drained(Nanos, LinkId) override {}
  void link_closed(Nanos, LinkId) override {}
};

TEST(LinkTable, ALinkIsItsKindsUsersUntilItIsClosed) {
  Heap heap;
  Nobody clients, peers;
  LinkTable table(heap);
  table.set_user(LinkKind::kTcp, clients);
  table.set_user(LinkKind::kWebSocket, clients);
  table.set_user(LinkKind::kPeerIn, peers);
  EXPECT_EQ(&table.open(3, LinkKind::kPeerIn), &peers);
  EXPECT_EQ(&table.open(0, LinkKind::kTcp), &clients);
  EXPECT_EQ(&table.open(1'000'000, LinkKind::kWebSocket), &clients);
  EXPECT_EQ(&table.user_of(3), &peers);
  EXPECT_EQ(&table.user_of(1'000'000), &clients);
  EXPECT_EQ(&table.close(3), &peers);
  EXPECT_EQ(&table.open(3, LinkKind::kTcp), &clients) << "an id is used again for another kind";
  EXPECT_LE(heap.bytes_in_use(), 2'100'000u) << "a byte for each id, and room to grow";
}

TEST(LinkTableDeathTest, WhoseLinkIsUnknownIsAProgrammersError) {
  Heap heap;
  Nobody clients;
  LinkTable table(heap);
  table.set_user(LinkKind::kTcp, clients);
  table.open(1, LinkKind::kTcp);
  EXPECT_DEATH(table.user_of(0), "kNobody");
  EXPECT_DEATH(table.user_of(7), "owner_.size");
  EXPECT_DEATH(table.open(1, LinkKind::kTcp), "kNobody");
  EXPECT_DEATH(table.open(2, LinkKind::kPeerIn), "nullptr");
}

}  // namespace
}  // namespace orrery::node
