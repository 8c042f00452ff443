// SPDX-License-Identifier: Apache-2.0
#include "broker/node/waiting_room.h"

#include <gtest/gtest.h>

namespace orrery::node {
namespace {

std::vector<std::uint32_t> leaving(WaitingRoom& room, std::uint64_t in_force, bool early = false) {
  std::vector<std::uint32_t> tokens;
  while (const auto next = room.leave(in_force)) {
    EXPECT_EQ(next->early, early);
    tokens.push_back(next->subscribe.token);
  }
  return tokens;
}

TEST(WaitingRoom, WhoCameFirstLeavesFirstAndNobodyBeforeItsRoutes) {
  WaitingRoom room;
  room.enter({5, 0, 1});
  room.enter({5, 1, 2});
  room.enter({7, 0, 3});
  EXPECT_EQ(leaving(room, 4), (std::vector<std::uint32_t>{}));
  EXPECT_EQ(leaving(room, 6), (std::vector<std::uint32_t>{1, 2}));
  EXPECT_EQ(leaving(room, 6), (std::vector<std::uint32_t>{}));
  room.enter({7, 0, 4});
  EXPECT_EQ(leaving(room, 100), (std::vector<std::uint32_t>{3, 4}));
  EXPECT_EQ(room.bytes(), 0u);
}

TEST(WaitingRoom, AFullRoomLetsTheOldestGoEarly) {
  WaitingRoom room(WaitingSubscribe::bytes() * 3);
  for (std::uint32_t token = 1; token <= 3; ++token) room.enter({9, 0, token});
  EXPECT_EQ(leaving(room, 0), (std::vector<std::uint32_t>{})) << "just full";
  room.enter({9, 0, 4});
  room.enter({9, 0, 5});
  EXPECT_EQ(leaving(room, 0, true), (std::vector<std::uint32_t>{1, 2}));
  EXPECT_EQ(room.size(), 3u);
  EXPECT_EQ(leaving(room, 9), (std::vector<std::uint32_t>{3, 4, 5}));
}

}  // namespace
}  // namespace orrery::node
