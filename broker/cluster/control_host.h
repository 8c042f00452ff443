// SPDX-License-Identifier: Apache-2.0
// What the control plane tells the node it runs in.
//
// Upcalls come on shard 0, from PeerPort's events, tick() and end_of_event() only; a host may call any method of the
// control plane in an upcall except end_of_event() and tick().
#pragma once

#include <cstdint>

#include "base/types.h"
#include "broker/claims/claims.h"
#include "broker/cluster/cluster_setup.h"

namespace orrery::cluster {

class ControlHost {
 public:
  virtual ~ControlHost() = default;

  /// The own log's entries up to this one are in force: a core has them (a core itself, a node alone: at the end of the
  /// event).
  virtual void in_force(Nanos now, std::uint64_t up_to_seq) = 0;

  // To a shard: what claims.h says about it.
  virtual void granted(Nanos now, ShardId shard, const claims::Grant& grant) = 0;
  virtual void refused(Nanos now, ShardId shard, const claims::Refusal& refusal) = 0;
  /// ControlPlane::yielded() answers.
  virtual void yield(Nanos now, ShardId shard, const claims::Yield& yield) = 0;

  /// The set of live cores has changed, or one of them may have lost its table: every shard goes through the client ids
  /// that it holds, at the pace of kReassertBatch and kReassertEvery, calls ControlPlane::hold() for those whose
  /// registrar_of(id, before) is not registrar_of(id, after), and at the end ControlPlane::held_all(). With before = 0
  /// all ids are told. A later call replaces the round that is under way: start again from the first id with the new
  /// sets.
  virtual void reassert(Nanos now, NodeMask before, NodeMask after) = 0;

  /// For the lanes of every shard: Lanes::node_gone and Lanes::node_back.
  virtual void node_gone(Nanos now, NodeId node) = 0;
  virtual void node_back(Nanos now, NodeId node, std::uint64_t incarnation) = 0;
};

}  // namespace orrery::cluster
