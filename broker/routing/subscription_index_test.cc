// SPDX-License-Identifier: Apache-2.0
#include "broker/routing/subscription_index.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "broker/routing/test_topics.h"

namespace orrery::routing {
namespace {

std::vector<std::uint32_t> sessions_of(const SubscriberList& list) {
  std::vector<std::uint32_t> sessions;
  list.for_each([&](const Subscriber& s) { sessions.push_back(s.session); });
  return sessions;
}

/// The twin: a vector in order of subscription, and for the turn the session that comes next.
TEST(SubscriberList, RandomOperationsAgainstAVector) {
  for (const std::uint64_t population : {3, 12, 40, 2000}) {
    Heap heap;
    SubscriberList list;
    std::vector<Subscriber> twin;
    Rng rng(population);
    for (int step = 0; step < 20'000; ++step) {
      const auto session = static_cast<std::uint32_t>(rng.below(population));
      const auto known =
          std::find_if(twin.begin(), twin.end(), [&](const Subscriber& s) { return s.session == session; });
      // Long phases of growing and of shrinking.
      if (rng.below(10) < (step / 4000 % 2 == 0 ? 7u : 3u)) {
        const Subscriber s{session, static_cast<std::uint32_t>(rng.below(99)),
                           static_cast<std::uint8_t>(rng.below(64))};
        ASSERT_EQ(list.add(heap, s), known == twin.end());
        if (known == twin.end()) {
          twin.push_back(s);
        } else {
          *known = s;
        }
      } else {
        ASSERT_EQ(list.remove(heap, session), known != twin.end());
        if (known != twin.end()) twin.erase(known);
      }
      ASSERT_EQ(list.size(), twin.size());
      const Subscriber* found = list.find(session);
      const auto expected =
          std::find_if(twin.begin(), twin.end(), [&](const Subscriber& s) { return s.session == session; });
      ASSERT_EQ(found != nullptr, expected != twin.end());
      if (found != nullptr) {
        ASSERT_EQ(std::tie(found->sub_id, found->options), std::tie(expected->sub_id, expected->options));
      }
      if (step % 20 != 0) continue;
      std::vector<std::uint32_t> order;
      for (const Subscriber& s : twin) order.push_back(s.session);
      ASSERT_EQ(sessions_of(list), order);
    }
    list.clear(heap);
    EXPECT_EQ(heap.bytes_in_use(), 0u);
  }
}

TEST(SubscriberList, TurnsGoRoundWhileMembersComeAndGo) {
  Heap heap;
  SubscriberList list;
  for (std::uint32_t s = 1; s <= 5; ++s) list.add(heap, {s, 0, 0});
  const auto turn = [&] { return list.next_in_turn().session; };
  EXPECT_EQ(turn(), 1u);
  EXPECT_EQ(turn(), 2u);
  list.remove(heap, 1);
  list.remove(heap, 3);
  EXPECT_EQ(turn(), 4u);
  list.add(heap, {6, 0, 0});
  for (std::uint32_t s = 7; s <= 40; ++s) list.add(heap, {s, 0, 0});  // the block moves, the holes go
  EXPECT_EQ(turn(), 5u);
  EXPECT_EQ(turn(), 6u);
  for (std::uint32_t s = 7; s <= 40; ++s) list.remove(heap, s);  // the block shrinks
  EXPECT_EQ(turn(), 2u);
  EXPECT_EQ(turn(), 4u);
  list.remove(heap, 2);
  list.remove(heap, 5);
  list.remove(heap, 6);
  EXPECT_EQ(turn(), 4u);
  EXPECT_EQ(turn(), 4u);
  EXPECT_EQ(list.block_bytes(), 0u) << "one subscriber is in place";
}

using Match = std::tuple<std::uint32_t, int, std::uint32_t, std::string>;

struct SubscriptionsTest : testing::Test {
  Heap heap;
  SubscriptionIndex index{heap, 42};

  std::vector<Match> matched(std::string_view topic) const {
    std::vector<Match> found;
    index.match(topic, [&](std::uint32_t session, std::uint8_t options, std::uint32_t sub_id, std::uint32_t filter_id) {
      found.emplace_back(session, options, sub_id, index.filter(filter_id));
    });
    return found;
  }
  std::uint32_t turn(std::string_view share_filter) {
    std::uint32_t chosen = UINT32_MAX;
    int calls = 0;
    const bool any =
        index.match_group(share_filter, [&](std::uint32_t session, std::uint8_t, std::uint32_t, std::uint32_t) {
          chosen = session;
          ++calls;
        });
    EXPECT_EQ(calls, any ? 1 : 0);
    return chosen;
  }
};

TEST_F(SubscriptionsTest, SaysWhatIsNewAndWhatIsLast) {
  const auto first = index.add("a/b", 7, 1, 0);
  EXPECT_TRUE(first.first_for_filter);
  EXPECT_FALSE(first.replaced);
  const auto second = index.add("a/b", 8, 2, 5);
  EXPECT_EQ(second.filter_id, first.filter_id);
  EXPECT_FALSE(second.first_for_filter);
  const auto again = index.add("a/b", 7, 3, 9);
  EXPECT_FALSE(again.first_for_filter);
  EXPECT_TRUE(again.replaced);
  EXPECT_EQ(matched("a/b"), (std::vector<Match>{{7, 3, 9, "a/b"}, {8, 2, 5, "a/b"}}));
  EXPECT_EQ(index.subscriptions(), 2u);
  EXPECT_EQ(index.subscriber(first.filter_id, 8)->sub_id, 5u);
  EXPECT_EQ(index.subscriber(first.filter_id, 9), nullptr);

  auto gone = index.remove("a/b", 9);
  EXPECT_FALSE(gone.existed);
  gone = index.remove(first.filter_id, 7);
  EXPECT_TRUE(gone.existed);
  EXPECT_FALSE(gone.last_for_filter);
  gone = index.remove("a/b", 8);
  EXPECT_TRUE(gone.existed);
  EXPECT_TRUE(gone.last_for_filter);
  EXPECT_FALSE(index.remove("a/b", 8).existed);
  EXPECT_EQ(index.filters(), 0u);
  EXPECT_TRUE(matched("a/b").empty());
}

TEST_F(SubscriptionsTest, SeveralSubscriptionsOfASessionComeEach) {
  index.add("#", 1, 0, 30);
  index.add("a/+", 1, 1, 20);
  index.add("a/b", 1, 2, 10);
  EXPECT_EQ(matched("a/b"), (std::vector<Match>{{1, 2, 10, "a/b"}, {1, 0, 30, "#"}, {1, 1, 20, "a/+"}}));
}

TEST_F(SubscriptionsTest, AGroupServesOneMemberInTurn) {
  EXPECT_TRUE(index.add("$share/g/a/+", 1, 0, 0).first_for_filter);
  EXPECT_FALSE(index.add("$share/g/a/+", 2, 0, 0).first_for_filter);
  EXPECT_TRUE(index.add("$share/h/a/+", 3, 0, 0).first_for_filter);
  EXPECT_TRUE(index.add("a/b", 4, 0, 0).first_for_filter);
  EXPECT_EQ(matched("a/b"), (std::vector<Match>{{4, 0, 0, "a/b"}}));
  EXPECT_TRUE(matched("$share/g/a/+").empty());
  EXPECT_EQ(index.shared_subscriptions(), 3u);
  EXPECT_EQ(turn("$share/g/a/+"), 1u);
  EXPECT_EQ(turn("$share/g/a/+"), 2u);
  EXPECT_EQ(turn("$share/g/a/+"), 1u);
  EXPECT_EQ(turn("$share/h/a/+"), 3u);
  EXPECT_EQ(turn("a/b"), UINT32_MAX) << "not a group";
  EXPECT_FALSE(index.remove("$share/g/a/+", 1).last_for_filter);
  EXPECT_TRUE(index.remove("$share/g/a/+", 2).last_for_filter);
  EXPECT_EQ(turn("$share/g/a/+"), UINT32_MAX);
  EXPECT_TRUE(index.remove("$share/h/a/+", 3).last_for_filter);
  EXPECT_EQ(index.shared_subscriptions(), 0u);
  EXPECT_EQ(index.filters(), 1u);
}

TEST_F(SubscriptionsTest, LimitsRefuseAndChangeNothing) {
  std::string deep = "+";
  for (std::uint32_t i = 0; i < kLevelsMax; ++i) deep += "/a";
  EXPECT_EQ(index.add(deep, 1, 0, 0).filter_id, kNoFilter);
  EXPECT_EQ(index.add("$share/g/" + deep, 1, 0, 0).filter_id, kNoFilter);
  EXPECT_EQ(index.filters(), 0u);
  EXPECT_EQ(index.subscriptions(), 0u);
}

/// The twin: for each filter a vector of sessions in order of subscription, matched one by one.
TEST_F(SubscriptionsTest, RandomOperationsAgainstTheTwin) {
  Rng rng(23);
  std::vector<std::string> pool;
  for (int i = 0; i < 150; ++i) pool.push_back((rng.below(5) == 0 ? "$share/g/" : "") + test::random_topic(rng, true));
  std::map<std::string, std::vector<std::uint32_t>> twin;
  for (int step = 0; step < 30'000; ++step) {
    const std::string& filter = pool[rng.below(pool.size())];
    const auto session = static_cast<std::uint32_t>(rng.below(30));
    auto known = twin.find(filter);
    const bool has = known != twin.end() && std::count(known->second.begin(), known->second.end(), session) == 1;
    if (rng.below(2) == 0) {
      const auto added = index.add(filter, session, static_cast<std::uint8_t>(session), session + 1);
      ASSERT_EQ(added.first_for_filter, known == twin.end());
      ASSERT_EQ(added.replaced, has);
      ASSERT_EQ(index.filter(added.filter_id), filter);
      if (!has) twin[filter].push_back(session);
    } else {
      const auto removed = index.remove(filter, session);
      ASSERT_EQ(removed.existed, has);
      ASSERT_EQ(removed.last_for_filter, has && known->second.size() == 1);
      if (has) std::erase(known->second, session);
      if (has && known->second.empty()) twin.erase(known);
    }
    if (step % 60 != 0) continue;
    const std::string topic = test::random_topic(rng, false);
    std::vector<Match> expected;
    for (const auto& [f, sessions] : twin) {
      if (!shared_filter(f).empty()) {
        ASSERT_NE(std::find(sessions.begin(), sessions.end(), turn(f)), sessions.end());
      } else if (test::matches(f, topic)) {
        for (const std::uint32_t s : sessions) expected.emplace_back(s, s, s + 1, f);
      }
    }
    // Filters come in another order than the twin's, the sessions of one filter do not.
    std::map<std::string, std::vector<Match>> by_filter;
    for (const Match& m : matched(topic)) by_filter[std::get<3>(m)].push_back(m);
    std::vector<Match> found;
    for (const auto& [f, matches] : by_filter) found.insert(found.end(), matches.begin(), matches.end());
    ASSERT_EQ(found, expected) << topic;
  }
  ASSERT_EQ(index.filters(), twin.size());
  for (const auto& [f, sessions] : twin)
    for (const std::uint32_t s : sessions) ASSERT_TRUE(index.remove(f, s).existed);
  EXPECT_EQ(index.filters(), 0u);
  EXPECT_EQ(index.subscriptions(), 0u);
}

TEST(SubscriptionIndexOrder, TheSameOperationsGiveTheSameOrder) {
  std::vector<std::uint32_t> first;
  for (int run = 0; run < 2; ++run) {
    Heap heap;
    void* shift = run == 0 ? nullptr : heap.allocate(9000);  // other addresses
    SubscriptionIndex index(heap, static_cast<std::uint64_t>(run));
    Rng rng(8);
    std::vector<std::uint32_t> order;
    for (int step = 0; step < 5000; ++step) {
      const auto session = static_cast<std::uint32_t>(rng.below(100));
      const std::string filter = test::random_topic(rng, true);
      if (rng.below(3) == 0) {
        index.remove(filter, session);
      } else {
        order.push_back(index.add(filter, session, 0, 0).filter_id);
      }
      index.match(test::random_topic(rng, false), [&](std::uint32_t s, std::uint8_t, std::uint32_t, std::uint32_t id) {
        order.push_back(s);
        order.push_back(id);
      });
    }
    if (run == 0) first = order;
    EXPECT_EQ(order, first);
    EXPECT_GT(order.size(), 100'000u);
    if (shift != nullptr) heap.free(shift, 9000);
  }
}

TEST(SubscriptionIndexMemory, ASubscriptionToTenBytesTakesAtMost110Bytes) {
  Heap heap;
  {
    SubscriptionIndex index(heap, 1);
    for (std::uint32_t n = 0; n < 200'000; ++n) {
      index.add("t/" + std::to_string(10'000'000 + n), n, 1, 0);
      if (n > 50'000 && n % 5000 == 0) {
        ASSERT_LE(heap.bytes_in_use(), std::size_t{n} * 110) << n;
      }
    }
    EXPECT_LE(index.memory_bytes(), heap.bytes_in_use());
    EXPECT_GE(index.memory_bytes() + 8192, heap.bytes_in_use());
  }
  EXPECT_EQ(heap.bytes_in_use(), 0u);
}

TEST(SubscriptionIndexMemory, ManySubscribersOfOneFilterTakeAtMost48BytesEach) {
  Heap heap;
  SubscriptionIndex index(heap, 1);
  for (std::uint32_t n = 0; n < 200'000; ++n) {
    index.add("all", n, 1, 0);
    if (n > 1000 && n % 1000 == 0) {
      ASSERT_LE(index.memory_bytes(), std::size_t{n} * 48 + 80'000) << n;
    }
  }
  for (std::uint32_t n = 0; n < 200'000; ++n) ASSERT_TRUE(index.remove("all", (n * 7919) % 200'000).existed);
  EXPECT_EQ(index.filters(), 0u);
  EXPECT_LE(index.memory_bytes(), 80'000u);
}

}  // namespace
}  // namespace orrery::routing
