// SPDX-License-Identifier: Apache-2.0
// A set of 32-bit ids found by a key that lies elsewhere: 4 bytes a slot, open addressing, at most 7/8 full.
//
// The owner keeps the keys (sessions keep their client ids) and gives hash(id) and equal(id). Never iterated, so the
// order of its slots is seen nowhere.
#pragma once

#include <cstdint>

#include "broker/base/heap.h"
#include "broker/base/slab.h"

namespace orrery {

class IdSet {
 public:
  explicit IdSet(Heap& heap) : slots_(HeapAllocator<std::uint32_t>(heap)) {}

  /// The id for which equal(id) holds, or kNoSlot.
  template <class Equal>
  std::uint32_t find(std::uint64_t hash, Equal&& equal) const {
    if (slots_.empty()) return kNoSlot;
    for (std::size_t i = hash & mask();; i = (i + 1) & mask()) {
      if (slots_[i] == kNoSlot) return kNoSlot;
      if (equal(slots_[i])) return slots_[i];
    }
  }

  /// `hash_of(id)` for any id in the set; the new one must not be in it.
  template <class HashOf>
  void insert(std::uint32_t id, HashOf&& hash_of) {
    if ((size_ + 1) * 8 > slots_.size() * 7) grow(hash_of);
    place(id, hash_of(id));
    ++size_;
  }

  /// Removes an id that is in the set; those behind it move up, so there are no tombstones.
  template <class HashOf>
  void erase(std::uint32_t id, HashOf&& hash_of) {
    std::size_t hole = hash_of(id) & mask();
    while (slots_[hole] != id) hole = (hole + 1) & mask();
    for (std::size_t i = (hole + 1) & mask(); slots_[i] != kNoSlot; i = (i + 1) & mask()) {
      const std::size_t home = hash_of(slots_[i]) & mask();
      if (((i - home) & mask()) >= ((i - hole) & mask())) {
        slots_[hole] = slots_[i];
        hole = i;
      }
    }
    slots_[hole] = kNoSlot;
    --size_;
  }

  std::size_t size() const { return size_; }

 private:
  std::size_t mask() const { return slots_.size() - 1; }
  void place(std::uint32_t id, std::uint64_t hash) {
    std::size_t i = hash & mask();
    while (slots_[i] != kNoSlot) i = (i + 1) & mask();
    slots_[i] = id;
  }
  template <class HashOf>
  void grow(HashOf&& hash_of) {
    HeapVector<std::uint32_t> old(slots_.get_allocator());
    old.swap(slots_);
    slots_.assign(old.empty() ? 16 : old.size() * 2, kNoSlot);
    for (std::uint32_t id : old)
      if (id != kNoSlot) place(id, hash_of(id));
  }

  HeapVector<std::uint32_t> slots_;
  std::size_t size_ = 0;
};

}  // namespace orrery
