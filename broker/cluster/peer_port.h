// SPDX-License-Identifier: Apache-2.0
// A shard's peer streams: dials, hellos, frames. The node layer gives it every event of a kPeerIn or kPeerOut link.
//
// The port opens every stream with a hello in each direction, checks the peer's (protocol version, fingerprint of the
// member list, kind, places, incarnation) and then hands whole frames to the user of that kind of stream: Lanes, or on
// shard 0 the ControlPlane. What a peer sends is not trusted: a frame that does not parse ends the stream with a refusal
// that says why. Between frames a stream holds no buffer; a partial frame is carried over in the shard's heap.
// The port owns all dial tags of its shard.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "broker/base/effects.h"
#include "broker/base/heap.h"
#include "broker/cluster/cluster_setup.h"
#include "broker/cluster/peer_frame.h"

namespace orrery::cluster {

/// What runs on streams of one kind. A stream is named by its link.
class StreamUser {
 public:
  virtual ~StreamUser() = default;
  /// Both hellos are valid. `dialled` says whether this end dialled. False refuses the stream.
  virtual bool stream_up(Nanos now, LinkId link, const Hello& peer, bool dialled) = 0;
  /// One frame; false when it is malformed or out of place.
  virtual bool stream_frame(Nanos now, LinkId link, FrameType type, Bytes body) = 0;
  virtual void stream_drained(Nanos now, LinkId link) = 0;
  /// After stream_up, exactly once.
  virtual void stream_down(Nanos now, LinkId link) = 0;
  /// A dial by this user ended without a stream: not reached, refused, or closed before its hello.
  virtual void stream_failed(Nanos now, Place to) = 0;
};

class PeerPort {
 public:
  /// `setup`, `effects` and `heap` outlive the port.
  PeerPort(const ClusterSetup& setup, ShardId shard, Effects& effects, Heap& heap);
  ~PeerPort();
  PeerPort(const PeerPort&) = delete;
  PeerPort& operator=(const PeerPort&) = delete;

  // Events, from the node layer.
  void link_open(Nanos now, LinkId link, bool dialled, std::uint32_t dial_tag);
  void bytes(Nanos now, LinkId link, Bytes bytes);
  void drained(Nanos now, LinkId link);
  void link_closed(Nanos now, LinkId link);
  void dial_failed(Nanos now, std::uint32_t dial_tag);
  void tick(Nanos now);
  Nanos next_deadline() const;
  /// True when the link was given to link_open and not yet to link_closed.
  bool owns(LinkId link) const;

  std::uint64_t memory_bytes() const;
  /// Streams refused or closed because of what the peer sent, and the reason of the last one.
  std::uint64_t refusals() const { return refusals_; }
  Refusal last_refusal() const { return last_refusal_; }

  // For the users.
  void set_user(StreamKind kind, StreamUser* user) { users_[static_cast<std::size_t>(kind)] = user; }
  /// Ends in stream_up or stream_failed. At most one dial for each kind and place may be under way.
  void dial(StreamKind kind, Place to);
  std::size_t send(LinkId link, Bytes frames);
  /// stream_down follows as an event of its own.
  void close(LinkId link, CloseHow how);
  Effects& effects() { return effects_; }

 private:
  struct Stream;
  struct Table;

  Stream* find(LinkId link) const;
  void handle_frame(Nanos now, LinkId link, FrameType type, Bytes body);
  void handle_hello(Nanos now, LinkId link, FrameType type, Bytes body);
  void say_hello(LinkId link, StreamKind kind, Place to);
  void refuse(LinkId link, Refusal why);
  void keep(Stream& stream, Bytes rest);
  void drop_carry(Stream& stream);

  const ClusterSetup& setup_;
  const ShardId shard_;
  Effects& effects_;
  Heap& heap_;
  const std::uint64_t fingerprint_;
  std::array<StreamUser*, 2> users_{};
  HeapVector<Stream> streams_;  // by link id
  HeapVector<LinkId> young_;    // before their hello, oldest first
  std::uint64_t refusals_ = 0;
  Refusal last_refusal_ = Refusal::kNone;
};

}  // namespace orrery::cluster
