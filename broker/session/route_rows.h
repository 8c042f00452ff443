// SPDX-License-Identifier: Apache-2.0
// Which row of the route table a subscription adds or removes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "broker/routing/levels.h"
#include "broker/routing/member_row.h"

namespace orrery::session {

/// Appends the row that stands for the filter's n-th subscriber of a shard, if there is one: for a plain filter the
/// first alone has a row, in a group each of the first kMemberRowsMax (broker/routing/member_row.h).
inline void append_row(std::vector<std::string>& rows, std::string_view filter, std::uint32_t members) {
  if (members > 1 && routing::shared_filter(filter).empty()) return;
  std::string row = routing::member_row(filter, members);
  if (!row.empty()) rows.push_back(std::move(row));
}

}  // namespace orrery::session
