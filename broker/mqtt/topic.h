// SPDX-License-Identifier: Apache-2.0
// Topic names and topic filters (section 4.7) and shared subscriptions (4.8.2), in constant memory and without
// recursion.
//
// A filter that starts with "$share/" is a shared subscription in every version: MQTT 3 clients use it too, and no
// other meaning would help them. Text is taken byte by byte: topics are equal only if their bytes are (4.7.3).
#pragma once

#include "base/types.h"

namespace orrery::mqtt {

/// One or more characters, valid UTF-8, no wildcard. The number of levels is not looked at.
bool valid_topic_name(std::string_view topic);

/// One or more characters, valid UTF-8, '#' only as the whole last level, '+' only as a whole level, and if it starts
/// with
/// "$share/", a share name of one or more characters without wildcards and then a filter that is valid by itself.
bool valid_topic_filter(std::string_view filter);

/// True when there is a '+' or '#'.
bool has_wildcard(std::string_view filter);

/// Whether it is "$SYS" or below it: what the server tells of itself, and no client may (4.7.2, a remark there).
bool is_sys_topic(std::string_view topic);

/// One more than the number of '/'.
std::uint32_t topic_levels(std::string_view topic);

/// A topic filter taken apart: views into the text that was given.
struct TopicFilter {
  std::string_view full;        // as the client wrote it
  std::string_view share_name;  // empty unless it is a shared subscription
  std::string_view filter;      // what topics are matched against
  bool wildcard = false;        // filter has a wildcard

  bool shared() const { return !share_name.empty(); }
};

/// Takes a valid filter apart (valid_topic_filter(text) must hold).
TopicFilter parse_topic_filter(std::string_view text);

/// Whether a filter without share name matches a topic name; both valid. Level by level, the plain reading of 4.7:
/// "a/#" also matches "a", and a wildcard in the first level does not match a topic that starts with '$'.
bool topic_matches(std::string_view filter, std::string_view topic);

}  // namespace orrery::mqtt
