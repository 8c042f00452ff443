// SPDX-License-Identifier: Apache-2.0
// JUnit's XML as continuous integration servers read it: a known deviation is a skipped test with its reason.
#include <fmt/format.h>

#include "conformance/report/write.h"

namespace orrery::conformance {
namespace {

std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (c == '&')
      out += "&amp;";
    else if (c == '"')
      out += "&quot;";
    else if (static_cast<unsigned char>(c) >= 0x20 || c == '\n')
      out += c;
  }
  return out;
}

std::string body_of(const Result& r) {
  if (r.outcome == Outcome::kPass) return {};
  if (r.outcome == Outcome::kDeviation || r.outcome == Outcome::kNotApplicable)
    return fmt::format("<skipped message=\"{}\"/>", escaped(r.reason));
  std::string log;
  for (const std::string& line : r.log) log += line + "\n";
  return fmt::format("<failure message=\"{}\">{}</failure>", escaped(r.reason), escaped(log));
}

}  // namespace

std::string junit_xml(const Report& report) {
  std::string out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n";
  for (const Column& c : report.columns) {
    out += fmt::format("  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" skipped=\"{}\">\n", escaped(c.target),
                       c.results.size(), c.count(Outcome::kFail) + c.count(Outcome::kStale),
                       c.count(Outcome::kDeviation) + c.count(Outcome::kNotApplicable));
    for (const Result& r : c.results)
      out += fmt::format("    <testcase classname=\"{}\" name=\"{}\" time=\"{:.6f}\">{}</testcase>\n",
                         escaped(c.target), escaped(r.name()), static_cast<double>(r.took) / 1e9, body_of(r));
    out += "  </testsuite>\n";
  }
  return out + "</testsuites>\n";
}

}  // namespace orrery::conformance
