// SPDX-License-Identifier: Apache-2.0
// Prometheus' text format 0.0.4: a metric's two comment lines, then its samples.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "broker/seam/counters.h"

namespace orrery::admin {

inline constexpr std::string_view kPrometheusText = "text/plain; version=0.0.4; charset=utf-8";

class PrometheusText {
 public:
  /// Begins a metric; all its samples follow before the next begin().
  void begin(std::string_view metric, MetricKind kind, std::string_view help);
  /// `labels` as in counter_list.h: "type=publish,qos=1", values without '"', '\' and line ends. May be empty.
  void sample(std::string_view labels, std::uint64_t value);
  /// One label with any value.
  void sample_with(std::string_view label, std::string_view label_value, std::uint64_t value);
  /// A comment that no program reads.
  void remark(std::string_view text);
  std::string take() { return std::move(out_); }

 private:
  std::string out_;
  std::string metric_;
};

}  // namespace orrery::admin
