// SPDX-License-Identifier: Apache-2.0
// A broker behind the C ABI (sim/plug/abi.h) as an orrery::Node: each virtual call becomes one call through its table.
//
// make_plugin_factory() turns a table into the NodeFactory that a world wants, so the simulator's path is the same for
// the full broker and for any other. The table must outlive every node made of it (load_plugin.h keeps the shared
// object open).
#pragma once

#include <string>

#include "broker/seam/node.h"
#include "sim/plug/abi.h"

namespace orrery::sim {

/// Empty when the table can be used, otherwise a sentence that says what is missing.
std::string check_plugin(const orrery_broker& broker);

/// Creates and destroys one node, before anything is started: empty when the broker accepts the options and the setup,
/// otherwise its own sentence.
std::string try_plugin(const orrery_broker& broker, const std::string& options, const NodeSetup& setup);

/// `options` is handed to create() as it is. A refusal asserts: ask try_plugin() for every member first.
NodeFactory make_plugin_factory(const orrery_broker& broker, std::string options);

}  // namespace orrery::sim
