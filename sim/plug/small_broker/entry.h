// SPDX-License-Identifier: Apache-2.0
// Makes the C table (sim/plug/abi.h) for anything derived from Broker, so that the good and the broken brokers export
// alike.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "sim/plug/small_broker/broker.h"

namespace orrery::sim::small {

/// Makes the broker for `options`, or returns null and explains in `error`.
using MakeBroker = std::unique_ptr<Broker> (*)(const orrery_setup& setup, const orrery_effects& effects,
                                               std::string& error);

orrery_node* create_node(const orrery_setup& setup, char* error, std::size_t error_size, MakeBroker make);
/// Everything of the table but its name and create().
orrery_broker table_of_events();

/// What orrery_broker_v2() returns for a shared object whose brokers are made by `make`.
template <MakeBroker make>
orrery_broker make_table(const char* name) {
  orrery_broker table = table_of_events();
  table.name = name;
  table.create = [](const orrery_setup* setup, char* error, size_t error_size) {
    return create_node(*setup, error, error_size, make);
  };
  return table;
}

}  // namespace orrery::sim::small
