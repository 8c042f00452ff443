// SPDX-License-Identifier: Apache-2.0
#include "broker/routing/topic_index.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "broker/routing/test_topics.h"

namespace orrery::routing {
namespace {

using test::matches;

struct IndexTest : testing::Test {
  Heap heap;
  QuiescentStates states{0};
  TopicIndex index{heap, states, 42};

  std::vector<std::string> matched(std::string_view topic) const {
    std::vector<std::string> filters;
    index.match(topic, [&](std::uint32_t id) { filters.emplace_back(index.filter(id)); });
    return filters;
  }
};

std::vector<std::string> sorted(std::vector<std::string> v) {
  std::sort(v.begin(), v.end());
  return v;
}

TEST_F(IndexTest, TheStandardsExamples) {
  for (const char* f : {"sport/tennis/player1/#", "sport/#", "#", "sport/tennis/+", "sport/+", "+", "+/tennis/#", "/+",
                        "+/+", "$SYS/#", "$SYS/monitor/+", "+/monitor/Clients", "sport/tennis/player1"})
    EXPECT_TRUE(index.insert(f).created);
  using V = std::vector<std::string>;
  EXPECT_EQ(sorted(matched("sport/tennis/player1")),
            (V{"#", "+/tennis/#", "sport/#", "sport/tennis/+", "sport/tennis/player1", "sport/tennis/player1/#"}));
  EXPECT_EQ(sorted(matched("sport")), (V{"#", "+", "sport/#"}));
  EXPECT_EQ(sorted(matched("/finance")), (V{"#", "+/+", "/+"}));
  EXPECT_EQ(sorted(matched("sport/")), (V{"#", "+/+", "sport/#", "sport/+"}));
  EXPECT_EQ(sorted(matched("$SYS/monitor/Clients")), (V{"$SYS/#", "$SYS/monitor/+"}));
  EXPECT_EQ(sorted(matched("$SYS")), (V{"$SYS/#"}));
  EXPECT_EQ(matched("Sport/tennis/Player1").front(), "#");
}

TEST_F(IndexTest, InsertFindsWhatIsThereAndEraseForgets) {
  const auto a = index.insert("a/b");
  EXPECT_TRUE(a.created);
  const auto again = index.insert("a/b");
  EXPECT_FALSE(again.created);
  EXPECT_EQ(again.id, a.id);
  const auto w = index.insert("a/+");
  EXPECT_NE(w.id, a.id);
  EXPECT_EQ(index.find("a/+"), w.id);
  EXPECT_EQ(index.filter(w.id), "a/+");
  EXPECT_EQ(index.size(), 2u);
  EXPECT_EQ(index.wildcards(), 1u);
  index.erase(w.id);
  EXPECT_EQ(index.find("a/+"), kNoFilter);
  EXPECT_FALSE(index.in_use(w.id));
  EXPECT_EQ(matched("a/b"), std::vector<std::string>{"a/b"});
  EXPECT_EQ(index.insert("c").id, w.id) << "an id that nobody can mean is used again";
  EXPECT_EQ(index.end(), 2u);
}

TEST_F(IndexTest, ASharedFilterHasAnIdAndMatchesNothing) {
  for (const char* f : {"$share/g/a", "$share/g/+", "$share/g/#"}) EXPECT_TRUE(index.insert(f).created);
  EXPECT_EQ(index.wildcards(), 0u);
  for (const char* t : {"a", "$share/g/a", "$share/g/+", "$share/g/b"}) EXPECT_TRUE(matched(t).empty()) << t;
  EXPECT_EQ(index.filter(index.find("$share/g/+")), "$share/g/+");
}

TEST_F(IndexTest, EveryFilterOfFourLevelsAgainstEveryTopic) {
  const std::vector<std::string> filters = test::all_filters({"a", "b", "", "$x"}, 4);
  const std::vector<std::string> topics = test::all_topics({"a", "b", "", "$x"}, 4);
  ASSERT_EQ(filters.size(), 935u);
  ASSERT_EQ(topics.size(), 339u);
  for (const std::string& f : filters) ASSERT_TRUE(index.insert(f).created) << f;
  std::size_t found = 0;
  for (const std::string& t : topics) {
    std::vector<std::string> expected;
    for (const std::string& f : filters)
      if (matches(f, t)) expected.push_back(f);
    ASSERT_EQ(sorted(matched(t)), sorted(expected)) << t;
    found += expected.size();
  }
  EXPECT_GT(found, topics.size() * 8);
}

TEST_F(IndexTest, RandomInsertsAndErasesAgainstTheTwin) {
  Rng rng(11);
  std::map<std::string, std::uint32_t> twin;
  std::vector<std::string> pool;
  for (int i = 0; i < 400; ++i) pool.push_back(test::random_topic(rng, true));
  for (int step = 0; step < 40'000; ++step) {
    const std::string& f = pool[rng.below(pool.size())];
    const auto known = twin.find(f);
    if (rng.below(2) == 0) {
      const auto [id, created] = index.insert(f);
      ASSERT_EQ(created, known == twin.end());
      if (!created) {
        ASSERT_EQ(id, known->second);
      }
      twin[f] = id;
    } else if (known != twin.end()) {
      index.erase(known->second);
      twin.erase(known);
    }
    ASSERT_EQ(index.size(), twin.size());
    if (step % 100 != 0) continue;
    const std::string t = test::random_topic(rng, false);
    std::vector<std::string> expected;
    for (const auto& [filter, id] : twin) {
      ASSERT_EQ(index.find(filter), id);
      ASSERT_EQ(index.filter(id), filter);
      if (matches(filter, t)) expected.push_back(filter);
    }
    ASSERT_EQ(sorted(matched(t)), expected) << t;
  }
  for (const auto& [filter, id] : twin) index.erase(id);
  EXPECT_EQ(index.size(), 0u);
  EXPECT_EQ(index.wildcards(), 0u);
  EXPECT_TRUE(matched("a/b").empty());
}

TEST_F(IndexTest, TheOrderOfMatchesDependsOnTheSetOfFiltersAlone) {
  std::vector<std::string> filters = test::all_filters({"a", "b"}, 3);
  Rng rng(5);
  std::vector<std::string> first;
  for (int round = 0; round < 5; ++round) {
    Heap other_heap;
    TopicIndex other(other_heap, states, rng.next());
    for (std::size_t i = filters.size(); i > 1; --i) std::swap(filters[i - 1], filters[rng.below(i)]);
    for (int noise = 0; noise < 40; ++noise) other.erase(other.insert("noise/" + std::to_string(noise)).id);
    for (const std::string& f : filters) other.insert(f);
    std::vector<std::string> order;
    for (const char* t : {"a", "a/b", "a/b/a", "b/b/b"})
      other.match(t, [&](std::uint32_t id) { order.emplace_back(other.filter(id)); });
    if (round == 0) first = order;
    ASSERT_EQ(order, first);
  }
  ASSERT_GT(first.size(), 20u);
}

TEST_F(IndexTest, DeepAndLongFiltersCostNoMoreThanTheirLength) {
  const std::string slashes(65'400, '/');
  EXPECT_TRUE(index.insert(slashes).created);
  EXPECT_EQ(index.insert(slashes + "+").id, kNoFilter) << "too many levels for the trie";
  EXPECT_EQ(index.insert("$share/g/" + slashes + "#").id, kNoFilter);
  EXPECT_EQ(index.insert(std::string(65'536, 'a')).id, kNoFilter);
  EXPECT_TRUE(index.insert(std::string(65'535, 'a')).created);
  EXPECT_EQ(index.size(), 2u);

  std::string deepest;
  for (std::uint32_t i = 1; i < kLevelsMax; ++i) deepest += "+/";
  EXPECT_TRUE(filter_within_limits(deepest + "#"));
  EXPECT_FALSE(filter_within_limits(deepest + "+/#"));
  EXPECT_TRUE(filter_within_limits("$share/g/" + deepest + "#"));
  EXPECT_TRUE(index.insert(deepest + "#").created);
  EXPECT_TRUE(index.insert(deepest + "+").created);
  EXPECT_EQ(matched(slashes), (std::vector<std::string>{slashes, deepest + "#"}));
  EXPECT_EQ(matched(slashes.substr(0, kLevelsMax - 1)).size(), 2u);
  EXPECT_EQ(matched(slashes.substr(0, kLevelsMax)).size(), 1u);
}

TEST_F(IndexTest, AWalkTakesNoMoreBranchesThanLevels) {
  // Every combination of "a" and "+" over 12 levels agrees with the topic: 4096 filters, each once.
  for (std::uint32_t bits = 0; bits < 4096; ++bits) {
    std::string f;
    for (int i = 0; i < 12; ++i) f += std::string(i == 0 ? "" : "/") + ((bits >> i & 1) != 0 ? "+" : "a");
    ASSERT_TRUE(index.insert(f).created);
  }
  const std::vector<std::string> all = matched("a/a/a/a/a/a/a/a/a/a/a/a");
  EXPECT_EQ(all.size(), 4096u);
  EXPECT_EQ(std::set<std::string>(all.begin(), all.end()).size(), 4096u);
}

TEST_F(IndexTest, ChurnDoesNotGrowMemory) {
  const auto name = [](std::uint64_t n) { return "device/" + std::to_string(n) + "/state"; };
  std::vector<std::uint32_t> ids;
  for (std::uint64_t n = 0; n < 5000; ++n) ids.push_back(index.insert(name(n)).id);
  const std::size_t before = index.memory_bytes();
  Rng rng(3);
  for (std::uint64_t n = 5000; n < 200'000; ++n) {
    const std::size_t victim = rng.below(ids.size());
    index.erase(ids[victim]);
    ids[victim] = index.insert(name(n)).id;
  }
  EXPECT_EQ(index.size(), 5000u);
  EXPECT_EQ(index.end(), 5000u) << "ids are used again";
  EXPECT_LE(index.memory_bytes(), before * 2);
  for (const std::uint32_t id : ids) index.erase(id);
  EXPECT_LE(index.memory_bytes(), before);
  EXPECT_GE(heap.bytes_in_use(), index.memory_bytes());
  EXPECT_LE(heap.bytes_in_use(), index.memory_bytes() + 4096) << "the heap rounds up";
}

TEST_F(IndexTest, WildcardChurnGivesNodesBack) {
  Rng rng(9);
  std::size_t most = 0;
  for (int round = 0; round < 400; ++round) {
    std::vector<std::uint32_t> ids;
    for (int i = 0; i < 50; ++i)
      ids.push_back(
          index.insert("a" + std::to_string(rng.below(1'000'000'000)) + "/+/b/" + std::to_string(i) + "/#").id);
    for (const std::uint32_t id : ids) index.erase(id);
    if (round == 20) most = index.memory_bytes();
  }
  EXPECT_EQ(index.wildcards(), 0u);
  EXPECT_LE(index.memory_bytes(), most + most / 4);
}

TEST(TopicIndexMemory, AllComesFromTheHeapAndGoesBack) {
  Heap heap;
  QuiescentStates states(0);
  {
    TopicIndex index(heap, states, 1);
    Rng rng(2);
    for (int i = 0; i < 20'000; ++i) index.insert(test::random_topic(rng, true));
    EXPECT_GT(heap.bytes_in_use(), 50'000u);
  }
  EXPECT_EQ(heap.bytes_in_use(), 0u);
}

TEST(TopicIndexMemory, AnExactFilterOfTenBytesTakesAtMost48Bytes) {
  Heap heap;
  QuiescentStates states(0);
  TopicIndex index(heap, states, 1);
  for (std::uint32_t n = 0; n < 400'000; ++n) {
    std::string f = "t/" + std::to_string(10'000'000 + n);
    ASSERT_EQ(f.size(), 10u);
    ASSERT_TRUE(index.insert(f).created);
    if (n > 50'000 && n % 5000 == 0) {
      ASSERT_LE(index.memory_bytes(), std::size_t{n} * 48) << n;
    }
  }
}

}  // namespace
}  // namespace orrery::routing
