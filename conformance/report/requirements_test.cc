// SPDX-License-Identifier: Apache-2.0
// Guards the list of statements: its size, its ids, and that what the cases claim to cover exists.
#include "conformance/report/requirements.h"

#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <sstream>

#include "conformance/cases/all.h"

namespace orrery::conformance {
namespace {

TEST(Requirements, TheListHasEveryNumberedStatementOfBothVersions) {
  std::set<std::pair<std::string, std::string>> ids;
  std::size_t v5 = 0;
  std::size_t v311 = 0;
  for (const Requirement& r : all_requirements()) {
    EXPECT_TRUE(ids.insert({r.version, r.id}).second) << r.id << " stands twice";
    EXPECT_TRUE(r.version == "5" || r.version == "3.1.1" || r.version == "any") << r.id;
    EXPECT_TRUE(r.testable == "yes" || r.testable == "partly" || r.testable == "no") << r.id;
    EXPECT_FALSE(r.text.empty()) << r.id;
    if (r.id.rfind("MQTT-", 0) != 0) continue;
    v5 += r.version == "5" ? 1 : 0;
    v311 += r.version == "3.1.1" ? 1 : 0;
  }
  EXPECT_EQ(v5, 251U);
  EXPECT_EQ(v311, 141U);
}

TEST(Requirements, CasesNameOnlyWhatExists) {
  std::set<std::string> names;
  for (const Case& c : all_cases()) {
    EXPECT_TRUE(names.insert(c.id).second) << c.id << " stands twice";
    EXPECT_FALSE(c.what.empty()) << c.id;
    EXPECT_FALSE(c.expect.empty()) << c.id;
    for (const Version v : {Version::k31, Version::k311, Version::k5}) {
      if ((c.versions & bit(v)) == 0) continue;
      EXPECT_FALSE(requirements_of(c, v).empty()) << c.id << " covers nothing in " << version_name(v);
      for (const std::string& id : requirements_of(c, v))
        EXPECT_NE(find_requirement(id, v), nullptr) << c.id << " names " << id << " of " << version_name(v);
    }
  }
}

TEST(Requirements, WhatHasNoCaseSaysWhy) {
  const Coverage coverage(all_cases());
  for (const Requirement& r : all_requirements())
    EXPECT_TRUE(!coverage.of(r).empty() || !r.untested.empty())
        << r.version << " " << r.id << " has neither a case nor a reason";
}

// Rewritten by: orrery-conformance list --requirements > conformance/requirements.tsv
TEST(Requirements, TheColumnOfCasesIsUpToDate) {
  std::ifstream in("conformance/requirements.tsv");
  std::ostringstream text;
  text << in.rdbuf();
  EXPECT_EQ(requirements_text(all_cases()), text.str());
}

}  // namespace
}  // namespace orrery::conformance
