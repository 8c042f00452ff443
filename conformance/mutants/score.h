// SPDX-License-Identifier: Apache-2.0
// The suite's own score: which mutants it notices, and by which case.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "conformance/mutants/mutant.h"
#include "conformance/report/runner.h"

namespace orrery::conformance {

struct Verdict {
  const Mutant* mutant = nullptr;
  /// The first case that failed; empty when the mutant escaped.
  std::string noticed_by;
  /// True when that case is about the very statement, or named it on the way.
  bool for_its_statement = false;
  std::string reason;
};

/// Runs the plan's cases on each mutant of `target` until one fails, those that cover its statement first. Cases that
/// fail without any mutant are left out, and named in `left_out`. `done` hears of each verdict in turn.
std::vector<Verdict> score(Target& target, const Plan& plan, const Mutants& mutants, std::vector<std::string>& left_out,
                           const std::function<void(const Verdict&)>& done);

}  // namespace orrery::conformance
