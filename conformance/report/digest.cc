// SPDX-License-Identifier: Apache-2.0
// Grouping by text: in maps, so that the order is that of the words and not of threads.
#include "conformance/report/digest.h"

#include <algorithm>
#include <map>
#include <set>

#include "conformance/report/requirements.h"

namespace orrery::conformance {
namespace {

class Gathered {
 public:
  void add(const std::string& text, const Result& r) {
    Told& t = told_[text];
    t.text = text;
    t.versions |= bit(r.version);
    ++t.results;
    names_[text].insert(r.name());
  }
  std::vector<Told> all() {
    std::vector<Told> out;
    for (auto& [text, t] : told_) {
      t.cases.assign(names_[text].begin(), names_[text].end());
      out.push_back(std::move(t));
    }
    return out;
  }

 private:
  std::map<std::string, Told> told_;
  std::map<std::string, std::set<std::string>> names_;
};

}  // namespace

std::vector<BrokerColumns> by_broker(const Report& report) {
  std::vector<BrokerColumns> out;
  for (const Column& c : report.columns) {
    const auto same =
        std::find_if(out.begin(), out.end(), [&c](const BrokerColumns& b) { return b[0]->broker == c.broker; });
    if (same == out.end())
      out.push_back({&c});
    else
      same->push_back(&c);
  }
  return out;
}

std::vector<Told> known_deviations(const BrokerColumns& columns) {
  // Where the driver file has the entry first comes first.
  std::map<std::size_t, Told> by_place;
  for (const Column* column : columns)
    for (const Result& r : column->results) {
      if (r.outcome != Outcome::kDeviation) continue;
      const std::vector<Deviation>& entries = column->deviations;
      const Deviation& d = entries[r.known];
      const auto first = std::find_if(entries.begin(), entries.end(), [&d](const Deviation& other) {
        return other.reason == d.reason && other.link == d.link;
      });
      Told& t = by_place[static_cast<std::size_t>(first - entries.begin())];
      t.text = d.reason;
      t.link = d.link;
      t.versions |= bit(r.version);
      ++t.results;
      if (std::find(t.cases.begin(), t.cases.end(), d.cases) == t.cases.end()) t.cases.push_back(d.cases);
    }
  std::vector<Told> out;
  for (auto& [place, t] : by_place) out.push_back(std::move(t));
  return out;
}

std::vector<Told> not_applicable(const BrokerColumns& columns) {
  Gathered gathered;
  for (const Column* column : columns)
    for (const Result& r : column->results)
      if (r.outcome == Outcome::kNotApplicable) gathered.add(r.reason, r);
  return gathered.all();
}

std::vector<Told> noted(const BrokerColumns& columns, bool advice) {
  Gathered gathered;
  for (const Column* column : columns)
    for (const Result& r : column->results)
      for (const Note& n : r.notes)
        if (n.advice == advice) gathered.add(n.text, r);
  return gathered.all();
}

Kept statements_kept(const Column& column) {
  std::map<const Requirement*, bool> broken;
  for (const Result& r : column.results) {
    if (r.outcome == Outcome::kNotApplicable) continue;
    const bool failed = r.outcome == Outcome::kFail || r.outcome == Outcome::kDeviation;
    const auto add = [&](const std::string& id) {
      const Requirement* statement = find_requirement(id, r.version);
      if (statement != nullptr) broken[statement] |= failed;
    };
    for (const std::string& id : requirements_of(*r.test, r.version)) add(id);
    for (const auto& violation : r.violations) add(violation.first);
  }
  Kept out{0, broken.size()};
  for (const auto& [statement, b] : broken) out.kept += b ? 0 : 1;
  return out;
}

std::string versions_text(Versions versions) {
  std::string out;
  for (const Version v : {Version::k31, Version::k311, Version::k5})
    if ((versions & bit(v)) != 0) out += (out.empty() ? "" : ", ") + std::string(version_name(v));
  return out;
}

}  // namespace orrery::conformance
