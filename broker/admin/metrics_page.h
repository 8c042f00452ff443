// SPDX-License-Identifier: Apache-2.0
// GET /metrics: everything that is counted, under our own names, in Prometheus' text format. docs/metrics.md lists
// them.
#pragma once

#include <string>
#include <string_view>

#include "broker/admin/figures.h"

namespace orrery::admin {

/// What a node says of itself besides its figures.
struct NodeIdentity {
  std::string name;
  std::string version;
};

/// HELP of a metric of counter_list.h.
std::string_view metric_help(std::string_view metric);

/// `takes_clients`: what GET /status says.
std::string metrics_page(const NodeFigures& figures, const NodeIdentity& identity, bool takes_clients);

/// Says in a comment that some shards did not answer; empty when all did.
std::string missing_shards_remark(const NodeFigures& figures);

}  // namespace orrery::admin
