// SPDX-License-Identifier: Apache-2.0
// One writer and three readers on threads of their own: readers always see the rows that are there all the time, never
// a place that nobody put there, and whatever they look at stays readable until their event ends. Meant for
// ThreadSanitizer (preset tsan); under AddressSanitizer it finds blocks that are freed too early.
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "base/rng.h"
#include "broker/routing/route_table.h"

namespace orrery::routing {
namespace {

constexpr std::uint32_t kReaders = 3;
constexpr int kPermanent = 200;
constexpr int kHot = 16;  // of the topics that come and go, those that are looked for
constexpr int kTemporary = 20'000;
constexpr int kWriterSteps = 40'000;

std::string permanent_topic(std::uint64_t i) { return "permanent/" + std::to_string(i) + "/state"; }

/// What a reader saw wrong; counted instead of asserted, because gtest's assertions are the main thread's.
struct Reader {
  std::uint64_t events = 0;
  std::uint64_t missing = 0;
  std::uint64_t invented = 0;
  std::uint64_t groups_missing = 0;
  std::uint64_t coming_and_going = 0;
};

/// Rows of permanent filters are at node 1 (exact), 2 (`+`) and 3 (`#`), what comes and goes is at nodes 10 to 19.
void read_once(const RouteTable& routes, Rng& rng, PlaceSet& set, Reader& seen) {
  const std::string topic = permanent_topic(rng.below(kPermanent));
  routes.match(topic, set);
  std::uint64_t permanent = 0;
  for (const Place& p : set) {
    if (p.node >= 1 && p.node <= 3) {
      ++permanent;
    } else if (p.node >= 10 && p.node < 20) {
      ++seen.coming_and_going;
    } else {
      ++seen.invented;
    }
  }
  seen.missing += permanent == 3 ? 0 : 1;
  routes.match("temporary/" + std::to_string(rng.below(kHot)), set);
  for (const Place& p : set) seen.invented += p.node >= 10 && p.node < 20 ? 0 : 1;
  std::uint64_t group = 0;
  std::vector<Place> scratch;
  routes.match_shared(topic, scratch, [&](std::string_view filter, std::span<const Place> places) {
    if (filter == "$share/permanent/permanent/+/state") group += places.front().node == 4 ? 1 : 0;
  });
  seen.groups_missing += group == 1 ? 0 : 1;
}

void churn(RouteTable& routes, QuiescentStates& states) {
  Rng rng(99);
  for (int step = 0; step < kWriterSteps; ++step) {
    const std::string i = std::to_string(rng.below(kPermanent));
    const std::array<std::string, 8> filters{"permanent/" + i + "/state",
                                             "permanent/+/state",
                                             "permanent/" + i + "/#",
                                             "$share/g" + std::to_string(rng.below(5)) + "/permanent/+/state",
                                             "$share/permanent/permanent/+/state",
                                             "temporary/" + std::to_string(rng.below(kTemporary)),
                                             "temporary/" + std::to_string(rng.below(kHot)),
                                             "temporary/" + i + "/+/" + std::to_string(rng.below(50))};
    const Place place{static_cast<NodeId>(10 + rng.below(10)), static_cast<ShardId>(rng.below(2))};
    const std::string& filter = filters[rng.below(filters.size())];
    if (rng.below(2) == 0) {
      routes.add(filter, place);
    } else {
      routes.remove(filter, place);
    }
    if (step % 5000 == 4999) routes.remove_node(place.node);
    if (step % 1000 == 0) routes.mask(place.node);
    if (step % 1000 == 100) routes.unmask(place.node);
    if (step % 4 == 0) states.reclaim();
  }
}

TEST(RouteTableThreads, ReadersSeeWhatIsThereAllTheTime) {
  Heap heap;
  QuiescentStates states(kReaders);
  RouteTable routes(heap, states, 7);
  for (int i = 0; i < kPermanent; ++i) routes.add(permanent_topic(i), {1, 0});
  routes.add("permanent/+/state", {2, 0});
  routes.add("permanent/#", {3, 0});
  routes.add("$share/permanent/permanent/+/state", {4, 0});

  std::atomic<bool> stop{false};
  std::array<Reader, kReaders> seen;
  std::vector<std::thread> threads;
  for (std::uint32_t r = 0; r < kReaders; ++r) {
    threads.emplace_back([&, r] {
      Rng rng(r + 1);
      PlaceSet set;
      Reader mine;
      while (!stop.load(std::memory_order_relaxed)) {
        for (int i = 0; i < 4; ++i) read_once(routes, rng, set, mine);
        states.passed(r);
        ++mine.events;
      }
      seen[r] = mine;
    });
  }
  churn(routes, states);
  stop.store(true, std::memory_order_relaxed);
  for (std::thread& t : threads) t.join();

  for (const Reader& r : seen) {
    EXPECT_GT(r.events, 0u);
    EXPECT_EQ(r.missing, 0u);
    EXPECT_EQ(r.invented, 0u);
    EXPECT_EQ(r.groups_missing, 0u);
  }
  for (std::uint32_t r = 0; r < kReaders; ++r) states.passed(r);
  states.reclaim();
  for (std::uint32_t r = 0; r < kReaders; ++r) states.passed(r);
  states.reclaim();
  EXPECT_EQ(states.retired_blocks(), 0u);
}

}  // namespace
}  // namespace orrery::routing
