// SPDX-License-Identifier: Apache-2.0
// A benchmark's result as a number: shown as its label, and an error if it is not the expected one. What is fast and
// wrong is not worth a figure. The hash must not depend on the number of iterations: take it from one of them.
#pragma once

#include <benchmark/benchmark.h>

#include <cinttypes>
#include <cstdint>
#include <cstdio>

namespace orrery {

/// Call it after the loop.
inline void check_hash(benchmark::State& state, std::uint64_t hash, std::uint64_t expected) {
  char label[40];
  std::snprintf(label, sizeof label, "hash 0x%016" PRIx64, hash);
  state.SetLabel(label);
  if (hash != expected) state.SkipWithError(label);
}

}  // namespace orrery
