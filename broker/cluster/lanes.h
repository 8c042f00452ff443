// SPDX-License-Identifier: Apache-2.0
// Lanes: from this shard to every shard of other nodes an ordered, reliable stream of messages, and the ends of theirs to us.
//
// A lane goes one way: its sender dials it, numbers its messages, keeps them until the receiver has acknowledged, and after
// a lost connection sends again what is not acknowledged; the receiver drops what it has had. So every message is delivered
// exactly once and in order while both incarnations live. When the receiver comes back as a new incarnation, or is gone for
// kNodeGoneAfter, what was not acknowledged is reported as lost and the lane starts afresh: whether those messages were
// delivered is unknown.
// One Lanes belongs to one shard. Idle lanes cost no timer and no buffer; a lane that waits for an acknowledgement notices a
// dead stream by itself (kLaneStallAfter).
// Upcalls come from PeerPort's events, tick(), node_gone() and node_back(); never from send(). A host may call send() in an upcall.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "broker/base/effects.h"
#include "broker/base/heap.h"
#include "broker/base/rng.h"
#include "broker/cluster/cluster_setup.h"
#include "broker/cluster/peer_port.h"

namespace orrery::cluster {

class LaneHost {
 public:
  virtual ~LaneHost() = default;
  /// A message from another node's shard; it counts as accepted when this returns.
  virtual void lane_message(Nanos now, Place from, Bytes message) = 0;
  /// All messages with a ticket up to this one have been accepted there. Comes for batches, not for each message.
  virtual void lane_accepted(Nanos now, Place to, std::uint64_t up_to) = 0;
  /// These tickets will never be confirmed: the receiver died or is gone.
  virtual void lane_lost(Nanos now, Place to, std::uint64_t first, std::uint64_t last) = 0;
};

class Lanes final : public StreamUser {
 public:
  /// Registers itself at the port. All arguments outlive it.
  Lanes(const ClusterSetup& setup, ShardId shard, PeerPort& port, Heap& heap, LaneHost& host);
  ~Lanes() override;

  /// Begins to dial, in batches: the replicants' shards, or all when the cluster has no replicants. Others on first use.
  void start(Nanos now);
  /// Queues one message and gives its ticket (1, 2, 3, ... on each lane), or nothing when it is refused: too long, the lane or
  /// the shard's lanes full, or the node gone. `to` is a place of another node. Bytes leave at end_of_event().
  std::optional<std::uint64_t> send(Nanos now, Place to, Bytes message, bool wants_ack);
  /// Sends what the event queued, and acknowledgements; call it at the end of every event of the shard.
  void end_of_event(Nanos now);

  /// The control plane's judgement, told to every shard: lanes to it give up what they keep, and refuse.
  void node_gone(Nanos now, NodeId node);
  /// The node is there (again), as this incarnation.
  void node_back(Nanos now, NodeId node, std::uint64_t incarnation);

  void tick(Nanos now);
  Nanos next_deadline() const;
  std::uint64_t memory_bytes() const;
  /// Bytes that wait for an acknowledgement, over all lanes.
  std::size_t buffered_bytes() const { return buffered_; }

  bool stream_up(Nanos now, LinkId link, const Hello& peer, bool dialled) override;
  bool stream_frame(Nanos now, LinkId link, FrameType type, Bytes body) override;
  void stream_drained(Nanos now, LinkId link) override;
  void stream_down(Nanos now, LinkId link) override;
  void stream_failed(Nanos now, Place to) override;

 private:
  struct Out;
  struct In;
  struct State;
  State* state_;
  std::size_t buffered_ = 0;
};

}  // namespace orrery::cluster
