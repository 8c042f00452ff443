// SPDX-License-Identifier: Apache-2.0
// One replicant against a scripted core: orders of the registrar's frames that a cluster in memory rarely produces.
#include "broker/cluster/registrar_link.h"

#include <gtest/gtest.h>

#include "broker/cluster/test_cluster.h"

namespace orrery::cluster {
namespace {

using Buffer = ByteWriter::Buffer;

/// r1 of "c1 r1", with a link on which the test plays c1.
class RegistrarLinkTest : public testing::Test {
 protected:
  RegistrarLinkTest() : cluster_("c1 r1", 1) {
    cluster_.start(1);
    // The harness answers the dial with a failure: c1 does not run. The test opens the link itself.
    node().port().link_open(0, kLink, {LinkKind::kPeerOut, 0, {}});
    Hello hello;
    hello.fingerprint = fingerprint(cluster_.setup());
    hello.from = {0, 0};
    hello.to = {1, 0};
    hello.incarnation = 1;
    Buffer frame;
    encode(hello, frame);
    deliver(frame);
  }

  test::TestNode& node() { return cluster_[1]; }
  void deliver(Bytes bytes) {
    node().port().feed(cluster_.now(), kLink, bytes);
    node().plane().end_of_event(cluster_.now());
  }
  template <class Said>
  void say(FrameType type, const Said& said, std::uint64_t incarnation = 1) {
    Buffer frame;
    {
      FrameWriter w(frame, type);
      w.u64(100);
      write(w, Envelope{0, 1, 0});
      write(w, HolderShard{0, incarnation});
      write_fields(w, said);
    }
    deliver(frame);
  }
  void grant(std::string_view client_id, std::uint64_t epoch, std::uint64_t request, std::uint64_t incarnation = 1) {
    say(FrameType::kGrant, claims::Grant{request, epoch, false, client_id, {}}, incarnation);
  }
  void yield(std::string_view client_id, std::uint64_t epoch) {
    say(FrameType::kYield, claims::Yield{epoch, false, client_id});
  }

  std::uint64_t refused() { return node().port().effects().noted()[NoteKind::kPeerRefused]; }

  static constexpr LinkId kLink = 1000;
  test::TestCluster cluster_;
};

TEST_F(RegistrarLinkTest, AGrantIsTaken) {
  const std::uint64_t request = node().connect("x");
  grant("x", 640, request);
  EXPECT_EQ(node().sessions["x"].epoch, 640u);
}

TEST_F(RegistrarLinkTest, AGrantForAFormerLifeIsNot) {
  const std::uint64_t request = node().connect("x");
  grant("x", 640, request, 7);
  EXPECT_EQ(node().sessions.count("x"), 0u);
  grant("y", 640, request);
  EXPECT_EQ(node().sessions.count("x"), 0u) << "the number was another id's";
}

TEST_F(RegistrarLinkTest, AYieldThatOvertakesItsGrantMakesItVoid) {
  const std::uint64_t request = node().connect("x");
  yield("x", 640);
  grant("x", 640, request);
  EXPECT_EQ(node().sessions.count("x"), 0u) << "somebody else has it by now";
  EXPECT_EQ(node().claims_failed, 1u);
}

TEST_F(RegistrarLinkTest, AGrantAfterAnEarlierHoldersYieldCounts) {
  const std::uint64_t request = node().connect("x");
  yield("x", 576);
  grant("x", 640, request);
  EXPECT_EQ(node().sessions.count("x"), 1u);
}

TEST_F(RegistrarLinkTest, ARefusedClaimFails) {
  const std::uint64_t request = node().connect("x");
  say(FrameType::kClaimRefused, claims::Refusal{request, "y"});
  EXPECT_EQ(node().claims_failed, 0u);
  say(FrameType::kClaimRefused, claims::Refusal{request, "x"});
  EXPECT_EQ(node().claims_failed, 1u);
}

TEST_F(RegistrarLinkTest, AReplicantIsNoRegistrar) {
  say(FrameType::kClaim, claims::Request{1, false, "x"});
  EXPECT_EQ(refused(), 1u);
}

TEST_F(RegistrarLinkTest, ValuesThatNobodyCanHaveAreRefused) {
  yield("x", kEpochMax + 1);
  EXPECT_EQ(refused(), 1u);
}

TEST_F(RegistrarLinkTest, AnEpochIsNever0) {
  yield("x", 0);
  EXPECT_EQ(refused(), 1u);
}

/// c1 of "c1 c2", with a link on which the test plays c2: c1 is a registrar.
TEST(RegistrarOnACore, AClockAtItsEndEndsNothing) {
  test::TestCluster cluster("c1 c2", 1);
  cluster.start(0);
  test::TestNode& c1 = cluster[0];
  constexpr LinkId kLink = 1000;
  const auto deliver = [&](Bytes bytes) {
    c1.port().feed(cluster.now(), kLink, bytes);
    c1.plane().end_of_event(cluster.now());
  };
  c1.port().link_open(cluster.now(), kLink, {LinkKind::kPeerOut, 1u << 16, {}});
  Hello hello;
  hello.fingerprint = fingerprint(cluster.setup());
  hello.from = {1, 0};
  hello.to = {0, 0};
  hello.incarnation = 1;
  Buffer frame;
  encode(hello, frame);
  deliver(frame);
  const auto beat = [&](std::uint64_t clock) {
    frame.clear();
    {
      FrameWriter w(frame, FrameType::kHeartbeat);
      w.u64(clock);
      write(w, Heartbeat{});
    }
    deliver(frame);
  };
  beat(kClockMax);
  EXPECT_EQ(c1.port().effects().noted()[NoteKind::kPeerRefused], 0u);
  std::string id = "x";
  while (registrar_of(id, 0b11) != 0) id += 'x';
  cluster.run_for(kRegistrarSettle + kSecond);
  c1.connect(id);
  cluster.run_for(kSecond);
  ASSERT_EQ(c1.sessions.count(id), 1u) << "it goes on counting for itself";
  EXPECT_GT(c1.sessions[id].epoch, kClockMax * kMembersMax);
}

}  // namespace
}  // namespace orrery::cluster
