// SPDX-License-Identifier: Apache-2.0
// GET /api/v5/prometheus/stats: the names that EMQX's Grafana dashboards read, as sums of our own figures.
#pragma once

#include <span>
#include <string>

#include "broker/admin/figures.h"

namespace orrery::admin {

struct EmqxName {
  const char* name;
  MetricKind kind;
  Sum sum;
  bool highest;  // of the gathered sums so far, instead of the present one
  const char* text;
};
std::span<const EmqxName> emqx_names();

std::uint64_t emqx_value(const EmqxName& name, const NodeFigures& figures);
std::string emqx_page(const NodeFigures& figures);

}  // namespace orrery::admin
