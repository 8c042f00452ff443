// SPDX-License-Identifier: Apache-2.0
#include "broker/routing/quiescent.h"

#include <algorithm>

#include "base/assert.h"

namespace orrery::routing {

QuiescentStates::QuiescentStates(std::uint32_t readers) : readers_(readers) {}

QuiescentStates::~QuiescentStates() {
  for (; first_ < retired_.size(); ++first_) retired_[first_].heap->free(retired_[first_].block, retired_[first_].size);
}

void QuiescentStates::retire(Heap& heap, void* block, std::size_t size) {
  if (readers_.empty()) {
    heap.free(block, size);
    return;
  }
  retired_.push_back({stamp(), &heap, block, size});
  retired_bytes_ += size;
}

void QuiescentStates::reclaim() {
  if (stamped_) {
    // Whoever sees the new epoch sees everything that was unlinked in the old one.
    epoch_.store(epoch_.load(std::memory_order_relaxed) + 1, std::memory_order_release);
    stamped_ = false;
  }
  if (oldest_seen_ == epoch_.load(std::memory_order_relaxed)) return;
  std::uint64_t oldest = UINT64_MAX;
  for (const Reader& r : readers_) oldest = std::min(oldest, r.seen.load(std::memory_order_acquire));
  oldest_seen_ = oldest;
  while (first_ < retired_.size() && safe(retired_[first_].stamp)) {
    const Retired& r = retired_[first_++];
    r.heap->free(r.block, r.size);
    retired_bytes_ -= r.size;
  }
  if (first_ * 2 >= retired_.size()) {
    retired_.erase(retired_.begin(), retired_.begin() + static_cast<std::ptrdiff_t>(first_));
    first_ = 0;
  }
}

bool QuiescentStates::behind(std::uint32_t reader) const {
  ORRERY_ASSERT(reader < readers_.size());
  const std::uint64_t needed = epoch_.load(std::memory_order_relaxed) + (stamped_ ? 1 : 0);
  return readers_[reader].seen.load(std::memory_order_acquire) < needed;
}

}  // namespace orrery::routing
