// SPDX-License-Identifier: Apache-2.0
// How many members of a shared subscription's group a place has, told in rows of the route table.
//
// The first member of a place is the row "$share/NAME/FILTER" itself; the n-th adds the row of that text, U+0000 and n.
// Rows are all that owner logs carry, and no client can send such a filter. The publisher's shard counts rows, so that
// a place with three members gets three turns. Members beyond kMemberRowsMax have no row and add no turn.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "broker/mqtt/topic.h"
#include "broker/routing/limits.h"

namespace orrery::routing {

/// The row's text without the member's number.
inline std::string_view without_member(std::string_view row) { return row.substr(0, row.find('\0')); }

/// The row of the n-th member, n from 1; empty when it has none.
inline std::string member_row(std::string_view share_filter, std::uint32_t n) {
  std::string row;
  if (n > kMemberRowsMax || (n > 1 && share_filter.size() + 2 > kFilterBytesMax)) return row;
  row = share_filter;
  if (n > 1) {
    row += '\0';
    row += static_cast<char>(n);
  }
  return row;
}

/// A topic filter, or the row of a group's member: what may stand in a route table.
inline bool valid_row(std::string_view row) {
  const std::string_view filter = without_member(row);
  if (!mqtt::valid_topic_filter(filter)) return false;
  if (filter.size() == row.size()) return true;
  const auto n = static_cast<unsigned char>(row.back());
  return row.size() == filter.size() + 2 && n >= 2 && n <= kMemberRowsMax && mqtt::parse_topic_filter(filter).shared();
}

}  // namespace orrery::routing
