// SPDX-License-Identifier: Apache-2.0
// When a registrar may trust its table: after the live cores changed, or a node appeared, others may hold client ids
// that the table does not have yet. The table is settled, that is, trusted again, when all reachable nodes have told
// what they hold, or when kRegistrarSettle has passed.
#pragma once

#include <array>
#include <string_view>

#include "base/types.h"
#include "broker/cluster/cluster_setup.h"
#include "broker/cluster/limits.h"

namespace orrery::cluster {

class Settling {
 public:
  explicit Settling(NodeId self) : self_(self) {}

  /// Call whenever one of the two may have changed. True when that has settled or unsettled anything.
  bool update(Nanos now, NodeMask live_cores, NodeMask reachable);
  /// The node has told all that it holds, to the cores of this set.
  void told(NodeId node, NodeMask live_cores) { told_[node] = live_cores; }

  bool settled() const { return settled_; }
  /// Somebody may hold the id and not have told it yet.
  bool may_be_held(std::string_view client_id) const {
    return !settled_ && registrar_of(client_id, settled_view_) != self_;
  }
  Nanos next_deadline() const { return settled_ ? kNever : deadline_; }

 private:
  NodeId self_;
  bool settled_ = false;
  Nanos deadline_ = kNever;
  NodeMask live_ = 0;
  NodeMask settled_view_ = 0;   // the live cores when it was last settled; 0: nothing from then holds any more
  NodeMask settled_nodes_ = 0;  // who was reachable then
  std::array<NodeMask, kMembersMax> told_{};
};

}  // namespace orrery::cluster
