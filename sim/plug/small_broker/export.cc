// SPDX-License-Identifier: Apache-2.0
// libsmall-broker.so: the small broker as it should be.
#include "sim/plug/small_broker/entry.h"

namespace orrery::sim::small {
namespace {

std::unique_ptr<Broker> make(const orrery_setup& setup, const orrery_effects& effects, std::string& error) {
  if (setup.options[0]) {
    error = "the small broker takes no options";
    return nullptr;
  }
  return std::make_unique<Broker>(effects, setup.incarnation);
}

}  // namespace
}  // namespace orrery::sim::small

extern "C" const orrery_broker* orrery_broker_v2(void) {
  static const orrery_broker table = orrery::sim::small::make_table<orrery::sim::small::make>("small-broker");
  return &table;
}
