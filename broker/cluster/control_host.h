// SPDX-License-Identifier: Apache-2.0
// What the control plane tells the node it runs in.
//
// Upcalls come on shard 0, from PeerPort's events, tick() and end_of_event() only; a host may call any method of the control
// plane in an upcall except end_of_event() and tick().
#pragma once

#include <cstdint>
#include <string_view>

#include "base/types.h"
#include "broker/cluster/cluster_setup.h"

namespace orrery::cluster {

class ControlHost {
 public:
  virtual ~ControlHost() = default;

  /// The own log's entries up to this one are in force: a core has them (a core itself, a node alone: at the end of the event).
  virtual void in_force(Nanos now, std::uint64_t up_to_seq) = 0;

  /// The client id belongs to this shard from now on, under this epoch. `session` is what the former holder handed over.
  virtual void claim_granted(Nanos now, ShardId shard, std::uint64_t request, std::uint64_t epoch, Bytes session,
                             bool session_present) = 0;
  /// No registrar answered in time, or too many claims for the same client id.
  virtual void claim_failed(Nanos now, ShardId shard, std::uint64_t request) = 0;
  /// The shard holds the client id under `epoch` or an older one and must give it up: disconnect the client (0x8E) and call
  /// yielded(), also when it does not know the client id. `discard`: the taker starts clean, the session need not be sent.
  virtual void yield(Nanos now, ShardId shard, std::string_view client_id, std::uint64_t epoch, bool discard) = 0;

  /// The set of live cores has changed, or one of them may have lost its table: every shard goes through the client ids that it
  /// holds, at the pace of kReassertBatch and kReassertEvery, calls ControlPlane::hold() for those whose
  /// registrar_of(id, before) is not registrar_of(id, after), and at the end ControlPlane::held_all(). With before = 0 all
  /// ids are told. A later call replaces the round that is under way: start again from the first id with the new sets.
  virtual void reassert(Nanos now, NodeMask before, NodeMask after) = 0;

  /// For the lanes of every shard: Lanes::node_gone and Lanes::node_back.
  virtual void node_gone(Nanos now, NodeId node) = 0;
  virtual void node_back(Nanos now, NodeId node, std::uint64_t incarnation) = 0;
};

}  // namespace orrery::cluster
