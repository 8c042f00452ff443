// SPDX-License-Identifier: Apache-2.0
// Names and sizes of the cost table's rows.
#include "sim/models/cost_table.h"

namespace orrery::sim {
namespace {

constexpr std::array<const char*, static_cast<int>(Cost::kReceive)> kPlainNames = {
    "event", "link_open", "link_closed", "dial", "dial_failed", "drained", "wake", "post", "message"};
constexpr std::array<const char*, kWorkKinds> kWorkNames = {
    "http_upgrade",     "websocket_frame", "mqtt_connect",  "mqtt_subscribe",  "mqtt_publish", "mqtt_deliver",
    "mqtt_acknowledge", "mqtt_other",      "route_applied", "registrar_claim", "forward",      "timer"};

}  // namespace

Nanos CostTable::sized(Cost first, std::size_t bytes) const {
  int size_class = 0;
  while (size_class + 1 < kSizeClassCount && bytes > kSizeClasses[static_cast<std::size_t>(size_class)]) ++size_class;
  const Nanos once = nanos[static_cast<std::size_t>(first) + static_cast<std::size_t>(size_class)];
  const std::size_t largest = kSizeClasses.back();
  return bytes <= largest ? once : once * static_cast<Nanos>((bytes + largest - 1) / largest);
}

std::string cost_row_name(int row) {
  constexpr int kReceive = static_cast<int>(Cost::kReceive);
  constexpr int kSend = static_cast<int>(Cost::kSend);
  constexpr int kWork = static_cast<int>(Cost::kWork);
  if (row < kReceive) return kPlainNames[static_cast<std::size_t>(row)];
  if (row < kSend) return "receive_" + std::to_string(kSizeClasses[static_cast<std::size_t>(row - kReceive)]);
  if (row < kWork) return "send_" + std::to_string(kSizeClasses[static_cast<std::size_t>(row - kSend)]);
  return std::string("work_") + kWorkNames[static_cast<std::size_t>(row - kWork)];
}

std::optional<int> find_cost_row(std::string_view name) {
  for (int row = 0; row < kCostRows; ++row)
    if (cost_row_name(row) == name) return row;
  return std::nullopt;
}

}  // namespace orrery::sim
