// SPDX-License-Identifier: Apache-2.0
// When each message should be sent: an open loop, computed and not stored.
//
// Every publisher sends one message each interval, and the publishers are spread evenly over it, so that the whole
// sends at an even rate. Message `round` of publisher p of n goes out at start + round * interval + p * interval / n.
// In that order the messages have a number, round * n + p, and a limit on messages is a limit on that number.
#pragma once

#include <cstdint>

#include "base/types.h"

namespace orrery::load {

struct Schedule {
  Nanos start = 0;
  Nanos interval = kSecond;
  std::uint32_t publishers = 1;
  /// Messages in all; 0: no limit.
  std::uint64_t limit = 0;

  Nanos time_of(std::uint64_t round, std::uint32_t publisher) const {
    __extension__ using Wide = __int128;
    return start + static_cast<Nanos>(round) * interval +
           static_cast<Nanos>(static_cast<Wide>(interval) * publisher / publishers);
  }
  bool within_limit(std::uint64_t round, std::uint32_t publisher) const {
    return limit == 0 || round * publishers + publisher < limit;
  }
};

/// A worker's walk over its share of the publishers, first to last - 1, in the order of their times.
class ScheduleCursor {
 public:
  ScheduleCursor(const Schedule& schedule, std::uint32_t first, std::uint32_t last)
      : schedule_(schedule), first_(first), last_(last), publisher_(first) {}

  /// True when no message of this share is left.
  bool done() const { return first_ == last_ || !schedule_.within_limit(round_, publisher_); }
  Nanos time() const { return schedule_.time_of(round_, publisher_); }
  std::uint32_t publisher() const { return publisher_; }
  std::uint64_t round() const { return round_; }
  void advance() {
    if (++publisher_ < last_) return;
    publisher_ = first_;
    ++round_;
  }

 private:
  Schedule schedule_;
  std::uint32_t first_;
  std::uint32_t last_;
  std::uint32_t publisher_;
  std::uint64_t round_ = 0;
};

}  // namespace orrery::load
