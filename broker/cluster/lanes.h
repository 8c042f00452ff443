// SPDX-License-Identifier: Apache-2.0
// Lanes: from this shard to every shard of other nodes an ordered, reliable stream of messages, and the ends of theirs
// to us.
//
// A lane goes one way: its sender dials it, numbers its messages, keeps them until the receiver has acknowledged, and
// after a lost connection sends again what is not acknowledged; the receiver drops what it has had. So every message is
// delivered exactly once and in order while both incarnations live. When the receiver comes back as a new incarnation,
// or is gone for kNodeGoneAfter, what was not acknowledged is reported as lost and the lane starts afresh: whether
// those messages were delivered is unknown.
// One Lanes belongs to one shard. Idle lanes cost no timer and no buffer; a lane that waits for an acknowledgement
// notices a dead stream by itself (kLaneStallAfter).
// Upcalls come from PeerPort's events, tick(), node_gone() and node_back(); never from send(). A host may call send()
// in an upcall.
#pragma once

#include <cstdint>
#include <optional>

#include "base/rng.h"
#include "broker/base/heap.h"
#include "broker/base/slab.h"
#include "broker/cluster/byte_queue.h"
#include "broker/cluster/cluster_setup.h"
#include "broker/cluster/peer_port.h"

namespace orrery::cluster {

class LaneHost {
 public:
  virtual ~LaneHost() = default;
  /// A message from another node's shard; it counts as accepted when this returns. False when it is none that one node
  /// may say to another: the stream is refused.
  virtual bool lane_message(Nanos now, Place from, Bytes message) = 0;
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

  /// Begins to dial, in batches: between those that carry the clients, that is from replicants to replicants, or
  /// between all when the cluster has no replicants. Other lanes are dialled on first use.
  void start(Nanos now);
  /// Queues one message and gives its ticket (1, 2, 3, ... on each lane), or nothing when it is refused: too long, the
  /// lane or the shard's lanes full, or the node gone. `to` is a place of another node. Bytes leave at end_of_event().
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

  bool stream_up(Nanos now, PeerStream& stream) override;
  bool stream_frame(Nanos now, PeerStream& stream, FrameType type, Bytes body) override;
  void stream_drained(Nanos now, PeerStream& stream) override;
  void stream_down(Nanos now, PeerStream& stream) override;
  void stream_failed(Nanos now, Place to) override;

 private:
  /// The sender's end of a lane. Frames stand in `kept` as they are on the wire, so sending again is going back in it.
  struct Out {
    explicit Out(Heap& heap) : kept(heap) {}
    ByteQueue kept;          // frames that are not acknowledged, the next to be sent at `sent`
    std::uint64_t sent = 0;  // position in kept
    std::uint64_t last_ticket = 0;
    std::uint64_t settled = 0;      // tickets up to here are accepted or lost
    std::uint64_t incarnation = 0;  // of the receiver that last answered
    PeerStream* stream = nullptr;
    Nanos deadline = kNever;  // of a stall, or for the next dial
    Nanos progress = 0;       // when the receiver was last heard, or the first frame waited
    Place to;
    std::uint8_t failures = 0;
    bool dialling = false;
    bool open = false;     // the receiver has said where it stands
    bool blocked = false;  // until drained
    bool dirty = false;    // in dirty_
    bool eager = false;    // to be dialled also with nothing to send
  };
  /// The receiver's end.
  struct In {
    Place from;
    std::uint64_t incarnation = 0;
    std::uint64_t received = 0;
    std::uint64_t acknowledged = 0;
    PeerStream* stream = nullptr;
    std::uint32_t bytes = 0;  // since the last acknowledgement
    bool started = false;     // this stream's kLaneStart has come
    bool pending = false;     // in pending_
    bool at_once = false;     // acknowledge at the end of this event
  };

  std::size_t index_of(Place place) const { return first_index_[place.node] + place.shard; }
  bool valid(Place to) const;
  Out& out(Place to);
  Out* find_out(Place to);
  In& in(Place from);
  void dial(Out& lane);
  void retry_later(Nanos now, Out& lane);
  void arm(Out& lane, Nanos deadline);
  /// Tells that a message is refused, and why.
  std::nullopt_t refuse(Place to, const char* why);
  void mark_dirty(Out& lane);
  void flush(Out& lane);
  bool settle(Out& lane, std::uint64_t up_to);
  bool handle_ack(Nanos now, Out& lane, std::uint64_t up_to);
  void give_up(Nanos now, Out& lane);
  void cut(Out& lane);
  void expire(Nanos now, Out& lane);
  bool handle_start(In& lane, std::uint64_t base);
  bool handle_data(Nanos now, In& lane, Bytes body);
  void acknowledge(In& lane);

  const ClusterSetup& setup_;
  const ShardId shard_;
  PeerPort& port_;
  Heap& heap_;
  LaneHost& host_;
  Rng rng_;
  std::array<std::uint32_t, kMembersMax> first_index_{};
  HeapVector<std::uint32_t> out_slots_;  // by index_of
  HeapVector<std::uint32_t> in_slots_;
  Slab<Out> outs_;
  Slab<In> ins_;
  HeapVector<std::uint32_t> dirty_;    // slots of outs_
  HeapVector<std::uint32_t> pending_;  // slots of ins_ that owe an acknowledgement
  HeapVector<std::uint32_t> to_dial_;  // slots of outs_, the next last
  Nanos next_expiry_ = kNever;         // the earliest deadline of a lane, or earlier
  Nanos next_dials_ = kNever;
  Nanos next_acks_ = kNever;
  NodeMask gone_ = 0;
  std::size_t buffered_ = 0;
};

}  // namespace orrery::cluster
