// SPDX-License-Identifier: Apache-2.0
// The subscribers of one filter in order of subscription: one in place, more in a block of the shard's heap.
//
// From kIndexedFrom places on the block ends in a small hash table of positions by session, so that finding one of a
// million is as cheap as one of ten. A subscriber that leaves leaves a hole; holes go when the block is rebuilt: when
// it is full, or three quarters empty. The owner keeps the heap and calls clear() before the list goes.
#pragma once

#include <cstdint>

#include "broker/base/heap.h"

namespace orrery::routing {

struct Subscriber {
  std::uint32_t session;
  std::uint32_t sub_id;  // 0: none
  std::uint8_t options;
};

class SubscriberList {
 public:
  /// False when the session is there already: it keeps its place and gets the new options and identifier.
  /// Session UINT32_MAX is not allowed.
  bool add(Heap& heap, const Subscriber& subscriber);
  bool remove(Heap& heap, std::uint32_t session);
  const Subscriber* find(std::uint32_t session) const;
  void clear(Heap& heap);

  std::uint32_t size() const { return size_; }
  std::size_t block_bytes() const { return capacity_ == 0 ? 0 : bytes_of(capacity_); }

  template <class Visit>
  void for_each(Visit&& visit) const {
    const Subscriber* list = subscribers();
    for (std::uint32_t i = 0; i < used_; ++i)
      if (list[i].session != kHole) visit(list[i]);
  }

  /// Round robin; the list must not be empty.
  const Subscriber& next_in_turn();

 private:
  static constexpr std::uint32_t kHole = UINT32_MAX;
  static constexpr std::uint32_t kIndexedFrom = 16;
  static constexpr std::uint32_t kNotFound = UINT32_MAX;
  // In the index: 0 is empty, otherwise a position + 1, which may be that of a hole.

  static std::uint32_t index_size(std::uint32_t capacity) { return capacity < kIndexedFrom ? 0 : capacity * 2; }
  static std::size_t bytes_of(std::uint32_t capacity) {
    return capacity * sizeof(Subscriber) + index_size(capacity) * sizeof(std::uint32_t);
  }
  static std::uint32_t home(std::uint32_t session, std::uint32_t index_size);

  const Subscriber* subscribers() const { return capacity_ == 0 ? &one_ : many_; }
  Subscriber* subscribers() { return capacity_ == 0 ? &one_ : many_; }
  std::uint32_t* index() const { return reinterpret_cast<std::uint32_t*>(many_ + capacity_); }
  std::uint32_t position_of(std::uint32_t session) const;
  void index_add(std::uint32_t position);
  void rebuild(Heap& heap, std::uint32_t capacity);

  union {
    Subscriber one_{kHole, 0, 0};
    Subscriber* many_;
  };
  std::uint32_t capacity_ = 0;  // 0: in place
  std::uint32_t used_ = 0;      // places taken, holes included
  std::uint32_t size_ = 0;
  std::uint32_t turn_ = 0;  // the position where the search for the next in turn begins
};

}  // namespace orrery::routing
