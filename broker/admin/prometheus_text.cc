// SPDX-License-Identifier: Apache-2.0
#include "broker/admin/prometheus_text.h"

#include <algorithm>

namespace orrery::admin {
namespace {

/// A help text may hold anything but these two; a label's value must escape '"', too.
void append_escaped(std::string& out, std::string_view text, bool quotes) {
  for (const char c : text) {
    if (c == '\\' || (c == '"' && quotes)) out += '\\';
    if (c == '\n')
      out += "\\n";
    else
      out += c;
  }
}

}  // namespace

void PrometheusText::begin(std::string_view metric, MetricKind kind, std::string_view help) {
  metric_ = metric;
  out_ += "# HELP " + metric_ + " ";
  append_escaped(out_, help, false);
  out_ += "\n# TYPE " + metric_ + (kind == MetricKind::kCounter ? " counter\n" : " gauge\n");
}

void PrometheusText::sample(std::string_view labels, std::uint64_t value) {
  out_ += metric_;
  for (bool first = true; !labels.empty(); first = false) {
    const std::string_view one = labels.substr(0, labels.find(','));
    labels.remove_prefix(std::min(one.size() + 1, labels.size()));
    const std::size_t equals = one.find('=');
    out_ += first ? '{' : ',';
    out_ += one.substr(0, equals);
    out_ += "=\"";
    out_ += one.substr(equals + 1);
    out_ += '"';
    if (labels.empty()) out_ += '}';
  }
  out_ += " " + std::to_string(value) + "\n";
}

void PrometheusText::sample_with(std::string_view label, std::string_view label_value, std::uint64_t value) {
  out_ += metric_;
  out_ += '{';
  out_ += label;
  out_ += "=\"";
  append_escaped(out_, label_value, true);
  out_ += "\"} " + std::to_string(value) + "\n";
}

void PrometheusText::remark(std::string_view text) {
  out_ += "# ";
  append_escaped(out_, text, false);
  out_ += '\n';
}

}  // namespace orrery::admin
