// SPDX-License-Identifier: Apache-2.0
// Runs cases on a target, several at once where the target allows it, and looks first at what the target is.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "conformance/report/result.h"

namespace orrery::conformance {

/// What to run on one target.
struct Plan {
  const Cases* cases = nullptr;
  /// A case runs when one of these is part of "id[version]"; empty: all.
  std::vector<std::string> filters;
  Versions versions = kAllVersions;
  Capabilities capabilities = 0;
  bool strict = false;
  Access access;
  std::vector<Deviation> deviations;
  /// Of the broker's project, for reports.
  std::string homepage;
  /// Part of every client identifier and topic: four letters or digits.
  std::string tag;
  unsigned jobs = 0;
  /// Keep the wire log of cases that pass too.
  bool keep_logs = false;
};

/// Connects once with MQTT 5 and reads what the server says about itself in CONNACK.
TargetFacts probe(Target& target, const Plan& plan);

/// Results come in the order of the cases. `done` is called after each, from any thread but never twice at once.
/// Throws TargetError when the target cannot be reached at all.
Column run_cases(Target& target, const Plan& plan, const std::function<void(const Result&)>& done);

/// One case, one version.
Result run_case(Target& target, const TargetFacts& facts, const Plan& plan, const Case& c, Version v, unsigned number);

}  // namespace orrery::conformance
