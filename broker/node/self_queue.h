// SPDX-License-Identifier: Apache-2.0
// Messages of a shard to itself, in order, until the end of the event. One buffer for all, reused.
#pragma once

#include <cstdint>
#include <vector>

#include "base/types.h"

namespace orrery::node {

class SelfQueue {
 public:
  void put(Bytes message) {
    ends_.push_back(bytes_.size() + message.size());
    bytes_.insert(bytes_.end(), message.begin(), message.end());
  }
  bool empty() const { return ends_.empty(); }
  /// Takes all out: handle(message) for each; what is put meanwhile stays for the next call.
  template <class Handle>
  void take_all(Handle&& handle) {
    taken_bytes_.swap(bytes_);
    taken_ends_.swap(ends_);
    std::size_t begin = 0;
    for (const std::size_t end : taken_ends_) {
      handle(Bytes(taken_bytes_.data() + begin, end - begin));
      begin = end;
    }
    taken_bytes_.clear();
    taken_ends_.clear();
  }

 private:
  std::vector<std::uint8_t> bytes_, taken_bytes_;
  std::vector<std::size_t> ends_, taken_ends_;
};

}  // namespace orrery::node
