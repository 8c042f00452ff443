// SPDX-License-Identifier: Apache-2.0
#include "broker/cluster/claim_table.h"

#include <gtest/gtest.h>

namespace orrery::cluster {
namespace {

TEST(ClaimTable, ClaimsExpireInOrderUnlessAnswered) {
  ClaimTable table;
  ASSERT_TRUE(table.add(0, {0, 1}, "a", false));
  ASSERT_TRUE(table.add(1, {0, 2}, "b", false));
  ASSERT_TRUE(table.add(2, {1, 1}, "c", true));
  EXPECT_EQ(table.next_deadline(), kClaimTimeout);
  table.answered({0, 1}, 5);
  EXPECT_EQ(table.next_deadline(), kClaimTimeout + 1);
  EXPECT_EQ(table.epoch_of_answered({0, 1}, "a"), 0u) << "it was sent once: no second grant can come";
  ClaimTable::Key key;
  EXPECT_FALSE(table.expire(kClaimTimeout, key));
  EXPECT_TRUE(table.expire(kClaimTimeout + 1, key));
  EXPECT_EQ(key, (ClaimTable::Key{0, 2}));
  EXPECT_FALSE(table.expire(kClaimTimeout + 1, key));
  EXPECT_NE(table.find({1, 1}), nullptr);
  EXPECT_EQ(table.find({0, 2}), nullptr);
}

TEST(ClaimTable, WhatWasSentTwiceIsRememberedForAWhile) {
  ClaimTable table;
  table.add(0, {0, 1}, "a", false);
  table.find({0, 1})->sent_twice = true;
  table.answered({0, 1}, 5);
  EXPECT_EQ(table.epoch_of_answered({0, 1}, "a"), 5u);
  EXPECT_EQ(table.epoch_of_answered({0, 1}, "b"), 0u) << "the number is another claim's by now";
  ClaimTable::Key key;
  EXPECT_FALSE(table.expire(kClaimTimeout, key));
  EXPECT_EQ(table.epoch_of_answered({0, 1}, "a"), 0u);
  EXPECT_EQ(table.next_deadline(), kNever);
}

TEST(ClaimTable, AYieldRevokesGrantsThatAreOnTheirWay) {
  ClaimTable table;
  table.add(0, {0, 1}, "a", false);
  table.add(0, {3, 9}, "a", false);
  table.add(0, {0, 2}, "aa", false);
  table.revoke("a", 7);
  table.revoke("a", 6);
  EXPECT_EQ(table.find({0, 1})->revoked, 7u);
  EXPECT_EQ(table.find({3, 9})->revoked, 7u);
  EXPECT_EQ(table.find({0, 2})->revoked, 0u);
}

}  // namespace
}  // namespace orrery::cluster
