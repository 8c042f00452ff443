// SPDX-License-Identifier: Apache-2.0
// SUBSCRIBEs that wait until this node's owner log is in force up to their routes: on a replicant that is until a core
// has acknowledged them, so that SUBACK says that messages come from everywhere.
//
// First in, first out. The room holds kWaitingRoomBytesMax; when there is no core for long and it is full, the oldest
// leaves early: its routes work on this node already, and clients are not kept for ever.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>

#include "base/assert.h"
#include "base/types.h"
#include "broker/node/limits.h"

namespace orrery::node {

struct WaitingSubscribe {
  std::uint64_t sequence = 0;  // of its last entry in the owner log
  ShardId shard = 0;
  std::uint32_t token = 0;

  static constexpr std::size_t bytes() { return 16; }
};

class WaitingRoom {
 public:
  explicit WaitingRoom(std::size_t bytes_max = kWaitingRoomBytesMax) : bytes_max_(bytes_max) {}

  /// Sequences do not fall.
  void enter(WaitingSubscribe subscribe) {
    ORRERY_ASSERT(waiting_.empty() || waiting_.back().sequence <= subscribe.sequence);
    bytes_ += subscribe.bytes();
    waiting_.push_back(std::move(subscribe));
  }
  /// The next whose time has come, and why; nothing while all must wait.
  struct Leaving {
    WaitingSubscribe subscribe;
    bool early = false;  // the room was full
  };
  std::optional<Leaving> leave(std::uint64_t in_force) {
    if (waiting_.empty()) return std::nullopt;
    const bool due = waiting_.front().sequence <= in_force;
    if (!due && bytes_ <= bytes_max_) return std::nullopt;
    Leaving leaving{std::move(waiting_.front()), !due};
    waiting_.pop_front();
    bytes_ -= leaving.subscribe.bytes();
    return leaving;
  }

  std::size_t size() const { return waiting_.size(); }
  std::size_t bytes() const { return bytes_; }

 private:
  std::deque<WaitingSubscribe> waiting_;
  std::size_t bytes_ = 0;
  std::size_t bytes_max_;
};

}  // namespace orrery::node
