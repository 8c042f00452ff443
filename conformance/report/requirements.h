// SPDX-License-Identifier: Apache-2.0
// The list of statements (conformance/requirements.tsv, compiled in) and which cases cover each of them.
//
// Ids are those of the two standards; "X-" marks rules that MQTT states only in prose, "WS-" those of RFC 6455 by
// section.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "conformance/cases/case.h"

namespace orrery::conformance {

struct Requirement {
  /// "5", "3.1.1", or "any" for X- and WS- rules that hold in every version.
  std::string version;
  std::string id;
  /// Whom it binds: client, server or both.
  std::string binds;
  /// Whether it can be tested from outside: yes, partly, no.
  std::string testable;
  std::string area;
  std::string text;
  /// Ids of the cases that cover it, blank between.
  std::string cases;
  /// For those without a case: why.
  std::string untested;
};

const std::vector<Requirement>& all_requirements();
/// The row for an id as a case names it; null when there is none.
const Requirement* find_requirement(std::string_view id, Version v);
/// Which cases cover what.
class Coverage {
 public:
  explicit Coverage(const Cases& cases);
  /// The ids of the cases that cover a row, in the order of the list; cases made from a table as "x-twice-*".
  const std::vector<std::string>& of(const Requirement& r) const;

 private:
  /// By version, blank, id.
  std::map<std::string, std::vector<std::string>> names_;
};
/// The whole file again, with the column of cases written from the cases themselves.
std::string requirements_text(const Cases& cases);

}  // namespace orrery::conformance
