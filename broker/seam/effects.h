// SPDX-License-Identifier: Apache-2.0
// One half of the seam: what a shard may ask of its world. The other half, the events, is Shard in broker/seam/node.h.
//
// A world (broker/runtime_asio with sockets and a clock, sim/ with virtual ones) gives every shard one Effects and
// calls the shard's events one after another, each with the time. An event runs to completion, never blocks, never
// throws, and reaches the outside only through this interface. No call here ever calls back into the shard. Effects of
// one event leave in the order of the calls; bytes given are copied or written before the call returns.
// What a world must keep is written down as a test: broker/seam/world_contract.h, run against both worlds.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/types.h"
#include "broker/seam/note.h"
#include "broker/seam/storage.h"

namespace orrery {

/// How a link ends: after everything sent has gone out and with a FIN, or at once with a reset and what is queued
/// dropped.
enum class CloseHow : std::uint8_t { kFlush, kAbort };

/// Units of the broker's own work, told to the world so that it can count or charge them. The simulator's cost table
/// has a row for each (sim/models/cost_table.h); the kernel's share (reads, writes, accepts) it sees by itself.
enum class Work : std::uint8_t {
  kHttpUpgrade,      // one WebSocket handshake answered
  kWebSocketFrame,   // one frame taken apart or made
  kMqttConnect,      // one CONNECT accepted or refused
  kMqttSubscribe,    // one topic filter subscribed or unsubscribed
  kMqttPublish,      // one PUBLISH parsed and routed
  kMqttDeliver,      // one PUBLISH encoded for one subscriber
  kMqttAcknowledge,  // one PUBACK, PUBREC, PUBREL or PUBCOMP handled
  kMqttOther,        // one packet of another type
  kRouteApplied,     // one operation of an owner log applied to the route table
  kRegistrarClaim,   // one client id claimed, granted or released at a registrar
  kForward,          // one message handed to or taken from another shard or node
  kTimer,            // one timer of the node's own wheel
};
inline constexpr int kWorkKinds = 12;

/// What a shard may have posted to another, in bytes, before it should hold back what makes it post.
inline constexpr std::size_t kPostsHigh = 4 * 1024 * 1024;

class Effects {
 public:
  virtual ~Effects() = default;

  /// Queues bytes on an open link, in order; ignored on a link that is closed or for which close() was called.
  /// Returns the bytes of this link that the transport has not taken yet, these included: 0 while it keeps up. When
  /// that was above 0 at the end of an event and falls to 0 later, the shard gets one drained() event.
  virtual std::size_t send(LinkId link, Bytes bytes) = 0;

  /// Ends a link. Exactly one link_closed() follows, as an event of its own; no bytes() come in between.
  virtual void close(LinkId link, CloseHow how) = 0;

  /// Stops reading a link: after the present event no bytes() come for it until resume_reading(). What its peer sends
  /// waits in the transport, bounded there, so that the peer feels it. The end of the link is still told, but not
  /// before bytes that came before it: a FIN behind unread bytes waits with them. A reset does not wait, and drops
  /// them. Stopping and resuming may alternate within an event: the last call counts. Both are idempotent, and ignored
  /// on a link that is closed or for which close() was called.
  virtual void stop_reading(LinkId link) = 0;
  /// What waits comes in later events, in order and complete.
  virtual void resume_reading(LinkId link) = 0;

  /// Opens a stream to a shard of another node. Exactly one of link_open(kind kPeerOut, tag) and dial_failed(tag)
  /// follows.
  virtual void dial(std::uint32_t tag, NodeId node, ShardId shard) = 0;

  /// Asks for one wake() at or after `when`; replaces the wish before it. kNever withdraws it.
  virtual void wake_at(Nanos when) = 0;

  /// Hands bytes to another shard of the same node: one message() there, in order for each pair of shards, never lost
  /// while the node lives. `to` must not be the caller's own shard.
  /// Returns the bytes that this shard has posted to `to` and that `to` has not handled yet, these included. A post is
  /// never refused; but a shard that was told more than kPostsHigh should stop what makes it post (it reads its clients
  /// no more) until posts_taken(to), which comes once, when they have fallen to half of that or below. Until then
  /// messages are handled as ever, so shards that post to each other cannot wait for each other.
  virtual std::size_t post(ShardId to, Bytes message) = 0;

  /// Stores a batch, all or nothing, behind those of the calls before; copied before the call returns. Exactly one
  /// persisted(ticket) follows. What is promised and what is not: broker/seam/storage.h.
  virtual void persist(std::uint64_t ticket, const StorageBatch& batch) = 0;

  /// Tells what was done, `units` times. Has no effect on anything that the shard can see.
  virtual void work(Work kind, std::uint32_t units) = 0;

  /// Tells CPU time that no row of Work stands for, on the reference machine: for brokers behind the plug that know
  /// their cost. As without effect as work(); a world without a cost model ignores it.
  virtual void cost(Nanos) {}

  /// The node cannot go on: it ends when this event's work is done, and its links with it. The world tells its users
  /// the status and the last words (one line). Worlds for tests may leave it out.
  virtual void give_up(int, std::string_view) {}

  /// Tells something worth knowing (broker/seam/note.h); counts it, and never changes a run.
  void note(const Note& note) {
    noted_.add(note.kind);
    tell(note);
  }
  /// How often each kind was told here in this life of the shard, by the shard and by its world: for stats and reports.
  const NoteCounts& noted() const { return noted_; }

 protected:
  /// What the world does with a note, which is valid until this returns.
  virtual void tell(const Note& note) = 0;
  /// For a world whose Effects outlive the shard.
  void forget_noted() { noted_ = {}; }

 private:
  NoteCounts noted_;
};

}  // namespace orrery
