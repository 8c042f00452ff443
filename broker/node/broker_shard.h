// SPDX-License-Identifier: Apache-2.0
// One shard of the full broker: transport, sessions, lanes, and on shard 0 the control side, wired together.
//
// Each event does its work and then finish(): messages that the shard has for itself, connections that go on after
// their claim, what lanes and the control plane have queued, until nothing is left; then the wish for the next wake-up.
// An event handles clients' packets within budget_; while something waits for its turn the shard wishes to be woken at
// once, and each wake-up has a budget of its own, so that others' events come in between. While another shard has not
// taken what this one posted to it there is no budget: clients wait, messages and deliveries go on.
// Files: broker_shard.cc events and wiring, inbox.cc messages from places; what sessions ask for is here, in one line
// each.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/rng.h"
#include "broker/base/heap.h"
#include "broker/cluster/lanes.h"
#include "broker/cluster/peer_port.h"
#include "broker/node/admin_side.h"
#include "broker/node/control_side.h"
#include "broker/node/link_table.h"
#include "broker/node/node_tables.h"
#include "broker/node/post.h"
#include "broker/node/reassert_round.h"
#include "broker/node/router.h"
#include "broker/node/transport.h"
#include "broker/seam/counters.h"
#include "broker/seam/node.h"
#include "broker/session/sessions.h"

namespace orrery::node {

class BrokerShard final : public Shard, private session::SessionHost, private cluster::LaneHost {
 public:
  /// `tables` and `effects` outlive it.
  BrokerShard(NodeTables& tables, ShardId id, Effects& effects);
  ~BrokerShard() override;

  void start(Nanos now) override;
  void link_open(Nanos now, LinkId link, const LinkInfo& info) override;
  void bytes(Nanos now, LinkId link, MutableBytes bytes) override;
  void drained(Nanos now, LinkId link) override;
  void link_closed(Nanos now, LinkId link) override;
  void dial_failed(Nanos now, std::uint32_t tag) override;
  void wake(Nanos now) override;
  void message(Nanos now, ShardId from, Bytes message) override;
  void posts_taken(Nanos now, ShardId to) override;
  ShardStats stats() const override;

 private:
  struct Inbox;

  // SessionHost
  std::vector<std::uint8_t>& begin_packet() override { return transport_.begin_packet(); }
  std::size_t end_packet(LinkId link) override { return transport_.end_packet(link); }
  void end_link(LinkId link, session::LinkEnd how) override { transport_.end_link(link, how); }
  void resume_link(LinkId link) override { transport_.resume_link(link); }
  bool excused(LinkId link) override { return transport_.excused(link); }
  void claim(Nanos now, const claims::Request& request) override { post_.to_shard(now, 0, request); }
  void yielded(Nanos now, const claims::Yielded& yielded) override { post_.to_shard(now, 0, yielded); }
  void release(Nanos now, const claims::Release& release) override { post_.to_shard(now, 0, release); }
  void change_routes(Nanos now, const session::RouteRequest& r) override {
    post_.to_shard(now, 0, RouteChange{r.token, r.added, r.removed});
  }
  void pull_retained(Nanos now, const session::RetainedPull& p) override {
    post_.to_shard(now, 0, PullRetained{p.token, p.cursor, p.filter});
  }
  void drop_retained(Nanos now, std::uint64_t cursor) override { post_.to_shard(now, 0, DropRetained{cursor}); }
  std::uint32_t route(Nanos now, const session::MessageView& message, std::uint32_t owed, bool& matched) override {
    return router_.route(now, message, owed, matched);
  }
  bool route_to_group(Nanos now, const session::MessageView& message) override {
    return router_.pass_on(now, {0, message.share_filter, message});
  }
  std::uint32_t retain(Nanos now, const session::MessageView& message, std::uint32_t owed) override {
    post_.to_shard(now, 0, Retain{owed, message});
    return owed == kNoSlot ? 0 : 1;
  }
  std::size_t retained_bytes_max() const override { return RetainedMessages::kMessageBytesMax; }
  void fetch_rest(Nanos now, Place former, std::string_view client_id, std::uint64_t epoch) override {
    // Named by an export, which may be a stranger's: who waits for nobody's rest goes on without it after a while.
    if (tables_.has(former)) post_.to_place(now, former, FetchRest{epoch, client_id});
  }
  void give_rest(Nanos now, Place present, std::string_view client_id, Bytes rest) override {
    post_.to_place(now, present, GiveRest{client_id, rest});
  }

  // LaneHost
  bool lane_message(Nanos now, Place from, Bytes message) override;
  void lane_accepted(Nanos now, Place to, std::uint64_t up_to) override;
  void lane_lost(Nanos now, Place to, std::uint64_t first, std::uint64_t last) override;

  void take(Nanos now, ShardId from, Bytes message);
  void begin(Nanos now);
  void finish(Nanos now);
  void arm(Nanos now);

  NodeTables& tables_;
  const Place place_;
  Effects& effects_;
  Heap heap_;
  Counters counters_;
  Rng rng_;
  WorkBudget budget_;  // of the present event
  session::Sessions sessions_;
  Transport transport_;
  cluster::PeerPort port_;
  cluster::Lanes lanes_;
  Post post_;
  Router router_;
  LinkTable links_;
  ReassertRound reassert_;
  std::unique_ptr<ControlSide> control_;  // shard 0 only
  std::unique_ptr<AdminSide> admin_;      // shard 0 only
  Nanos now_ = 0;                         // of the present event
  Nanos wish_ = kNever;
};

}  // namespace orrery::node
