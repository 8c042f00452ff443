// SPDX-License-Identifier: Apache-2.0
// The seam's other half: a broker node as its world sees it, a set of shards that are pure state machines.
//
// A world makes a Node through a NodeFactory, gives each shard an Effects (broker/seam/effects.h), shows every shard
// what it had stored, calls start() on it and then one event at a time. Shards of one node may run on different
// threads: a world calls one shard from one thread at a time, and nothing a shard does waits for another. The full
// broker (broker/node/broker_node.h) is one Node; the simulator runs any other that is plugged in through
// sim/plug/abi.h.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/types.h"
#include "broker/seam/counters.h"
#include "broker/seam/effects.h"

namespace orrery {

inline constexpr NodeId kNodesMax = 64;

/// What a link speaks. Clients' links begin with the transport's first byte (for kWebSocket that is the HTTP request).
/// kAdmin is the admin's HTTP; a world opens such links on shard 0.
enum class LinkKind : std::uint8_t { kTcp, kWebSocket, kPeerIn, kPeerOut, kAdmin };
inline constexpr std::size_t kLinkKinds = 5;

struct LinkInfo {
  LinkKind kind = LinkKind::kTcp;
  /// For kPeerOut the tag given to dial(); otherwise 0.
  std::uint32_t dial_tag = 0;
  /// The other end as "address:port"; valid during the call. May be empty.
  std::string_view peer_address;
};

struct ShardStats {
  std::uint64_t counters[kCounters] = {};
  /// What the shard and its share of the node's tables hold, in bytes, from the node's own heaps.
  std::uint64_t memory_bytes = 0;
  /// What the shard and its world have told: Effects::noted().
  NoteCounts notes;
  std::uint64_t operator[](Counter c) const { return counters[static_cast<int>(c)]; }
};

/// Events. `now` never goes back for one shard. Views are valid until the call returns.
class Shard {
 public:
  virtual ~Shard() = default;
  /// A record of this shard's storage (broker/seam/storage.h): all of them, in order of the keys' bytes, before
  /// start(). An event like the others, but the shard must not use its Effects yet. A shard that never persists gets
  /// none.
  virtual void recovered(Nanos /*now*/, Bytes /*key*/, Bytes /*value*/) {}
  /// First event of every shard but for recovered().
  virtual void start(Nanos now) = 0;
  virtual void link_open(Nanos now, LinkId link, const LinkInfo& info) = 0;
  /// Bytes of the stream, cut anywhere. The shard may overwrite them.
  virtual void bytes(Nanos now, LinkId link, MutableBytes bytes) = 0;
  /// Everything queued on the link has been taken by the transport, after Effects::send had returned more than 0.
  virtual void drained(Nanos now, LinkId link) = 0;
  /// The link is gone, by either side. Exactly once for each link_open.
  virtual void link_closed(Nanos now, LinkId link) = 0;
  /// In the place of link_closed() when the peer reset the link, or nothing reached it any more.
  virtual void link_reset(Nanos now, LinkId link) { link_closed(now, link); }
  /// Not an event: whether the shard wants to go on sending to a peer that has sent its last byte. If not, such a link
  /// ends at once with link_closed().
  virtual bool takes_half_close() const { return false; }
  /// The peer has sent its last byte and may still read: no bytes() come any more. The link ends when the shard
  /// closes it, or the peer resets it. Only for a shard that takes_half_close().
  virtual void half_closed(Nanos, LinkId) {}
  virtual void dial_failed(Nanos now, std::uint32_t tag) = 0;
  virtual void wake(Nanos now) = 0;
  virtual void message(Nanos now, ShardId from, Bytes message) = 0;
  /// Shard `to` has caught up, after Effects::post() to it had returned more than kPostsHigh.
  virtual void posts_taken(Nanos now, ShardId to) = 0;
  /// What became of the batch of this ticket.
  virtual void persisted(Nanos /*now*/, std::uint64_t /*ticket*/, StorageResult /*result*/) {}
  /// Not an event: what the shard counts, for reports and oracles. Called from the shard's own thread.
  virtual ShardStats stats() const = 0;
};

class Node {
 public:
  virtual ~Node() = default;
  virtual ShardId shards() const = 0;
  virtual Shard& shard(ShardId id) = 0;
};

enum class Role : std::uint8_t { kCore, kReplicant };

struct ClusterMember {
  std::string name;
  Role role = Role::kCore;
  /// How many shards the member has: a stream to it may be dialled to each of them.
  ShardId shards = 1;
};

/// What a node must be told to come into being. All members know the same list in the same order.
struct NodeSetup {
  std::vector<ClusterMember> members;
  NodeId self = 0;
  /// Larger at each start of the same node, so that what its former life left behind can be told apart.
  std::uint64_t incarnation = 1;
  /// The seed of everything random in the node.
  std::uint64_t seed = 0;
  /// The node has storage: what its shards persist comes back when it starts again.
  bool remembers = false;
};

/// `effects` has one entry for each shard of members[self]; they outlive the node.
using NodeFactory = std::function<std::unique_ptr<Node>(const NodeSetup& setup, std::span<Effects* const> effects)>;

}  // namespace orrery
