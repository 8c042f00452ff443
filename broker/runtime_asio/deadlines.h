// SPDX-License-Identifier: Apache-2.0
// Time-outs that all last equally long, so that a queue keeps them in order. Nothing is cancelled: the owner compares
// the stamp with the one that its record carries now.
#pragma once

#include <cstdint>
#include <deque>

#include "base/types.h"

namespace orrery::runtime {

class Deadlines {
 public:
  struct Entry {
    Nanos when;
    std::uint32_t id;
    std::uint32_t stamp;
  };

  explicit Deadlines(Nanos length) : length_(length) {}
  void start(Nanos now, std::uint32_t id, std::uint32_t stamp) { queue_.push_back({now + length_, id, stamp}); }
  Nanos next() const { return queue_.empty() ? kNever : queue_.front().when; }
  template <class Visitor>
  void expire(Nanos now, Visitor&& visit) {
    while (next() <= now) {
      const Entry entry = queue_.front();
      queue_.pop_front();
      visit(entry.id, entry.stamp);
    }
  }

 private:
  Nanos length_;
  std::deque<Entry> queue_;
};

}  // namespace orrery::runtime
