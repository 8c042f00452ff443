// SPDX-License-Identifier: Apache-2.0
// The lines of conformance/requirements.tsv as compiled into the program.
#pragma once

#include <span>
#include <string_view>

namespace orrery::conformance {

std::span<const std::string_view> requirement_lines();

}  // namespace orrery::conformance
