// SPDX-License-Identifier: Apache-2.0
#include "sim/app/wall_clock.h"

#include <sys/resource.h>
#include <time.h>

namespace orrery::sim {

std::uint64_t wall_nanos() {
  timespec t{};
  ::clock_gettime(CLOCK_MONOTONIC, &t);
  return static_cast<std::uint64_t>(t.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(t.tv_nsec);
}

std::uint64_t peak_process_bytes() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<std::uint64_t>(usage.ru_maxrss) * 1024;
}

}  // namespace orrery::sim
