// SPDX-License-Identifier: Apache-2.0
// What everything costs on a virtual CPU, in nanoseconds: the table that turns the broker's events into time.
//
// There are rows of two sorts. What the kernel does is seen by the world itself: links opened, bytes received and sent
// by size, posts, wakes. What the broker does it tells through Effects::work. A table carries an id that names where
// its numbers are from; every report prints it. The table in the tree (default_cost_table.cc) is measured by
// orrery-calibrate; a scenario may name another as JSON. An event's cost is kEvent + the sum of its rows, varied a
// little by a keyed draw.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "broker/seam/effects.h"

namespace orrery::sim {

/// Upper bounds of the size classes of one read or one write; above the last, the cost of the last is charged for each
/// started 64 KiB.
inline constexpr std::array<std::uint32_t, 6> kSizeClasses = {64, 256, 1024, 4096, 16384, 65536};
inline constexpr int kSizeClassCount = static_cast<int>(kSizeClasses.size());

enum class Cost : std::uint8_t {
  kEvent,       // the event loop's own share for any event
  kLinkOpen,    // accept a connection, or take note that a dial has succeeded; allocate its state
  kLinkClosed,  // take note of an end, free the link's state, close the socket
  kDial,        // start a connection to another node
  kDialFailed,
  kDrained,                            // a blocked socket became writable
  kWake,                               // the shard's timer
  kPost,                               // hand bytes to another shard
  kMessage,                            // take them
  kReceive,                            // 6 rows: one read, by the size classes above
  kSend = kReceive + kSizeClassCount,  // 6 rows: one write of everything that an event sent on one link
  kWork = kSend + kSizeClassCount,     // 12 rows: one unit of each Work
  kCount = kWork + kWorkKinds,
};
inline constexpr int kCostRows = static_cast<int>(Cost::kCount);

struct CostTable {
  std::string id;
  std::array<std::uint32_t, kCostRows> nanos{};

  Nanos operator[](Cost row) const { return nanos[static_cast<std::size_t>(row)]; }
  Nanos work(Work kind, std::uint32_t units) const {
    return static_cast<Nanos>(nanos[static_cast<std::size_t>(Cost::kWork) + static_cast<std::size_t>(kind)]) * units;
  }
  Nanos receive(std::size_t bytes) const { return sized(Cost::kReceive, bytes); }
  Nanos send(std::size_t bytes) const { return sized(Cost::kSend, bytes); }

 private:
  Nanos sized(Cost first, std::size_t bytes) const;
};

/// The row's name in JSON: "event", "receive_256", "send_65536", "work_mqtt_publish".
std::string cost_row_name(int row);
std::optional<int> find_cost_row(std::string_view name);

/// The table that is built in.
const CostTable& default_cost_table();

}  // namespace orrery::sim
