// SPDX-License-Identifier: Apache-2.0
// The simulator's one look at the real world, for the progress bar and the report: nothing that a run decides comes
// from it.
#pragma once

#include <cstdint>

namespace orrery::sim {

/// Monotonic nanoseconds.
std::uint64_t wall_nanos();
/// The largest resident set of this process so far, in bytes.
std::uint64_t peak_process_bytes();

}  // namespace orrery::sim
