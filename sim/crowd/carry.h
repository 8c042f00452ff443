// SPDX-License-Identifier: Apache-2.0
// The side pool: what few clients have at a time, so that the many pay nothing for it.
//
// An entry holds bytes of a stream that are not a whole frame or packet yet, bytes of a packet that goes on in the next
// frame, and QoS 2 packet identifiers beyond those that fit into the client. Index 0 means none. Addresses stay valid
// until release().
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

namespace orrery::sim {

struct Carry {
  std::vector<std::uint8_t> stream;
  std::vector<std::uint8_t> packet;
  std::vector<std::uint16_t> ids;
  bool empty() const { return stream.empty() && packet.empty() && ids.empty(); }
};

class CarryPool {
 public:
  std::uint32_t acquire() {
    if (!free_.empty()) {
      const std::uint32_t index = free_.back();
      free_.pop_back();
      return index;
    }
    entries_.emplace_back();
    return static_cast<std::uint32_t>(entries_.size());
  }
  /// Keeps the entry's memory for the next one, unless it has grown large.
  void release(std::uint32_t index) {
    Carry& c = (*this)[index];
    if (c.stream.capacity() + c.packet.capacity() > kKeepBytesMax) c = Carry{};
    c.stream.clear();
    c.packet.clear();
    c.ids.clear();
    free_.push_back(index);
  }
  Carry& operator[](std::uint32_t index) { return entries_[index - 1]; }
  std::size_t in_use() const { return entries_.size() - free_.size(); }

 private:
  static constexpr std::size_t kKeepBytesMax = 4096;
  std::deque<Carry> entries_;
  std::vector<std::uint32_t> free_;
};

}  // namespace orrery::sim
