// SPDX-License-Identifier: Apache-2.0
// For the tests of broker/routing: topics and filters to try, and the slow obvious matcher that the clever ones must
// equal.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "base/rng.h"

namespace orrery::routing::test {

inline std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> levels(1);
  for (const char c : text) {
    if (c == '/') {
      levels.emplace_back();
    } else {
      levels.back() += c;
    }
  }
  return levels;
}

/// MQTT 5.0 section 4.7 word by word.
inline bool matches(std::string_view filter, std::string_view topic) {
  const std::vector<std::string> f = split(filter);
  const std::vector<std::string> t = split(topic);
  if (topic.starts_with('$') && (f[0] == "+" || f[0] == "#")) return false;
  for (std::size_t i = 0; i < f.size(); ++i) {
    if (f[i] == "#") return true;
    if (i == t.size()) return false;
    if (f[i] != "+" && f[i] != t[i]) return false;
    if (i + 1 == t.size() && i + 2 == f.size() && f[i + 1] == "#") return true;
  }
  return f.size() == t.size();
}

/// All texts of 1 to `levels` levels over an alphabet, "" left out (no topic is empty).
inline std::vector<std::string> all_topics(const std::vector<std::string>& alphabet, int levels) {
  std::vector<std::string> all;
  std::vector<std::string> longest(1);
  for (int n = 0; n < levels; ++n) {
    std::vector<std::string> longer;
    for (const std::string& head : longest)
      for (const std::string& level : alphabet) longer.push_back(n == 0 ? level : head + "/" + level);
    longest = longer;
    for (const std::string& t : longest)
      if (!t.empty()) all.push_back(t);
  }
  return all;
}

/// Likewise with `+` as a level and `#` as a last one.
inline std::vector<std::string> all_filters(std::vector<std::string> alphabet, int levels) {
  alphabet.push_back("+");
  std::vector<std::string> all = all_topics(alphabet, levels);
  all.push_back("#");
  for (const std::string& head : all_topics(alphabet, levels - 1)) all.push_back(head + "/#");
  if (std::find(alphabet.begin(), alphabet.end(), "") != alphabet.end()) all.push_back("/#");
  return all;
}

inline std::string random_topic(Rng& rng, bool wildcards) {
  static constexpr std::string_view kLevels[] = {"a", "b", "", "$x", "sensor", "temperature-of-the-hall", "+", "#"};
  std::string topic;
  const std::uint64_t levels = 1 + rng.below(6);
  for (std::uint64_t i = 0; i < levels; ++i) {
    if (i > 0) topic += '/';
    const std::string_view level = kLevels[rng.below(wildcards ? 8 : 6)];
    topic += level;
    if (level == "#") break;
    if (level == "a" && rng.below(4) == 0) topic += std::to_string(rng.below(1000));
  }
  return topic.empty() ? "a" : topic;
}

}  // namespace orrery::routing::test
