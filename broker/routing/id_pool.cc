// SPDX-License-Identifier: Apache-2.0
#include "broker/routing/id_pool.h"

#include "base/assert.h"

namespace orrery::routing {
namespace {

/// Forgets the front of a queue once it is more than half of it, and gives memory back that was for a peak.
template <class Queue>
void trim(Queue& queue, std::size_t& first) {
  if (first < 64 || first * 2 < queue.size()) return;
  queue.erase(queue.begin(), queue.begin() + static_cast<std::ptrdiff_t>(first));
  first = 0;
  if (queue.size() * 4 < queue.capacity()) queue.shrink_to_fit();
}

}  // namespace

IdPool::IdPool(Heap& heap, QuiescentStates& states, std::uint32_t max)
    : states_(states), max_(max), free_(HeapAllocator<std::uint32_t>(heap)), batches_(HeapAllocator<Batch>(heap)) {}

std::uint32_t IdPool::next() const {
  if (first_batch_ < batches_.size() && states_.safe(batches_[first_batch_].stamp)) return free_[first_free_];
  return end_ < max_ ? end_ : kNone;
}

std::uint32_t IdPool::allocate() {
  const std::uint32_t id = next();
  if (id == kNone) return id;
  if (id == end_) {
    ++end_;
    return id;
  }
  ++first_free_;
  if (--batches_[first_batch_].count == 0) ++first_batch_;
  trim(free_, first_free_);
  trim(batches_, first_batch_);
  return id;
}

void IdPool::release(std::uint32_t id) {
  ORRERY_ASSERT(id < end_);
  const std::uint64_t stamp = states_.stamp();
  free_.push_back(id);
  if (first_batch_ < batches_.size() && batches_.back().stamp == stamp) {
    ++batches_.back().count;
  } else {
    batches_.push_back({stamp, 1});
  }
}

}  // namespace orrery::routing
