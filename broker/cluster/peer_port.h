// SPDX-License-Identifier: Apache-2.0
// A shard's peer streams: dials, hellos, frames. The node layer gives it every event of a kPeerIn or kPeerOut link.
//
// The port opens every stream with a hello in each direction, checks the peer's (protocol version, fingerprint of the
// member list, kind, places, incarnation) and then hands whole frames to the user of that kind of stream: Lanes, or on
// shard 0 the ControlPlane. What a peer sends is not trusted: a frame that does not parse ends the stream with a
// refusal that says why. Between frames a stream holds no buffer; a partial frame is carried over in the shard's heap.
// The port owns all dial tags of its shard.
#pragma once

#include <array>
#include <cstdint>

#include "base/rng.h"
#include "broker/base/heap.h"
#include "broker/base/id_set.h"
#include "broker/base/slab.h"
#include "broker/cluster/cluster_setup.h"
#include "broker/cluster/limits.h"
#include "broker/cluster/peer_frame.h"
#include "broker/seam/effects.h"
#include "broker/seam/link_user.h"

namespace orrery::cluster {

/// One stream, as its user sees it. Stays at its address from stream_up to stream_down.
struct PeerStream {
  LinkId link = 0;
  Place peer;
  std::uint64_t incarnation = 0;  // the peer's; 0 before its hello
  StreamKind kind = StreamKind::kControl;
  bool dialled = false;
  bool up = false;               // between stream_up and stream_down
  bool closing = false;          // close() was called: only stream_down is to come
  const char* why = nullptr;     // it was called
  std::uint32_t user = kNoSlot;  // the user's own
};

/// What runs on streams of one kind.
class StreamUser {
 public:
  virtual ~StreamUser() = default;
  /// Both hellos are valid. False refuses the stream, and no stream_down follows.
  virtual bool stream_up(Nanos now, PeerStream& stream) = 0;
  /// One frame; false when it is malformed or out of place.
  virtual bool stream_frame(Nanos now, PeerStream& stream, FrameType type, Bytes body) = 0;
  virtual void stream_drained(Nanos now, PeerStream& stream) = 0;
  /// After stream_up, exactly once, however the stream ended.
  virtual void stream_down(Nanos now, PeerStream& stream) = 0;
  /// A dial of this user ended without stream_up: not reached, refused, or closed before the peer's hello.
  virtual void stream_failed(Nanos now, Place to) = 0;
};

class PeerPort final : public LinkUser {
 public:
  /// `setup`, `effects` and `heap` outlive the port.
  PeerPort(const ClusterSetup& setup, ShardId shard, Effects& effects, Heap& heap);
  ~PeerPort() override;
  PeerPort(const PeerPort&) = delete;
  PeerPort& operator=(const PeerPort&) = delete;

  // Events, from the node layer.
  void link_open(Nanos now, LinkId link, const LinkInfo& info) override;
  void bytes(Nanos now, LinkId link, MutableBytes arrived) override { feed(now, link, arrived); }
  /// The same: the port changes nothing in what it is given.
  void feed(Nanos now, LinkId link, Bytes bytes);
  void drained(Nanos now, LinkId link) override;
  void link_closed(Nanos now, LinkId link) override;
  void dial_failed(Nanos now, std::uint32_t dial_tag);
  void tick(Nanos now);
  Nanos next_deadline() const { return young_.empty() ? kNever : young_.front().deadline; }

  std::uint64_t memory_bytes() const;

  // For the users.
  void set_user(StreamKind kind, StreamUser* user) { users_[static_cast<std::size_t>(kind)] = user; }
  /// Ends in stream_up or stream_failed. At most one dial for each kind and place may be under way.
  void dial(StreamKind kind, Place to);
  /// As Effects::send.
  std::size_t send(const PeerStream& stream, Bytes frames) { return effects_.send(stream.link, frames); }
  /// stream_down follows as an event of its own. `why` is for the log, a literal.
  void close(PeerStream& stream, CloseHow how, const char* why);
  Effects& effects() { return effects_; }

 private:
  struct Stream : PeerStream {
    std::uint32_t carry_size = 0;
    std::uint32_t carry_capacity = 0;
    std::uint8_t* carry = nullptr;  // the beginning of a frame whose rest has not come
  };
  struct Told {
    Refusal why = Refusal::kNone;
    Nanos again_at = 0;
  };
  struct Young {
    Nanos deadline;
    LinkId link;
  };

  // Peers' links are few among a shard's links: an array by link would cost every client its share.
  std::uint32_t find(LinkId link) const {
    return links_.find(mix64(link), [&](std::uint32_t slot) { return streams_[slot].link == link; });
  }
  auto hash_of_slot() const {
    return [this](std::uint32_t slot) { return mix64(streams_[slot].link); };
  }
  StreamUser& user_of(const PeerStream& stream) { return *users_[static_cast<std::size_t>(stream.kind)]; }
  /// Length of the whole frame that begins here; 0 while its length has not come. Refuses what is too long.
  std::size_t frame_size(Nanos now, Stream& stream, Bytes begin);
  void handle_frame(Nanos now, Stream& stream, Bytes frame);
  void handle_hello(Nanos now, Stream& stream, Bytes body);
  Refusal judge(const Stream& stream, const Hello& hello) const;
  void say_hello(const Stream& stream);
  void refuse(Nanos now, Stream& stream, Refusal why);
  /// Tells of a refusal by this end or by the other, unless that was told not long ago.
  void note_refusal(Nanos now, NoteKind kind, const Stream& stream, Refusal why);
  void note_stream(NoteKind control, NoteKind lane, const Stream& stream, const char* why);
  /// Adds to the carry until it holds `want` bytes; takes them from `bytes`.
  void carry_until(Stream& stream, std::size_t want, Bytes& bytes);
  void drop_carry(Stream& stream);
  void forget_young(LinkId link);

  const ClusterSetup& setup_;
  const ShardId shard_;
  Effects& effects_;
  Heap& heap_;
  const std::uint64_t fingerprint_;
  std::array<StreamUser*, kStreamKinds> users_{};
  IdSet links_;  // slots of streams_, by link
  Slab<Stream> streams_;
  HeapVector<Young> young_;                                // streams before their hello, oldest first
  std::array<std::uint64_t, kMembersMax> incarnations_{};  // the newest seen of each member
  // What was told last of refusals by us and by them, of each member and (last) of unknown peers.
  std::array<std::array<Told, kMembersMax + 1>, 2> told_{};
  std::size_t carried_ = 0;
};

}  // namespace orrery::cluster
