// SPDX-License-Identifier: Apache-2.0
// What all shards of a node count, added up; and sums over these figures, of which every outside name is one.
#pragma once

#include <cstdint>
#include <initializer_list>

#include "base/assert.h"
#include "base/types.h"
#include "broker/seam/counters.h"
#include "broker/seam/node.h"
#include "broker/seam/note.h"

namespace orrery::admin {

/// What one shard says of itself.
struct ShardFigures {
  ShardStats stats;
  NoteCounts notes;
};

struct NodeFigures {
  Nanos now = 0;
  Nanos uptime = 0;
  /// Sums over the shards. Of a shard that did not answer this time, what it said last.
  std::uint64_t values[kCounters] = {};
  /// Of the gauges, the largest sum of any gathering so far: peaks between two gatherings are not seen.
  std::uint64_t highest[kCounters] = {};
  /// How often each kind of note was told.
  NoteCounts notes;
  ShardId shards = 0;
  ShardId answered = 0;

  std::uint64_t operator[](Counter c) const { return values[static_cast<int>(c)]; }
};

/// Some of the counters, added.
class Sum {
 public:
  static constexpr std::size_t kTermsMax = 16;
  constexpr Sum(std::initializer_list<Counter> terms) {
    for (const Counter c : terms) {
      if (count_ == kTermsMax) ORRERY_ASSERT(false);
      terms_[count_++] = c;
    }
  }
  constexpr std::uint64_t of(const std::uint64_t (&values)[kCounters]) const {
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < count_; ++i) sum += values[static_cast<int>(terms_[i])];
    return sum;
  }
  constexpr const Counter* begin() const { return terms_; }
  constexpr const Counter* end() const { return terms_ + count_; }

 private:
  Counter terms_[kTermsMax] = {};
  std::size_t count_ = 0;
};

}  // namespace orrery::admin
