// SPDX-License-Identifier: Apache-2.0
#include "broker/routing/retained_store.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "broker/routing/test_topics.h"

namespace orrery::routing {
namespace {

using Result = RetainedResult;

std::vector<std::string> matched(const RetainedStore& store, std::string_view filter, Nanos now = 0) {
  std::vector<std::string> topics;
  store.match(filter, now, [&](std::string_view topic, const Retained& r) {
    EXPECT_FALSE(r.value.empty());
    topics.emplace_back(topic);
  });
  return topics;
}

std::uint32_t swept(RetainedStore& store, Nanos now, std::uint32_t units) {
  WorkBudget budget(units);
  return store.sweep(now, budget);
}

std::string value_of(const RetainedStore& store, std::string_view topic, Nanos now = 0) {
  Retained r;
  return store.get(topic, now, r) ? std::string(as_text(r.value)) : "none";
}

TEST(RetainedStore, TheLastWriterWinsInAnyOrder) {
  Heap heap;
  RetainedStore store(heap, 1);
  EXPECT_EQ(store.set("a", as_bytes("2"), {5, 2}), Result::kApplied);
  EXPECT_EQ(store.set("a", as_bytes("1"), {5, 1}), Result::kOlder);
  EXPECT_EQ(store.set("a", as_bytes("2"), {5, 2}), Result::kOlder) << "the same once more";
  EXPECT_EQ(store.set("a", as_bytes("3"), {5, 3}), Result::kApplied);
  EXPECT_EQ(store.set("a", as_bytes("4"), {4, 9}), Result::kOlder);
  EXPECT_EQ(value_of(store, "a"), "3");
  EXPECT_EQ(store.set("a", {}, {6, 0}), Result::kApplied);
  EXPECT_EQ(value_of(store, "a"), "none");
  EXPECT_EQ(store.count(), 0u);
  EXPECT_EQ(store.tombstones(), 1u);
  EXPECT_EQ(store.set("a", as_bytes("late"), {5, 9}), Result::kOlder) << "the tombstone remembers";
  EXPECT_EQ(store.set("a", as_bytes("new"), {7, 0}), Result::kApplied);
  EXPECT_EQ(store.tombstones(), 0u);
  EXPECT_EQ(value_of(store, "a"), "new");
  EXPECT_EQ(store.bytes(), 4u);
}

TEST(RetainedStore, TheOldestTombstoneIsForgotten) {
  Heap heap;
  RetainedStore store(heap, 1, {.tombstones = 2});
  for (const char* t : {"a", "b", "c", "d"}) store.set(t, as_bytes("v"), {1, 0});
  store.set("a", {}, {5, 0});
  store.set("b", {}, {5, 0});
  store.set("unknown", {}, {5, 0});
  EXPECT_EQ(store.tombstones(), 2u);
  EXPECT_EQ(store.set("a", as_bytes("old"), {2, 0}), Result::kApplied) << "forgotten";
  EXPECT_EQ(store.set("b", as_bytes("old"), {2, 0}), Result::kOlder);
  EXPECT_EQ(store.set("unknown", as_bytes("old"), {2, 0}), Result::kOlder);
  store.set("b", as_bytes("new"), {6, 0});
  store.set("c", {}, {7, 0});
  EXPECT_EQ(store.tombstones(), 2u);
  EXPECT_EQ(store.set("unknown", as_bytes("old"), {2, 0}), Result::kOlder);
}

TEST(RetainedStore, LimitsRefuseAndTheOldValueStays) {
  Heap heap;
  RetainedStore store(heap, 1, {.count = 2, .bytes = 20});
  EXPECT_EQ(store.set("a", as_bytes("0123456789"), {1, 0}), Result::kApplied);
  EXPECT_EQ(store.set("b", as_bytes("012345678"), {1, 0}), Result::kFull) << "21 bytes";
  EXPECT_EQ(store.set("b", as_bytes("01234567"), {1, 0}), Result::kApplied);
  EXPECT_EQ(store.bytes(), 20u);
  EXPECT_EQ(store.set("b", as_bytes("012345678"), {2, 0}), Result::kFull);
  EXPECT_EQ(value_of(store, "b"), "01234567");
  EXPECT_EQ(store.set("a", as_bytes("x"), {2, 0}), Result::kApplied);
  EXPECT_EQ(store.set("c", as_bytes("x"), {1, 0}), Result::kFull) << "the third";
  EXPECT_EQ(store.set("b", {}, {2, 0}), Result::kApplied);
  EXPECT_EQ(store.set("c", as_bytes("x"), {1, 0}), Result::kApplied);
  std::string deep(kLevelsMax - 1, '/');
  EXPECT_EQ(store.set("a" + deep + "/", as_bytes("x"), {1, 0}), Result::kTooDeep);
  EXPECT_EQ(store.set(std::string(65'400, '/'), as_bytes("x"), {1, 0}), Result::kTooDeep);
  store.set("a", {}, {3, 0});
  EXPECT_EQ(store.set(deep, as_bytes("d"), {1, 0}), Result::kFull) << "127 bytes of topic count too";
}

TEST(RetainedStore, TheDeepestTopicIsFound) {
  Heap heap;
  RetainedStore store(heap, 1);
  const std::string deep(kLevelsMax - 1, '/');
  ASSERT_EQ(store.set(deep, as_bytes("d"), {1, 0}), Result::kApplied);
  EXPECT_EQ(matched(store, "#").size(), 1u);
  EXPECT_EQ(matched(store, deep).size(), 1u);
  EXPECT_EQ(matched(store, deep + "/#").size(), 1u) << "# also matches the level above";
  EXPECT_EQ(matched(store, deep + "/").size(), 0u);
  EXPECT_EQ(matched(store, std::string(65'400, '/') + "#").size(), 0u);
}

TEST(RetainedStore, ExpiredValuesAreNotShownAndSweptLater) {
  Heap heap;
  RetainedStore store(heap, 1);
  store.set("a", as_bytes("1"), {1, 0}, 100);
  store.set("b", as_bytes("2"), {1, 0});
  EXPECT_EQ(value_of(store, "a", 99), "1");
  EXPECT_EQ(value_of(store, "a", 100), "none");
  EXPECT_EQ(matched(store, "+", 100), std::vector<std::string>{"b"});
  EXPECT_EQ(store.count(), 2u);
  EXPECT_EQ(swept(store, 99, 10), 0u);
  EXPECT_EQ(swept(store, 100, 1), 1u);
  EXPECT_EQ(swept(store, 100, 10), 0u);
  EXPECT_EQ(store.count(), 1u);
  EXPECT_EQ(store.set("a", as_bytes("older"), {0, 9}), Result::kOlder);
  EXPECT_EQ(store.set("a", as_bytes("3"), {2, 0}), Result::kApplied);
  EXPECT_EQ(value_of(store, "a", 200), "3");
}

TEST(RetainedStore, EnumerationByWriterShowsTombstonesAndGoesOn) {
  Heap heap;
  RetainedStore store(heap, 1);
  for (int i = 0; i < 10; ++i) store.set("t/" + std::to_string(i), as_bytes("v"), {1, static_cast<NodeId>(i % 2)});
  store.set("t/3", {}, {2, 1});
  store.set("t/5", as_bytes("w"), {2, 0});
  std::vector<std::string> seen;
  std::uint64_t cursor = 0;
  while (cursor != RetainedStore::kCursorEnd) {
    cursor = store.for_each_of(1, cursor, [&](std::string_view topic, const Retained& r) {
      seen.push_back(std::string(topic) + (r.value.empty() ? " gone" : ""));
      EXPECT_EQ(r.version.writer, 1u);
      return seen.size() % 2 != 0;
    });
    store.set("t/9", {}, {3, 0});  // no longer writer 1's
  }
  EXPECT_EQ(seen, (std::vector<std::string>{"t/1", "t/3 gone", "t/7"}));
}

TEST(RetainedStore, EveryTopicOfFourLevelsAgainstEveryFilter) {
  Heap heap;
  RetainedStore store(heap, 3);
  const std::vector<std::string> topics = test::all_topics({"a", "b", "", "$x"}, 4);
  for (const std::string& t : topics) ASSERT_EQ(store.set(t, as_bytes(t), {1, 0}), Result::kApplied);
  for (const std::string& f : test::all_filters({"a", "b", "", "$x"}, 4)) {
    std::vector<std::string> expected;
    for (const std::string& t : topics)
      if (test::matches(f, t)) expected.push_back(t);
    std::vector<std::string> found = matched(store, f);
    std::sort(found.begin(), found.end());
    std::sort(expected.begin(), expected.end());
    ASSERT_EQ(found, expected) << f;
  }
}

/// The twin: a map of all that was ever set, versions included (so the store must keep all tombstones), matched one by
/// one.
TEST(RetainedStore, RandomOperationsAgainstTheTwin) {
  struct Value {
    std::string value;
    RetainedVersion version;
    Nanos expires_at;
  };
  Heap heap;
  {
    RetainedStore store(heap, 3);
    Rng rng(31);
    std::map<std::string, Value> twin;
    std::vector<std::string> pool;
    for (int i = 0; i < 1500; ++i) pool.push_back(test::random_topic(rng, false));
    for (int step = 0; step < 30'000; ++step) {
      const std::string& topic = pool[rng.below(pool.size())];
      const Nanos now = step;
      const std::string value(rng.below(3) == 0 ? 0 : 1 + rng.below(50), 'v');
      const RetainedVersion version{static_cast<std::uint64_t>(step) + rng.below(500),
                                    static_cast<NodeId>(rng.below(4))};
      const Nanos expires_at = rng.below(3) == 0 ? now + static_cast<Nanos>(rng.below(3000)) : kNever;
      const auto known = twin.find(topic);
      const bool newer = known == twin.end() || known->second.version < version;
      ASSERT_EQ(store.set(topic, as_bytes(value), version, expires_at), newer ? Result::kApplied : Result::kOlder);
      if (newer) twin[topic] = {value, version, expires_at};
      if (rng.below(10) == 0) swept(store, now, 100);
      if (step % 100 != 0) continue;
      const std::string filter = test::random_topic(rng, true);
      std::vector<std::string> expected;
      for (const auto& [t, v] : twin)
        if (!v.value.empty() && now < v.expires_at && test::matches(filter, t)) expected.push_back(t);
      std::vector<std::string> found = matched(store, filter, now);
      std::sort(found.begin(), found.end());
      ASSERT_EQ(found, expected) << filter;
      ASSERT_EQ(store.count() + store.tombstones(), twin.size());
    }
    for (const auto& [t, v] : twin) {
      Retained r;
      const bool lives = !v.value.empty() && v.expires_at == kNever;
      ASSERT_EQ(store.get(t, 100'000, r), lives);
      if (lives) {
        ASSERT_EQ(as_text(r.value), v.value);
      }
    }
    std::size_t of_writer[4] = {};
    for (NodeId w = 0; w < 4; ++w)
      store.for_each_of(w, 0, [&](std::string_view t, const Retained& r) {
        EXPECT_EQ(twin.at(std::string(t)).version, r.version);
        ++of_writer[w];
        return true;
      });
    EXPECT_EQ(of_writer[0] + of_writer[1] + of_writer[2] + of_writer[3], twin.size());
    EXPECT_GT(store.count(), 100u);
    EXPECT_GT(store.tombstones(), 100u);
  }
  EXPECT_EQ(heap.bytes_in_use(), 0u);
}

TEST(RetainedStore, TheSameOperationsGiveTheSameOrder) {
  std::vector<std::string> first;
  for (int run = 0; run < 2; ++run) {
    Heap heap;
    RetainedStore store(heap, static_cast<std::uint64_t>(run));
    Rng rng(6);
    for (std::uint64_t step = 0; step < 5000; ++step)
      store.set(test::random_topic(rng, false), as_bytes(rng.below(4) == 0 ? "" : "v"), {step, 0});
    const std::vector<std::string> order = matched(store, "#");
    if (run == 0) first = order;
    EXPECT_EQ(order, first);
    EXPECT_GT(order.size(), 500u);
  }
}

TEST(RetainedStore, ChurnDoesNotGrowMemory) {
  Heap heap;
  RetainedStore store(heap, 3, {.tombstones = 100});
  std::size_t before = 0;
  for (std::uint64_t n = 0; n < 60'000; ++n) {
    store.set("device/" + std::to_string(n) + "/state", as_bytes("on"), {n, 0});
    if (n >= 1000) store.set("device/" + std::to_string(n - 1000) + "/state", {}, {n, 0});
    if (n == 5000) before = heap.bytes_in_use();
  }
  EXPECT_EQ(store.count(), 1000u);
  EXPECT_EQ(store.tombstones(), 100u);
  EXPECT_LE(heap.bytes_in_use(), before + before / 2);
}

TEST(RetainedStore, ExpiredValuesGoInTheOrderOfTheirTimeHoweverManyLive) {
  Heap heap;
  RetainedStore store(heap, 1);
  Rng rng(5);
  std::map<Nanos, int> twin;
  for (int i = 0; i < 2000; ++i) {
    const Nanos at = i % 3 == 0 ? kNever : 1 + static_cast<Nanos>(rng.below(500));
    store.set("t/" + std::to_string(i), as_bytes("v"), {1, 0}, at);
    if (i % 5 != 0) {
      if (at != kNever) ++twin[at];
      continue;
    }
    const Nanos later = 1 + static_cast<Nanos>(rng.below(500));  // a successor with another expiry
    store.set("t/" + std::to_string(i), as_bytes("v"), {2, 0}, later);
    ++twin[later];
  }
  for (const auto& [at, count] : twin) {
    EXPECT_EQ(store.next_expiry(), at);
    EXPECT_EQ(swept(store, at - 1, 10'000), 0u);
    EXPECT_EQ(swept(store, at, 10'000), static_cast<std::uint32_t>(count));
  }
  EXPECT_EQ(store.next_expiry(), kNever);
}

/// Pages of a walk, with `between` called between them.
template <class Between>
std::vector<std::string> paged(RetainedStore& store, std::string_view filter, std::uint32_t units, Between&& between) {
  std::vector<std::string> topics;
  std::uint64_t cursor = 0;
  do {
    WorkBudget budget(units);
    cursor = store.walk(filter, cursor, 0, budget, [&](std::string_view topic, const Retained&) {
      topics.emplace_back(topic);
      return topics.size() % 3 != 0;
    });
    between();
  } while (cursor != 0);
  return topics;
}

TEST(RetainedStore, AWalkInPagesSeesWhatAMatchSees) {
  Heap heap;
  RetainedStore store(heap, 1);
  for (const char* t : {"a", "a/b", "a/b/c", "a/x/c", "$s/b", "b", "b//c", "/"}) store.set(t, as_bytes("v"), {1, 0});
  for (const char* filter : {"#", "+", "a/#", "a/+/c", "+/b", "$s/#", "none", "b/#", "a/b/c"})
    for (std::uint32_t units = 1; units < 12; ++units)
      EXPECT_EQ(paged(store, filter, units, [] {}), matched(store, filter)) << filter << " " << units;
  RetainedStore empty(heap, 1);
  EXPECT_TRUE(paged(empty, "#", 1, [] {}).empty());
}

TEST(RetainedStore, AWalkInPagesSurvivesWhateverChangesBetweenThem) {
  Heap heap;
  const std::size_t nothing = [&] {
    RetainedStore store(heap, 1);
    Rng rng(9);
    for (int round = 0; round < 200; ++round) {
      std::map<std::string, bool> stays;  // topics that are there from the beginning to the end
      std::uint64_t clock = 1 + static_cast<std::uint64_t>(round) * 1000;
      const auto topic = [&] { return std::to_string(rng.below(5)) + "/" + std::to_string(rng.below(6)); };
      for (int i = 0; i < 25; ++i) {
        const std::string t = topic();
        store.set(t, as_bytes("v"), {clock++, 0});
        stays[t] = true;
      }
      const auto change = [&] {
        for (int i = 0; i < 4; ++i) {
          const std::string t = topic();
          const bool remove = rng.below(2) == 0;
          store.set(t, remove ? Bytes{} : as_bytes("w"), {clock++, 0});
          if (remove) stays.erase(t);
        }
      };
      std::map<std::string, int> seen;
      for (const std::string& t : paged(store, "+/#", 1 + static_cast<std::uint32_t>(rng.below(5)), change)) ++seen[t];
      for (const auto& [t, _] : stays) EXPECT_EQ(seen[t], 1) << t << " in round " << round;
      for (const std::string& t : matched(store, "#")) store.set(t, {}, {clock++, 0});
    }
    WorkBudget budget(2);
    store.set("left", as_bytes("v"), {1'000'000, 0});
    const std::uint64_t cursor = store.walk("#", 0, 0, budget, [](std::string_view, const Retained&) { return false; });
    EXPECT_NE(cursor, 0u);
    store.set("left", {}, {1'000'001, 0});
    store.drop_cursor(cursor);
    EXPECT_TRUE(matched(store, "#").empty());
    return std::size_t{0};
  }();
  EXPECT_EQ(heap.bytes_in_use(), nothing);
}

}  // namespace
}  // namespace orrery::routing