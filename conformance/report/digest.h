// SPDX-License-Identifier: Apache-2.0
// What many results say, said once: the same words of a broker's results with the cases that they are about.
#pragma once

#include <string>
#include <vector>

#include "conformance/report/result.h"

namespace orrery::conformance {

/// The columns of one broker, in the order of the report: one for each of its listeners.
using BrokerColumns = std::vector<const Column*>;
std::vector<BrokerColumns> by_broker(const Report& report);

struct Told {
  std::string text;
  /// Of a known deviation.
  std::string link;
  /// Known deviations: as the driver file names them, "x-flags-pingreq-*". Otherwise "connect-second[5]". Each once.
  std::vector<std::string> cases;
  Versions versions = 0;
  std::size_t results = 0;
};

/// Known deviations that showed, in the order of the driver file; entries with one reason and link are one.
std::vector<Told> known_deviations(const BrokerColumns& columns);
/// Reasons, in the order of the alphabet, as for the rest.
std::vector<Told> not_applicable(const BrokerColumns& columns);
/// Advice of the standard that is not followed, or permitted alternatives that were chosen.
std::vector<Told> noted(const BrokerColumns& columns, bool advice);

/// Of the statements that cases of the column are about: how many of them no case shows broken.
struct Kept {
  std::size_t kept = 0;
  std::size_t tested = 0;
};
Kept statements_kept(const Column& column);

/// "3.1.1, 5"
std::string versions_text(Versions versions);

}  // namespace orrery::conformance
