// SPDX-License-Identifier: Apache-2.0
// Dense ids that are used again, oldest first, once no reader can mean what the id stood for before (quiescent.h).
#pragma once

#include <cstdint>

#include "broker/base/heap.h"
#include "broker/routing/quiescent.h"

namespace orrery::routing {

class IdPool {
 public:
  static constexpr std::uint32_t kNone = UINT32_MAX;

  IdPool(Heap& heap, QuiescentStates& states, std::uint32_t max);

  /// The id that allocate() returns next; kNone when all are taken.
  std::uint32_t next() const;
  std::uint32_t allocate();
  void release(std::uint32_t id);
  /// Ids ever given out are below.
  std::uint32_t end() const { return end_; }
  std::size_t memory_bytes() const { return free_.capacity() * sizeof(free_[0]) + batches_.capacity() * sizeof(Batch); }

 private:
  /// So many ids of free_ in a row that were released in one epoch.
  struct Batch {
    std::uint64_t stamp;
    std::uint32_t count;
  };

  QuiescentStates& states_;
  std::uint32_t max_;
  std::uint32_t end_ = 0;
  HeapVector<std::uint32_t> free_;  // a queue: those before first_free_ are taken again
  HeapVector<Batch> batches_;       // likewise
  std::size_t first_free_ = 0;
  std::size_t first_batch_ = 0;
};

}  // namespace orrery::routing
