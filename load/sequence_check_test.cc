// SPDX-License-Identifier: Apache-2.0
#include "load/sequence_check.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <vector>

#include "base/rng.h"

namespace orrery::load {
namespace {

using Seen = SequenceCheck::Seen;

TEST(SequenceCheck, InOrder) {
  SequenceCheck check(0);
  for (std::uint32_t i = 0; i < 100; ++i) EXPECT_EQ(check.record(i), Seen::kInOrder);
  EXPECT_EQ(check.missing(), 0u);
  EXPECT_EQ(check.next(), 100u);
}

TEST(SequenceCheck, BeginsWhereItIsTold) {
  SequenceCheck check(40);
  EXPECT_EQ(check.record(40), Seen::kInOrder);
  EXPECT_EQ(check.missing(), 0u);
  SequenceCheck strict(0);
  EXPECT_EQ(strict.record(40), Seen::kAfterGap);
  EXPECT_EQ(strict.missing(), 40u);
}

TEST(SequenceCheck, LateIsNotLostAndTwiceIsADuplicate) {
  SequenceCheck check(0);
  check.record(0);
  EXPECT_EQ(check.record(4), Seen::kAfterGap);
  EXPECT_EQ(check.missing(), 3u);
  EXPECT_EQ(check.record(2), Seen::kLate);
  EXPECT_EQ(check.record(2), Seen::kDuplicate);
  EXPECT_EQ(check.record(4), Seen::kDuplicate);
  EXPECT_EQ(check.record(1), Seen::kLate);
  EXPECT_EQ(check.record(3), Seen::kLate);
  EXPECT_EQ(check.missing(), 0u);
}

TEST(SequenceCheck, ForgottenGapsStayLost) {
  SequenceCheck check(0);
  for (std::uint32_t i = 0; i <= kGapsMax; ++i) check.record(2 * i + 1);  // 0, 2, 4, ... are missing
  EXPECT_EQ(check.missing(), kGapsMax + 1);
  EXPECT_EQ(check.record(0), Seen::kDuplicate);
  EXPECT_EQ(check.record(2), Seen::kLate);
  EXPECT_EQ(check.missing(), kGapsMax);
}

// The twin: a set of everything seen.
TEST(SequenceCheck, RandomOrdersAgreeWithASet) {
  Rng rng(99);
  for (int round = 0; round < 300; ++round) {
    SequenceCheck check(0);
    std::set<std::uint32_t> seen;
    std::uint32_t highest = 0;
    for (int i = 0; i < 200; ++i) {
      const auto sequence = static_cast<std::uint32_t>(rng.below(120));
      const bool again = !seen.insert(sequence).second;
      const Seen expected = again                ? Seen::kDuplicate
                            : sequence < highest ? Seen::kLate
                            : sequence > highest ? Seen::kAfterGap
                                                 : Seen::kInOrder;
      ASSERT_EQ(check.record(sequence), expected) << "round " << round << " message " << i;
      highest = std::max(highest, sequence + 1);
      ASSERT_EQ(check.missing(), highest - seen.size());
    }
  }
}

}  // namespace
}  // namespace orrery::load
