// SPDX-License-Identifier: Apache-2.0
#include "broker/admin/gather.h"

#include <algorithm>

namespace orrery::admin {

std::uint64_t Gather::begin(Nanos now) {
  ORRERY_ASSERT(!under_way_);
  under_way_ = true;
  deadline_ = now + kGatherTimeout;
  std::fill(answered_.begin(), answered_.end(), false);
  missing_ = static_cast<ShardId>(last_.size());
  return ++round_;
}

bool Gather::answer(std::uint64_t round, ShardId from, const ShardFigures& figures) {
  if (!under_way_ || round != round_ || from >= last_.size() || answered_[from]) return false;
  last_[from] = figures;
  answered_[from] = true;
  return --missing_ == 0;
}

const NodeFigures& Gather::finish(Nanos now) {
  ORRERY_ASSERT(under_way_);
  under_way_ = false;
  NodeFigures& f = figures_;
  f.now = now;
  f.uptime = now - started_;
  f.shards = static_cast<ShardId>(last_.size());
  f.answered = static_cast<ShardId>(f.shards - missing_);
  for (int i = 0; i < kCounters; ++i) {
    f.values[i] = 0;
    for (const ShardFigures& s : last_) f.values[i] += s.stats.counters[i];
    if (counter_info(static_cast<Counter>(i)).kind == MetricKind::kGauge)
      f.highest[i] = std::max(f.highest[i], f.values[i]);
  }
  f.notes = {};
  for (const ShardFigures& s : last_)
    for (std::size_t k = 0; k < kNoteKinds; ++k) f.notes.values[k] += s.notes.values[k];
  return f;
}

}  // namespace orrery::admin
