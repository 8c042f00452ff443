// SPDX-License-Identifier: Apache-2.0
// UTF-8 and topic rules against a second implementation that shares no idea with the first: code points in a vector,
// levels in a vector, recursion. Input: a filter, a line feed, a topic.
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/assert.h"
#include "broker/mqtt/topic.h"
#include "broker/mqtt/utf8.h"

namespace {

using namespace orrery::mqtt;

/// The code points, or nothing if the text is not UTF-8 without U+0000.
std::optional<std::vector<std::uint32_t>> code_points(std::string_view text) {
  constexpr std::uint32_t kSmallest[] = {0, 1, 0x80, 0x800, 0x10000};
  std::vector<std::uint32_t> out;
  std::size_t i = 0;
  while (i < text.size()) {
    const auto lead = static_cast<std::uint8_t>(text[i]);
    std::size_t size = 0;
    if ((lead & 0x80) == 0x00) size = 1;
    if ((lead & 0xe0) == 0xc0) size = 2;
    if ((lead & 0xf0) == 0xe0) size = 3;
    if ((lead & 0xf8) == 0xf0) size = 4;
    if (size == 0 || i + size > text.size()) return std::nullopt;
    std::uint32_t code = size == 1 ? lead : lead & (0xffu >> (size + 1));
    for (std::size_t k = 1; k < size; ++k) {
      const auto next = static_cast<std::uint8_t>(text[i + k]);
      if ((next & 0xc0) != 0x80) return std::nullopt;
      code = code * 64 + next % 64;
    }
    const bool surrogate = code >= 0xd800 && code < 0xe000;
    if (code < kSmallest[size] || code > 0x10ffff || surrogate) return std::nullopt;
    out.push_back(code);
    i += size;
  }
  return out;
}

using Levels = std::vector<std::vector<std::uint32_t>>;

Levels levels_of(const std::vector<std::uint32_t>& text) {
  Levels levels(1);
  for (const std::uint32_t code : text) {
    if (code == '/')
      levels.emplace_back();
    else
      levels.back().push_back(code);
  }
  return levels;
}

bool has(const std::vector<std::uint32_t>& level, std::uint32_t wanted) {
  for (const std::uint32_t code : level)
    if (code == wanted) return true;
  return false;
}

bool wild(const std::vector<std::uint32_t>& level) { return has(level, '+') || has(level, '#'); }
bool is(const std::vector<std::uint32_t>& level, std::uint32_t only) { return level.size() == 1 && level[0] == only; }

/// Takes "$share" and the share name off; false if they are there and wrong.
bool strip_share(Levels& levels) {
  constexpr std::string_view kShare = "$share";
  if (levels.size() < 2 || levels[0] != std::vector<std::uint32_t>(kShare.begin(), kShare.end())) return true;
  if (levels[1].empty() || wild(levels[1]) || levels.size() == 2) return false;
  levels.erase(levels.begin(), levels.begin() + 2);
  return levels.size() > 1 || !levels[0].empty();
}

bool valid_filter(Levels levels) {
  if (levels.size() == 1 && levels[0].empty()) return false;
  if (!strip_share(levels)) return false;
  for (std::size_t i = 0; i < levels.size(); ++i) {
    if (has(levels[i], '+') && !is(levels[i], '+')) return false;
    if (has(levels[i], '#') && (!is(levels[i], '#') || i + 1 != levels.size())) return false;
  }
  return true;
}

bool matches_from(const Levels& filter, const Levels& topic, std::size_t i) {
  if (i < filter.size() && is(filter[i], '#')) return true;
  if (i == filter.size() || i == topic.size()) return filter.size() == topic.size();
  return (is(filter[i], '+') || filter[i] == topic[i]) && matches_from(filter, topic, i + 1);
}

bool matches(const Levels& filter, const Levels& topic) {
  const bool dollar = !topic[0].empty() && topic[0][0] == '$';
  return !(dollar && (is(filter[0], '+') || is(filter[0], '#'))) && matches_from(filter, topic, 0);
}

/// Checks what the text alone decides.
void check(std::string_view text) {
  const auto codes = code_points(text);
  ORRERY_ASSERT(valid_utf8(text) == codes.has_value());
  const TopicScan scan = scan_topic(text);
  ORRERY_ASSERT(scan.valid_utf8 == codes.has_value());
  if (!codes) {
    ORRERY_ASSERT(!valid_topic_name(text));
    ORRERY_ASSERT(!valid_topic_filter(text));
    return;
  }
  const Levels levels = levels_of(*codes);
  ORRERY_ASSERT(scan.levels == levels.size());
  ORRERY_ASSERT(topic_levels(text) == levels.size());
  ORRERY_ASSERT(scan.has_wildcard == wild(*codes));
  ORRERY_ASSERT(has_wildcard(text) == wild(*codes));
  ORRERY_ASSERT(valid_topic_name(text) == (!codes->empty() && !wild(*codes)));
  ORRERY_ASSERT(valid_topic_filter(text) == valid_filter(levels));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string input(reinterpret_cast<const char*>(data), size);
  const std::string_view all(input);
  const std::size_t line = all.find('\n');
  const std::string_view filter = all.substr(0, line);
  const std::string_view topic = line == std::string_view::npos ? std::string_view{} : all.substr(line + 1);
  check(filter);
  check(topic);
  if (!valid_topic_filter(filter)) return 0;
  const TopicFilter parsed = parse_topic_filter(filter);
  Levels levels = levels_of(*code_points(filter));
  const std::size_t before = levels.size();
  ORRERY_ASSERT(strip_share(levels));
  ORRERY_ASSERT(parsed.shared() == (levels.size() != before));
  ORRERY_ASSERT(parsed.full == filter);
  ORRERY_ASSERT(levels_of(*code_points(parsed.filter)) == levels);
  ORRERY_ASSERT(!parsed.shared() ||
                "$share/" + std::string(parsed.share_name) + "/" + std::string(parsed.filter) == filter);
  if (valid_topic_name(topic))
    ORRERY_ASSERT(topic_matches(parsed.filter, topic) == matches(levels, levels_of(*code_points(topic))));
  return 0;
}
