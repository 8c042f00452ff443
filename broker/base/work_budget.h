// SPDX-License-Identifier: Apache-2.0
// How much one event may do: no event does unbounded work.
//
// A walk that may be long (retained messages for a filter, a SUBSCRIBE of thousands of filters, the end of a session
// with thousands of subscriptions, packets of one read) charges what it does, stops when the budget is spent, remembers
// where it was, and goes on in a later event of its shard. One unit is about one microsecond of the reference machine:
// one filter added or removed, one retained record looked at, one packet handled, one delivery made.
#pragma once

#include <cstdint>

namespace orrery {

/// What one event may spend. Others on the shard wait for about this many microseconds at most.
inline constexpr std::uint32_t kEventUnits = 1000;

class WorkBudget {
 public:
  explicit WorkBudget(std::uint32_t units = kEventUnits) : left_(units) {}
  bool spent() const { return left_ == 0; }
  void charge(std::uint32_t units = 1) { left_ = units < left_ ? left_ - units : 0; }

 private:
  std::uint32_t left_;
};

}  // namespace orrery
