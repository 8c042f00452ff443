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
    node().port().link_open(0, kLink, true, 0);
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
    node().port().bytes(cluster_.now(), kLink, bytes);
    node().plane().end_of_event(cluster_.now());
  }
  void say(FrameType type, const RegistrarMessage& message) {
    Buffer frame;
    {
      FrameWriter w(frame, type);
      w.u64(100);
      write(w, Envelope{0, 1, 0});
      write(w, message);
    }
    deliver(frame);
  }
  RegistrarMessage about(const std::string& client_id, std::uint64_t epoch, std::uint64_t request = 0) {
    client_id_ = client_id;
    RegistrarMessage m;
    m.incarnation = 1;
    m.epoch = epoch;
    m.request = request;
    m.client_id = client_id_;
    return m;
  }

  static constexpr LinkId kLink = 1000;
  test::TestCluster cluster_;
  std::string client_id_;
};

TEST_F(RegistrarLinkTest, AGrantIsTaken) {
  const std::uint64_t request = node().connect("x");
  say(FrameType::kGrant, about("x", 640, request));
  EXPECT_EQ(node().sessions["x"].epoch, 640u);
}

TEST_F(RegistrarLinkTest, AGrantForAFormerLifeIsNot) {
  const std::uint64_t request = node().connect("x");
  RegistrarMessage m = about("x", 640, request);
  m.incarnation = 7;
  say(FrameType::kGrant, m);
  EXPECT_EQ(node().sessions.count("x"), 0u);
  say(FrameType::kGrant, about("y", 640, request));
  EXPECT_EQ(node().sessions.count("x"), 0u) << "the number was another id's";
}

TEST_F(RegistrarLinkTest, AYieldThatOvertakesItsGrantMakesItVoid) {
  const std::uint64_t request = node().connect("x");
  say(FrameType::kYield, about("x", 640));
  say(FrameType::kGrant, about("x", 640, request));
  EXPECT_EQ(node().sessions.count("x"), 0u) << "somebody else has it by now";
  EXPECT_EQ(node().claims_failed, 1u);
}

TEST_F(RegistrarLinkTest, AGrantAfterAnEarlierHoldersYieldCounts) {
  const std::uint64_t request = node().connect("x");
  say(FrameType::kYield, about("x", 576));
  say(FrameType::kGrant, about("x", 640, request));
  EXPECT_EQ(node().sessions.count("x"), 1u);
}

TEST_F(RegistrarLinkTest, ARefusedClaimFails) {
  const std::uint64_t request = node().connect("x");
  say(FrameType::kClaimRefused, about("y", 0, request));
  EXPECT_EQ(node().claims_failed, 0u);
  say(FrameType::kClaimRefused, about("x", 0, request));
  EXPECT_EQ(node().claims_failed, 1u);
}

TEST_F(RegistrarLinkTest, AReplicantIsNoRegistrar) {
  say(FrameType::kClaim, about("x", 0, 1));
  EXPECT_EQ(node().port().last_refusal(), Refusal::kMalformed);
}

}  // namespace
}  // namespace orrery::cluster
