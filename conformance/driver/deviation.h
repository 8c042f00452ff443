// SPDX-License-Identifier: Apache-2.0
// A case that a broker is known to fail, with the reason: kept beside the broker's driver file, never in the
// expectation.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "conformance/driver/target.h"
#include "conformance/wire.h"

namespace orrery::conformance {

struct Deviation {
  /// A case's id; with "*" at its end all that begin so.
  std::string cases;
  Versions versions = kAllVersions;
  /// The transports on which it shows; empty: all.
  std::vector<Transport> over = {};
  std::string reason;
  std::string link;
  /// The broker fails it by a race: when it passes, the entry is not stale.
  bool sometimes = false;
};

inline bool applies(const Deviation& d, const std::string& id, Version v, Transport t) {
  if ((d.versions & bit(v)) == 0) return false;
  if (!d.over.empty() && std::find(d.over.begin(), d.over.end(), t) == d.over.end()) return false;
  if (!d.cases.empty() && d.cases.back() == '*')
    return id.compare(0, d.cases.size() - 1, d.cases, 0, d.cases.size() - 1) == 0;
  return id == d.cases;
}

}  // namespace orrery::conformance
