// SPDX-License-Identifier: Apache-2.0
// A shard's part in a round of ControlHost::reassert: it tells the registrars which client ids it holds, batch by
// batch, and at the end that it has told all. A round that begins replaces the one under way.
#pragma once

#include <cstdint>

#include "base/assert.h"
#include "broker/base/slab.h"
#include "broker/claims/claims.h"
#include "broker/cluster/cluster_setup.h"
#include "broker/cluster/limits.h"

namespace orrery::node {

class ReassertRound {
 public:
  void begin(Nanos now, cluster::NodeMask before, cluster::NodeMask after) {
    ORRERY_ASSERT(after != 0);
    before_ = before;
    after_ = after;
    from_ = 0;
    at_ = now;
  }
  Nanos next_deadline() const { return at_; }

  /// One batch. `held` is session::Sessions: for_each_client_id(from, most, visit(client id, epoch)) gives where to go
  /// on, or kNoSlot. say() takes a claims::Hold for each id whose registrar is another one than before, then one
  /// claims::HeldAll.
  template <class Held, class Say>
  void step(Nanos now, Held& held, Say&& say) {
    ORRERY_ASSERT(at_ != kNever);
    from_ =
        held.for_each_client_id(from_, cluster::kReassertBatch, [&](std::string_view client_id, std::uint64_t epoch) {
          if (before_ != 0 && cluster::registrar_of(client_id, before_) == cluster::registrar_of(client_id, after_))
            return;
          say(claims::Hold{epoch, client_id});
        });
    at_ = from_ == kNoSlot ? kNever : now + cluster::kReassertEvery;
    if (at_ == kNever) say(claims::HeldAll{after_});
  }

 private:
  std::uint32_t from_ = 0;  // session slot
  cluster::NodeMask before_ = 0;
  cluster::NodeMask after_ = 0;
  Nanos at_ = kNever;
};

}  // namespace orrery::node
