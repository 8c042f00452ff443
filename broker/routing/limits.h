// SPDX-License-Identifier: Apache-2.0
// Every limit of broker/routing, and what happens there. An operation that would pass one changes nothing and says so.
#pragma once

#include <cstddef>
#include <cstdint>

#include "broker/mqtt/limits.h"

namespace orrery::routing {

/// Levels of a filter that has wildcards (the share name not counted), and of a retained topic: refused beyond (0x8F,
/// 0x90 to the client). Filters without wildcards and topics that are only matched may have any number of levels: they
/// are never taken apart further.
inline constexpr std::uint32_t kLevelsMax = mqtt::kTopicLevelsMax;
/// Bytes of a filter or topic: the most that an MQTT string can have.
inline constexpr std::size_t kFilterBytesMax = mqtt::kStringMax;
/// Filters of one index: ids are below. The next one is refused (0x97 to the client).
inline constexpr std::uint32_t kFiltersMax = 1u << 30;
/// Shared groups over one filter in a route table: the row of the next one is refused, so that its members get nothing.
inline constexpr std::uint32_t kGroupsPerFilterMax = 16'384;
/// Members of one group at one place that have a row each (member_row.h); more get their share of the place's turns.
inline constexpr std::uint32_t kMemberRowsMax = 64;
/// Nodes that a Place may name: the masks of RouteTable are 64 bits wide.
inline constexpr std::uint32_t kPlaceNodesMax = 64;

/// What a RetainedStore holds at most, tombstones apart. `count` and `bytes` refuse the next topic or the longer value
/// (0x97); the oldest tombstone is forgotten for a new one.
struct RetainedLimits {
  std::uint32_t count = 4'000'000;
  std::size_t bytes = std::size_t{1} << 32;
  std::uint32_t tombstones = 100'000;
};

}  // namespace orrery::routing
