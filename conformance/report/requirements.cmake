# SPDX-License-Identifier: Apache-2.0
# Turns requirements.tsv into a source file: cmake -D INPUT=... -D OUTPUT=... -P requirements.cmake
file(READ ${INPUT} text)
string(REPLACE "\n" ")tsv\"sv,\n    R\"tsv(" text "${text}")
file(WRITE ${OUTPUT} "// Made from requirements.tsv; do not edit.
#include \"conformance/report/requirement_lines.h\"

namespace orrery::conformance {
using namespace std::string_view_literals;

std::span<const std::string_view> requirement_lines() {
  static constexpr std::string_view lines[] = {
    R\"tsv(${text})tsv\"sv};
  return lines;
}

}  // namespace orrery::conformance
")
