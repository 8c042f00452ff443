// SPDX-License-Identifier: Apache-2.0
// One round of asking every shard what it counts, and the sums. Nobody is stopped: a shard answers when it comes to it.
//
// A round ends when all shards have answered, or kGatherTimeout after it began; then a shard that did not answer is
// taken as it was, so that no counter ever falls, and the figures say how many answered. Whoever wants figures while a
// round is under way waits for that round.
#pragma once

#include <cstdint>
#include <vector>

#include "broker/admin/figures.h"

namespace orrery::admin {

inline constexpr Nanos kGatherTimeout = 2 * kSecond;

class Gather {
 public:
  explicit Gather(ShardId shards) : last_(shards), answered_(shards) {}

  void start(Nanos now) { started_ = now; }
  bool under_way() const { return under_way_; }
  /// Begins a round and returns its number, never 0.
  std::uint64_t begin(Nanos now);
  /// A shard's answer; one to a round that is over is thrown away. True when the round is through.
  bool answer(std::uint64_t round, ShardId from, const ShardFigures& figures);
  /// When the round ends whoever has answered; kNever without one.
  Nanos deadline() const { return under_way_ ? deadline_ : kNever; }
  /// Ends the round.
  const NodeFigures& finish(Nanos now);

 private:
  std::vector<ShardFigures> last_;
  std::vector<bool> answered_;
  NodeFigures figures_;
  Nanos started_ = 0;
  Nanos deadline_ = kNever;
  std::uint64_t round_ = 0;
  ShardId missing_ = 0;
  bool under_way_ = false;
};

}  // namespace orrery::admin
