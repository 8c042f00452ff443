// SPDX-License-Identifier: Apache-2.0
// The rules of topic names and filters (MQTT 5.0 section 4.7), level by level, and UTF-8 (section 1.5.4).
#pragma once

#include <string_view>

namespace orrery::sim::small {

bool valid_utf8(std::string_view text);
bool valid_topic(std::string_view topic);
bool valid_filter(std::string_view filter);
bool has_wildcard(std::string_view filter);
bool is_shared(std::string_view filter);
/// True when a message of `topic` is for a subscription of `filter`. Both must be valid.
bool matches(std::string_view filter, std::string_view topic);

}  // namespace orrery::sim::small
