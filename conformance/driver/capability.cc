// SPDX-License-Identifier: Apache-2.0
// Names of capabilities, as driver files write them.
#include "conformance/driver/capability.h"

#include <array>
#include <cstddef>

namespace orrery::conformance {
namespace {

constexpr std::array<const char*, static_cast<std::size_t>(Capability::kCount)> kNames = {
    "qos1",        "qos2",      "retain",          "wildcard", "subscription_id", "shared",
    "topic_alias", "anonymous", "empty_client_id", "restart",  "durable",         "response_information",
    "moved",       "echo"};

}  // namespace

const char* capability_name(Capability c) { return kNames[static_cast<std::size_t>(c)]; }

std::optional<Capability> capability_of(std::string_view name) {
  for (std::size_t i = 0; i < kNames.size(); ++i)
    if (name == kNames[i]) return static_cast<Capability>(i);
  return std::nullopt;
}

}  // namespace orrery::conformance
