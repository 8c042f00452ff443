// SPDX-License-Identifier: Apache-2.0
#include "broker/mqtt/topic.h"

#include <algorithm>

#include "broker/mqtt/utf8.h"

namespace orrery::mqtt {
namespace {

constexpr std::string_view kSharePrefix = "$share/";

/// Takes the first level off `rest`; sets `more` to whether another one follows (which may be empty).
std::string_view take_level(std::string_view& rest, bool& more) {
  const std::size_t slash = rest.find('/');
  const std::string_view level = rest.substr(0, slash);
  more = slash != std::string_view::npos;
  rest = more ? rest.substr(slash + 1) : std::string_view{};
  return level;
}

/// Wildcards only where they may stand; the text is not empty.
bool wildcards_in_place(std::string_view filter) {
  bool more = true;
  while (more) {
    const std::string_view level = take_level(filter, more);
    if (!has_wildcard(level)) continue;
    if (level == "#") return !more;
    if (level != "+") return false;
  }
  return true;
}

}  // namespace

bool has_wildcard(std::string_view filter) {
  return std::any_of(filter.begin(), filter.end(), [](char c) { return c == '+' || c == '#'; });
}

bool is_sys_topic(std::string_view topic) {
  return topic.starts_with("$SYS") && (topic.size() == 4 || topic[4] == '/');
}

std::uint32_t topic_levels(std::string_view topic) {
  return static_cast<std::uint32_t>(std::count(topic.begin(), topic.end(), '/')) + 1;
}

bool valid_topic_name(std::string_view topic) {
  if (topic.empty()) return false;
  const TopicScan scan = scan_topic(topic);
  return scan.valid_utf8 && !scan.has_wildcard;
}

bool valid_topic_filter(std::string_view filter) {
  if (filter.empty()) return false;
  const TopicScan scan = scan_topic(filter);
  if (!scan.valid_utf8) return false;
  if (filter.starts_with(kSharePrefix)) {
    filter.remove_prefix(kSharePrefix.size());
    bool more = false;
    const std::string_view share_name = take_level(filter, more);
    if (share_name.empty() || has_wildcard(share_name)) return false;
    if (filter.empty()) return false;
  }
  return !scan.has_wildcard || wildcards_in_place(filter);
}

TopicFilter parse_topic_filter(std::string_view text) {
  TopicFilter out{text, {}, text, false};
  if (text.starts_with(kSharePrefix)) {
    out.filter.remove_prefix(kSharePrefix.size());
    bool more = false;
    out.share_name = take_level(out.filter, more);
  }
  out.wildcard = has_wildcard(out.filter);
  return out;
}

bool topic_matches(std::string_view filter, std::string_view topic) {
  if (topic.starts_with('$') && (filter.starts_with('+') || filter.starts_with('#'))) return false;
  bool more_filter = true;
  bool more_topic = true;
  while (more_filter) {
    const std::string_view wanted = take_level(filter, more_filter);
    if (wanted == "#") return true;  // also when the topic has ended: the parent level matches
    if (!more_topic) return false;
    const std::string_view level = take_level(topic, more_topic);
    if (wanted != "+" && wanted != level) return false;
  }
  return !more_topic;
}

}  // namespace orrery::mqtt
