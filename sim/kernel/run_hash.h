// SPDX-License-Identifier: Apache-2.0
// The fingerprint of a run: a rolling 64-bit hash over every event that was handled, with a checkpoint every so many
// events.
//
// Each event adds its time, its entity (with the kind), its argument and the digest of the bytes that it delivered. Two
// runs with equal hashes handled the same events with the same bytes. When they differ, first_difference() of their
// checkpoints names the stretch in which to look, and a second run with a trace of that stretch (World::trace) shows
// the event.
#pragma once

#include <cstdint>
#include <vector>

#include "base/rng.h"
#include "sim/kernel/event.h"

namespace orrery::sim {

/// A 64-bit digest of bytes (XXH3). 0 for none.
std::uint64_t payload_digest(Bytes bytes);

class RunHash {
 public:
  struct Checkpoint {
    std::uint64_t events = 0;
    std::uint64_t hash = 0;
    bool operator==(const Checkpoint&) const = default;
  };
  static constexpr std::uint64_t kDefaultInterval = 1u << 16;

  explicit RunHash(std::uint64_t interval = kDefaultInterval) : interval_(interval), next_(interval) {}

  void add(const Event& event, std::uint64_t digest) {
    const std::uint64_t time = static_cast<std::uint64_t>(event.time);
    hash_ = mix64(hash_ + digest) ^ (time * 0x9e3779b97f4a7c15ULL + event.minor() * 0xd1342543de82ef95ULL);
    if (++events_ == next_) checkpoint();
  }
  std::uint64_t value() const { return mix64(hash_ ^ events_); }
  std::uint64_t events() const { return events_; }
  const std::vector<Checkpoint>& checkpoints() const { return checkpoints_; }

 private:
  void checkpoint();

  std::uint64_t hash_ = 0;
  std::uint64_t events_ = 0;
  std::uint64_t interval_;
  std::uint64_t next_;
  std::vector<Checkpoint> checkpoints_;
};

/// The stretch (first event, one past the last event) that ends with the first checkpoint at which two runs differ:
/// look there. Empty (equal numbers) when one list is a prefix of the other.
struct Stretch {
  std::uint64_t from = 0;
  std::uint64_t to = 0;
};
Stretch first_difference(const std::vector<RunHash::Checkpoint>& a, const std::vector<RunHash::Checkpoint>& b);

}  // namespace orrery::sim
