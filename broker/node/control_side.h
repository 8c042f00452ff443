// SPDX-License-Identifier: Apache-2.0
// What shard 0 does for the whole node: it runs the control plane, and answers the shards.
//
// Shards reach it by messages (shard_message.h), shard 0's own sessions too; answers go back by post. What owner logs
// say goes into the route table (route_writer.h) and the retained store (retained_messages.h); a SUBSCRIBE waits in the
// waiting room until its routes are in force.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "broker/base/heap.h"
#include "broker/base/work_budget.h"
#include "broker/cluster/control_host.h"
#include "broker/cluster/control_plane.h"
#include "broker/node/node_tables.h"
#include "broker/node/post.h"
#include "broker/node/retained_messages.h"
#include "broker/node/route_writer.h"
#include "broker/node/shard_message.h"
#include "broker/node/waiting_room.h"

namespace orrery::node {

class ControlSide final : private cluster::ControlHost {
 public:
  /// All arguments outlive it.
  ControlSide(NodeTables& tables, cluster::PeerPort& port, Heap& heap, Post& post, Counters& counters);

  /// At the beginning of every event of the shard.
  void begin_event(Nanos now) {
    retained_.set_now(now);
    pull_budget_ = WorkBudget();
  }
  void start(Nanos now) { plane_.start(now); }
  void tick(Nanos now);
  void end_of_event(Nanos now);
  Nanos next_deadline() const { return std::min(plane_.next_deadline(), retained_.next_deadline()); }
  std::uint64_t memory_bytes() const { return plane_.memory_bytes(); }

  /// Goes on with walks over retained messages; true while more is left.
  bool work(Nanos now, WorkBudget& budget);
  bool work_left() const { return !pulls_.empty(); }
  /// Why client ids cannot be claimed now, a sentence; empty when they can.
  std::string_view why_no_claims() const;
  /// A retained message of this node alone, below $SYS.
  void set_own_retained(Nanos now, const session::MessageView& message) { retained_.set_own(now, message); }
  /// Retained messages of clients, and their bytes.
  std::uint32_t retained() const { return retained_.count() - retained_.own_count(); }
  std::size_t retained_bytes() const { return retained_.bytes() - retained_.own_bytes(); }

  // What a shard says.
  void take(Nanos now, ShardId from, const RouteChange& change);
  void take(Nanos now, ShardId from, const PullRetained& pull);
  void take(Nanos, ShardId, const DropRetained& drop) { retained_.drop_cursor(drop.cursor); }
  void take(Nanos now, ShardId from, const Retain& retain);
  void take(Nanos now, ShardId from, const claims::Request& request) { plane_.claim(now, from, request); }
  void take(Nanos now, ShardId, const claims::Yielded& yielded) { plane_.yielded(now, yielded); }
  void take(Nanos now, ShardId, const claims::Release& release) { plane_.release(now, release); }
  void take(Nanos now, ShardId from, const claims::Hold& hold) { plane_.hold(now, from, hold); }
  void take(Nanos now, ShardId from, const claims::HeldAll& all) { plane_.held_all(now, from, all); }

 private:
  /// A PullRetained that waits for its turn.
  struct Pull {
    ShardId shard;
    std::uint32_t token;
    std::uint64_t cursor;
    std::string filter;
  };

  void answer_waiting(Nanos now);
  void answer(Nanos now, const WaitingSubscribe& subscribe);

  // ControlHost
  void in_force(Nanos now, std::uint64_t up_to) override;
  void granted(Nanos now, ShardId shard, const claims::Grant& grant) override { post_.to_shard(now, shard, grant); }
  void refused(Nanos now, ShardId shard, const claims::Refusal& refusal) override {
    post_.to_shard(now, shard, refusal);
  }
  void yield(Nanos now, ShardId shard, const claims::Yield& yield) override { post_.to_shard(now, shard, yield); }
  void reassert(Nanos now, cluster::NodeMask before, cluster::NodeMask after) override {
    post_.to_all_shards(now, Reassert{before, after});
  }
  void node_gone(Nanos now, NodeId node) override { post_.to_all_shards(now, NodeGone{node}); }
  void node_back(Nanos now, NodeId node, std::uint64_t incarnation) override {
    post_.to_all_shards(now, NodeBack{node, incarnation});
  }

  NodeTables& tables_;
  Post& post_;
  Counters& counters_;
  RouteWriter routes_;
  RetainedMessages retained_;
  cluster::ControlPlane plane_;
  WaitingRoom waiting_;
  std::deque<Pull> pulls_;  // one for each session at most
  WorkBudget pull_budget_;  // what this event may do for pulls that come in it
  std::uint64_t appended_ = 0;
  std::uint64_t in_force_ = 0;
  Nanos nudged_at_ = 0;
  std::vector<std::uint8_t> value_;  // scratch: one retained value
};

}  // namespace orrery::node
