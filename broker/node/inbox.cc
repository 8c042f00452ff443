// SPDX-License-Identifier: Apache-2.0
// Messages to this shard, from its own node and over lanes from others: what each kind does.
#include "base/assert.h"
#include "broker/node/broker_shard.h"

namespace orrery::node {

/// The visitor of visit_message: one overload for each kind of ShardMessages.
struct BrokerShard::Inbox {
  BrokerShard& shard;
  Nanos now;
  Place from;

  // From place to place.
  void operator()(const Publish& m) {
    received();
    shard.sessions_.deliver(now, m.message);
  }
  void operator()(const PublishToGroup& m) {
    received();
    if (!shard.sessions_.deliver_to_group(now, m.share_filter, m.message)) shard.router_.pass_on(now, m);
  }
  void operator()(const FetchRest& m) { shard.sessions_.rest_wanted(now, from, m.client_id, m.epoch); }
  void operator()(const GiveRest& m) { shard.sessions_.rest(now, m.client_id, m.deliveries); }

  // To shard 0.
  void operator()(const RouteChange& m) { control().take(now, from.shard, m); }
  void operator()(const PullRetained& m) { control().take(now, from.shard, m); }
  void operator()(const DropRetained& m) { control().take(now, from.shard, m); }
  void operator()(const Retain& m) { control().take(now, from.shard, m); }
  void operator()(const claims::Request& m) { control().take(now, from.shard, m); }
  void operator()(const claims::Yielded& m) { control().take(now, from.shard, m); }
  void operator()(const claims::Release& m) { control().take(now, from.shard, m); }
  void operator()(const claims::Hold& m) { control().take(now, from.shard, m); }
  void operator()(const claims::HeldAll& m) { control().take(now, from.shard, m); }

  void operator()(const StatsAnswer& m) {
    ORRERY_ASSERT(shard.admin_ != nullptr);
    shard.admin_->take(now, from.shard, m);
  }

  // From shard 0.
  void operator()(const RoutesInForce& m) { shard.sessions_.routes_in_force(now, m.token); }
  void operator()(const RetainedMatch& m) { shard.sessions_.retained(now, m.token, m.message); }
  void operator()(const RetainedPage& m) { shard.sessions_.retained_page(now, m.token, m.cursor, m.cursor != 0); }
  void operator()(const RetainStored& m) { shard.sessions_.confirmed(now, m.owed); }
  void operator()(const claims::Grant& m) { shard.sessions_.claim_granted(now, m); }
  void operator()(const claims::Refusal& m) { shard.sessions_.claim_failed(now, m); }
  void operator()(const claims::Yield& m) { shard.sessions_.yield(now, m); }
  void operator()(const Reassert& m) { shard.reassert_.begin(now, m.before, m.after); }
  void operator()(const NodeGone& m) { shard.lanes_.node_gone(now, m.node); }
  void operator()(const NodeBack& m) { shard.lanes_.node_back(now, m.node, m.incarnation); }
  void operator()(const Nudge&) {}
  void operator()(const StatsWanted& m) {
    shard.post_.to_shard(now, 0, StatsAnswer{m.round, shard.stats(), shard.effects_.noted()});
  }

 private:
  void received() {
    shard.effects_.work(Work::kForward, 1);
    shard.counters_.add(Counter::kMessagesReceived);
  }
  ControlSide& control() {
    ORRERY_ASSERT(shard.control_ != nullptr);
    return *shard.control_;
  }
};

void BrokerShard::take(Nanos now, ShardId from, Bytes message) {
  Inbox inbox{*this, now, {place_.node, from}};
  const bool understood = visit_message(message, now, Sender::kThisNode, inbox);
  ORRERY_ASSERT(understood);
}

bool BrokerShard::lane_message(Nanos now, Place from, Bytes message) {
  ORRERY_ASSERT(from.node != place_.node);
  Inbox inbox{*this, now, from};
  return visit_message(message, now, Sender::kPeer, inbox);
}

}  // namespace orrery::node
