// SPDX-License-Identifier: Apache-2.0
#include "sim/plug/small_broker/topic.h"

#include <cstdint>

namespace orrery::sim::small {
namespace {

/// Cuts the first level off; `more` says whether another follows.
std::string_view next_level(std::string_view& rest, bool& more) {
  const std::size_t slash = rest.find('/');
  const std::string_view level = rest.substr(0, slash);
  more = slash != std::string_view::npos;
  rest.remove_prefix(more ? slash + 1 : rest.size());
  return level;
}

/// Bytes of the well-formed code point at the start of `t`, 0 if it is not one or is U+0000.
std::size_t code_point_bytes(std::string_view t) {
  const auto at = [&](std::size_t i) { return i < t.size() ? static_cast<std::uint8_t>(t[i]) : 0u; };
  const unsigned a = at(0);
  if (a < 0x80) return a == 0 ? 0 : 1;
  const std::size_t n = a >= 0xf0 ? 4 : a >= 0xe0 ? 3 : 2;
  if (a < 0xc2 || a > 0xf4) return 0;
  for (std::size_t i = 1; i < n; ++i)
    if ((at(i) & 0xc0) != 0x80) return 0;
  const unsigned b = at(1);
  const bool overlong = (a == 0xe0 && b < 0xa0) || (a == 0xf0 && b < 0x90);
  const bool outside = (a == 0xed && b >= 0xa0) || (a == 0xf4 && b >= 0x90);
  return overlong || outside ? 0 : n;
}

}  // namespace

bool valid_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t n = code_point_bytes(text);
    if (n == 0) return false;
    text.remove_prefix(n);
  }
  return true;
}

bool valid_topic(std::string_view topic) { return !topic.empty() && topic.find_first_of("+#") == topic.npos; }

bool valid_filter(std::string_view filter) {
  if (filter.empty()) return false;
  bool more = true;
  while (more) {
    const std::string_view level = next_level(filter, more);
    if (level == "#" && more) return false;
    if (level != "#" && level != "+" && has_wildcard(level)) return false;
  }
  return true;
}

bool has_wildcard(std::string_view filter) { return filter.find_first_of("+#") != filter.npos; }
bool is_shared(std::string_view filter) { return filter.starts_with("$share/"); }

bool matches(std::string_view filter, std::string_view topic) {
  if (topic[0] == '$' && (filter[0] == '+' || filter[0] == '#')) return false;
  bool more_filter = true;
  bool more_topic = true;
  while (more_filter && more_topic) {
    const std::string_view f = next_level(filter, more_filter);
    if (f == "#") return true;
    const std::string_view t = next_level(topic, more_topic);
    if (f != "+" && f != t) return false;
  }
  // "a/#" is also for "a" itself.
  return more_filter == more_topic || (more_filter && filter == "#");
}

}  // namespace orrery::sim::small
