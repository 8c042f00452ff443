// SPDX-License-Identifier: Apache-2.0
// The registrar's messages: between the shards of this node, which claim, hold and yield client ids, and the registrars
// on the cores, this node's own included. Its frames travel on control streams; where there is no stream to a node,
// another node that hears it passes them on.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "broker/cluster/claim_table.h"
#include "broker/cluster/control_frames.h"
#include "broker/cluster/control_host.h"
#include "broker/cluster/control_wire.h"
#include "broker/cluster/log_exchange.h"
#include "broker/cluster/membership.h"
#include "broker/cluster/registrar.h"
#include "broker/cluster/settling.h"

namespace orrery::cluster {

class RegistrarLink final : private RegistrarOut {
 public:
  RegistrarLink(const ClusterSetup& setup, Heap& heap, ControlWire& wire, const Membership& membership,
                const LogExchange& logs, ControlHost& host);

  void start(Nanos now);

  // From the shards, through ControlPlane.
  void claim(Nanos now, ShardId shard, const claims::Request& request);
  void yielded(const claims::Yielded& yielded);
  void release(const claims::Release& release);
  void hold(ShardId shard, const claims::Hold& hold);
  void held_all(ShardId shard, const claims::HeldAll& all);

  // What happens around.
  /// One frame of the registrar from a peer or from this node itself; false when it is malformed.
  bool handle(Nanos now, NodeId from, FrameType type, ByteReader& body);
  void live_cores_changed(Nanos now, NodeMask before);
  /// A stream to the node is there (again): frames before it may be lost, a core's table may be empty.
  void stream_up(Nanos now, NodeId node);
  void node_masked(Nanos now, NodeId node) { registrar_.pass_over(now, node); }
  void node_renewed(Nanos now, NodeId node);
  /// The set of reachable nodes, or what they told, may have changed.
  void update_settling(Nanos now);
  /// Every half second: claims that could not be sent are tried again.
  void beat(Nanos now);

  /// Upcalls that are due; true when there were any.
  bool make_upcalls(Nanos now);
  void tick(Nanos now);
  Nanos next_deadline() const;
  std::size_t rows() const { return registrar_.rows(); }
  std::uint64_t memory_bytes() const { return registrar_.memory_bytes() + claims_.memory_bytes(); }

 private:
  // RegistrarOut
  void grant(const Holder& to, const claims::Grant& grant) override;
  void refuse(const Holder& to, const claims::Refusal& refusal) override;
  void yield(Place holder, const claims::Yield& yield) override;
  std::uint64_t next_epoch() override;
  bool alive(const Holder& holder) override;
  bool outlived(const Holder& holder) override;

  NodeMask live() const { return membership_.live_cores(); }
  NodeId next_hop(NodeId to) const;
  template <class Said>
  bool send(NodeId to, const HolderShard& holder, const Said& said);
  bool pass_on(NodeId from, FrameType type, Envelope envelope, ByteReader& body);
  void send_claim(ClaimTable::Key key, ClaimTable::Waiting& waiting);
  void begin_round(Nanos now, NodeMask before);
  bool valid(NodeId from, FrameType type, const HolderShard& holder) const;
  template <class Said>
  bool take_as(Nanos now, NodeId from, const HolderShard& holder, ByteReader& body);
  // At the registrar, from a node that claims or holds.
  void take(Nanos now, NodeId from, const HolderShard& holder, const claims::Request& request);
  void take(Nanos now, NodeId from, const HolderShard& holder, const claims::Yielded& yielded);
  void take(Nanos now, NodeId from, const HolderShard& holder, const claims::Release& release);
  void take(Nanos now, NodeId from, const HolderShard& holder, const claims::Hold& hold);
  void take(Nanos now, NodeId from, const HolderShard& holder, const claims::HeldAll& all);
  // At the node of the shard, from a registrar.
  void take(Nanos now, NodeId from, const HolderShard& holder, const claims::Grant& grant);
  void take(Nanos now, NodeId from, const HolderShard& holder, const claims::Refusal& refusal);
  void take(Nanos now, NodeId from, const HolderShard& holder, const claims::Yield& yield);
  void look_for_misplaced(std::string_view client_id);
  void purge(Nanos now);

  const ClusterSetup& setup_;
  ControlWire& wire_;
  const Membership& membership_;
  const LogExchange& logs_;
  ControlHost& host_;
  Registrar registrar_;
  Settling settling_;
  ClaimTable claims_;
  std::vector<ClaimTable::Key> overflown_;                          // claims that fail for want of room
  std::map<std::pair<std::string, std::uint64_t>, NodeId> yields_;  // who asked the shards to yield what
  std::vector<bool> told_;  // by shard: has told all that it holds in this round
  NodeMask round_ = 0;      // the live cores of the round; 0: none is under way
  Nanos purge_at_ = kNever;
  bool misplaced_ = false;  // a row may have been made for an id that is another registrar's
};

}  // namespace orrery::cluster
