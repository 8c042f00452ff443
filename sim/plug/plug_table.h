// SPDX-License-Identifier: Apache-2.0
// A broker's table as this program uses it: of the size that it knows, every entry callable or with its default.
#pragma once

#include <string>

#include "sim/plug/abi.h"
#include "sim/plug/abi_v1.h"

namespace orrery::sim {

/// The table that a shared object exported must outlive this.
struct PlugTable {
  orrery_broker broker{};
  /// Set for a broker of version 1: create, link_open and stats are its, the other entries of `broker` are what it has.
  const v1::Broker* version1 = nullptr;
};

/// Fills in `out` from an exported table, whatever its length; empty, or a sentence that says what is missing.
std::string read_table(const orrery_broker& exported, PlugTable& out);
std::string read_table(const v1::Broker& exported, PlugTable& out);

}  // namespace orrery::sim
