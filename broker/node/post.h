// SPDX-License-Identifier: Apache-2.0
// A shard's messages on their way out: to shards of its node by Effects::post, to itself by its SelfQueue, to places of
// other nodes by lanes. A message that an acknowledgement waits for is confirmed when its place has accepted it.
#pragma once

#include <cstdint>
#include <vector>

#include "base/assert.h"
#include "base/types.h"
#include "broker/cluster/lanes.h"
#include "broker/node/awaited.h"
#include "broker/node/node_tables.h"
#include "broker/node/self_queue.h"
#include "broker/node/shard_message.h"
#include "broker/seam/counters.h"
#include "broker/seam/effects.h"

namespace orrery::node {

class Post {
 public:
  /// All arguments outlive it; `lanes` is used from the first event on.
  Post(const NodeTables& tables, Place self, cluster::Lanes& lanes, Heap& heap, Effects& effects, Counters& counters)
      : tables_(tables),
        self_(self),
        lanes_(lanes),
        effects_(effects),
        counters_(counters),
        awaited_(heap, tables.places) {}

  /// For notes.
  Effects& effects() { return effects_; }

  /// To a shard of this node, this one included.
  template <class Kind>
  void to_shard(Nanos now, ShardId to, const Kind& kind) {
    write_message(buffer_, kind, now);
    post(to, buffer_);
  }
  template <class Kind>
  void to_all_shards(Nanos now, const Kind& kind) {
    write_message(buffer_, kind, now);
    for (ShardId s = 0; s < tables_.shards; ++s) post(s, buffer_);
  }
  /// To any place; lost when its lane is full or its node gone.
  template <class Kind>
  void to_place(Nanos now, Place to, const Kind& kind) {
    ORRERY_ASSERT(tables_.has(to));
    write_message(buffer_, kind, now);
    if (to.node == self_.node) return post(to.shard, buffer_);
    lanes_.send(now, to, buffer_, false);
  }

  /// A published message, as write_message() made it. Counted; returns how many confirmations for `owed` (kNoSlot: none
  /// is wanted) will follow, 0 when it was dropped or goes to a shard of this node.
  std::uint32_t forward(Nanos now, Place to, Bytes message, std::uint32_t owed);
  /// confirmed(owed) for each that waited for a ticket of the lane up to this one.
  template <class Confirmed>
  void settle(Place to, std::uint64_t up_to, Confirmed&& confirmed) {
    awaited_.settle(tables_.index(to), up_to, confirmed);
  }

  SelfQueue& self() { return self_queue_; }

  /// Some shard of this node has not taken what was posted to it: more should not be caused.
  bool behind() const { return behind_ != 0; }
  void taken(ShardId by) { behind_ &= ~(std::uint64_t{1} << by); }

 private:
  void fell_behind(ShardId to);
  void post(ShardId to, Bytes message) {
    if (to == self_.shard) return self_queue_.put(message);
    if (effects_.post(to, message) > kPostsHigh) fell_behind(to);
  }

  const NodeTables& tables_;
  const Place self_;
  cluster::Lanes& lanes_;
  Effects& effects_;
  Counters& counters_;
  SelfQueue self_queue_;
  Awaited awaited_;
  std::uint64_t behind_ = 0;          // shards, a bit for each
  std::vector<std::uint8_t> buffer_;  // scratch: one message
};

}  // namespace orrery::node
