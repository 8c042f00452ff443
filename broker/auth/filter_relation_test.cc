// SPDX-License-Identifier: Apache-2.0
// Filters as sets: beside the two functions stand all topics of up to five levels, and a bit for each in each filter.
#include "broker/auth/filter_relation.h"

#include <gtest/gtest.h>

#include <bitset>
#include <string>
#include <vector>

#include "broker/mqtt/topic.h"

namespace orrery::auth {
namespace {

TEST(FilterCovers, Examples) {
  EXPECT_TRUE(filter_covers("#", "a/b"));
  EXPECT_TRUE(filter_covers("#", "+/+"));
  EXPECT_TRUE(filter_covers("a/#", "a"));
  EXPECT_TRUE(filter_covers("a/#", "a/+/c/#"));
  EXPECT_TRUE(filter_covers("a/+", "a/b"));
  EXPECT_TRUE(filter_covers("+/#", "#"));
  EXPECT_TRUE(filter_covers("/+/#", "/#"));
  EXPECT_FALSE(filter_covers("a/+", "a/#"));
  EXPECT_FALSE(filter_covers("a/+/#", "a/#"));
  EXPECT_FALSE(filter_covers("a/b", "a/+"));
  EXPECT_FALSE(filter_covers("#", "$SYS/#"));
  EXPECT_FALSE(filter_covers("+/x", "$SYS/x"));
  EXPECT_TRUE(filter_covers("$SYS/#", "$SYS/a"));
  EXPECT_TRUE(filter_covers("a/+", "a/$x"));
}

TEST(FiltersOverlap, Examples) {
  EXPECT_TRUE(filters_overlap("a/+", "+/b"));
  EXPECT_TRUE(filters_overlap("#", "a/b/c"));
  EXPECT_TRUE(filters_overlap("a/#", "a"));
  EXPECT_FALSE(filters_overlap("a/+", "a"));
  EXPECT_FALSE(filters_overlap("a/+", "b/#"));
  EXPECT_FALSE(filters_overlap("#", "$SYS/#"));
  EXPECT_FALSE(filters_overlap("+", "/#"));
}

/// All texts of 1 to `levels_max` of these levels.
std::vector<std::string> texts(const std::vector<std::string>& levels, std::size_t levels_max) {
  std::vector<std::string> out = levels;
  std::size_t begin = 0;
  for (std::size_t n = 1; n < levels_max; ++n) {
    const std::size_t end = out.size();
    for (std::size_t i = begin; i < end; ++i)
      for (const std::string& level : levels) out.push_back(out[i] + "/" + level);
    begin = end;
  }
  return out;
}

/// "z" is in no filter: it stands for every level that a filter does not name.
TEST(FilterRelation, EveryPairOfSmallFilters) {
  constexpr std::size_t kTopicsMax = 2'048;
  using Topics = std::bitset<kTopicsMax>;

  std::vector<std::string> topics;
  for (const std::string& text : texts({"", "a", "$d", "z"}, 5))
    if (mqtt::valid_topic_name(text)) topics.push_back(text);
  ASSERT_LE(topics.size(), kTopicsMax);

  std::vector<std::string> filters;
  for (const std::string& text : texts({"", "a", "$d", "+"}, 4)) {
    if (mqtt::valid_topic_filter(text)) filters.push_back(text);
    if (mqtt::topic_levels(text) < 4) filters.push_back(text + "/#");
  }
  filters.push_back("#");

  std::vector<Topics> matched(filters.size());
  for (std::size_t f = 0; f < filters.size(); ++f)
    for (std::size_t t = 0; t < topics.size(); ++t) matched[f][t] = mqtt::topic_matches(filters[f], topics[t]);

  std::size_t covering = 0;
  std::size_t overlapping = 0;
  for (std::size_t a = 0; a < filters.size(); ++a) {
    for (std::size_t b = 0; b < filters.size(); ++b) {
      const bool covers = (matched[b] & ~matched[a]).none();
      const bool overlap = (matched[b] & matched[a]).any();
      ASSERT_EQ(filter_covers(filters[a], filters[b]), covers) << filters[a] << " covers " << filters[b];
      ASSERT_EQ(filters_overlap(filters[a], filters[b]), overlap) << filters[a] << " and " << filters[b];
      covering += covers ? 1 : 0;
      overlapping += overlap ? 1 : 0;
    }
  }
  EXPECT_GT(covering, filters.size());
  EXPECT_GT(overlapping, covering);
}

}  // namespace
}  // namespace orrery::auth
