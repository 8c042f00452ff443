// SPDX-License-Identifier: Apache-2.0
// Random clusters under random faults: when the faults are over, everybody knows what is true, and nothing else.
//
// The truth is kept beside the cluster in plain sets: what each living incarnation has subscribed. A failing seed can
// be run alone: ORRERY_CLUSTER_SEEDS=first-last.
#include <gtest/gtest.h>

#include <cstdlib>

#include "broker/cluster/test_cluster.h"

namespace orrery::cluster::test {
namespace {

class Storm {
 public:
  explicit Storm(std::uint64_t seed) : cluster_(kShapes[seed % kShapes.size()], seed), truth_(cluster_.size()) {
    cluster_.quiet = true;
    cluster_.start_all();
  }

  void run(int steps) {
    for (int i = 0; i < steps; ++i) {
      if (rng().below(3) == 0)
        fault();
      else
        work();
      const std::uint64_t pause = rng().below(20);
      cluster_.run_for(static_cast<Nanos>(pause == 0  ? rng().below(10'000)
                                          : pause < 8 ? rng().below(300)
                                                      : rng().below(3)) *
                       kMillisecond);
    }
  }

  void end_of_faults() {
    cluster_.heal_all();
    for (NodeId n = 0; n < cluster_.size(); ++n)
      if (!cluster_.runs(n)) start(n);
    cluster_.run_for(25 * kSecond);
  }

  void check() {
    for (NodeId n = 0; n < cluster_.size(); ++n) {
      TestNode& node = cluster_[n];
      EXPECT_TRUE(node.routes.masked.empty()) << name(n) << " masks somebody";
      for (NodeId owner = 0; owner < cluster_.size(); ++owner)
        EXPECT_EQ(node.routes.rows[owner], truth_[owner]) << name(n) << " about " << name(owner);
      EXPECT_EQ(node.in_force_to, node.plane().sequence_of(n)) << name(n);
    }
    check_client_ids();
    check_retained();
  }

 private:
  static inline const std::vector<std::string> kShapes = {"c1 c2 r1 r2 r3", "c1 r1 r2", "c1 c2", "c1 c2 c3 r1 r2",
                                                          "c1 c2 c3"};
  static constexpr int kIds = 6;

  Rng& rng() { return cluster_.rng(); }
  std::string name(NodeId n) { return cluster_.setup().members[n].name; }
  NodeId any_node() { return static_cast<NodeId>(rng().below(cluster_.size())); }
  void start(NodeId n) {
    truth_[n].clear();
    cluster_.start(n);
  }

  void work() {
    const NodeId n = any_node();
    if (!cluster_.runs(n)) return;
    const std::string filter = "f" + std::to_string(rng().below(8));
    switch (rng().below(5)) {
      case 0:
      case 1:
        cluster_[n].subscribe(filter);
        truth_[n].insert({filter, 0});
        return;
      case 2:
        cluster_[n].unsubscribe(filter);
        truth_[n].erase({filter, 0});
        return;
      case 3:
        cluster_[n].retain("t" + std::to_string(rng().below(4)), std::to_string(rng().below(1000)));
        return;
      default:
        cluster_[n].connect("id" + std::to_string(rng().below(kIds)), 0, rng().below(2) == 0);
        return;
    }
  }

  void fault() {
    const NodeId n = any_node();
    const NodeId m = any_node();
    switch (rng().below(8)) {
      case 0:
      case 1:
        if (n != m) cluster_.cut(n, m);
        return;
      case 2:
      case 3:
        cluster_.heal(n, m);
        return;
      case 4:
        cluster_.drop_pipes(n, m);
        return;
      case 5:
        if (cluster_.runs(n)) cluster_.crash(n, rng().below(2) == 0);
        if (rng().below(2) == 0) start(n);
        return;
      case 6:
        if (!cluster_.runs(n)) start(n);
        return;
      default:
        cluster_.pause(n, static_cast<Nanos>(rng().below(6000)) * kMillisecond);
        return;
    }
  }

  /// One holder at most for each id, and everybody can still be given it.
  void check_client_ids() {
    for (int i = 0; i < kIds; ++i) {
      const std::string id = "id" + std::to_string(i);
      EXPECT_LE(holders(id), 1) << id;
      cluster_[any_node()].connect(id);
    }
    cluster_.run_for(15 * kSecond);
    std::size_t rows = 0;
    for (NodeId n = 0; n < cluster_.size(); ++n) rows += cluster_[n].plane().registrar_rows();
    EXPECT_EQ(rows, static_cast<std::size_t>(kIds));
    for (int i = 0; i < kIds; ++i) EXPECT_EQ(holders("id" + std::to_string(i)), 1) << i;
  }
  int holders(const std::string& id) {
    int count = 0;
    for (NodeId n = 0; n < cluster_.size(); ++n) count += static_cast<int>(cluster_[n].sessions.count(id));
    return count;
  }

  void check_retained() {
    for (NodeId n = 0; n < cluster_.size(); ++n) cluster_[n].retain("own" + std::to_string(n), "last");
    for (int t = 0; t < 4; ++t) cluster_[any_node()].retain("t" + std::to_string(t), "last");
    cluster_.run_for(kSecond);
    for (NodeId n = 0; n < cluster_.size(); ++n) {
      for (NodeId m = 0; m < cluster_.size(); ++m)
        EXPECT_EQ(cluster_[n].retained.values["own" + std::to_string(m)].text, "last");
      for (int t = 0; t < 4; ++t) EXPECT_EQ(cluster_[n].retained.values["t" + std::to_string(t)].text, "last");
    }
  }

  TestCluster cluster_;
  std::vector<std::set<TestRoutes::Row>> truth_;
};

TEST(Convergence, AfterRandomFaultsEverybodyKnowsTheTruth) {
  std::uint64_t first = 1;
  std::uint64_t last = 25;
  if (const char* seeds = std::getenv("ORRERY_CLUSTER_SEEDS"); seeds != nullptr) {
    char* rest = nullptr;
    first = last = std::strtoull(seeds, &rest, 10);
    if (*rest == '-') last = std::strtoull(rest + 1, nullptr, 10);
  }
  for (std::uint64_t seed = first; seed <= last; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Storm storm(seed);
    storm.run(150);
    storm.end_of_faults();
    storm.check();
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace orrery::cluster::test
