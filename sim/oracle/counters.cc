// SPDX-License-Identifier: Apache-2.0
#include "sim/oracle/counters.h"

#include <algorithm>
#include <initializer_list>

namespace orrery::sim {
namespace {

std::uint64_t sum(const ShardStats& s, std::initializer_list<Counter> counters) {
  std::uint64_t total = 0;
  for (Counter c : counters) total += s[c];
  return total;
}

bool counts_nothing(const ShardStats& s) {
  return std::all_of(std::begin(s.counters), std::end(s.counters), [](std::uint64_t v) { return v == 0; });
}

void expect_equal(const std::string& where, const char* left, std::uint64_t a, const char* right, std::uint64_t b,
                  Nanos now, Verdicts& out) {
  if (a == b) return;
  out.violated(Rule::kCounters, now,
               where + ": " + left + " " + std::to_string(a) + ", but " + right + " " + std::to_string(b));
}

}  // namespace

void check_node_counters(const std::string& node, const ShardStats& s, Nanos now, Verdicts& out) {
  if (counts_nothing(s)) return;
  const std::uint64_t came = sum(s, {Counter::kMessagesMatched, Counter::kMessagesTakenOver});
  const std::uint64_t went =
      sum(s, {Counter::kMessagesOut, Counter::kMessagesQueued, Counter::kMessagesHandedOver, Counter::kDroppedQueueFull,
              Counter::kDroppedSlowConsumer, Counter::kDroppedTooLarge, Counter::kDroppedExpired,
              Counter::kDroppedOffline, Counter::kDroppedDuplicate, Counter::kDroppedSessionEnded});
  expect_equal(node, "matched + taken over =", came, "out + queued + handed over + dropped =", went, now, out);
  if (s[Counter::kLinksClosed] > s[Counter::kLinksOpened])
    out.violated(Rule::kCounters, now, node + ": more links closed than opened");
}

void check_cluster_counters(const std::vector<ShardStats>& nodes, const ClientView& clients, Nanos now, Verdicts& out) {
  ShardStats all;
  for (const ShardStats& s : nodes)
    for (int i = 0; i < kCounters; ++i) all.counters[i] += s.counters[i];
  if (counts_nothing(all)) return;
  const std::string where = "all nodes";
  expect_equal(where, "messages forwarded", all[Counter::kMessagesForwarded], "received",
               all[Counter::kMessagesReceived], now, out);
  expect_equal(where, "connects accepted", all[Counter::kConnectsAccepted], "clients saw", clients.connects_accepted,
               now, out);
  expect_equal(where, "messages in", all[Counter::kMessagesIn], "clients sent", clients.messages_accepted, now, out);
  expect_equal(where, "messages out", all[Counter::kMessagesOut], "clients got", clients.messages_received, now, out);
  expect_equal(where, "subscriptions", all[Counter::kSubscriptions], "clients hold", clients.subscriptions, now, out);
}

}  // namespace orrery::sim
