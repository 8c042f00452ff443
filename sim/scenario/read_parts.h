// SPDX-License-Identifier: Apache-2.0
// The pieces of the reader that meet: private to sim/scenario.
#pragma once

#include <string>
#include <vector>

#include "sim/scenario/scenario.h"

namespace orrery {
class JsonItem;
}

namespace orrery::sim {

/// The node's position; throws a ConfigError that lists the names when there is none.
NodeId find_node(JsonItem& item, const std::string& name, const Scenario& s);

/// Reads one group and appends it.
void read_group(JsonItem& item, std::vector<GroupSpec>& groups);

void scale_crowd(CrowdSpec& crowd, Scale scale);

struct CrowdSize {
  std::uint64_t clients = 0;
  std::uint64_t flows = 0;
};
CrowdSize measure(const CrowdSpec& crowd);

}  // namespace orrery::sim
