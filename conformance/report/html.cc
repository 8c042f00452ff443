// SPDX-License-Identifier: Apache-2.0
// The matrix as one file without scripts: a table of statements by targets, then one section for each case.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "conformance/report/requirements.h"
#include "conformance/report/write.h"

namespace orrery::conformance {
namespace {

constexpr const char* kStyle = R"css(
body{font:15px/1.45 system-ui,sans-serif;margin:2rem auto;max-width:75rem;padding:0 1rem;color:#1b1e23}
table{border-collapse:collapse;width:100%}td,th{border-bottom:1px solid #dde1e6;padding:.25rem .5rem;text-align:left;vertical-align:top}
th{position:sticky;top:0;background:#fff}code,pre{font:12.5px/1.4 ui-monospace,monospace}pre{background:#f5f6f8;padding:.6rem;overflow-x:auto}
.pass{color:#11773d}.fail,.stale{color:#b3261e;font-weight:600}.deviation{color:#9a6700;font-weight:600}.na{color:#737a84}
section{border-top:1px solid #dde1e6;margin-top:1.2rem}h3{margin-bottom:.2rem}.level{color:#737a84;font-weight:400}
)css";

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) out += c == '<' ? "&lt;" : c == '>' ? "&gt;" : c == '&' ? "&amp;" : std::string(1, c);
  return out;
}

const char* css_class(Outcome o) {
  switch (o) {
    case Outcome::kPass:
      return "pass";
    case Outcome::kFail:
      return "fail";
    case Outcome::kDeviation:
      return "deviation";
    case Outcome::kStale:
      return "stale";
    case Outcome::kNotApplicable:
      return "na";
  }
  return "";
}

// The worst thing that a target's cases say about one statement, and how many cases there were.
struct Cell {
  Outcome worst = Outcome::kNotApplicable;
  std::string link;
  std::size_t cases = 0;
};

int rank(Outcome o) {
  return o == Outcome::kFail        ? 4
         : o == Outcome::kDeviation ? 3
         : o == Outcome::kStale     ? 2
         : o == Outcome::kPass      ? 1
                                    : 0;
}

std::map<const Requirement*, Cell> cells_of(const Column& column) {
  std::map<const Requirement*, Cell> cells;
  const auto add = [&cells](const Result& r, const std::string& id, Outcome o) {
    Cell& cell = cells[find_requirement(id, r.version)];
    ++cell.cases;
    if (!cell.link.empty() && rank(o) <= rank(cell.worst)) return;
    cell.worst = o;
    cell.link = r.test->id;
  };
  for (const Result& r : column.results) {
    for (const std::string& id : requirements_of(*r.test, r.version)) add(r, id, r.outcome);
    for (const auto& violation : r.violations) add(r, violation.first, r.outcome);
  }
  return cells;
}

std::string cell_html(const std::map<const Requirement*, Cell>& cells, const Requirement& r) {
  const auto it = cells.find(&r);
  if (it == cells.end()) return "<td class=na>&middot;</td>";
  const Cell& c = it->second;
  return fmt::format("<td class={}><a class={} href=\"#{}\">{}</a> <span class=na>{}</span></td>", css_class(c.worst),
                     css_class(c.worst), c.link, outcome_name(c.worst), c.cases);
}

std::string matrix(const Report& report) {
  std::string out = "<h2>Statements</h2><table><tr><th>version<th>statement<th>what it says";
  std::vector<std::map<const Requirement*, Cell>> columns;
  for (const Column& c : report.columns) {
    out += "<th>" + escaped(c.target);
    columns.push_back(cells_of(c));
  }
  out += "</tr>\n";
  for (const Requirement& r : all_requirements()) {
    out += fmt::format("<tr><td>{}<td><code>{}</code><td>{}", r.version, r.id, escaped(r.text));
    if (r.cases.empty() && !r.untested.empty()) out += " <span class=na>Not tested: " + escaped(r.untested) + "</span>";
    for (const auto& cells : columns) out += cell_html(cells, r);
    out += "</tr>\n";
  }
  return out + "</table>\n";
}

std::string result_html(const Column& column, const Result& r) {
  std::string out = fmt::format("<p>{}, MQTT {}: <span class={}>{}</span>", escaped(column.target),
                                version_name(r.version), css_class(r.outcome), outcome_name(r.outcome));
  if (!r.reason.empty()) out += " &ndash; " + escaped(r.reason);
  if (!r.link.empty()) out += fmt::format(" <a href=\"{}\">source</a>", escaped(r.link));
  for (const Note& n : r.notes)
    out += fmt::format("<br>{} {}", n.advice ? "Advice not followed:" : "Chosen:", escaped(n.text));
  for (const auto& [statement, what] : r.violations)
    out += fmt::format("<br>Broken on the way: {} {}", statement, escaped(what));
  out += "</p>\n";
  if (r.log.empty()) return out;
  out += "<details><summary>wire log</summary><pre>";
  for (const std::string& line : r.log) out += escaped(line) + "\n";
  return out + "</pre></details>\n";
}

std::string cases_html(const Report& report, const Cases& all) {
  std::map<std::string, std::string> results;
  for (const Column& c : report.columns)
    for (const Result& r : c.results) results[r.test->id] += result_html(c, r);
  std::string out = "<h2>Cases</h2>\n";
  for (const Case& c : all) {
    const auto it = results.find(c.id);
    if (it == results.end()) continue;
    out += fmt::format("<section id=\"{}\"><h3>{} <span class=level>{}</span></h3><p>{}<br><b>Expected:</b> {}</p>",
                       c.id, c.id, level_name(c.level), escaped(c.what), escaped(c.expect));
    for (const Version v : {Version::k311, Version::k5}) {
      const auto ids = requirements_of(c, v);
      if (ids.empty() || (c.versions & bit(v)) == 0) continue;
      out += fmt::format("<p>Covers in MQTT {}:", version_name(v));
      for (const std::string& id : ids) out += " <code>" + id + "</code>";
      out += "</p>";
    }
    out += it->second + "</section>\n";
  }
  return out;
}

}  // namespace

std::string report_html(const Report& report, const Cases& all) {
  std::string out = "<!doctype html><html lang=en><meta charset=utf-8><title>MQTT conformance</title><style>" +
                    std::string(kStyle) + "</style>\n<h1>MQTT conformance</h1>\n";
  out += fmt::format(
      "<p>{} {}, {}</p>\n<table><tr><th>target<th>pass<th>fail<th>known deviations<th>stale<th>not applicable</tr>",
      escaped(report.program), escaped(report.commit), escaped(report.date));
  for (const Column& c : report.columns)
    out += fmt::format(
        "<tr><td>{}<td class=pass>{}<td class=fail>{}<td class=deviation>{}<td class=stale>{}<td class=na>{}</tr>",
        escaped(c.target), c.count(Outcome::kPass), c.count(Outcome::kFail), c.count(Outcome::kDeviation),
        c.count(Outcome::kStale), c.count(Outcome::kNotApplicable));
  return out + "</table>\n" + matrix(report) + cases_html(report, all) + "</html>\n";
}

}  // namespace orrery::conformance
