// SPDX-License-Identifier: Apache-2.0
// The obvious twin of TimingWheel: a std::priority_queue with the same interface and the same order.
#pragma once

#include <functional>
#include <queue>
#include <vector>

#include "sim/kernel/event.h"

namespace orrery::sim {

class HeapQueue {
 public:
  void push(const Event& event) { heap_.push(event); }

  bool pop(Nanos until, Event& out) {
    if (heap_.empty() || heap_.top().time > until) return false;
    out = heap_.top();
    heap_.pop();
    return true;
  }
  std::size_t size() const { return heap_.size(); }
  /// What the events take; the vector's spare room is not visible through std::priority_queue.
  std::size_t memory_bytes() const { return sizeof(*this) + heap_.size() * sizeof(Event); }

 private:
  struct Later {
    bool operator()(const Event& a, const Event& b) const { return b < a; }
  };
  std::priority_queue<Event, std::vector<Event>, Later> heap_;
};

}  // namespace orrery::sim
