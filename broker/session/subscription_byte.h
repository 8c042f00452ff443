// SPDX-License-Identifier: Apache-2.0
// Subscription options packed into one byte, laid out as in SUBSCRIBE (MQTT 5, 3.8.3.1): what the subscription index
// keeps.
#pragma once

#include <cstdint>

#include "broker/mqtt/packet.h"

namespace orrery::session {

constexpr std::uint8_t subscription_byte(const mqtt::SubscriptionOptions& o) {
  return static_cast<std::uint8_t>(o.qos | (o.no_local ? 4 : 0) | (o.retain_as_published ? 8 : 0) |
                                   o.retain_handling << 4);
}
/// One that subscription_byte() makes.
constexpr bool valid_subscription_byte(std::uint8_t byte) { return (byte & 3) != 3 && (byte >> 4) < 3; }
constexpr std::uint8_t subscription_qos(std::uint8_t byte) { return byte & 3; }
constexpr bool subscription_no_local(std::uint8_t byte) { return (byte & 4) != 0; }
constexpr bool subscription_retain_as_published(std::uint8_t byte) { return (byte & 8) != 0; }

}  // namespace orrery::session
