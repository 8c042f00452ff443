// SPDX-License-Identifier: Apache-2.0
#include "load/schedule.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "load/payload.h"

namespace orrery::load {
namespace {

TEST(Schedule, PublishersAreSpreadOverTheInterval) {
  const Schedule schedule{.start = 1'000, .interval = 100, .publishers = 4, .limit = 0};
  EXPECT_EQ(schedule.time_of(0, 0), 1'000);
  EXPECT_EQ(schedule.time_of(0, 1), 1'025);
  EXPECT_EQ(schedule.time_of(0, 3), 1'075);
  EXPECT_EQ(schedule.time_of(2, 1), 1'225);
}

TEST(Schedule, LargeRunsDoNotOverflow) {
  const Schedule schedule{.start = kSecond, .interval = 3'600 * kSecond, .publishers = 4'000'000, .limit = 0};
  EXPECT_EQ(schedule.time_of(0, 3'999'999), kSecond + 3'600 * kSecond - 900'000);
}

struct Message {
  Nanos time;
  std::uint64_t round;
  std::uint32_t publisher;
  auto operator<=>(const Message&) const = default;
};

/// All messages of a limited schedule as workers with the given borders walk them.
std::vector<Message> walk(const Schedule& schedule, const std::vector<std::uint32_t>& borders) {
  std::vector<Message> all;
  for (std::size_t w = 0; w + 1 < borders.size(); ++w) {
    Nanos before = 0;
    for (ScheduleCursor cursor(schedule, borders[w], borders[w + 1]); !cursor.done(); cursor.advance()) {
      EXPECT_GE(cursor.time(), before);
      before = cursor.time();
      all.push_back({cursor.time(), cursor.round(), cursor.publisher()});
    }
  }
  std::sort(all.begin(), all.end());
  return all;
}

TEST(Schedule, WorkersTogetherSendExactlyTheLimit) {
  for (const std::uint64_t limit : {1u, 6u, 7u, 8u, 23u}) {
    const Schedule schedule{.start = 5, .interval = 70, .publishers = 7, .limit = limit};
    const std::vector<Message> alone = walk(schedule, {0, 7});
    EXPECT_EQ(alone.size(), limit);
    for (std::size_t i = 0; i < alone.size(); ++i) EXPECT_EQ(alone[i].time, 5 + static_cast<Nanos>(i) * 10);
    EXPECT_EQ(walk(schedule, {0, 3, 4, 7}), alone);
  }
}

TEST(Schedule, WorkerWithoutPublishersIsDone) {
  const Schedule schedule{};
  EXPECT_TRUE(ScheduleCursor(schedule, 3, 3).done());
}

TEST(Payload, StampSurvives) {
  std::uint8_t bytes[kStampSize + 3] = {};
  const Stamp stamp = {0xDEADBEEF, 7, 0xFFFFFFFF, 0x0123456789ABCDEF};
  write_stamp(bytes, stamp);
  EXPECT_EQ(read_stamp(bytes), stamp);
  EXPECT_EQ(read_stamp(Bytes(bytes).first(kStampSize)), stamp);
  EXPECT_EQ(read_stamp(Bytes(bytes).first(kStampSize - 1)), std::nullopt);
  EXPECT_EQ(read_stamp({}), std::nullopt);
  bytes[0] ^= 1;
  EXPECT_EQ(read_stamp(bytes), std::nullopt);
}

}  // namespace
}  // namespace orrery::load
