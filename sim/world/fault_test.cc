// SPDX-License-Identifier: Apache-2.0
// Each fault of sim/models/fault.h: what it does, what it must not do, and that things go on afterwards.
#include <gtest/gtest.h>

#include "sim/world/test_world.h"

namespace orrery::sim {
namespace {

using world_contract::Record;
using world_contract::What;

void fault(TestWorld& t, Fault f) {
  f.at = t.world->now() + 1;
  t.world->plan({f});
}
void node_fault(TestWorld& t, FaultKind kind, NodeId node, Nanos duration = 0, std::uint32_t per_mille = 1000) {
  fault(t, {.at = 0, .kind = kind, .node = node, .duration = duration, .per_mille = per_mille});
}
Fault cut(FaultKind kind, PlaceSet from, PlaceSet to, bool both_ways = true) {
  return {.at = 0,
          .kind = kind,
          .node = 0,
          .duration = 0,
          .per_mille = 1000,
          .from = from,
          .to = to,
          .both_ways = both_ways};
}
constexpr PlaceSet kClients{.nodes = 0, .clients = true};
constexpr PlaceSet node_set(NodeId node) { return {.nodes = std::uint64_t{1} << node, .clients = false}; }

/// Shard 0 of node 0 dials node 1.
void dial_next(const Record& r, Effects& effects) {
  if (r.what == What::kStart && r.place == Place{0, 0}) effects.dial(1, 1, 0);
}

TEST(Fault, ACrashResetsEveryLink) {
  TestWorld t(2, 2, dial_next, plain_options());
  t.connect_now(0, 1);
  t.connect_now(1, 1);
  t.connect_now(2, 0);
  const int closed_before = t.log.count(What::kLinkClosed);
  node_fault(t, FaultKind::kCrash, 1);
  t.run(kSecond);
  EXPECT_EQ(t.clients[0].ended_by, EndedBy::kReset);
  EXPECT_EQ(t.clients[1].ended_by, EndedBy::kReset);
  EXPECT_EQ(t.clients[2].closed_at, -1);
  EXPECT_EQ(t.log.count(What::kLinkClosed) - closed_before,
            1);  // node 0's end of the peer link; node 1 is told nothing
  EXPECT_EQ(t.world->node(1), nullptr);
  EXPECT_FALSE(t.world->usage(1).up);
  EXPECT_EQ(t.world->usage(1).sockets, 0u);
  t.connect_now(0, 1);
  EXPECT_EQ(t.clients[0].ended_by, EndedBy::kRefused);
}

TEST(Fault, ARestartIsANewLife) {
  TestWorld t(1, 2, echo_script, plain_options());
  t.connect_now(0);
  EXPECT_EQ(t.world->usage(0).incarnation, 1u);
  const int starts = t.log.count(What::kStart);
  node_fault(t, FaultKind::kRestart, 0);
  t.run(kSecond);
  EXPECT_EQ(t.clients[0].ended_by, EndedBy::kReset);
  EXPECT_EQ(t.world->usage(0).incarnation, 2u);
  EXPECT_EQ(t.log.count(What::kStart), starts + 2);
  t.connect_now(0);
  t.send(0, "again");
  t.run(kSecond);
  EXPECT_EQ(t.clients[0].received, "again");
  EXPECT_TRUE(t.log.violations().empty());
}

TEST(Fault, WhatHadNotLeftAtTheCrashNeverLeaves) {
  WorldOptions options = plain_options();
  options.costs.nanos[static_cast<std::size_t>(Cost::kEvent)] = 10'000'000;
  for (const Nanos crash_after : {5 * kMillisecond, 15 * kMillisecond}) {
    TestWorld t(
        1, 2,
        [](const Record& r, Effects& effects) {
          if (r.what != What::kBytes) return;
          effects.send(r.link, as_bytes("answer"));
          effects.post(1 - r.place.shard, as_bytes("posted"));
        },
        options);
    t.connect_now(0);
    t.send(0, "x");
    t.world->plan({{.at = t.world->now() + crash_after, .kind = FaultKind::kCrash, .node = 0}});
    t.run(kSecond);
    const bool had_left = crash_after > 10 * kMillisecond;
    EXPECT_EQ(t.clients[0].received, had_left ? "answer" : "");
    EXPECT_EQ(t.log.count(What::kMessage), had_left ? 1 : 0);
    EXPECT_EQ(t.clients[0].ended_by, EndedBy::kReset);
    EXPECT_EQ(t.world->items_under_way(), 0u);
  }
}

TEST(Fault, APowerLossLeavesLinksHalfOpen) {
  TestWorld t(1, 1, echo_script, plain_options());
  t.connect_now(0);
  t.connect_now(1);
  node_fault(t, FaultKind::kPowerLoss, 0);
  t.run(1000 * kSecond);
  EXPECT_EQ(t.clients[0].closed_at, -1);  // who sends nothing learns nothing
  const Nanos sent = t.world->now();
  t.send(1, "hello?");
  t.run(1000 * kSecond);
  EXPECT_EQ(t.clients[1].ended_by, EndedBy::kTimeout);
  EXPECT_GE(t.clients[1].closed_at, sent + NetworkModel{}.give_up);
  t.connect(2);
  t.run(1000 * kSecond);
  EXPECT_EQ(t.clients[2].ended_by, EndedBy::kTimeout);
  EXPECT_TRUE(t.world->client_has_connection(0));
}

TEST(Fault, AMachineThatIsBackResetsWhoStillTalksToIt) {
  TestWorld t(1, 1, echo_script, plain_options());
  t.connect_now(0);
  t.connect_now(1);
  node_fault(t, FaultKind::kPowerLoss, 0);
  t.run(kSecond);
  t.send(0, "before the restart");
  t.run(10 * kSecond);
  node_fault(t, FaultKind::kRestart, 0);
  t.run(60 * kSecond);
  t.send(1, "after the restart");
  t.run(60 * kSecond);
  EXPECT_EQ(t.clients[0].ended_by, EndedBy::kReset);
  EXPECT_EQ(t.clients[1].ended_by, EndedBy::kReset);
  EXPECT_EQ(t.log.count(What::kBytes), 0);
  EXPECT_EQ(t.world->items_under_way(), 0u);
}

TEST(Fault, APauseDelaysAndLosesNothing) {
  TestWorld t(1, 1, echo_script, plain_options());
  t.connect_now(0);
  node_fault(t, FaultKind::kPause, 0, 3 * kSecond);
  t.run(kSecond);
  const Nanos resumes = t.world->now() + 2 * kSecond;
  t.send(0, "one");
  t.connect(1);
  t.run(kSecond);
  EXPECT_GE(t.clients[1].connected_at, 0);  // the kernel accepts
  t.run(10 * kSecond);
  EXPECT_EQ(t.clients[0].received, "one");
  EXPECT_GE(t.clients[0].pieces[0].first, resumes - kMillisecond);
  EXPECT_LE(t.clients[0].pieces[0].first, resumes + kMillisecond);
  EXPECT_TRUE(t.log.violations().empty());
}

TEST(Fault, ASlowCpuMultipliesCosts) {
  WorldOptions options = plain_options();
  options.costs.nanos[static_cast<std::size_t>(Cost::kEvent)] = 1'000'000;
  TestWorld t(1, 1, echo_script, options);
  t.connect_now(0);
  const auto cost = [&] {
    const Nanos before = t.world->usage(0).cpu_busy;
    t.send(0, "x");
    t.run(kSecond);
    return t.world->usage(0).cpu_busy - before;
  };
  EXPECT_EQ(cost(), kMillisecond);
  node_fault(t, FaultKind::kSlowCpu, 0, 0, 5000);
  t.run(1);
  EXPECT_EQ(cost(), 5 * kMillisecond);
  node_fault(t, FaultKind::kSlowCpu, 0, 0, 1000);
  t.run(1);
  EXPECT_EQ(cost(), kMillisecond);
}

TEST(Fault, ASlowPathAddsLatency) {
  TestWorld t(2, 1, echo_script, plain_options());
  t.connect_now(0, 0);
  t.connect_now(1, 1);
  node_fault(t, FaultKind::kSlowPath, 0, 20 * kMillisecond);
  t.run(1);
  const Nanos asked = t.world->now();
  t.send(0, "x");
  t.send(1, "x");
  t.run(kSecond);
  EXPECT_GT(t.clients[0].pieces[0].first - asked, 40 * kMillisecond);
  EXPECT_LT(t.clients[1].pieces[0].first - asked, kMillisecond);
}

TEST(Fault, APartitionStallsAndHealingDeliversInOrder) {
  TestWorld t(1, 1, echo_script, plain_options());
  t.connect_now(0);
  fault(t, cut(FaultKind::kPartition, kClients, node_set(0)));
  t.run(1);
  std::string sent;
  for (int i = 0; i < 50; ++i) {
    sent += std::to_string(i) + ",";
    t.send(0, std::to_string(i) + ",");
    t.run(100 * kMillisecond);
  }
  EXPECT_EQ(t.log.count(What::kBytes), 0);
  fault(t, cut(FaultKind::kHeal, kClients, node_set(0)));
  t.run(60 * kSecond);
  EXPECT_EQ(t.clients[0].received, sent);
  EXPECT_EQ(t.clients[0].closed_at, -1);
  EXPECT_EQ(t.world->items_under_way(), 0u);
}

TEST(Fault, AOneWayCutLetsTheOtherWayPass) {
  TestWorld t(1, 1, echo_script, plain_options());
  t.connect_now(0);
  fault(t, cut(FaultKind::kPartition, node_set(0), kClients, false));
  t.run(1);
  t.send(0, "heard but not answered");
  t.run(kSecond);
  EXPECT_EQ(t.log.count(What::kBytes), 1);
  EXPECT_EQ(t.clients[0].received, "");
  fault(t, cut(FaultKind::kHeal, node_set(0), kClients, false));
  t.run(10 * kSecond);
  EXPECT_EQ(t.clients[0].received, "heard but not answered");
}

TEST(Fault, ALongCutEndsTheStreamAtItsSender) {
  TestWorld t(2, 1, dial_next, plain_options());
  t.connect_now(0, 0);
  const int closed = t.log.count(What::kLinkClosed);
  fault(t, cut(FaultKind::kPartition, kClients, node_set(0)));
  t.run(1);
  t.send(0, "x");
  t.run(NetworkModel{}.give_up + kSecond);
  EXPECT_EQ(t.clients[0].ended_by, EndedBy::kTimeout);
  EXPECT_EQ(t.log.count(What::kLinkClosed), closed);  // the node has heard nothing: half-open
  EXPECT_EQ(t.world->usage(0).sockets, 2u);
  t.connect(0, 0);
  t.run(60 * kSecond);
  EXPECT_EQ(t.clients[0].ended_by, EndedBy::kTimeout);
}

TEST(Fault, ACutBetweenNodesLeavesClientsAlone) {
  TestWorld t(
      3, 1,
      [](const Record& r, Effects& effects) {
        if (r.what == What::kStart && r.place.node == 0) effects.wake_at(kSecond);
        if (r.what == What::kWake) {
          effects.dial(1, 1, 0);
          effects.dial(2, 2, 0);
        }
        echo_script(r, effects);
      },
      plain_options());
  t.world->plan(
      {{.at = kMillisecond, .kind = FaultKind::kPartition, .node = 0, .from = node_set(0), .to = node_set(1)}});
  t.connect_now(0, 0);
  t.connect_now(1, 1);
  t.run(60 * kSecond);
  ASSERT_EQ(t.log.count(What::kDialFailed), 1);
  EXPECT_EQ(t.log.first(What::kDialFailed)->tag, 1u);
  for (const ClientId c : {0u, 1u}) t.send(c, "x");
  t.run(kSecond);
  for (const ClientId c : {0u, 1u}) EXPECT_EQ(t.clients[c].received, "x");
}

// Everything at once, at random: whatever happens, the rules of the seam hold, a connection's echo is a prefix of what
// was asked, and when all is healed and closed nothing is left over.
TEST(Fault, ChaosBreaksNoRule) {
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    Rng rng(seed);
    WorldOptions options;
    options.seed = seed;
    options.queue = seed % 2 == 0 ? QueueKind::kHeap : QueueKind::kWheel;
    options.network.client.window_bytes = 5'000;
    options.network.client.cut_per_million = 100'000;
    options.network.client.loss_per_million = 10'000;
    options.network.give_up = 5 * kSecond;
    options.network.connect_timeout = kSecond;
    std::set<std::pair<Place, LinkId>> of_clients;
    TestWorld t(
        3, 2,
        [&](const Record& r, Effects& effects) {
          const std::pair<Place, LinkId> link{r.place, r.link};
          if (r.what == What::kLinkOpen && r.kind == LinkKind::kTcp) of_clients.insert(link);
          if (r.what == What::kLinkOpen && r.kind != LinkKind::kTcp) of_clients.erase(link);
          if (r.what == What::kStart || r.what == What::kDialFailed || (r.what == What::kWake && rng.below(4) == 0))
            effects.dial(static_cast<std::uint32_t>(rng.below(100)), static_cast<NodeId>(rng.below(4)),
                         static_cast<ShardId>(rng.below(3)));
          if (r.what == What::kBytes || r.what == What::kStart)
            effects.wake_at(r.now + static_cast<Nanos>(rng.below(kSecond)));
          if (r.what == What::kBytes && rng.below(3) == 0) effects.post(1 - r.place.shard, as_bytes(r.data));
          if (r.what == What::kLinkOpen && r.kind == LinkKind::kPeerOut) effects.send(r.link, as_bytes("ping"));
          if (r.what == What::kBytes && of_clients.count(link) != 0) effects.send(r.link, as_bytes(r.data));
          if (r.what == What::kBytes && rng.below(40) == 0)
            effects.close(r.link, rng.below(2) == 0 ? CloseHow::kFlush : CloseHow::kAbort);
        },
        options);
    std::vector<std::string> asked(64);
    t.on_closed = [&](ClientId c) {
      EXPECT_EQ(asked[c].compare(0, t.clients[c].received.size(), t.clients[c].received), 0) << "client " << c;
    };
    for (int step = 0; step < 1'500; ++step) {
      const ClientId c = static_cast<ClientId>(rng.below(16));
      const NodeId node = static_cast<NodeId>(rng.below(3));
      const PlaceSet some{.nodes = rng.below(8), .clients = rng.below(2) == 0};
      const std::uint64_t dice = rng.below(100);
      if (dice < 60) {
        if (!t.world->client_has_connection(c)) {
          asked[c].clear();
          t.clients[c] = {};
          t.connect(c, node);
        } else if (t.clients[c].connected_at >= 0) {
          std::string text;
          for (std::uint64_t n = 1 + rng.below(9'000); n > 0; --n) text += static_cast<char>(rng.below(256));
          asked[c] += text;
          t.send(c, text);
        }
      } else if (dice < 66) {
        t.world->client_close(c, rng.below(2) == 0 ? CloseHow::kFlush : CloseHow::kAbort);
      } else if (dice < 72) {
        t.world->client_pause_reading(c);
      } else if (dice < 82) {
        t.world->client_resume_reading(c);
      } else if (dice < 84) {
        node_fault(t, rng.below(2) == 0 ? FaultKind::kCrash : FaultKind::kPowerLoss, node);
      } else if (dice < 90) {
        node_fault(t, FaultKind::kRestart, node);
      } else if (dice < 92) {
        node_fault(t, FaultKind::kPause, node, static_cast<Nanos>(rng.below(kSecond)));
      } else if (dice < 95) {
        fault(t, cut(FaultKind::kPartition, some, {.nodes = 7, .clients = true}, rng.below(2) == 0));
      } else {
        for (std::uint64_t nodes = 0; nodes < 8; ++nodes)
          for (const bool clients : {false, true})
            for (const bool both : {false, true})
              for (int times = 0; times < 20; ++times)
                fault(t, cut(FaultKind::kHeal, {nodes, clients}, {7, true}, both));
      }
      t.run(static_cast<Nanos>(rng.below(200 * kMillisecond)));
    }
    for (ClientId c = 0; c < 64; ++c) t.world->client_close(c, CloseHow::kAbort);
    for (NodeId n = 0; n < 3; ++n) node_fault(t, FaultKind::kPowerLoss, n);
    t.run(kSecond);
    for (NodeId n = 0; n < 3; ++n) EXPECT_EQ(t.world->usage(n).sockets, 0u);
    EXPECT_EQ(t.world->items_under_way(), 0u) << "seed " << seed;
    for (const std::string& violation : t.log.violations()) ADD_FAILURE() << "seed " << seed << ": " << violation;
    EXPECT_GT(t.log.count(What::kBytes), 300);
    EXPECT_GT(t.log.count(What::kDrained), 0);
    EXPECT_GT(t.log.count(What::kMessage), 10);
  }
}

TEST(Fault, ANodeThatGivesUpEndsAfterItsEventAndIsReported) {
  TestWorld t(2, 1, [](const Record& r, Effects& effects) {
    if (r.what != What::kBytes) return;
    effects.send(r.link, as_bytes("farewell"));
    effects.give_up(3, "the disk is gone");
    effects.give_up(4, "said twice");
  });
  t.connect_now(0);
  t.connect_now(1, 1);
  t.send(0, "x");
  t.run(kSecond);
  ASSERT_EQ(t.world->deaths().size(), 1u);
  EXPECT_EQ(t.world->deaths()[0].node, 0);
  EXPECT_EQ(t.world->deaths()[0].status, 3);
  EXPECT_EQ(t.world->deaths()[0].last_words, "the disk is gone");
  EXPECT_FALSE(t.world->usage(0).up);
  EXPECT_TRUE(t.world->usage(1).up);
  EXPECT_EQ(t.clients[0].received, "farewell");
  EXPECT_EQ(t.clients[0].ended_by, EndedBy::kReset);
  EXPECT_TRUE(t.world->client_has_connection(1));
}

TEST(Fault, ARestartBeforeTheEndTakesEffectIsNotEndedByIt) {
  WorldOptions options = plain_options();
  TestWorld t(
      1, 1,
      [](const Record& r, Effects& effects) {
        if (r.what != What::kBytes) return;
        effects.cost(kSecond);  // the end takes effect when the work is done
        effects.give_up(1, "too late");
      },
      options);
  t.connect_now(0);
  t.send(0, "x");
  t.world->plan({{.at = t.world->now() + 500 * kMillisecond, .kind = FaultKind::kRestart, .node = 0}});
  t.run(3 * kSecond);
  EXPECT_TRUE(t.world->usage(0).up);
  EXPECT_EQ(t.world->usage(0).incarnation, 2u);
}

}  // namespace
}  // namespace orrery::sim
