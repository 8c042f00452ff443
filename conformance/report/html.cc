// SPDX-License-Identifier: Apache-2.0
// The matrix as one file without scripts: what each broker does otherwise, a table of statements by targets, then one
// section for each case.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "conformance/report/digest.h"
#include "conformance/report/requirements.h"
#include "conformance/report/write.h"

namespace orrery::conformance {
namespace {

constexpr const char* kStyle = R"css(
body{font:15px/1.45 system-ui,sans-serif;margin:2rem auto;max-width:100rem;padding:0 1rem;color:#1b1e23}
table{border-collapse:collapse;width:100%}td,th{border-bottom:1px solid #dde1e6;padding:.25rem .5rem;text-align:left;
vertical-align:top}
th{position:sticky;top:0;background:#fff}
code,pre{font:12.5px/1.4 ui-monospace,monospace}pre{background:#f5f6f8;padding:.6rem;overflow-x:auto}
.pass{color:#11773d}.fail,.stale{color:#b3261e;font-weight:600}
.deviation{color:#9a6700;font-weight:600}.na{color:#737a84}
summary{font-weight:600;margin-top:.6rem}.short,.id{white-space:nowrap}
.says{min-width:18rem}section{border-top:1px solid #dde1e6;margin-top:1.2rem}
h3{margin-bottom:.2rem}.level{color:#737a84;font-weight:400}
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

bool plain(Outcome o) { return o == Outcome::kPass || o == Outcome::kNotApplicable; }

// The worst thing that a target's cases say about one statement, how many say it, and how many there were.
struct Cell {
  Outcome worst = Outcome::kNotApplicable;
  std::string link;
  std::size_t as_bad = 0;
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
    if (!cell.link.empty() && o == cell.worst) ++cell.as_bad;
    if (!cell.link.empty() && rank(o) <= rank(cell.worst)) return;
    cell.as_bad = 1;
    cell.worst = o;
    cell.link = r.test->id;
  };
  for (const Result& r : column.results) {
    for (const std::string& id : requirements_of(*r.test, r.version)) add(r, id, r.outcome);
    for (const auto& violation : r.violations) add(r, violation.first, r.outcome);
  }
  return cells;
}

const char* short_name(Outcome o) {
  return o == Outcome::kDeviation       ? "deviation"
         : o == Outcome::kStale         ? "stale"
         : o == Outcome::kNotApplicable ? "n/a"
                                        : outcome_name(o);
}

// "pass 7", "deviation 2/7"; a link where there is a section to go to.
std::string cell_html(const std::map<const Requirement*, Cell>& cells, const Requirement& r, Sections sections) {
  const auto it = cells.find(&r);
  if (it == cells.end()) return "<td class=na>&middot;";
  const Cell& c = it->second;
  const std::string cases = c.as_bad == c.cases ? fmt::format("{}", c.cases) : fmt::format("{}/{}", c.as_bad, c.cases);
  if (sections == Sections::kNotPassed && plain(c.worst))
    return fmt::format("<td class={}>{} <span class=na>{}</span>", css_class(c.worst), short_name(c.worst), cases);
  return fmt::format("<td><a class={} href=\"#{}\">{}</a> <span class=na>{}</span>", css_class(c.worst), c.link,
                     short_name(c.worst), cases);
}

std::string matrix(const Report& report, Sections sections) {
  std::string out =
      "<h2>Statements</h2><p>Each cell has the worst that the cases about a statement said, how many said it, and of "
      "how "
      "many.</p><table><tr><th>version<th>statement<th class=says>what it says";
  std::vector<std::map<const Requirement*, Cell>> columns;
  for (const Column& c : report.columns) {
    out += "<th>" + escaped(c.target);
    columns.push_back(cells_of(c));
  }
  out += "</tr>\n";
  for (const Requirement& r : all_requirements()) {
    out += fmt::format("<tr><td>{}<td class=id><code>{}</code><td>{}", r.version, r.id, escaped(r.text));
    if (r.cases.empty() && !r.untested.empty()) out += " <span class=na>Not tested: " + escaped(r.untested) + "</span>";
    for (const auto& cells : columns) out += cell_html(cells, r, sections);
    out += "</tr>\n";
  }
  return out + "</table>\n";
}

enum class Fold : std::uint8_t { kOpen, kClosed };

std::string told_html(const std::vector<Told>& told, const char* heading, Fold fold) {
  constexpr std::size_t kShown = 6;
  if (told.empty()) return {};
  std::string out =
      fmt::format("<details{}><summary>{}</summary><table>\n", fold == Fold::kOpen ? " open" : "", heading);
  for (const Told& t : told) {
    out += "<tr><td>" + escaped(t.text);
    if (!t.link.empty()) out += fmt::format(" <a href=\"{}\">source</a>", escaped(t.link));
    out += "<td>";
    for (std::size_t i = 0; i < std::min(t.cases.size(), kShown); ++i)
      out += "<code>" + escaped(t.cases[i]) + "</code> ";
    if (t.cases.size() > kShown) out += fmt::format("and {} more", t.cases.size() - kShown);
    out += fmt::format("<td class=short>{}<td class=na>{}\n", versions_text(t.versions), t.results);
  }
  return out + "</table></details>\n";
}

std::string brokers(const Report& report) {
  std::string out = "<h2>Brokers</h2>\n";
  for (const BrokerColumns& columns : by_broker(report)) {
    const Column& c = *columns[0];
    out += c.homepage.empty() ? "<h3>" + escaped(c.broker) + "</h3>\n"
                              : fmt::format("<h3><a href=\"{}\">{}</a></h3>\n", escaped(c.homepage), escaped(c.broker));
    out += told_html(known_deviations(columns), "Known deviations", Fold::kOpen);
    out += told_html(noted(columns, true), "Advice of the standard (SHOULD) that is not followed", Fold::kOpen);
    out += told_html(noted(columns, false), "Permitted alternatives that were chosen", Fold::kClosed);
    out += told_html(not_applicable(columns), "Not applicable", Fold::kClosed);
  }
  return out;
}

// Results that say nothing else are one line for all targets: "pass: a over tcp (3.1.1, 5); b over tcp (5)".
std::string plain_html(const std::map<Outcome, std::vector<std::pair<const Column*, Versions>>>& said) {
  std::string out;
  for (const auto& [outcome, targets] : said) {
    out += fmt::format("<p><span class={}>{}</span>: ", css_class(outcome), outcome_name(outcome));
    for (std::size_t i = 0; i < targets.size(); ++i)
      out += fmt::format("{}{} ({})", i == 0 ? "" : "; ", escaped(targets[i].first->target),
                         versions_text(targets[i].second));
    out += "</p>\n";
  }
  return out;
}

bool says_nothing_else(const Result& r) {
  return plain(r.outcome) && r.notes.empty() && r.violations.empty() && r.log.empty();
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

// What the targets say about one case.
struct Section {
  std::map<Outcome, std::vector<std::pair<const Column*, Versions>>> plain;
  std::string others;
  bool passed = true;
};

// On the page to publish, one result stands for all of a known deviation: hundreds differ by a byte.
std::map<std::string, Section> sections_of(const Report& report, Sections sections) {
  std::map<std::string, Section> out;
  std::set<std::pair<std::string, std::size_t>> told;
  for (const Column& c : report.columns)
    for (const Result& r : c.results) {
      Section& s = out[r.test->id];
      s.passed = s.passed && plain(r.outcome);
      const bool again = r.outcome == Outcome::kDeviation && !told.emplace(c.broker, r.known).second;
      if (!says_nothing_else(r) && (sections == Sections::kAllCases || !again)) {
        s.others += result_html(c, r);
        continue;
      }
      auto& targets = s.plain[r.outcome];
      if (targets.empty() || targets.back().first != &c) targets.emplace_back(&c, Versions{0});
      targets.back().second |= bit(r.version);
    }
  return out;
}

std::string cases_html(const Report& report, const Cases& all, Sections sections) {
  const std::map<std::string, Section> found = sections_of(report, sections);
  std::string out = sections == Sections::kAllCases ? "<h2>Cases</h2>\n"
                                                    : "<h2>Cases that some target fails</h2>\n<p>Of each known "
                                                      "deviation the first result is told in full.</p>\n";
  for (const Case& c : all) {
    const auto it = found.find(c.id);
    if (it == found.end() || (sections == Sections::kNotPassed && it->second.passed)) continue;
    out += fmt::format("<section id=\"{}\"><h3>{} <span class=level>{}</span></h3><p>{}<br><b>Expected:</b> {}</p>",
                       c.id, c.id, level_name(c.level), escaped(c.what), escaped(c.expect));
    for (const Version v : {Version::k311, Version::k5}) {
      const auto ids = requirements_of(c, v);
      if (ids.empty() || (c.versions & bit(v)) == 0) continue;
      out += fmt::format("<p>Covers in MQTT {}:", version_name(v));
      for (const std::string& id : ids) out += " <code>" + id + "</code>";
      out += "</p>";
    }
    out += plain_html(it->second.plain) + it->second.others + "</section>\n";
  }
  return out;
}

}  // namespace

std::string report_html(const Report& report, const Cases& all, Sections sections) {
  std::string out = "<!doctype html><html lang=en><meta charset=utf-8><title>MQTT conformance</title><style>" +
                    std::string(kStyle) + "</style>\n<h1>MQTT conformance</h1>\n";
  out += fmt::format(
      "<p>{} {}, {}</p>\n<table><tr><th>target<th>statements kept<th>pass<th>fail<th>known deviations<th>stale<th>not "
      "applicable</tr>",
      escaped(report.program), escaped(report.commit), escaped(report.date));
  for (const Column& c : report.columns) {
    const Kept statements = statements_kept(c);
    out += fmt::format("<tr><td>{}<td>{} of {}", escaped(c.target), statements.kept, statements.tested);
    for (const Outcome o :
         {Outcome::kPass, Outcome::kFail, Outcome::kDeviation, Outcome::kStale, Outcome::kNotApplicable})
      out += fmt::format("<td class={}>{}", c.count(o) == 0 ? "na" : css_class(o), c.count(o));
    out += "</tr>\n";
  }
  return out + "</table>\n" + brokers(report) + matrix(report, sections) + cases_html(report, all, sections) +
         "</html>\n";
}

}  // namespace orrery::conformance
