// SPDX-License-Identifier: Apache-2.0
// A broker behind the C form of the seam (sim/plug/abi.h) as an orrery::Node: each event becomes one call through its
// table.
//
// make_plugin_factory() turns a table into the NodeFactory that a world wants, so the simulator's path is the same for
// the full broker and for any other. The table must outlive every node made of it (load_plugin.h keeps the shared
// object open).
#pragma once

#include <functional>
#include <string>

#include "broker/seam/node.h"
#include "sim/plug/plug_table.h"

namespace orrery::sim {

/// What a plugged-in broker gets beside the node's setup.
struct PlugOptions {
  /// Handed to create() as it is.
  std::string options;
  /// The directory of a node by its name, which exists; null, or an empty answer: none.
  std::function<std::string(const std::string& member)> directory = nullptr;
};

/// Creates and destroys one node, before anything is started: empty when the broker accepts the options and the setup,
/// otherwise its own sentence.
std::string try_plugin(const PlugTable& table, const PlugOptions& options, const NodeSetup& setup);

/// A refusal asserts: ask try_plugin() for every member first.
NodeFactory make_plugin_factory(const PlugTable& table, PlugOptions options);

}  // namespace orrery::sim
