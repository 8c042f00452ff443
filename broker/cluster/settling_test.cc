// SPDX-License-Identifier: Apache-2.0
#include "broker/cluster/settling.h"

#include <gtest/gtest.h>

#include <string>

namespace orrery::cluster {
namespace {

/// An id that is node 0's among cores {0} and {0, 1}, or only among {0}.
std::string id_of_zero(bool also_among_two) {
  for (int i = 0;; ++i) {
    const std::string id = "id" + std::to_string(i);
    if ((registrar_of(id, 3) == 0) == also_among_two) return id;
  }
}

TEST(Settling, WaitsForEverybodyWhoIsThere) {
  Settling s(0);
  s.told(0, 1);
  EXPECT_TRUE(s.update(0, 1, 1));
  EXPECT_TRUE(s.settled());
  EXPECT_FALSE(s.may_be_held("x"));
  // Node 2 appears: it may hold anything.
  EXPECT_TRUE(s.update(10, 1, 1 | 4));
  EXPECT_FALSE(s.settled());
  EXPECT_TRUE(s.may_be_held("x"));
  s.told(2, 1);
  EXPECT_TRUE(s.update(20, 1, 1 | 4));
  EXPECT_FALSE(s.may_be_held("x"));
  EXPECT_EQ(s.next_deadline(), kNever);
}

TEST(Settling, WhatWasItsOwnBeforeItKnows) {
  Settling s(0);
  s.told(0, 3);
  s.told(1, 3);
  s.update(0, 3, 3);
  ASSERT_TRUE(s.settled());
  // Core 1 dies; its ids come here, ours were here.
  EXPECT_TRUE(s.update(10, 1, 1));
  EXPECT_FALSE(s.settled());
  EXPECT_FALSE(s.may_be_held(id_of_zero(true)));
  EXPECT_TRUE(s.may_be_held(id_of_zero(false)));
  s.told(0, 1);
  EXPECT_TRUE(s.update(20, 1, 1));
  EXPECT_FALSE(s.may_be_held(id_of_zero(false)));
}

TEST(Settling, DoesNotWaitForEver) {
  Settling s(0);
  s.told(0, 1);
  s.update(0, 1, 1 | 2);
  EXPECT_FALSE(s.settled());
  EXPECT_EQ(s.next_deadline(), kRegistrarSettle);
  EXPECT_FALSE(s.update(kRegistrarSettle - 1, 1, 1 | 2));
  EXPECT_TRUE(s.update(kRegistrarSettle, 1, 1 | 2));
  EXPECT_TRUE(s.settled());
  EXPECT_FALSE(s.update(kRegistrarSettle + 1, 1, 1 | 2)) << "waited once is enough";
}

}  // namespace
}  // namespace orrery::cluster
