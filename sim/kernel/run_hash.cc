// SPDX-License-Identifier: Apache-2.0
// Digests and checkpoints of a run's fingerprint.
#include "sim/kernel/run_hash.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>

namespace orrery::sim {

std::uint64_t payload_digest(Bytes bytes) { return bytes.empty() ? 0 : XXH3_64bits(bytes.data(), bytes.size()); }

void RunHash::checkpoint() {
  checkpoints_.push_back({events_, value()});
  next_ += interval_;
}

Stretch first_difference(const std::vector<RunHash::Checkpoint>& a, const std::vector<RunHash::Checkpoint>& b) {
  const std::size_t both = std::min(a.size(), b.size());
  for (std::size_t i = 0; i < both; ++i)
    if (a[i] != b[i]) return {i == 0 ? 0 : a[i - 1].events, std::max(a[i].events, b[i].events)};
  return {};
}

}  // namespace orrery::sim
