// SPDX-License-Identifier: Apache-2.0
#include "conformance/report/write.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "conformance/report/digest.h"

namespace orrery::conformance {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

struct Sample {
  Cases cases;
  Report report;
  Sample() {
    cases.push_back(
        {.id = "case-a", .v311 = "3.1.0-1", .v5 = "3.1.0-1", .what = "Does <this> & that.", .expect = "It works."});
    cases.push_back(
        {.id = "case-b", .v311 = "", .v5 = "3.1.0-2", .what = "Does more.", .expect = "It fails.", .versions = kOnly5});
    report = {"orrery-conformance 1", "abc", "2024-01-31", {}};
    Column column;
    column.target = "broker \"x\" over tcp";
    Result pass;
    pass.test = &cases[0];
    pass.version = Version::k311;
    pass.notes = {{true, "advice"}, {false, "choice"}};
    Result fail;
    fail.test = &cases[1];
    fail.outcome = Outcome::kFail;
    fail.reason = "it said <no>";
    fail.violations = {{"MQTT-3.2.0-1", "a packet too early"}};
    fail.log = {"a -> CONNECT \x01", "a <- <bytes>"};
    column.results = {pass, fail};
    report.columns.push_back(column);
  }
};

TEST(Write, SummarySaysWhatCounts) {
  Sample s;
  const std::string text = summary_text(s.report);
  EXPECT_THAT(text, HasSubstr("1 passed, 1 failed, 0 known deviations"));
  EXPECT_THAT(text, HasSubstr("advice (case-a[3.1.1])"));
  EXPECT_THAT(text, HasSubstr("choice (case-a[3.1.1])"));
  EXPECT_TRUE(text.ends_with("FAIL\n"));
  s.report.columns[0].results[1].outcome = Outcome::kDeviation;
  EXPECT_TRUE(summary_text(s.report).ends_with("PASS\n"));
  s.report.columns[0].results[1].outcome = Outcome::kStale;
  EXPECT_TRUE(summary_text(s.report).ends_with("FAIL\n"));
}

TEST(Write, JsonHoldsEverything) {
  const auto json = nlohmann::json::parse(report_json(Sample().report));
  EXPECT_EQ(json["green"], false);
  const auto& results = json["targets"][0]["results"];
  EXPECT_EQ(results[0]["outcome"], "pass");
  EXPECT_EQ(results[0]["requirements"][0], "MQTT-3.1.0-1");
  EXPECT_EQ(results[0]["advice_not_followed"][0], "advice");
  EXPECT_EQ(results[0]["chosen"][0], "choice");
  EXPECT_EQ(results[1]["violations"][0]["statement"], "MQTT-3.2.0-1");
  EXPECT_EQ(results[1]["wire_log"].size(), 2U);
}

TEST(Write, XmlAndHtmlAreEscaped) {
  const Sample s;
  const std::string xml = junit_xml(s.report);
  EXPECT_THAT(xml, HasSubstr("failures=\"1\""));
  EXPECT_THAT(xml, HasSubstr("it said &lt;no&gt;"));
  EXPECT_THAT(xml, Not(HasSubstr("\x01")));
  const std::string html = report_html(s.report, s.cases, Sections::kAllCases);
  EXPECT_THAT(html, HasSubstr("Does &lt;this&gt; &amp; that."));
  EXPECT_THAT(html, HasSubstr("a &lt;- &lt;bytes&gt;"));
  EXPECT_THAT(html, HasSubstr("href=\"#case-b\""));
  EXPECT_THAT(html, Not(HasSubstr("<script")));
}

TEST(Write, ThePageToPublishLeavesOutWhatAllPass) {
  const Sample s;
  const std::string page = report_html(s.report, s.cases, Sections::kNotPassed);
  EXPECT_THAT(page, HasSubstr("id=\"case-b\""));
  EXPECT_THAT(page, Not(HasSubstr("id=\"case-a\"")));
  EXPECT_THAT(page, Not(HasSubstr("href=\"#case-a\"")));
}

TEST(Write, DeviationsOfOneKindAreSaidOnce) {
  Sample s;
  Column& column = s.report.columns[0];
  column.broker = "broker 1";
  column.transport = "tcp";
  column.homepage = "https://broker.example/";
  column.deviations = {{.cases = "case-a", .reason = "It is <late>|.", .link = "https://broker.example/1"},
                       {.cases = "case-*", .reason = "It is <late>|.", .link = "https://broker.example/1"}};
  for (std::size_t i = 0; i < 2; ++i) {
    column.results[i].outcome = Outcome::kDeviation;
    column.results[i].known = i;
  }
  column.results[0].log = {"the wire log of case-a"};
  column.results[1].known = 0;
  const std::string all = report_html(s.report, s.cases, Sections::kAllCases);
  const std::string page = report_html(s.report, s.cases, Sections::kNotPassed);
  column.results[1].known = 1;
  for (const std::string& text : {all, page}) EXPECT_THAT(text, HasSubstr("the wire log of case-a"));
  EXPECT_THAT(all, HasSubstr("a &lt;- &lt;bytes&gt;"));
  EXPECT_THAT(page, Not(HasSubstr("a &lt;- &lt;bytes&gt;")));
  Column again = column;
  again.transport = "ws";
  s.report.columns.push_back(again);
  const std::vector<Told> told = known_deviations(by_broker(s.report)[0]);
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].results, 4U);
  EXPECT_EQ(told[0].cases, (std::vector<std::string>{"case-a", "case-*"}));
  EXPECT_EQ(versions_text(told[0].versions), "3.1.1, 5");
  const std::string markdown = report_markdown(s.report);
  EXPECT_THAT(markdown, HasSubstr("| [broker 1](https://broker.example/) | ws | 0 of 3 | 0 | 2 | 0 | 0 |"));
  EXPECT_THAT(markdown, HasSubstr("| It is \\<late>\\|. | `case-a`, `case-*` | 3.1.1, 5 | [link]("));
  EXPECT_THAT(report_html(s.report, s.cases, Sections::kNotPassed), HasSubstr("It is &lt;late&gt;|."));
}

}  // namespace
}  // namespace orrery::conformance
