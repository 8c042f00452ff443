// SPDX-License-Identifier: Apache-2.0
// When a run crashes (an assertion, a fault of a plugged-in broker): prints how to repeat it and exits with kExitCrash.
#pragma once

#include <string>

namespace orrery::sim {

/// `replay` is printed if one of SIGABRT, SIGSEGV, SIGBUS, SIGFPE or SIGILL comes. Call again to change it.
void report_crashes_with(const std::string& replay);

}  // namespace orrery::sim
