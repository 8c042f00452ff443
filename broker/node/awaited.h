// SPDX-License-Identifier: Apache-2.0
// Acknowledgements that wait for other nodes: for each lane the tickets whose acceptance an acknowledgement owed to a
// publisher (session/owed.h) waits for, oldest first. At most kAwaitedMax in a shard: ask full() before a message is
// sent.
#pragma once

#include <cstdint>

#include "base/assert.h"
#include "broker/base/heap.h"
#include "broker/node/limits.h"

namespace orrery::node {

class Awaited {
 public:
  /// `lanes` are numbered from 0.
  Awaited(Heap& heap, std::size_t lanes, std::size_t most = kAwaitedMax)
      : queues_(lanes, Queue(heap), HeapAllocator<Queue>(heap)), most_(most) {}

  bool full() const { return size_ >= most_; }
  std::size_t size() const { return size_; }

  /// Tickets of one lane only grow.
  void add(std::size_t lane, std::uint64_t ticket, std::uint32_t owed) {
    ORRERY_ASSERT(!full());
    Queue& queue = queues_[lane];
    ORRERY_ASSERT(queue.first == queue.entries.size() || queue.entries.back().ticket < ticket);
    queue.entries.push_back({ticket, owed});
    ++size_;
  }

  /// confirmed(owed) for each that waits for a ticket up to this one, in order; `confirmed` adds nothing here.
  template <class Confirmed>
  void settle(std::size_t lane, std::uint64_t up_to, Confirmed&& confirmed) {
    Queue& queue = queues_[lane];
    for (; queue.first < queue.entries.size() && queue.entries[queue.first].ticket <= up_to; ++queue.first, --size_)
      confirmed(queue.entries[queue.first].owed);
    if (queue.first == queue.entries.size()) {
      queue.first = 0;
      queue.entries.clear();
      if (queue.entries.capacity() > kKept) queue.entries.shrink_to_fit();
    } else if (queue.first > kKept && queue.first * 2 > queue.entries.size()) {
      queue.entries.erase(queue.entries.begin(), queue.entries.begin() + static_cast<std::ptrdiff_t>(queue.first));
      queue.first = 0;
    }
  }

 private:
  /// Entries that an empty queue keeps room for, and that may stand before the first that counts.
  static constexpr std::size_t kKept = 1024;
  struct Entry {
    std::uint64_t ticket;
    std::uint32_t owed;
  };
  struct Queue {
    explicit Queue(Heap& heap) : entries(HeapAllocator<Entry>(heap)) {}
    HeapVector<Entry> entries;
    std::size_t first = 0;
  };
  HeapVector<Queue> queues_;
  std::size_t most_;
  std::size_t size_ = 0;
};

}  // namespace orrery::node
