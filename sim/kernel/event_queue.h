// SPDX-License-Identifier: Apache-2.0
// One of the two queues, chosen when a run begins: a predictable branch instead of a virtual call or a template of the
// world.
#pragma once

#include "sim/kernel/heap_queue.h"
#include "sim/kernel/timing_wheel.h"

namespace orrery::sim {

class EventQueue {
 public:
  explicit EventQueue(QueueKind kind) : wheel_used_(kind == QueueKind::kWheel) {}

  void push(const Event& event) {
    if (wheel_used_) {
      wheel_.push(event);
    } else {
      heap_.push(event);
    }
  }
  bool pop(Nanos until, Event& out) { return wheel_used_ ? wheel_.pop(until, out) : heap_.pop(until, out); }
  /// See TimingWheel::upcoming; the heap never knows.
  const Event* upcoming(std::size_t n) const { return wheel_used_ ? wheel_.upcoming(n) : nullptr; }
  std::size_t size() const { return wheel_used_ ? wheel_.size() : heap_.size(); }
  std::size_t memory_bytes() const { return wheel_used_ ? wheel_.memory_bytes() : heap_.memory_bytes(); }

 private:
  bool wheel_used_;
  TimingWheel wheel_;
  HeapQueue heap_;
};

}  // namespace orrery::sim
