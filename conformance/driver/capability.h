// SPDX-License-Identifier: Apache-2.0
// What a broker may lack without breaking the standard: a case that needs it is then not applicable.
//
// What the broker itself says in CONNACK comes first, what its driver file says comes second (report/probe.h).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace orrery::conformance {

enum class Capability : std::uint8_t {
  kQos1,
  kQos2,
  kRetain,
  kWildcard,
  kSubscriptionId,
  kShared,
  kTopicAlias,           // the server takes topic aliases from clients
  kAnonymous,            // connects without a user name are accepted
  kEmptyClientId,        // an empty client identifier is accepted and replaced
  kRestart,              // the driver can kill the broker and start it again
  kDurable,              // sessions and retained messages outlive the broker's process
  kResponseInformation,  // who asks for Response Information gets some to begin a topic with
  kMoved,                // every client is refused and told another server: all but the cases about that do not apply
  kEcho,                 // no MQTT broker but a WebSocket echo (driver/echo_node.h): only the cases about that apply
  kCount
};
using Capabilities = std::uint32_t;
constexpr Capabilities bit(Capability c) { return 1U << static_cast<unsigned>(c); }

/// "qos1", "retain", ...
const char* capability_name(Capability c);
std::optional<Capability> capability_of(std::string_view name);

}  // namespace orrery::conformance
