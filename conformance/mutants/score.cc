// SPDX-License-Identifier: Apache-2.0
// One mutant after the other. The broker behind them stays correct, so whatever fails is the mutant's doing.
#include "conformance/mutants/score.h"

#include <algorithm>

namespace orrery::conformance {
namespace {

// A statement of a mutant is a version, a blank and an id; an X- rule may hold in both versions.
bool is(const std::string& id, Version v, const std::string& statement) {
  const std::string version = v == Version::k5 ? "5" : "3.1.1";
  return statement == version + " " + id || (id.rfind("X-", 0) == 0 && statement.ends_with(" " + id));
}

bool covers(const Case& c, Version v, const std::string& statement) {
  for (const std::string& id : requirements_of(c, v))
    if (is(id, v, statement)) return true;
  return false;
}

bool names(const Result& r, const std::string& statement) {
  for (const auto& violation : r.violations)
    if (is(violation.first, r.version, statement)) return true;
  return false;
}

}  // namespace

std::vector<Verdict> score(Target& target, const Plan& plan, const Mutants& mutants, std::vector<std::string>& left_out,
                           const std::function<void(const Verdict&)>& done) {
  if (mutants.empty()) return {};
  const TargetFacts facts = probe(target, plan);
  // A case is run without a mutant before it is first run with one; most mutants are noticed by one of the first.
  enum class Alone : std::uint8_t { kUnknown, kPasses, kNoUse };
  struct Run {
    const Case* test;
    Version version;
    unsigned number;
    Alone alone = Alone::kUnknown;
    bool about = false;  // it covers what the present mutant breaks: such cases go first
  };
  std::vector<Run> runs;
  unsigned number = 0;
  for (const Case& c : *plan.cases)
    for (const Version v : {Version::k31, Version::k311, Version::k5}) {
      if ((c.versions & plan.versions & bit(v)) == 0) continue;
      runs.push_back({&c, v, ++number});
    }
  const auto usable = [&](Run& run) {
    if (run.alone == Alone::kUnknown) {
      const Result r = run_case(target, facts, plan, *run.test, run.version, run.number);
      run.alone = r.outcome == Outcome::kPass ? Alone::kPasses : Alone::kNoUse;
      if (r.outcome == Outcome::kFail) left_out.push_back(r.name());
    }
    return run.alone == Alone::kPasses;
  };
  std::vector<Verdict> verdicts;
  for (const Mutant& m : mutants) {
    MutatingTarget mutated(target, m);
    Verdict verdict;
    verdict.mutant = &m;
    for (Run& run : runs) run.about = covers(*run.test, run.version, m.statement);
    std::sort(runs.begin(), runs.end(),
              [](const Run& a, const Run& b) { return a.about != b.about ? a.about : a.number < b.number; });
    for (Run& run : runs) {
      if (!usable(run)) continue;
      const Result r = run_case(mutated, facts, plan, *run.test, run.version, run.number);
      if (r.outcome != Outcome::kFail) continue;
      verdict.noticed_by = r.name();
      verdict.reason = r.reason;
      verdict.for_its_statement = run.about || names(r, m.statement);
      break;
    }
    done(verdict);
    verdicts.push_back(std::move(verdict));
  }
  return verdicts;
}

}  // namespace orrery::conformance
