// SPDX-License-Identifier: Apache-2.0
#include "sim/oracle/counters.h"

#include <gtest/gtest.h>

namespace orrery::sim {
namespace {

ShardStats balanced() {
  ShardStats s;
  const auto set = [&](Counter c, std::uint64_t v) { s.counters[static_cast<int>(c)] = v; };
  set(Counter::kConnectsAccepted, 4);
  set(Counter::kMessagesIn, 10);
  set(Counter::kMessagesMatched, 12);
  set(Counter::kMessagesOut, 9);
  set(Counter::kMessagesQueued, 1);
  set(Counter::kDroppedQueueFull, 2);
  set(Counter::kSubscriptions, 2);
  return s;
}
const ClientView kView{4, 10, 9, 2};

TEST(CounterOracle, BalancedIsGreen) {
  Verdicts v;
  check_node_counters("n", balanced(), 0, v);
  check_cluster_counters({balanced()}, kView, 0, v);
  EXPECT_TRUE(v.green());
}

TEST(CounterOracle, EveryCounterOfTheBalanceMatters) {
  for (Counter c : {Counter::kMessagesMatched, Counter::kMessagesTakenOver, Counter::kMessagesOut,
                    Counter::kMessagesQueued, Counter::kMessagesHandedOver, Counter::kDroppedQueueFull,
                    Counter::kDroppedSlowConsumer, Counter::kDroppedTooLarge, Counter::kDroppedExpired,
                    Counter::kDroppedOffline, Counter::kDroppedDuplicate, Counter::kDroppedSessionEnded}) {
    ShardStats s = balanced();
    ++s.counters[static_cast<int>(c)];
    Verdicts v;
    check_node_counters("n", s, 0, v);
    EXPECT_EQ(v.count(Rule::kCounters), 1u) << counter_name(c);
  }
}

TEST(CounterOracle, TheClientsViewMustAgree) {
  for (Counter c : {Counter::kMessagesForwarded, Counter::kConnectsAccepted, Counter::kMessagesIn,
                    Counter::kMessagesOut, Counter::kSubscriptions}) {
    ShardStats s = balanced();
    ++s.counters[static_cast<int>(c)];
    Verdicts v;
    check_cluster_counters({s}, kView, 0, v);
    EXPECT_EQ(v.count(Rule::kCounters), 1u) << counter_name(c);
  }
}

TEST(CounterOracle, ABrokerThatCountsNothingIsNotJudged) {
  Verdicts v;
  check_node_counters("n", {}, 0, v);
  check_cluster_counters({{}}, kView, 0, v);
  EXPECT_TRUE(v.green());
}

}  // namespace
}  // namespace orrery::sim
