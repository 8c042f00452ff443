// SPDX-License-Identifier: Apache-2.0
// How orrery-sim ends. Scripts may rely on these numbers; docs/simulator.md and --help list them.
#pragma once

namespace orrery::sim {

enum ExitCode : int {
  kExitPass = 0,
  kExitBadInput = 2,         // command line, scenario, or broker file: nothing was run
  kExitInvariantBroken = 3,  // an oracle is red or an expectation of the scenario does not hold
  kExitLivenessFailed = 4,   // all rules held, but after the faults not everything came back
  kExitNonDeterminism = 5,   // --check: two runs of the same seed differ
  kExitCrash = 6,            // an assertion or a signal ended the run, or a broker said that it has died
};

}  // namespace orrery::sim
