// SPDX-License-Identifier: Apache-2.0
// What came out: one Result for each case and version on one target, a Column for the target, a Report for all of them.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/types.h"
#include "conformance/cases/case.h"
#include "conformance/cases/context.h"
#include "conformance/driver/deviation.h"

namespace orrery::conformance {

enum class Outcome : std::uint8_t {
  kPass,
  kFail,
  kDeviation,      // failed, and the broker's driver file says so
  kStale,          // passed, and the driver file says it fails: the entry has to go
  kNotApplicable,  // the broker rightly does not offer what the case needs
};
const char* outcome_name(Outcome o);

struct Result {
  const Case* test = nullptr;
  Version version = Version::k5;
  Outcome outcome = Outcome::kPass;
  /// Why it failed or does not apply; for a deviation also the driver file's reason and link.
  std::string reason;
  std::string link;
  /// For a known deviation: which of the column's.
  std::size_t known = 0;
  std::vector<Note> notes;
  /// Statements that packets of the broker broke on the way, with what was seen.
  std::vector<std::pair<std::string, std::string>> violations;
  /// The wire log, for all that did not pass.
  std::vector<std::string> log;
  Nanos took = 0;
  std::string name() const { return test->id + "[" + version_name(version) + "]"; }
};

struct Column {
  /// "mosquitto 2.0.11 over tcp"
  std::string target;
  /// "mosquitto 2.0.11" and "tcp"
  std::string broker;
  std::string transport;
  std::string homepage;
  /// What its driver file says.
  std::vector<Deviation> deviations;
  std::vector<Result> results;
  std::size_t count(Outcome o) const {
    std::size_t n = 0;
    for (const Result& r : results) n += r.outcome == o ? 1 : 0;
    return n;
  }
};

struct Report {
  std::string program;
  std::string commit;
  std::string date;
  std::vector<Column> columns;
  /// True when nothing failed and no entry of a driver file is stale.
  bool green() const {
    for (const Column& c : columns)
      if (c.count(Outcome::kFail) + c.count(Outcome::kStale) != 0) return false;
    return true;
  }
};

}  // namespace orrery::conformance
