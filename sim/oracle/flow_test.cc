// SPDX-License-Identifier: Apache-2.0
// The flow against its obvious twin, which remembers everything in sets.
#include "sim/oracle/flow.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <vector>

#include "base/rng.h"

namespace orrery::sim {
namespace {

/// Slow and plain: every number that arrived, every number judged.
class Twin {
 public:
  Arrival receive(std::uint32_t n) {
    const bool fresh = n >= next_;
    if (fresh) next_ = n + 1;
    judge_below(next_ < 64 ? 0 : next_ - 64);
    if (!fresh && next_ - 1 - n >= 64) return Arrival::kLate;
    const bool repeated = !arrived_.insert(n).second;
    return fresh ? Arrival::kFresh : repeated ? Arrival::kRepeated : Arrival::kLate;
  }
  void restart(std::uint32_t sent) {
    judge_below(next_);
    owed_ = std::max(owed_, sent);
  }
  void finish(std::uint32_t sent) {
    next_ = std::max(next_, sent);
    judge_below(next_);
  }
  std::vector<std::uint32_t> missing;

 private:
  void judge_below(std::uint32_t end) {
    for (; judged_ < end; ++judged_)
      if (!arrived_.count(judged_) && judged_ >= owed_) missing.push_back(judged_);
  }
  std::set<std::uint32_t> arrived_;
  std::uint32_t next_ = 0;
  std::uint32_t owed_ = 0;
  std::uint32_t judged_ = 0;
};

TEST(Flow, TellsFreshLateAndRepeated) {
  Flow f;
  std::vector<std::uint32_t> missing;
  const auto note = [&](std::uint32_t n) { missing.push_back(n); };
  EXPECT_EQ(f.receive(0, note), Arrival::kFresh);
  EXPECT_EQ(f.receive(2, note), Arrival::kFresh);
  EXPECT_EQ(f.receive(1, note), Arrival::kLate);
  EXPECT_EQ(f.receive(1, note), Arrival::kRepeated);
  EXPECT_EQ(f.receive(2, note), Arrival::kRepeated);
  f.finish(5, note);
  EXPECT_EQ(missing, (std::vector<std::uint32_t>{3, 4}));
}

TEST(Flow, WhatWasSentBeforeTheSubscriptionIsNotOwed) {
  Flow f;
  std::vector<std::uint32_t> missing;
  const auto note = [&](std::uint32_t n) { missing.push_back(n); };
  f.receive(0, note);
  f.receive(2, note);  // 1 was overtaken: it is lost, whatever happens to the session
  f.restart(6, note);  // 3, 4 and 5 fell into the gap between two sessions
  f.receive(7, note);
  f.finish(8, note);
  EXPECT_EQ(missing, (std::vector<std::uint32_t>{1, 6}));
}

TEST(Flow, AgreesWithItsTwin) {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    Rng rng(seed);
    Flow flow;
    Twin twin;
    std::vector<std::uint32_t> missing;
    const auto note = [&](std::uint32_t n) { missing.push_back(n); };
    std::uint32_t top = 0;
    for (int i = 0; i < 400; ++i) {
      const std::uint64_t what = rng.below(100);
      // Mostly the next number; now and then a gap, a jump over the window, or something older that the window still
      // holds.
      const auto jump = static_cast<std::uint32_t>(what < 80   ? 0
                                                   : what < 90 ? rng.below(4)
                                                   : what < 92 ? rng.below(200)
                                                               : 0);
      const bool old = what >= 92 && top > 0;
      const std::uint32_t n = old ? top - 1 - static_cast<std::uint32_t>(rng.below(std::min(top, 64u))) : top + jump;
      top = std::max(top, n + 1);
      ASSERT_EQ(flow.receive(n, note), twin.receive(n)) << "seed " << seed << " step " << i;
    }
    flow.finish(top + 3, note);
    twin.finish(top + 3);
    std::sort(missing.begin(), missing.end());
    ASSERT_EQ(missing, twin.missing) << "seed " << seed;
  }
}

}  // namespace
}  // namespace orrery::sim
