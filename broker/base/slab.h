// SPDX-License-Identifier: Apache-2.0
// Objects of one type under dense 32-bit ids: stable addresses, ids reused last-in first-out, memory from the shard's
// heap.
//
// Ids instead of pointers keep references at 4 bytes and make iteration follow the id, which is the same in every run.
// The free list lives in the free slots. Destroying the slab destroys what is still in it.
#pragma once

#include <cstdint>
#include <memory>
#include <new>
#include <utility>
#include <vector>

#include "base/assert.h"
#include "broker/base/heap.h"

namespace orrery {

inline constexpr std::uint32_t kNoSlot = UINT32_MAX;

template <class T>
class Slab {
 public:
  explicit Slab(Heap& heap) : heap_(heap) {}
  ~Slab() {
    for (std::uint32_t id = 0; id < used_; ++id)
      if (slot(id).live) object(id).~T();
    for (Slot* chunk : chunks_) heap_.free(chunk, kChunk * sizeof(Slot));
  }
  Slab(const Slab&) = delete;
  Slab& operator=(const Slab&) = delete;

  template <class... Args>
  std::uint32_t emplace(Args&&... args) {
    std::uint32_t id = free_;
    if (id != kNoSlot) {
      free_ = slot(id).next;
    } else {
      if (used_ == chunks_.size() * kChunk)
        chunks_.push_back(static_cast<Slot*>(heap_.allocate(kChunk * sizeof(Slot))));
      id = used_++;
    }
    new (slot(id).bytes) T(std::forward<Args>(args)...);
    slot(id).live = true;
    ++size_;
    return id;
  }
  void erase(std::uint32_t id) {
    ORRERY_ASSERT(contains(id));
    object(id).~T();
    slot(id).live = false;
    slot(id).next = free_;
    free_ = id;
    --size_;
  }
  bool contains(std::uint32_t id) const { return id < used_ && slot(id).live; }
  T& operator[](std::uint32_t id) { return object(id); }
  const T& operator[](std::uint32_t id) const { return const_cast<Slab*>(this)->object(id); }
  std::size_t size() const { return size_; }
  /// One past the largest id ever used: loop over 0 to end() - 1 and ask contains().
  std::uint32_t end() const { return used_; }

 private:
  static constexpr std::uint32_t kChunk = 64;
  struct Slot {
    alignas(T) unsigned char bytes[sizeof(T)];
    std::uint32_t next;
    bool live;
  };
  Slot& slot(std::uint32_t id) const { return chunks_[id / kChunk][id % kChunk]; }
  T& object(std::uint32_t id) { return *std::launder(reinterpret_cast<T*>(slot(id).bytes)); }

  Heap& heap_;
  std::vector<Slot*> chunks_;
  std::uint32_t used_ = 0;
  std::uint32_t free_ = kNoSlot;
  std::size_t size_ = 0;
};

}  // namespace orrery
