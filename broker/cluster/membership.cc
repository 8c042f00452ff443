// SPDX-License-Identifier: Apache-2.0
#include "broker/cluster/membership.h"

#include <algorithm>

namespace orrery::cluster {

Membership::Membership(const ClusterSetup& setup) : setup_(setup) {
  for (NodeId n = 0; n < setup.nodes(); ++n) {
    all_ |= mask_of(n);
    if (setup.is_core(n)) cores_ |= mask_of(n);
  }
}

void Membership::start(Nanos now) {
  heard_at_.fill(now - kPeerTimeout - 1);
  unheard_since_.fill(now);
  reachable_ = mask_of(setup_.self);
  live_cores_ = reachable_ & cores_;
}

void Membership::slept(Nanos now) {
  for (NodeId n = 0; n < setup_.nodes(); ++n) {
    if ((reachable_ & mask_of(n)) != 0) heard_at_[n] = std::max(heard_at_[n], now);
    unheard_since_[n] = now;
  }
}

NodeMask Membership::direct(Nanos now) const {
  NodeMask direct = mask_of(setup_.self);
  for (NodeId n = 0; n < setup_.nodes(); ++n)
    if (!silent(now, n)) direct |= mask_of(n);
  return direct;
}

Membership::Changes Membership::evaluate(Nanos now) {
  Changes changes;
  const NodeMask mine = direct(now);
  reachable_ = mine;
  for (NodeId n = 0; n < setup_.nodes(); ++n)
    if (n != setup_.self && (mine & mask_of(n)) != 0) reachable_ |= hears_[n];

  changes.live_cores_before = live_cores_;
  live_cores_ = reachable_ & cores_;
  changes.live_cores = live_cores_ != changes.live_cores_before;

  const bool was_blind = blind_;
  blind_ = !setup_.self_is_core() && live_cores_ == 0;
  changes.cores_lost = blind_ && !was_blind && saw_core_;
  changes.cores_heard = was_blind && !blind_ && saw_core_;
  saw_core_ = saw_core_ || live_cores_ != 0;
  for (NodeId n = 0; n < setup_.nodes(); ++n) {
    const NodeMask bit = mask_of(n);
    if ((reachable_ & bit) != 0) {
      unheard_since_[n] = now;
      changes.unmasked |= masked_ & bit;
      changes.back |= gone_ & bit;
    } else if (was_blind) {
      unheard_since_[n] = now;
    } else if (!blind_) {
      const Nanos silence = now - unheard_since_[n];
      if (silence >= kMaskAfter) changes.masked |= bit & ~masked_;
      if (silence >= kNodeGoneAfter) changes.gone |= bit & ~gone_;
    }
  }
  masked_ = (masked_ | changes.masked) & ~changes.unmasked;
  gone_ = (gone_ | changes.gone) & ~changes.back;
  ORRERY_ASSERT((reachable_ & mask_of(setup_.self)) != 0);
  ORRERY_ASSERT((reachable_ & ~all_) == 0);
  ORRERY_ASSERT((masked_ & reachable_) == 0);
  ORRERY_ASSERT((gone_ & ~masked_) == 0);  // who is gone was masked long before
  return changes;
}

NodeId Membership::hearer_of(NodeId node, NodeMask candidates) const {
  for (NodeId n = 0; n < setup_.nodes(); ++n)
    if ((candidates & mask_of(n)) != 0 && (hears_[n] & mask_of(node)) != 0) return n;
  return kNoNode;
}

}  // namespace orrery::cluster
