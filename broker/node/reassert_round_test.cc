// SPDX-License-Identifier: Apache-2.0
#include "broker/node/reassert_round.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace orrery::node {
namespace {

/// Ids in slots 0 to n - 1.
struct Held {
  std::uint32_t count = 0;
  template <class Visit>
  std::uint32_t for_each_client_id(std::uint32_t from, std::uint32_t most, Visit&& visit) {
    for (; from < count && most > 0; ++from, --most) visit("id" + std::to_string(from), std::uint64_t{from} + 1);
    return from < count ? from : kNoSlot;
  }
};
struct Said {
  std::vector<std::string> held;
  std::vector<std::uint64_t> all;
  void operator()(const claims::Hold& h) {
    EXPECT_EQ("id" + std::to_string(h.epoch - 1), h.client_id);
    held.emplace_back(h.client_id);
  }
  void operator()(const claims::HeldAll& a) { all.push_back(a.cores); }
};

TEST(ReassertRound, TellsAllInBatchesAndThenThatItIsAll) {
  ReassertRound round;
  EXPECT_EQ(round.next_deadline(), kNever);
  Held held{2 * cluster::kReassertBatch + 1};
  Said said;
  round.begin(100, 0, 3);
  EXPECT_EQ(round.next_deadline(), 100);
  round.step(100, held, said);
  EXPECT_EQ(said.held.size(), cluster::kReassertBatch);
  EXPECT_EQ(round.next_deadline(), 100 + cluster::kReassertEvery);
  round.step(200, held, said);
  EXPECT_TRUE(said.all.empty());
  round.step(300, held, said);
  EXPECT_EQ(said.held.size(), held.count);
  EXPECT_EQ(said.all, std::vector<std::uint64_t>{3});
  EXPECT_EQ(round.next_deadline(), kNever);
}

TEST(ReassertRound, TellsOnlyWhatAnotherCoreMustKnow) {
  ReassertRound round;
  Held held{200};
  Said said;
  round.begin(0, 0b11, 0b111);
  round.step(0, held, said);
  std::vector<std::string> expected;
  for (std::uint32_t n = 0; n < held.count; ++n) {
    const std::string id = "id" + std::to_string(n);
    if (cluster::registrar_of(id, 0b11) != cluster::registrar_of(id, 0b111)) expected.push_back(id);
  }
  EXPECT_EQ(said.held, expected);
  EXPECT_GT(expected.size(), 30u);
  EXPECT_LT(expected.size(), 110u);
}

TEST(ReassertRound, ALaterRoundBeginsAgain) {
  ReassertRound round;
  Held held{cluster::kReassertBatch + 1};
  Said first, second;
  round.begin(0, 0, 1);
  round.step(0, held, first);
  round.begin(5, 0, 3);
  round.step(5, held, second);
  round.step(6, held, second);
  EXPECT_TRUE(first.all.empty());
  EXPECT_EQ(second.held.size(), held.count);
  EXPECT_EQ(second.all, std::vector<std::uint64_t>{3});
}

TEST(ReassertRound, AShardThatHoldsNothingSaysSo) {
  ReassertRound round;
  Held held;
  Said said;
  round.begin(0, 0, 1);
  round.step(0, held, said);
  EXPECT_EQ(said.all, std::vector<std::uint64_t>{1});
}

}  // namespace
}  // namespace orrery::node
