// SPDX-License-Identifier: Apache-2.0
// libbroken-broker.so: the option text is the name of the defect.
#include "sim/plug/broken/defects.h"
#include "sim/plug/small_broker/entry.h"

namespace orrery::sim::small {
namespace {

std::unique_ptr<Broker> make(const orrery_setup& setup, const orrery_effects& effects, std::string& error) {
  auto broker = make_broken(setup.options, effects, setup.incarnation);
  if (!broker) {
    error = "the broken broker needs a defect's name as its option: ";
    error += defect_names();
  }
  return broker;
}

}  // namespace
}  // namespace orrery::sim::small

extern "C" const orrery_broker* orrery_broker_v2(void) {
  static const orrery_broker table = orrery::sim::small::make_table<orrery::sim::small::make>("broken-broker");
  return &table;
}
