// SPDX-License-Identifier: Apache-2.0
#include "broker/cluster/registrar.h"

#include <gtest/gtest.h>

#include <map>
#include <sstream>

#include "base/rng.h"
#include "broker/cluster/limits.h"

namespace orrery::cluster {
namespace {

/// Writes down what the registrar says. Node n lives as incarnation lives[n]; 0: nobody hears it.
class Script final : public RegistrarOut {
 public:
  void grant(const Holder& to, const claims::Grant& g) override {
    log << "grant " << g.client_id << "#" << g.request << " to " << to.place.node << " epoch " << g.epoch;
    if (g.session_present) log << " with " << as_text(g.session);
    log << "; ";
  }
  void refuse(const Holder& to, const claims::Refusal& r) override {
    log << "refuse " << r.client_id << "#" << r.request << " to " << to.place.node << "; ";
  }
  void yield(Place holder, const claims::Yield& y) override {
    log << "yield " << y.client_id << " at " << holder.node << " epoch " << y.epoch << (y.discard ? " discard" : "")
        << "; ";
  }
  std::uint64_t next_epoch() override { return ++last_epoch; }
  bool alive(const Holder& holder) override { return heard[holder.place.node] && !outlived(holder); }
  bool outlived(const Holder& holder) override { return holder.incarnation < lives[holder.place.node]; }

  std::string take() {
    const std::string text = log.str();
    log.str("");
    return text;
  }
  std::ostringstream log;
  std::uint64_t last_epoch = 0;
  std::array<bool, 8> heard{true, true, true, true, true, true, true, true};
  std::array<std::uint64_t, 8> lives{1, 1, 1, 1, 1, 1, 1, 1};
};

class RegistrarTest : public testing::Test {
 protected:
  void claim(std::string_view id, NodeId node, std::uint64_t request, bool clean_start = false,
             bool may_be_held = false) {
    registrar_.claim(0, {{node, 0}, 1}, {request, clean_start, id}, may_be_held);
  }
  void hold(std::string_view id, NodeId node, std::uint64_t epoch) { registrar_.hold(0, {{node, 0}, 1}, {epoch, id}); }
  void yielded(std::string_view id, std::uint64_t epoch, std::string_view session) {
    registrar_.yielded(0, {epoch, true, id, as_bytes(session)});
  }
  void release(std::string_view id, std::uint64_t epoch) { registrar_.release(0, {epoch, id}); }

  Heap heap_;
  Script out_;
  Registrar registrar_{heap_, 42, out_};
};

TEST_F(RegistrarTest, AFreeIdIsGrantedAtOnce) {
  claim("x", 1, 10);
  EXPECT_EQ(out_.take(), "grant x#10 to 1 epoch 1; ");
  release("x", 1);
  EXPECT_EQ(registrar_.rows(), 0u);
}

TEST_F(RegistrarTest, TheHolderYieldsFirst) {
  claim("x", 1, 10);
  claim("x", 2, 20);
  claim("x", 3, 30, true);
  claim("x", 2, 20);  // sent again
  EXPECT_EQ(out_.take(), "grant x#10 to 1 epoch 1; yield x at 1 epoch 1; ");
  yielded("x", 7, "wrong");
  EXPECT_EQ(out_.take(), "");
  yielded("x", 1, "state");
  EXPECT_EQ(out_.take(), "grant x#20 to 2 epoch 2 with state; yield x at 2 epoch 2 discard; ");
  yielded("x", 2, "state");
  EXPECT_EQ(out_.take(), "grant x#30 to 3 epoch 3; ") << "a clean start takes no session";
  EXPECT_EQ(registrar_.next_deadline(), kYieldTimeout);
  registrar_.tick(kYieldTimeout);
  EXPECT_EQ(out_.take(), "") << "those deadlines are over";
}

TEST_F(RegistrarTest, AnEndOfTheSessionCountsAsYielded) {
  claim("x", 1, 10);
  claim("x", 2, 20);
  release("x", 1);
  EXPECT_EQ(out_.take(), "grant x#10 to 1 epoch 1; yield x at 1 epoch 1; grant x#20 to 2 epoch 2; ");
  release("x", 1);
  EXPECT_EQ(registrar_.rows(), 1u) << "an old epoch releases nothing";
}

TEST_F(RegistrarTest, TimeOutDeathAndMaskingPassTheHolderOver) {
  for (const char* id : {"a", "b", "c"}) claim(id, 1, 10);
  claim("a", 2, 20);
  out_.take();
  registrar_.tick(kYieldTimeout);
  EXPECT_EQ(out_.take(), "grant a#20 to 2 epoch 4; ");
  claim("b", 2, 21);
  out_.take();
  out_.heard[1] = false;
  registrar_.pass_over(0, 1);
  EXPECT_EQ(out_.take(), "grant b#21 to 2 epoch 5; ");
  claim("c", 2, 22);
  EXPECT_EQ(out_.take(), "grant c#22 to 2 epoch 6; ");
}

TEST_F(RegistrarTest, AClaimWaitsWhileOthersMayHoldTheId) {
  claim("x", 1, 10, false, true);
  claim("y", 1, 11, false, true);
  EXPECT_EQ(out_.take(), "");
  hold("x", 2, 90);
  EXPECT_EQ(out_.take(), "yield x at 2 epoch 90; ");
  registrar_.settled(0);
  EXPECT_EQ(out_.take(), "grant y#11 to 1 epoch 1; ");
  yielded("x", 90, "state");
  EXPECT_EQ(out_.take(), "grant x#10 to 1 epoch 2 with state; ");
}

TEST_F(RegistrarTest, OfTwoHoldersTheOlderYields) {
  hold("x", 1, 50);
  hold("x", 2, 60);
  EXPECT_EQ(out_.take(), "yield x at 1 epoch 50; ");
  hold("x", 3, 55);
  EXPECT_EQ(out_.take(), "yield x at 3 epoch 55; ");
  hold("x", 2, 60);
  EXPECT_EQ(out_.take(), "") << "said again";
  hold("x", 3, 60);
  EXPECT_EQ(out_.take(), "yield x at 3 epoch 60; ") << "of two equals the known one stays";
  out_.lives[4] = 2;
  hold("x", 4, 70);
  EXPECT_EQ(out_.take(), "") << "a dead life holds nothing";
  yielded("x", 50, "state");
  EXPECT_EQ(out_.take(), "");
}

TEST_F(RegistrarTest, AReleasedSecondGrantLeavesTheFirst) {
  claim("x", 1, 10);
  EXPECT_EQ(out_.take(), "grant x#10 to 1 epoch 1; ");
  out_.last_epoch = 99;
  claim("y", 1, 11);
  hold("y", 1, 40);  // another registrar had granted it before
  release("y", 100);
  Holder holder;
  std::uint64_t epoch = 0;
  ASSERT_TRUE(registrar_.find("y", holder, epoch));
  EXPECT_EQ(epoch, 40u);
  release("y", 40);
  EXPECT_FALSE(registrar_.find("y", holder, epoch));
}

TEST_F(RegistrarTest, TheQueueIsBounded) {
  for (std::uint64_t i = 0; i <= kClaimQueueMax + 1; ++i) claim("x", 1, i);
  EXPECT_EQ(out_.take(), "grant x#0 to 1 epoch 1; yield x at 1 epoch 1; refuse x#1 to 1; ");
}

TEST_F(RegistrarTest, LostYieldsAreSaidAgain) {
  claim("x", 1, 10);
  claim("x", 2, 20);
  claim("z", 3, 20);
  claim("z", 2, 21);
  out_.take();
  registrar_.yield_again(1);
  EXPECT_EQ(out_.take(), "yield x at 1 epoch 1; ");
}

TEST_F(RegistrarTest, PurgeDropsTheDeadAndWhatIsNotItsOwn) {
  std::size_t own = 0;
  for (int i = 0; i < 1000; ++i) {
    const std::string id = "a-client-id-that-is-rather-long-" + std::to_string(i);
    claim(id, static_cast<NodeId>(i % 2), 1);
    if (i % 2 == 0 && registrar_of(id, 3) == 0) ++own;
  }
  out_.lives[1] = 2;
  registrar_.begin_purge();
  int steps = 0;
  while (!registrar_.purge(100, 3, 0)) ++steps;
  EXPECT_EQ(steps, 9);
  EXPECT_EQ(registrar_.rows(), own);
}

TEST_F(RegistrarTest, RandomOperationsAgreeWithAMap) {
  struct Twin {
    Holder holder;
    std::uint64_t epoch;
    std::uint64_t older = 0;
  };
  std::map<std::string, Twin> twin;
  Rng rng(3);
  for (int step = 0; step < 20'000; ++step) {
    const std::string id = rng.below(2) == 0 ? "id" + std::to_string(rng.below(300))
                                             : "a/long/client/id/" + std::string(rng.below(200), 'x');
    const Holder holder{{static_cast<NodeId>(rng.below(8)), 0}, 1};
    const auto at = twin.find(id);
    switch (rng.below(3)) {
      case 0:
        if (at != twin.end()) break;
        claim(id, holder.place.node, 1);
        twin[id] = {holder, out_.last_epoch};
        break;
      case 1: {
        const std::uint64_t epoch = 1 + rng.below(30'000);
        hold(id, holder.place.node, epoch);
        if (at == twin.end() || epoch > at->second.epoch)
          twin[id] = {holder, epoch};
        else if (holder == at->second.holder && epoch < at->second.epoch)
          at->second.older = epoch;
        break;
      }
      default: {
        const std::uint64_t epoch = at != twin.end() && rng.below(2) == 0 ? at->second.epoch : rng.below(100);
        release(id, epoch);
        if (at == twin.end() || at->second.epoch != epoch) break;
        if (at->second.older == 0)
          twin.erase(at);
        else
          at->second = {at->second.holder, at->second.older};
      }
    }
    out_.take();
    ASSERT_EQ(registrar_.rows(), twin.size());
    Holder found;
    std::uint64_t epoch = 0;
    const auto now = twin.find(id);
    ASSERT_EQ(registrar_.find(id, found, epoch), now != twin.end());
    if (now == twin.end()) continue;
    ASSERT_EQ(found, now->second.holder);
    ASSERT_EQ(epoch, now->second.epoch);
  }
}

TEST_F(RegistrarTest, ARowIsSmall) {
  const int count = 100'000;
  for (int i = 0; i < count; ++i) claim("dev" + std::to_string(1'000'000 + i), 1, 1);
  EXPECT_LE(heap_.bytes_in_use() / count, 64u);
}

}  // namespace
}  // namespace orrery::cluster
