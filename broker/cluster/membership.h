// SPDX-License-Identifier: Apache-2.0
// Who lives, as this node sees it: whom it hears itself, and whom those hear that it hears.
//
// A node that nobody has heard for kMaskAfter is masked (nothing is routed to it), after kNodeGoneAfter it is gone; one
// sign of life ends both. A replicant that hears no core at all knows nothing about anybody: it changes no judgement
// until it hears one again, and then starts to count anew. So the loss of all cores stops no traffic.
#pragma once

#include <array>
#include <cstdint>

#include "base/assert.h"
#include "base/types.h"
#include "broker/cluster/cluster_setup.h"
#include "broker/cluster/limits.h"

namespace orrery::cluster {

class Membership {
 public:
  explicit Membership(const ClusterSetup& setup);

  void start(Nanos now);
  void heard(Nanos now, NodeId node) {
    ORRERY_ASSERT(node < setup_.nodes());
    ORRERY_ASSERT(now >= heard_at_[node]);
    heard_at_[node] = now;
  }
  /// What a node has said that it hears.
  void hears(NodeId node, NodeMask others) {
    ORRERY_ASSERT(node < setup_.nodes());
    ORRERY_ASSERT((others & ~all_) == 0);
    hears_[node] = others;
  }
  /// This node was not running for a while: silence meanwhile says nothing about others.
  void slept(Nanos now);

  struct Changes {
    NodeMask masked = 0;
    NodeMask unmasked = 0;
    NodeMask gone = 0;
    NodeMask back = 0;        // was gone
    bool cores_lost = false;  // this replicant has heard a core, and now hears none
    bool cores_heard = false;
    bool live_cores = false;
    NodeMask live_cores_before = 0;
  };
  Changes evaluate(Nanos now);

  /// Heard by this node itself within kPeerTimeout; this node included.
  NodeMask direct(Nanos now) const;
  /// As of the last evaluate().
  NodeMask reachable() const { return reachable_; }
  NodeMask live_cores() const { return live_cores_; }
  bool masked(NodeId node) const { return (masked_ & mask_of(node)) != 0; }
  bool gone(NodeId node) const { return (gone_ & mask_of(node)) != 0; }
  Nanos unheard_for(Nanos now, NodeId node) const { return now - unheard_since_[node]; }
  bool silent(Nanos now, NodeId node) const { return now - heard_at_[node] > kPeerTimeout; }
  /// A node that hears `node`, among those in `candidates`; kNoNode when there is none.
  NodeId hearer_of(NodeId node, NodeMask candidates) const;

 private:
  const ClusterSetup& setup_;
  NodeMask all_ = 0;
  NodeMask cores_ = 0;
  std::array<Nanos, kMembersMax> heard_at_{};
  std::array<Nanos, kMembersMax> unheard_since_{};
  std::array<NodeMask, kMembersMax> hears_{};
  NodeMask reachable_ = 0;
  NodeMask live_cores_ = 0;
  NodeMask masked_ = 0;
  NodeMask gone_ = 0;
  bool blind_ = false;
  bool saw_core_ = false;
};

}  // namespace orrery::cluster
