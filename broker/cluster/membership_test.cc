// SPDX-License-Identifier: Apache-2.0
#include "broker/cluster/membership.h"

#include <gtest/gtest.h>

#include <bit>

namespace orrery::cluster {
namespace {

ClusterSetup setup_of(NodeId self) {
  ClusterSetup setup;
  setup.members = {{"c1", true, 1}, {"c2", true, 1}, {"r1", false, 1}, {"r2", false, 1}};
  setup.self = self;
  return setup;
}

TEST(Membership, SilenceMasksThenBuriesAndASignOfLifeEndsBoth) {
  const ClusterSetup setup = setup_of(0);
  Membership m(setup);
  m.start(0);
  m.heard(0, 1);
  EXPECT_TRUE(m.evaluate(0).live_cores);
  EXPECT_EQ(m.live_cores(), 3u);
  EXPECT_EQ(m.evaluate(kPeerTimeout).live_cores_before, 3u);
  Membership::Changes changes = m.evaluate(kPeerTimeout + 1);
  EXPECT_TRUE(changes.live_cores);
  EXPECT_EQ(m.live_cores(), 1u);
  EXPECT_EQ(changes.masked, 0u);
  changes = m.evaluate(kPeerTimeout + kMaskAfter);
  EXPECT_EQ(changes.masked, mask_of(1) | mask_of(2) | mask_of(3));
  EXPECT_TRUE(m.masked(1));
  EXPECT_EQ(m.evaluate(kPeerTimeout + kMaskAfter + 1).masked, 0u) << "said once";
  changes = m.evaluate(kPeerTimeout + kNodeGoneAfter);
  EXPECT_EQ(changes.gone, mask_of(1) | mask_of(2) | mask_of(3));
  const Nanos later = kPeerTimeout + kNodeGoneAfter + 5;
  m.heard(later, 1);
  m.hears(1, mask_of(0) | mask_of(2));
  changes = m.evaluate(later);
  EXPECT_EQ(changes.unmasked, mask_of(1) | mask_of(2)) << "heard, and heard of";
  EXPECT_EQ(changes.back, mask_of(1) | mask_of(2));
  EXPECT_TRUE(m.masked(3));
  EXPECT_EQ(m.hearer_of(2, mask_of(1)), 1);
  EXPECT_EQ(m.hearer_of(3, mask_of(1)), kNoNode);
}

TEST(Membership, AReplicantWithoutCoresJudgesNobody) {
  const ClusterSetup setup = setup_of(2);
  Membership m(setup);
  m.start(0);
  m.heard(0, 0);
  m.hears(0, mask_of(1) | mask_of(3));
  m.evaluate(0);
  for (Nanos now = kSecond; now < 100 * kSecond; now += kSecond) {
    const Membership::Changes changes = m.evaluate(now);
    EXPECT_EQ(changes.masked | changes.gone, 0u) << now;
  }
  // One core is back, but it does not hear the others yet: they have their full time again.
  m.hears(0, 0);
  for (Nanos now = 100 * kSecond; now < 200 * kSecond; now += kSecond) {
    m.heard(now, 0);
    const Membership::Changes changes = m.evaluate(now);
    if (now < 100 * kSecond + kMaskAfter) {
      EXPECT_EQ(changes.masked, 0u) << now;
    }
  }
  EXPECT_TRUE(m.masked(3));
  EXPECT_TRUE(m.gone(3));
}

TEST(Membership, OnesOwnSleepIsNotTheOthersSilence) {
  const ClusterSetup setup = setup_of(0);
  Membership m(setup);
  m.start(0);
  m.heard(0, 1);
  m.evaluate(0);
  m.slept(60 * kSecond);
  EXPECT_FALSE(m.silent(60 * kSecond, 1));
  const Membership::Changes changes = m.evaluate(60 * kSecond);
  EXPECT_EQ(changes.masked | changes.gone, 0u);
  EXPECT_FALSE(changes.live_cores);
  EXPECT_TRUE(m.silent(60 * kSecond, 3)) << "it was silent before";
}

TEST(ClusterSetup, RendezvousHashingMovesOnlyWhatItMust) {
  int moved = 0;
  int of_third = 0;
  for (int i = 0; i < 10'000; ++i) {
    const std::string id = "client-" + std::to_string(i);
    const NodeId among_three = registrar_of(id, 7);
    const NodeId among_two = registrar_of(id, 3);
    if (among_three == 2)
      ++of_third;
    else if (among_three != among_two)
      ++moved;
  }
  EXPECT_EQ(moved, 0);
  EXPECT_NEAR(of_third, 3333, 300);
  EXPECT_EQ(registrar_of("x", 0), kNoNode);
}

TEST(ClusterSetup, ReplicantsSpreadEvenlyOverAnyCores) {
  ClusterSetup setup;
  for (int i = 0; i < 3; ++i) setup.members.push_back({"c", true, 1});
  for (int i = 0; i < 7; ++i) setup.members.push_back({"r", false, 1});
  for (NodeMask live = 1; live < 8; ++live) {
    std::array<int, 3> load{};
    for (NodeId n = 3; n < 10; ++n) {
      const NodeId core = attachment_of(setup, n, live);
      ASSERT_NE(live & mask_of(core), 0u);
      ++load[core];
    }
    const int cores = std::popcount(live);
    for (NodeId core = 0; core < 3; ++core)
      EXPECT_LE(load[core], (live & mask_of(core)) != 0 ? (7 + cores - 1) / cores : 0);
  }
  EXPECT_EQ(attachment_of(setup, 3, 0), kNoNode);
}

TEST(ClusterSetup, TheFingerprintSeesEveryField) {
  const ClusterSetup setup = setup_of(0);
  const std::uint64_t base = fingerprint(setup);
  EXPECT_EQ(fingerprint(setup_of(3)), base) << "who one is does not count";
  for (int change = 0; change < 4; ++change) {
    ClusterSetup other = setup;
    if (change == 0) other.members[1].name = "c3";
    if (change == 1) other.members[1].core = false;
    if (change == 2) other.members[1].shards = 2;
    if (change == 3) std::swap(other.members[0], other.members[1]);
    EXPECT_NE(fingerprint(other), base) << change;
  }
}

}  // namespace
}  // namespace orrery::cluster
