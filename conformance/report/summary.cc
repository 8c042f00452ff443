// SPDX-License-Identifier: Apache-2.0
// The terminal's view.
#include <fmt/format.h>

#include <map>
#include <set>

#include "conformance/report/write.h"

namespace orrery::conformance {
namespace {

// The same words from many cases are one line with a count.
void add_notes(const Column& column, bool advice, const char* heading, std::string& out) {
  std::map<std::string, std::set<std::string>> notes;
  for (const Result& r : column.results)
    for (const Note& n : r.notes)
      if (n.advice == advice) notes[n.text].insert(r.name());
  if (notes.empty()) return;
  out += fmt::format("  {}\n", heading);
  for (const auto& [text, cases] : notes)
    out += fmt::format("    {} ({}{})\n", text, *cases.begin(),
                       cases.size() > 1 ? fmt::format(" and {} more", cases.size() - 1) : "");
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
    std::map<std::string, std::size_t> reasons;
    for (const Result& r : c.results)
      if (r.outcome == Outcome::kNotApplicable) ++reasons[r.reason];
    for (const auto& [reason, n] : reasons) out += fmt::format("    {} not applicable: {}\n", n, reason);
    add_notes(c, true, "advice of the standard (SHOULD) that is not followed:", out);
    add_notes(c, false, "permitted alternatives that were chosen:", out);
  }
  return out + (report.green() ? "PASS\n" : "FAIL\n");
}

}  // namespace orrery::conformance
