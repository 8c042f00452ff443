// SPDX-License-Identifier: Apache-2.0
// Objects under dense ids that somebody else chooses (LinkIds): created and destroyed by id, stable addresses.
#pragma once

#include <cstdint>
#include <memory>
#include <new>
#include <utility>
#include <vector>

#include "base/assert.h"
#include "broker/base/heap.h"

namespace orrery {

template <class T>
class IdTable {
 public:
  explicit IdTable(Heap& heap) : heap_(heap) {}
  ~IdTable() {
    for (std::uint32_t id = 0; id < chunks_.size() * kChunk; ++id)
      if (contains(id)) destroy(id);
    for (Slot* chunk : chunks_) heap_.free(chunk, kChunk * sizeof(Slot));
  }
  IdTable(const IdTable&) = delete;
  IdTable& operator=(const IdTable&) = delete;

  template <class... Args>
  T& create(std::uint32_t id, Args&&... args) {
    while (id >= chunks_.size() * kChunk) {
      auto* chunk = static_cast<Slot*>(heap_.allocate(kChunk * sizeof(Slot)));
      for (std::uint32_t i = 0; i < kChunk; ++i) chunk[i].live = false;
      chunks_.push_back(chunk);
    }
    ORRERY_ASSERT(!slot(id).live);
    slot(id).live = true;
    return *new (slot(id).bytes) T(std::forward<Args>(args)...);
  }
  void destroy(std::uint32_t id) {
    (*this)[id].~T();
    slot(id).live = false;
  }
  bool contains(std::uint32_t id) const { return id < chunks_.size() * kChunk && slot(id).live; }
  /// visit(id, object) in ascending order of ids; it must not create or destroy.
  template <class Visit>
  void for_each(Visit&& visit) {
    for (std::uint32_t id = 0; id < chunks_.size() * kChunk; ++id)
      if (contains(id)) visit(id, (*this)[id]);
  }
  T& operator[](std::uint32_t id) {
    ORRERY_ASSERT(contains(id));
    return *std::launder(reinterpret_cast<T*>(slot(id).bytes));
  }

 private:
  static constexpr std::uint32_t kChunk = 16;
  struct Slot {
    alignas(T) unsigned char bytes[sizeof(T)];
    bool live;
  };
  Slot& slot(std::uint32_t id) const { return chunks_[id / kChunk][id % kChunk]; }

  Heap& heap_;
  std::vector<Slot*> chunks_;
};

}  // namespace orrery
