// SPDX-License-Identifier: Apache-2.0
// Loss, duplicates and order of one publisher's messages at one subscriber, exactly.
//
// What is missing is kept as ranges, so a run without loss costs 32 bytes. A message that fills a gap came late
// (reordered); one that was never missing is a duplicate. Gaps beyond kGapsMax are forgotten, oldest first: they stay
// lost, and a message that would have filled one counts as a duplicate.
#pragma once

#include <cstdint>
#include <vector>

namespace orrery::load {

inline constexpr std::size_t kGapsMax = 4096;

class SequenceCheck {
 public:
  enum class Seen : std::uint8_t { kInOrder, kAfterGap, kLate, kDuplicate };

  /// The first message that is expected; those before it do not count as lost.
  explicit SequenceCheck(std::uint32_t first) : next_(first) {}

  Seen record(std::uint32_t sequence);

  /// Messages between the first expected and the highest seen that never came.
  std::uint64_t missing() const { return missing_; }
  /// One above the highest seen.
  std::uint32_t next() const { return next_; }

 private:
  struct Gap {
    std::uint32_t from;
    std::uint32_t to;  // one past the end
  };
  bool fill(std::uint32_t sequence);

  std::uint32_t next_;
  std::uint64_t missing_ = 0;
  std::vector<Gap> gaps_;  // ascending
};

}  // namespace orrery::load
