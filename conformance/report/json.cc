// SPDX-License-Identifier: Apache-2.0
// The report for programs: schema/conformance-report.schema.json describes it.
#include <nlohmann/json.hpp>

#include "conformance/report/requirements.h"
#include "conformance/report/write.h"

namespace orrery::conformance {
namespace {

using Json = nlohmann::ordered_json;

Json result_json(const Result& r) {
  Json out = {{"case", r.test->id},
              {"version", version_name(r.version)},
              {"outcome", outcome_name(r.outcome)},
              {"level", level_name(r.test->level)},
              {"requirements", requirements_of(*r.test, r.version)},
              {"seconds", static_cast<double>(r.took) / 1e9}};
  if (!r.reason.empty()) out["reason"] = r.reason;
  if (!r.link.empty()) out["link"] = r.link;
  for (const Note& n : r.notes) out[n.advice ? "advice_not_followed" : "chosen"].push_back(n.text);
  for (const auto& [statement, what] : r.violations)
    out["violations"].push_back({{"statement", statement}, {"what", what}});
  if (!r.log.empty()) out["wire_log"] = r.log;
  return out;
}

}  // namespace

std::string report_json(const Report& report) {
  Json out = {{"program", report.program},
              {"commit", report.commit},
              {"date", report.date},
              {"green", report.green()},
              {"targets", Json::array()}};
  for (const Column& c : report.columns) {
    Json target = {{"name", c.target},
                   {"passed", c.count(Outcome::kPass)},
                   {"failed", c.count(Outcome::kFail)},
                   {"known_deviations", c.count(Outcome::kDeviation)},
                   {"stale_deviations", c.count(Outcome::kStale)},
                   {"not_applicable", c.count(Outcome::kNotApplicable)},
                   {"results", Json::array()}};
    for (const Result& r : c.results) target["results"].push_back(result_json(r));
    out["targets"].push_back(std::move(target));
  }
  return out.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace orrery::conformance
