// SPDX-License-Identifier: Apache-2.0
// A Report in the forms that people and scripts read.
#pragma once

#include <string>

#include "conformance/report/result.h"

namespace orrery::conformance {

/// One line for what did not simply pass: "FAIL connect-second[5]  reason". Empty for a plain pass.
std::string result_line(const Result& r);
/// Counts for each target, advice not followed, alternatives chosen, and the verdict in the last line.
std::string summary_text(const Report& report);
/// JUnit's XML, one suite for each target.
std::string junit_xml(const Report& report);
/// schema/conformance-report.schema.json
std::string report_json(const Report& report);
/// Which cases a page tells about one by one. kNotPassed is what is published: there one result of each known
/// deviation is told in full.
enum class Sections : std::uint8_t { kAllCases, kNotPassed };
/// One self-contained page: what each broker does otherwise, statements by targets, cases, wire logs. `all` are the
/// cases that exist.
std::string report_html(const Report& report, const Cases& all, Sections sections);
/// Counts, and the known deviations of each broker.
std::string report_markdown(const Report& report);

}  // namespace orrery::conformance
