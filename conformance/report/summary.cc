// SPDX-License-Identifier: Apache-2.0
// The terminal's view.
#include <fmt/format.h>

#include "conformance/report/digest.h"
#include "conformance/report/write.h"

namespace orrery::conformance {
namespace {

void add_notes(const Column& column, bool advice, const char* heading, std::string& out) {
  const std::vector<Told> notes = noted({&column}, advice);
  if (notes.empty()) return;
  out += fmt::format("  {}\n", heading);
  for (const Told& t : notes)
    out += fmt::format("    {} ({}{})\n", t.text, t.cases[0],
                       t.cases.size() > 1 ? fmt::format(" and {} more", t.cases.size() - 1) : "");
}

}  // namespace

std::string result_line(const Result& r) {
  switch (r.outcome) {
    case Outcome::kPass:
    case Outcome::kNotApplicable:
      return {};
    case Outcome::kFail:
      return fmt::format("FAIL      {}  {}", r.name(), r.reason);
    case Outcome::kDeviation:
      return fmt::format("DEVIATES  {}  {} <{}>", r.name(), r.reason, r.link);
    case Outcome::kStale:
      return fmt::format("STALE     {}  {}", r.name(), r.reason);
  }
  return {};
}

std::string summary_text(const Report& report) {
  std::string out;
  for (const Column& c : report.columns) {
    out += fmt::format("{}: {} passed, {} failed, {} known deviations, {} stale deviations, {} not applicable\n",
                       c.target, c.count(Outcome::kPass), c.count(Outcome::kFail), c.count(Outcome::kDeviation),
                       c.count(Outcome::kStale), c.count(Outcome::kNotApplicable));
    for (const Told& t : not_applicable({&c})) out += fmt::format("    {} not applicable: {}\n", t.results, t.text);
    add_notes(c, true, "advice of the standard (SHOULD) that is not followed:", out);
    add_notes(c, false, "permitted alternatives that were chosen:", out);
  }
  return out + (report.green() ? "PASS\n" : "FAIL\n");
}

}  // namespace orrery::conformance
