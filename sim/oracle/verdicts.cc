// SPDX-License-Identifier: Apache-2.0
#include "sim/oracle/verdicts.h"

#include <algorithm>

namespace orrery::sim {

const char* rule_name(Rule rule) {
  switch (rule) {
    case Rule::kQos0AtMostOnce:
      return "qos0_at_most_once";
    case Rule::kQos1AtLeastOnce:
      return "qos1_at_least_once";
    case Rule::kQos2ExactlyOnce:
      return "qos2_exactly_once";
    case Rule::kOrder:
      return "order";
    case Rule::kSubscription:
      return "subscription";
    case Rule::kContent:
      return "content";
    case Rule::kRetained:
      return "retained";
    case Rule::kProtocol:
      return "protocol";
    case Rule::kCounters:
      return "counters";
    case Rule::kCount:
      break;
  }
  return "?";
}

bool Verdicts::green() const {
  return std::all_of(entries_.begin(), entries_.end(), [](const Entry& e) { return e.count == 0; });
}

}  // namespace orrery::sim
