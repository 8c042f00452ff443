// SPDX-License-Identifier: Apache-2.0
// The admin's side of a node (broker/admin/admin.h) wired into its shard 0: user of the admin's links, asks the shards
// by messages, keeps the $SYS tree in the node's retained messages and delivers it to the node's own subscribers.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "broker/admin/admin.h"
#include "broker/node/control_side.h"
#include "broker/node/node_tables.h"
#include "broker/node/post.h"
#include "broker/node/router.h"
#include "broker/seam/link_user.h"

namespace orrery::node {

class AdminSide final : public LinkUser, private admin::AdminHost {
 public:
  /// All arguments outlive it.
  AdminSide(const NodeTables& tables, Heap& heap, Effects& effects, Counters& counters, Post& post, Router& router,
            ControlSide& control);

  void start(Nanos now) { admin_.start(now); }
  void tick(Nanos now) { admin_.tick(now); }
  Nanos next_deadline() const { return admin_.next_deadline(); }
  void take(Nanos now, ShardId from, const StatsAnswer& answer) {
    admin_.shard_answered(now, answer.round, from, {answer.stats, answer.notes});
  }

  // LinkUser
  void link_open(Nanos now, LinkId link, const LinkInfo&) override { admin_.link_open(now, link); }
  void bytes(Nanos now, LinkId link, MutableBytes bytes) override { admin_.bytes(now, link, bytes); }
  void drained(Nanos now, LinkId link) override { admin_.drained(now, link); }
  void link_closed(Nanos now, LinkId link) override { admin_.link_closed(now, link); }

 private:
  // AdminHost
  void ask_shards(Nanos now, std::uint64_t round) override { post_.to_all_shards(now, StatsWanted{round}); }
  std::string_view why_no_clients() override;
  void publish_sys(Nanos now, std::string_view topic, std::string_view payload) override;

  Post& post_;
  Router& router_;
  ControlSide& control_;
  const std::string draining_;  // why_no_clients() while clients are told to use another server
  std::uint64_t message_ids_;
  admin::Admin admin_;
};

}  // namespace orrery::node
