// SPDX-License-Identifier: Apache-2.0
#include "load/sequence_check.h"

#include <algorithm>

namespace orrery::load {

SequenceCheck::Seen SequenceCheck::record(std::uint32_t sequence) {
  if (sequence == next_) {
    ++next_;
    return Seen::kInOrder;
  }
  if (sequence < next_) return fill(sequence) ? Seen::kLate : Seen::kDuplicate;
  if (gaps_.size() == kGapsMax) gaps_.erase(gaps_.begin());
  gaps_.push_back({next_, sequence});
  missing_ += sequence - next_;
  next_ = sequence + 1;
  return Seen::kAfterGap;
}

bool SequenceCheck::fill(std::uint32_t sequence) {
  const auto gap = std::upper_bound(gaps_.begin(), gaps_.end(), sequence,
                                    [](std::uint32_t value, const Gap& g) { return value < g.to; });
  if (gap == gaps_.end() || sequence < gap->from) return false;
  --missing_;
  const Gap behind = {sequence + 1, gap->to};
  gap->to = sequence;
  const bool before_left = gap->from < gap->to;
  const bool behind_left = behind.from < behind.to;
  if (before_left && behind_left) {
    gaps_.insert(gap + 1, behind);
  } else if (behind_left) {
    *gap = behind;
  } else if (!before_left) {
    gaps_.erase(gap);
  }
  return true;
}

}  // namespace orrery::load
