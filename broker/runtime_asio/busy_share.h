// SPDX-License-Identifier: Apache-2.0
// How much of its recent time a shard has spent on work.
#pragma once

#include "base/types.h"
#include "broker/runtime_asio/limits.h"

namespace orrery::runtime {

/// Weighs the last kBusyWindow most: whenever the two sums exceed it, both are halved.
class BusyShare {
 public:
  void add(Nanos busy, Nanos idle) {
    busy_ += busy;
    idle_ += idle;
    while (busy_ + idle_ > kBusyWindow) {
      busy_ /= 2;
      idle_ /= 2;
    }
  }
  bool under_half() const { return busy_ < idle_; }

 private:
  Nanos busy_ = 0;
  Nanos idle_ = 0;
};

}  // namespace orrery::runtime
