// SPDX-License-Identifier: Apache-2.0
#include "broker/routing/route_table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/rng.h"
#include "broker/routing/member_row.h"
#include "broker/routing/test_topics.h"

namespace orrery::routing {
namespace {

using Places = std::vector<Place>;
using Rows = std::vector<std::pair<std::string, ShardId>>;

struct RoutesTest : testing::Test {
  Heap heap;
  QuiescentStates states{0};
  RouteTable routes{heap, states, 42};
  PlaceSet set;

  Places matched(std::string_view topic) {
    routes.match(topic, set);
    return {set.begin(), set.end()};
  }
  std::map<std::string, Places> groups(std::string_view topic) {
    std::map<std::string, Places> found;
    std::vector<Place> scratch;
    routes.match_shared(topic, scratch, [&](std::string_view filter, std::span<const Place> places) {
      EXPECT_TRUE(found.emplace(filter, Places(places.begin(), places.end())).second);
    });
    return found;
  }
  Rows rows_of(NodeId node, std::size_t at_once = SIZE_MAX) {
    Rows rows;
    for (std::uint64_t cursor = 0; cursor != RouteTable::kCursorEnd;) {
      std::size_t n = 0;
      cursor = routes.for_each_of(node, cursor, [&](std::string_view filter, ShardId shard) {
        rows.emplace_back(filter, shard);
        return ++n < at_once;
      });
    }
    return rows;
  }
};

TEST_F(RoutesTest, PlacesComeInOrderAndOnceHoweverManyFiltersMatch) {
  EXPECT_TRUE(routes.add("a/b", {2, 1}));
  EXPECT_TRUE(routes.add("a/b", {0, 3}));
  EXPECT_FALSE(routes.add("a/b", {2, 1}));
  EXPECT_TRUE(routes.add("a/+", {2, 1}));
  EXPECT_TRUE(routes.add("a/+", {1, 0}));
  EXPECT_TRUE(routes.add("#", {0, 0}));
  EXPECT_EQ(matched("a/b"), (Places{{0, 0}, {0, 3}, {1, 0}, {2, 1}}));
  EXPECT_EQ(matched("b"), (Places{{0, 0}}));
  EXPECT_EQ(matched("$b"), Places{});
  EXPECT_EQ(routes.rows(), 5u);
  EXPECT_EQ(routes.filters(), 3u);
  EXPECT_EQ(routes.routes_of(2), 2u);
  EXPECT_TRUE(routes.remove("a/b", {2, 1}));
  EXPECT_FALSE(routes.remove("a/b", {2, 1}));
  EXPECT_FALSE(routes.remove("nothing", {2, 1}));
  EXPECT_EQ(matched("a/b"), (Places{{0, 0}, {0, 3}, {1, 0}, {2, 1}})) << "still by a/+";
  EXPECT_TRUE(routes.remove("a/+", {2, 1}));
  EXPECT_EQ(matched("a/b"), (Places{{0, 0}, {0, 3}, {1, 0}}));
}

TEST_F(RoutesTest, RowsOfAMaskedNodeStayAndDoNotMatch) {
  routes.add("a", {1, 0});
  routes.add("a", {2, 0});
  routes.add("b", {1, 0});
  routes.add("$share/g/a", {1, 5});
  routes.add("$share/g/a", {63, 5});
  routes.mask(1);
  EXPECT_EQ(matched("a"), (Places{{2, 0}}));
  EXPECT_EQ(matched("b"), Places{});
  EXPECT_EQ(groups("a"), (std::map<std::string, Places>{{"$share/g/a", {{63, 5}}}}));
  EXPECT_TRUE(routes.add("c", {1, 1}));
  EXPECT_TRUE(routes.remove("b", {1, 0}));
  EXPECT_EQ(rows_of(1), (Rows{{"a", 0}, {"$share/g/a", 5}, {"c", 1}}));
  routes.mask(63);
  EXPECT_TRUE(groups("a").empty()) << "a group without a reachable place is no group";
  routes.unmask(1);
  EXPECT_EQ(matched("a"), (Places{{1, 0}, {2, 0}}));
  EXPECT_EQ(matched("c"), (Places{{1, 1}}));
}

TEST_F(RoutesTest, EnumerationGoesOnWhereItStoppedAndSurvivesChanges) {
  for (ShardId shard : {ShardId{0}, ShardId{7}, ShardId{65'535}}) routes.add("many", {1, shard});
  routes.add("other", {2, 0});
  routes.add("one", {1, 3});
  const Rows all{{"many", 0}, {"many", 7}, {"many", 65'535}, {"one", 3}};
  for (std::size_t at_once : {std::size_t{1}, std::size_t{2}, std::size_t{3}, SIZE_MAX})
    EXPECT_EQ(rows_of(1, at_once), all);

  const auto stop = [](std::string_view, ShardId) { return false; };
  std::uint64_t cursor = routes.for_each_of(1, 0, stop);
  cursor = routes.for_each_of(1, cursor, stop);  // behind ("many", 7)
  EXPECT_TRUE(routes.remove("many", {1, 0}));
  EXPECT_TRUE(routes.remove("other", {2, 0}));
  EXPECT_TRUE(routes.add("late", {1, 9}));
  Rows rest;
  routes.for_each_of(1, cursor, [&](std::string_view filter, ShardId shard) {
    rest.emplace_back(filter, shard);
    return true;
  });
  EXPECT_EQ(rest, (Rows{{"many", 65'535}, {"late", 9}, {"one", 3}})) << "late has the id that other had";
}

TEST_F(RoutesTest, RemoveNodeDropsItsRowsAlone) {
  for (int i = 0; i < 1000; ++i) {
    routes.add("t/" + std::to_string(i), {1, static_cast<ShardId>(i % 4)});
    if (i % 3 == 0) routes.add("t/" + std::to_string(i), {2, 0});
  }
  routes.add("$share/g/t/+", {1, 0});
  EXPECT_EQ(routes.remove_node(1), 1001u);
  EXPECT_EQ(routes.remove_node(1), 0u);
  EXPECT_EQ(routes.routes_of(1), 0u);
  EXPECT_EQ(routes.routes_of(2), 334u);
  EXPECT_EQ(routes.filters(), 334u);
  EXPECT_TRUE(rows_of(1).empty());
  EXPECT_TRUE(groups("t/1").empty());
  EXPECT_EQ(matched("t/3"), (Places{{2, 0}}));
  EXPECT_EQ(matched("t/4"), Places{});
}

TEST_F(RoutesTest, GroupsAreApartFromPlainRows) {
  routes.add("a/b", {0, 0});
  routes.add("$share/g/a/+", {1, 1});
  routes.add("$share/g/a/+", {0, 2});
  routes.add("$share/h/a/+", {3, 0});
  routes.add("$share/g/a/b", {2, 0});
  EXPECT_EQ(matched("a/b"), (Places{{0, 0}}));
  EXPECT_EQ(groups("a/b"),
            (std::map<std::string, Places>{
                {"$share/g/a/+", {{0, 2}, {1, 1}}}, {"$share/h/a/+", {{3, 0}}}, {"$share/g/a/b", {{2, 0}}}}));
  EXPECT_EQ(groups("a/c").size(), 2u);
  EXPECT_TRUE(routes.remove("$share/h/a/+", {3, 0}));
  EXPECT_TRUE(routes.remove("$share/g/a/+", {1, 1}));
  EXPECT_EQ(groups("a/c"), (std::map<std::string, Places>{{"$share/g/a/+", {{0, 2}}}}));
  EXPECT_TRUE(routes.remove("$share/g/a/+", {0, 2}));
  EXPECT_TRUE(groups("a/c").empty());
  EXPECT_EQ(groups("a/b").size(), 1u);
}

// Rows of further members come and go in any order, also before and after their group's own (full copies, lost nodes).
TEST_F(RoutesTest, EachMemberOfAGroupIsAPlaceAgainstTheTwin) {
  std::map<std::string, std::set<Place>> twin;
  Rng rng(7);
  const std::string names[] = {"$share/g/a", "$share/h/a", "$share/g/+"};
  const auto expected = [&](NodeId masked) {
    std::map<std::string, Places> found;
    for (const std::string& name : names) {
      if (twin[name].empty()) continue;
      Places places;
      for (std::uint32_t n = 1; n <= 4; ++n)
        for (const Place& p : twin[member_row(name, n)])
          if (p.node != masked) places.push_back(p);
      std::sort(places.begin(), places.end());
      if (!places.empty()) found[name] = places;
    }
    return found;
  };
  for (int step = 0; step < 20'000; ++step) {
    const std::string row = member_row(names[rng.below(3)], static_cast<std::uint32_t>(1 + rng.below(4)));
    const Place place{static_cast<NodeId>(rng.below(3)), static_cast<ShardId>(rng.below(2))};
    if (rng.below(50) == 0) {
      for (auto& [name, places] : twin) std::erase_if(places, [&](const Place& p) { return p.node == place.node; });
      routes.remove_node(place.node);
    } else if (rng.below(2) == 0) {
      EXPECT_EQ(routes.add(row, place), twin[row].insert(place).second);
    } else {
      EXPECT_EQ(routes.remove(row, place), twin[row].erase(place) == 1);
    }
    states.reclaim();
    ASSERT_EQ(groups("a"), expected(9)) << "step " << step;
    routes.mask(1);
    ASSERT_EQ(groups("a"), expected(1)) << "step " << step;
    std::vector<Place> one;
    routes.group_places(names[0], one);
    ASSERT_EQ(one, expected(1)[names[0]]);
    routes.unmask(1);
  }
}

TEST_F(RoutesTest, LimitsRefuseAndChangeNothing) {
  std::string deep = "+";
  for (std::uint32_t i = 0; i < kLevelsMax; ++i) deep += "/a";
  EXPECT_FALSE(routes.add(deep, {0, 0}));
  EXPECT_FALSE(routes.add("$share/g/" + deep, {0, 0}));
  EXPECT_TRUE(routes.add("$share/g/" + deep.substr(0, deep.size() - 2), {0, 0}));
  for (std::uint32_t g = 0; g < kGroupsPerFilterMax; ++g)
    ASSERT_TRUE(routes.add("$share/" + std::to_string(g) + "/a", {0, 0}));
  EXPECT_FALSE(routes.add("$share/more/a", {0, 0}));
  EXPECT_EQ(routes.rows(), kGroupsPerFilterMax + 1);
  EXPECT_EQ(routes.filters(), kGroupsPerFilterMax + 1);
  EXPECT_EQ(groups("a").size(), kGroupsPerFilterMax);
}

/// The twin: a set of rows, matched one by one.
TEST_F(RoutesTest, RandomOperationsAgainstTheTwin) {
  Rng rng(17);
  std::vector<std::string> pool;
  for (int i = 0; i < 200; ++i) pool.push_back((rng.below(4) == 0 ? "$share/g/" : "") + test::random_topic(rng, true));
  std::set<std::pair<std::string, Place>> twin;
  std::set<NodeId> masked;
  for (int step = 0; step < 30'000; ++step) {
    const std::string& filter = pool[rng.below(pool.size())];
    const Place place{static_cast<NodeId>(rng.below(5)), static_cast<ShardId>(rng.below(3))};
    const std::uint64_t what = rng.below(1000);
    if (what < 550) {
      ASSERT_EQ(routes.add(filter, place), twin.emplace(filter, place).second);
    } else if (what < 990) {
      ASSERT_EQ(routes.remove(filter, place), twin.erase({filter, place}) == 1);
    } else if (what < 993) {
      ASSERT_EQ(routes.remove_node(place.node),
                std::erase_if(twin, [&](auto& row) { return row.second.node == place.node; }));
    } else if (masked.erase(place.node) == 1) {
      routes.unmask(place.node);
    } else {
      masked.insert(place.node);
      routes.mask(place.node);
    }
    if (step % 60 != 0) continue;
    const std::string topic = test::random_topic(rng, false);
    std::set<Place> plain;
    std::map<std::string, Places> shared;
    for (const auto& [f, p] : twin) {
      const std::string_view inside = shared_filter(f);
      if (masked.count(p.node) != 0 || !test::matches(inside.empty() ? f : inside, topic)) continue;
      if (inside.empty()) {
        plain.insert(p);
      } else {
        shared[f].push_back(p);
      }
    }
    ASSERT_EQ(matched(topic), Places(plain.begin(), plain.end())) << topic;
    ASSERT_EQ(groups(topic), shared) << topic;
    ASSERT_EQ(routes.rows(), twin.size());
  }
  for (NodeId node = 0; node < 5; ++node) {
    Rows rows = rows_of(node, 1 + node);
    Rows expected;
    for (const auto& [f, p] : twin)
      if (p.node == node) expected.emplace_back(f, p.shard);
    std::sort(rows.begin(), rows.end());
    EXPECT_EQ(rows, expected);
    EXPECT_EQ(routes.routes_of(node), expected.size());
    routes.remove_node(node);
  }
  EXPECT_EQ(routes.filters(), 0u);
}

TEST(RouteTableOrder, TheSameOperationsGiveTheSameOrder) {
  std::vector<std::pair<std::string, Place>> first;
  for (int run = 0; run < 2; ++run) {
    Heap heap;
    void* shift = run == 0 ? nullptr : heap.allocate(10'000);  // other addresses
    QuiescentStates states(1);
    RouteTable routes(heap, states, static_cast<std::uint64_t>(run));
    Rng rng(1);
    for (int step = 0; step < 20'000; ++step) {
      const std::string filter = "t/" + std::to_string(rng.below(500));
      const Place place{static_cast<NodeId>(rng.below(3)), static_cast<ShardId>(rng.below(2))};
      if (rng.below(2) == 0) {
        routes.add(filter, place);
      } else {
        routes.remove(filter, place);
      }
      if (step % 5 == 0) states.passed(0);
      if (step % 3 == 0) states.reclaim();
    }
    std::vector<std::pair<std::string, Place>> order;
    for (NodeId node = 0; node < 3; ++node)
      routes.for_each_of(node, 0, [&](std::string_view filter, ShardId shard) {
        order.emplace_back(filter, Place{node, shard});
        return true;
      });
    if (run == 0) first = order;
    EXPECT_EQ(order, first);
    EXPECT_GT(order.size(), 500u);
    if (shift != nullptr) heap.free(shift, 10'000);
  }
}

TEST(RouteTableMemory, ARowOfTenBytesTakesAtMost56Bytes) {
  Heap heap;
  QuiescentStates states(0);
  RouteTable routes(heap, states, 1);
  for (std::uint32_t n = 0; n < 300'000; ++n) {
    ASSERT_TRUE(routes.add("t/" + std::to_string(10'000'000 + n), {static_cast<NodeId>(n % 3), 0}));
    if (n > 50'000 && n % 5000 == 0) {
      ASSERT_LE(heap.bytes_in_use(), std::size_t{n} * 56) << n;
    }
  }
  EXPECT_LE(routes.memory_bytes(), heap.bytes_in_use());
}

TEST(RouteTableMemory, ChangesOfPlacesAreRetiredAndFreed) {
  Heap heap;
  {
    QuiescentStates states(2);
    RouteTable routes(heap, states, 1);
    Rng rng(4);
    std::size_t most = 0;
    for (int step = 0; step < 50'000; ++step) {
      const std::string filter = "t/" + std::to_string(rng.below(50));
      const Place place{static_cast<NodeId>(rng.below(8)), static_cast<ShardId>(rng.below(4))};
      if (rng.below(2) == 0) {
        routes.add(filter, place);
      } else {
        routes.remove(filter, place);
      }
      states.passed(static_cast<std::uint32_t>(step) % 2);
      states.reclaim();
      ASSERT_LE(states.retired_blocks(), 10u);
      if (step == 1000) most = heap.bytes_in_use();
    }
    EXPECT_LE(heap.bytes_in_use(), most * 2);
  }
  EXPECT_EQ(heap.bytes_in_use(), 0u);
}

}  // namespace
}  // namespace orrery::routing
