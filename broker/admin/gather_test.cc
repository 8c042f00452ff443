// SPDX-License-Identifier: Apache-2.0
#include "broker/admin/gather.h"

#include <gtest/gtest.h>

namespace orrery::admin {
namespace {

ShardFigures stats(std::uint64_t links, std::uint64_t sessions) {
  ShardFigures s;
  s.stats.counters[static_cast<int>(Counter::kLinksOpened)] = links;
  s.stats.counters[static_cast<int>(Counter::kSessions)] = sessions;
  s.notes.values[static_cast<std::size_t>(NoteKind::kAdminRefused)] = links;
  return s;
}

TEST(Gather, AddsUpWhatAllShardsSay) {
  Gather gather(3);
  gather.start(5 * kSecond);
  EXPECT_EQ(gather.deadline(), kNever);
  const std::uint64_t round = gather.begin(15 * kSecond);
  EXPECT_TRUE(gather.under_way());
  EXPECT_FALSE(gather.answer(round, 2, stats(1, 10)));
  EXPECT_FALSE(gather.answer(round, 0, stats(20, 200)));
  EXPECT_FALSE(gather.answer(round, 0, stats(99, 99)));  // twice: not counted
  EXPECT_FALSE(gather.answer(round, 7, stats(99, 99)));  // nobody
  EXPECT_TRUE(gather.answer(round, 1, stats(300, 3000)));
  const NodeFigures& f = gather.finish(16 * kSecond);
  EXPECT_EQ(f[Counter::kLinksOpened], 321u);
  EXPECT_EQ(f[Counter::kSessions], 3210u);
  EXPECT_EQ(f.notes[NoteKind::kAdminRefused], 321u);
  EXPECT_EQ(f.uptime, 11 * kSecond);
  EXPECT_EQ(f.shards, 3);
  EXPECT_EQ(f.answered, 3);
  EXPECT_FALSE(gather.under_way());
}

TEST(Gather, TakesASilentShardAsItWas) {
  Gather gather(2);
  gather.start(0);
  std::uint64_t round = gather.begin(0);
  gather.answer(round, 0, stats(1, 1));
  gather.answer(round, 1, stats(10, 10));
  gather.finish(0);
  round = gather.begin(kSecond);
  EXPECT_EQ(gather.deadline(), kSecond + kGatherTimeout);
  gather.answer(round, 0, stats(2, 2));
  const NodeFigures& f = gather.finish(gather.deadline());
  EXPECT_EQ(f[Counter::kLinksOpened], 12u);
  EXPECT_EQ(f.answered, 1);
  EXPECT_FALSE(gather.answer(round, 1, stats(99, 99)));  // too late
  const std::uint64_t next = gather.begin(9 * kSecond);
  EXPECT_FALSE(gather.answer(round, 1, stats(99, 99)));  // still of the round before
  gather.answer(next, 1, stats(11, 11));
  EXPECT_TRUE(gather.answer(next, 0, stats(3, 3)));
  EXPECT_EQ(gather.finish(9 * kSecond)[Counter::kLinksOpened], 14u);
}

TEST(Gather, KeepsTheHighestOfGauges) {
  Gather gather(1);
  gather.start(0);
  for (const std::uint64_t sessions : {5u, 9u, 2u})
    gather.answer(gather.begin(0), 0, stats(sessions, sessions)), gather.finish(0);
  gather.begin(0);
  const NodeFigures& f = gather.finish(0);
  EXPECT_EQ(f[Counter::kSessions], 2u);
  EXPECT_EQ(f.highest[static_cast<int>(Counter::kSessions)], 9u);
  EXPECT_EQ(f.highest[static_cast<int>(Counter::kLinksOpened)], 0u);
}

}  // namespace
}  // namespace orrery::admin
