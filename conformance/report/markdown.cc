// SPDX-License-Identifier: Apache-2.0
// The matrix in short, as code hosts render it: counts for each listener, then what each broker is known to do
// otherwise. The page with statements and wire logs is html.cc's.
#include <fmt/format.h>

#include <algorithm>

#include "conformance/report/digest.h"
#include "conformance/report/write.h"

namespace orrery::conformance {
namespace {

// In a cell of a table.
std::string cell(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '|' || c == '*' || c == '_' || c == '<' || c == '\\' || c == '`') out += '\\';
    out += c == '\n' ? ' ' : c;
  }
  return out;
}

std::string linked(const std::string& text, const std::string& address) {
  return address.empty() ? cell(text) : "[" + cell(text) + "](" + address + ")";
}

// "`a`, `b` and 3 more": a table stays a table.
std::string case_list(const std::vector<std::string>& cases) {
  constexpr std::size_t kShown = 4;
  std::string out;
  for (std::size_t i = 0; i < std::min(cases.size(), kShown); ++i) out += (i == 0 ? "`" : ", `") + cases[i] + "`";
  if (cases.size() > kShown) out += fmt::format(" and {} more", cases.size() - kShown);
  return out;
}

std::string counts(const Report& report) {
  std::string out =
      "| broker | listener | statements kept | cases: pass | known deviations | fail | not applicable |\n"
      "| --- | --- | ---: | ---: | ---: | ---: | ---: |\n";
  for (const Column& c : report.columns) {
    const Kept statements = statements_kept(c);
    out += fmt::format("| {} | {} | {} of {} | {} | {} | {} | {} |\n", linked(c.broker, c.homepage), c.transport,
                       statements.kept, statements.tested, c.count(Outcome::kPass), c.count(Outcome::kDeviation),
                       c.count(Outcome::kFail) + c.count(Outcome::kStale), c.count(Outcome::kNotApplicable));
  }
  return out;
}

std::string deviations(const BrokerColumns& columns) {
  std::string out = "\n## " + cell(columns[0]->broker) + "\n\n";
  const std::vector<Told> known = known_deviations(columns);
  if (known.empty()) return out + "No known deviation.\n";
  out += "| what it does | cases | MQTT | source |\n| --- | --- | --- | --- |\n";
  for (const Told& t : known)
    out += fmt::format("| {} | {} | {} | [link]({}) |\n", cell(t.text), case_list(t.cases), versions_text(t.versions),
                       t.link);
  return out;
}

}  // namespace

std::string report_markdown(const Report& report) {
  std::string out = "# MQTT conformance of brokers\n\n";
  out += fmt::format(
      "{} ({}), {}. Every case counts once for each protocol version that the broker takes; a "
      "statement of the standard is kept when no case about it shows it broken.\n\n",
      report.program, report.commit, report.date);
  out += counts(report);
  for (const BrokerColumns& columns : by_broker(report)) out += deviations(columns);
  return out;
}

}  // namespace orrery::conformance
