// SPDX-License-Identifier: Apache-2.0
// Topic rules: the standard's own examples, and a recursive twin over every small filter and topic.
#include "broker/mqtt/topic.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace orrery::mqtt {
namespace {

/// The non-normative examples of 4.7.1.2, 4.7.1.3 and 4.7.2.
TEST(TopicMatches, ExamplesOfTheStandard) {
  for (const char* topic :
       {"sport/tennis/player1", "sport/tennis/player1/ranking", "sport/tennis/player1/score/wimbledon"})
    EXPECT_TRUE(topic_matches("sport/tennis/player1/#", topic)) << topic;
  EXPECT_TRUE(topic_matches("sport/#", "sport"));
  EXPECT_TRUE(topic_matches("#", "sport"));
  EXPECT_TRUE(topic_matches("sport/tennis/+", "sport/tennis/player1"));
  EXPECT_FALSE(topic_matches("sport/tennis/+", "sport/tennis/player1/ranking"));
  EXPECT_FALSE(topic_matches("sport/+", "sport"));
  EXPECT_TRUE(topic_matches("sport/+", "sport/"));
  EXPECT_TRUE(topic_matches("+/+", "/finance"));
  EXPECT_TRUE(topic_matches("/+", "/finance"));
  EXPECT_FALSE(topic_matches("+", "/finance"));
  EXPECT_FALSE(topic_matches("#", "$SYS/monitor"));
  EXPECT_FALSE(topic_matches("+/monitor/Clients", "$SYS/monitor/Clients"));
  EXPECT_TRUE(topic_matches("$SYS/#", "$SYS/monitor"));
  EXPECT_TRUE(topic_matches("$SYS/monitor/+", "$SYS/monitor/Clients"));
  EXPECT_FALSE(topic_matches("ACCOUNTS", "Accounts"));
  EXPECT_FALSE(topic_matches("/finance", "finance"));
}

TEST(Topic, SysIsTheServers) {
  for (const char* topic : {"$SYS", "$SYS/", "$SYS/broker/uptime"}) EXPECT_TRUE(is_sys_topic(topic)) << topic;
  for (const char* topic : {"", "$", "$sys/a", "$SYSTEM/a", "a/$SYS", "/$SYS"})
    EXPECT_FALSE(is_sys_topic(topic)) << topic;
}

std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> levels(1);
  for (const char c : text) {
    if (c == '/')
      levels.emplace_back();
    else
      levels.back() += c;
  }
  return levels;
}

bool levels_match(const std::vector<std::string>& filter, std::size_t f, const std::vector<std::string>& topic,
                  std::size_t t) {
  if (f == filter.size()) return t == topic.size();
  if (filter[f] == "#") return true;
  if (t == topic.size()) return false;
  if (filter[f] != "+" && filter[f] != topic[t]) return false;
  return levels_match(filter, f + 1, topic, t + 1);
}

bool matches_twin(const std::string& filter, const std::string& topic) {
  if (topic[0] == '$' && (filter[0] == '+' || filter[0] == '#')) return false;
  return levels_match(split(filter), 0, split(topic), 0);
}

bool valid_filter_twin(const std::string& filter) {
  std::vector<std::string> levels = split(filter);
  if (levels.size() > 1 && levels[0] == "$share") {
    if (levels[1].empty() || levels[1].find_first_of("+#") != std::string::npos) return false;
    if (levels.size() == 2 || (levels.size() == 3 && levels[2].empty())) return false;
    levels.erase(levels.begin(), levels.begin() + 2);
  }
  for (std::size_t i = 0; i < levels.size(); ++i) {
    if (levels[i].find_first_of("+#") == std::string::npos) continue;
    if (levels[i] == "+") continue;
    if (levels[i] != "#" || i + 1 != levels.size()) return false;
  }
  return !filter.empty();
}

/// Every text of up to `size` parts.
std::vector<std::string> texts(const std::vector<std::string>& parts, int size) {
  std::vector<std::string> all = {""};
  std::size_t from = 0;
  for (int n = 0; n < size; ++n) {
    const std::size_t to = all.size();
    for (; from < to; ++from)
      for (const std::string& part : parts) all.push_back(all[from] + part);
  }
  return all;
}

TEST(TopicMatches, EverySmallFilterAndTopicAgreesWithTheTwin) {
  std::vector<std::string> filters;
  for (const std::string& text : texts({"a", "b", "/", "+", "#", "$"}, 5))
    if (valid_topic_filter(text)) filters.push_back(text);
  int matches = 0;
  for (const std::string& topic : texts({"a", "/", "$"}, 4)) {
    if (topic.empty()) continue;
    for (const std::string& filter : filters) {
      ASSERT_EQ(topic_matches(filter, topic), matches_twin(filter, topic)) << filter << " " << topic;
      matches += topic_matches(filter, topic) ? 1 : 0;
    }
  }
  EXPECT_GT(filters.size(), 1500u);
  EXPECT_GT(matches, 1000);
}

TEST(TopicFilter, EverySmallTextAgreesWithTheTwin) {
  for (const std::string& text : texts({"a", "/", "+", "#", "$", "$share/"}, 5)) {
    ASSERT_EQ(valid_topic_filter(text), valid_filter_twin(text)) << text;
    ASSERT_EQ(valid_topic_name(text), !text.empty() && text.find_first_of("+#") == std::string::npos) << text;
  }
}

TEST(TopicFilter, IsTakenApart) {
  const TopicFilter plain = parse_topic_filter("a/b");
  EXPECT_FALSE(plain.shared());
  EXPECT_FALSE(plain.wildcard);
  EXPECT_EQ(plain.filter, "a/b");

  const TopicFilter shared = parse_topic_filter("$share/group/a/+/#");
  EXPECT_TRUE(shared.shared());
  EXPECT_TRUE(shared.wildcard);
  EXPECT_EQ(shared.share_name, "group");
  EXPECT_EQ(shared.filter, "a/+/#");
  EXPECT_EQ(shared.full, "$share/group/a/+/#");

  EXPECT_EQ(parse_topic_filter("$share/g//").filter, "/");
  EXPECT_FALSE(parse_topic_filter("$share").shared());
  EXPECT_FALSE(parse_topic_filter("$shared/g/a").shared());
  EXPECT_EQ(topic_levels("a/b//"), 4u);
}

TEST(TopicFilter, IllFormedTextIsRefused) {
  EXPECT_FALSE(valid_topic_filter("a/\xff"));
  EXPECT_FALSE(valid_topic_filter(std::string_view("a\0b", 3)));
  EXPECT_FALSE(valid_topic_name("a/\xed\xa0\x80"));
  EXPECT_FALSE(valid_topic_name(std::string_view("\0", 1)));
  EXPECT_TRUE(valid_topic_name("\u20ac/\U0001f30c"));
}

/// CVE-2019-11779 and CVE-2026-95844: as many levels as a string can have. Nothing recurses.
TEST(TopicMatches, TheDeepestTopic) {
  const std::string deep(65'535, '/');
  EXPECT_TRUE(valid_topic_filter(deep));
  EXPECT_TRUE(topic_matches(deep, deep));
  EXPECT_TRUE(topic_matches("#", deep));
  std::string pluses = "+";
  while (pluses.size() < 65'533) pluses += "/+";
  EXPECT_TRUE(valid_topic_filter(pluses));
  EXPECT_FALSE(topic_matches(pluses, deep));
  EXPECT_TRUE(topic_matches(pluses, deep.substr(0, pluses.size() / 2)));
}

}  // namespace
}  // namespace orrery::mqtt
