// SPDX-License-Identifier: Apache-2.0
#include "broker/cluster/settling.h"

namespace orrery::cluster {

bool Settling::update(Nanos now, NodeMask live_cores, NodeMask reachable) {
  const bool was = settled_;
  NodeMask missing = 0;
  for (NodeId n = 0; n < kMembersMax; ++n)
    if ((reachable & mask_of(n)) != 0 && told_[n] != live_cores) missing |= mask_of(n);
  if ((missing & ~settled_nodes_) != 0) settled_view_ = 0;
  const bool restart = live_cores != live_ || (settled_ && missing != 0);
  live_ = live_cores;
  if (restart) {
    settled_ = false;
    deadline_ = now + kRegistrarSettle;
  }
  if (missing != 0 && now < deadline_) return was != settled_;
  for (NodeId n = 0; n < kMembersMax; ++n)
    if ((missing & mask_of(n)) != 0) told_[n] = live_cores;  // waited for long enough
  settled_ = true;
  settled_view_ = live_cores;
  settled_nodes_ = reachable;
  return was != settled_;
}

}  // namespace orrery::cluster
