// SPDX-License-Identifier: Apache-2.0
// What the cluster's machines must know of the member list, and the few pure functions over it that all nodes must
// agree on.
//
// All members hold the same list in the same order: a NodeId is a position in it. The fingerprint of the list travels
// in every hello; peers with another list are refused.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/types.h"

namespace orrery::cluster {

struct Member {
  std::string name;
  bool core = true;
  ShardId shards = 1;
};

struct ClusterSetup {
  std::vector<Member> members;
  NodeId self = 0;
  /// Larger at each start of the same node.
  std::uint64_t incarnation = 1;
  /// Of the jitter of retries and of table hashes; nothing else is random.
  std::uint64_t seed = 0;

  NodeId nodes() const { return static_cast<NodeId>(members.size()); }
  bool is_core(NodeId node) const { return members[node].core; }
  bool self_is_core() const { return is_core(self); }
};

/// A set of nodes: bit n is node n.
using NodeMask = std::uint64_t;
constexpr NodeMask mask_of(NodeId node) { return NodeMask{1} << node; }

/// A hash of names, roles, shard counts and order; equal on all members or they do not talk.
std::uint64_t fingerprint(const ClusterSetup& setup);

inline constexpr NodeId kNoNode = UINT16_MAX;
/// The core among `live` that is responsible for a client id, by rendezvous hashing; kNoNode when `live` is empty.
NodeId registrar_of(std::string_view client_id, NodeMask live);
/// The core among `live` that a replicant attaches to; kNoNode when `live` is empty. Rendezvous hashing with a ceiling:
/// each core takes at most its share of all replicants, so that a few replicants spread too.
NodeId attachment_of(const ClusterSetup& setup, NodeId replicant, NodeMask live);

}  // namespace orrery::cluster
