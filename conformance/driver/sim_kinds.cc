// SPDX-License-Identifier: Apache-2.0
// Sizes and options of the simulated brokers.
#include "conformance/driver/sim_kinds.h"

#include "broker/node/broker_node.h"

namespace orrery::conformance {

const std::vector<std::string>& sim_kinds() {
  static const std::vector<std::string> kinds = {"sim", "cluster", "limited"};
  return kinds;
}

SimSetup sim_setup(std::string_view kind, std::uint64_t seed) {
  SimSetup setup;
  setup.name = "simulated broker";
  setup.seed = seed;
  setup.members = {{"node", Role::kCore, 2}};
  node::BrokerOptions options;
  if (kind == "cluster") {
    setup.name = "simulated cluster";
    setup.members = {{"core", Role::kCore, 1}, {"one", Role::kReplicant, 2}, {"two", Role::kReplicant, 1}};
  }
  if (kind == "limited") {
    setup.name = "simulated broker with few capabilities";
    options.mqtt.max_qos = 1;
    options.mqtt.retain_available = false;
    options.mqtt.wildcard_subscription = false;
    options.mqtt.shared_subscription = false;
    options.mqtt.topic_alias_maximum = 0;
  }
  setup.factory = node::make_broker_node(options);
  return setup;
}

}  // namespace orrery::conformance
