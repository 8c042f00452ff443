// SPDX-License-Identifier: Apache-2.0
// Brokers that are wrong on purpose: the small broker with one defect each, chosen by name.
//
// They score the simulator's oracles. A defect shows at every kth message only, as real ones do, keeps the counters
// consistent with what was really sent (except where the counters are the defect), and must turn exactly one rule red:
// docs/broker-plug.md says which, and sim/scenario/broken_brokers_test.cc asserts it.
#pragma once

#include <memory>
#include <string_view>

#include "sim/plug/small_broker/broker.h"

namespace orrery::sim::small {

/// Null when there is no defect of that name.
std::unique_ptr<Broker> make_broken(std::string_view defect, const orrery_effects& effects, std::uint64_t incarnation);
/// All names, with commas, for the message that refuses another.
std::string_view defect_names();

}  // namespace orrery::sim::small
