// SPDX-License-Identifier: Apache-2.0
// The run hash changes with everything it covers, and its checkpoints lead to the first difference.
#include "sim/kernel/run_hash.h"

#include <gtest/gtest.h>

#include <set>

namespace orrery::sim {
namespace {

Event nth(std::uint32_t i) { return {static_cast<Nanos>(i) * 10, entity_of(EventKind::kWake, i % 3), i}; }

RunHash run(std::uint32_t events, std::uint32_t odd_one = UINT32_MAX) {
  RunHash hash(100);
  for (std::uint32_t i = 0; i < events; ++i) hash.add(nth(i), i == odd_one ? 1 : 0);
  return hash;
}

TEST(RunHash, EveryFieldCounts) {
  std::set<std::uint64_t> values;
  for (const Event& e : {Event{1, 2, 3}, Event{2, 2, 3}, Event{1, 3, 3}, Event{1, 2, 4}}) {
    for (const std::uint64_t digest : {0, 1}) {
      RunHash hash;
      hash.add(e, digest);
      values.insert(hash.value());
    }
  }
  values.insert(RunHash().value());
  EXPECT_EQ(values.size(), 9u);
}

TEST(RunHash, OrderCounts) {
  RunHash a;
  RunHash b;
  a.add(nth(1), 0);
  a.add(nth(2), 0);
  b.add(nth(2), 0);
  b.add(nth(1), 0);
  EXPECT_NE(a.value(), b.value());
}

TEST(RunHash, CheckpointsLeadToTheDifference) {
  const RunHash a = run(1000);
  const RunHash b = run(1000, 555);
  EXPECT_EQ(a.value(), run(1000).value());
  EXPECT_NE(a.value(), b.value());
  ASSERT_EQ(a.checkpoints().size(), 10u);
  const Stretch stretch = first_difference(a.checkpoints(), b.checkpoints());
  EXPECT_EQ(stretch.from, 500u);
  EXPECT_EQ(stretch.to, 600u);
}

TEST(RunHash, NoDifferenceIsAnEmptyStretch) {
  const Stretch stretch = first_difference(run(1000).checkpoints(), run(400).checkpoints());
  EXPECT_EQ(stretch.from, stretch.to);
}

TEST(RunHash, DigestSeesEveryByte) {
  std::vector<std::uint8_t> bytes(300, 7);
  const std::uint64_t whole = payload_digest(bytes);
  for (std::uint8_t& byte : bytes) {
    byte ^= 1;
    EXPECT_NE(payload_digest(bytes), whole);
    byte ^= 1;
  }
  EXPECT_EQ(payload_digest(bytes), whole);
  EXPECT_EQ(payload_digest({}), 0u);
}

}  // namespace
}  // namespace orrery::sim
