// SPDX-License-Identifier: Apache-2.0
// The full broker as a Node: WebSocket and MQTT links, sessions, routing and the cluster behind the seam of node.h.
#pragma once

#include "broker/seam/node.h"
#include "broker/session/options.h"

namespace orrery::node {

struct BrokerOptions {
  session::MqttOptions mqtt;
  /// How often the $SYS tree is brought up to date; 0: there is none.
  Nanos sys_interval = 10 * kSecond;
  /// What the node says of itself, such as "0.1.0".
  std::string version = "unknown";
};

/// A factory of full broker nodes with these options. A node allocates from heaps of its own and keeps no global state.
NodeFactory make_broker_node(const BrokerOptions& options);

}  // namespace orrery::node
