// SPDX-License-Identifier: Apache-2.0
// The one hash table of broker/routing: open addressing over slots of 8 bytes, {32 bits of hash, 32-bit reference}.
//
// What a reference means, and whether two things with one hash are the same, is the owner's business: a probe yields
// the references whose hash agrees. The place of a slot comes from the upper end of the hash, so the table grows by
// copying slots in order, without looking at what they refer to, and to any size: it is rebuilt at three quarters full
// to half full, that is 11 to 16 bytes for each entry. Removing leaves a mark unless the next slot is empty; marks go
// at the next rebuild.
//
// One writer, many readers (quiescent.h): slots are atomic words, a rebuilt table replaces the old one in one store. A
// reader always finds an entry that is there all the time, and may miss one that is removed and inserted again
// meanwhile.
#pragma once

#include <atomic>
#include <cstdint>

#include "broker/base/heap.h"
#include "broker/routing/quiescent.h"

namespace orrery::routing {

class SlotTable {
  struct Table;

 public:
  /// References are 1 to kReferenceMax.
  static constexpr std::uint32_t kReferenceMax = UINT32_MAX - 1;

  SlotTable(Heap& heap, QuiescentStates& states) : heap_(heap), states_(states) {}
  ~SlotTable();
  SlotTable(const SlotTable&) = delete;
  SlotTable& operator=(const SlotTable&) = delete;

  /// The entry must not be there.
  void insert(std::uint32_t hash, std::uint32_t reference);
  /// The entry must be there.
  void replace(std::uint32_t hash, std::uint32_t reference, std::uint32_t by);
  void erase(std::uint32_t hash, std::uint32_t reference);

  /// Yields the references with this hash, then 0.
  class Probe {
   public:
    Probe(const SlotTable& table, std::uint32_t hash)
        : table_(table.table_.load(std::memory_order_acquire)), hash_(hash) {
      if (table_ != nullptr) at_ = table_->home(hash);
    }
    std::uint32_t next() {
      if (table_ == nullptr) return 0;
      for (;;) {
        const std::uint64_t slot = table_->slots()[at_].load(std::memory_order_acquire);
        if (slot == kEmpty) return 0;
        at_ = at_ + 1 == table_->capacity ? 0 : at_ + 1;
        if (slot >> 32 == hash_ && slot != kRemoved) return static_cast<std::uint32_t>(slot);
      }
    }

   private:
    const Table* table_;
    std::uint32_t hash_;
    std::uint32_t at_ = 0;
  };

  std::uint32_t size() const { return size_; }
  std::size_t memory_bytes() const;

 private:
  using Slot = std::atomic<std::uint64_t>;
  static constexpr std::uint64_t kEmpty = 0;
  static constexpr std::uint64_t kRemoved = UINT32_MAX;  // hash 0 and a reference that nothing has
  static constexpr std::uint32_t kCapacityMin = 16;

  struct Table {
    std::uint32_t capacity;
    std::uint32_t unused;
    std::uint32_t home(std::uint32_t hash) const {
      return static_cast<std::uint32_t>((std::uint64_t{hash} * capacity) >> 32);
    }
    Slot* slots() { return reinterpret_cast<Slot*>(this + 1); }
    const Slot* slots() const { return reinterpret_cast<const Slot*>(this + 1); }
    std::size_t bytes() const { return sizeof(Table) + capacity * sizeof(Slot); }
  };

  Table* table() const { return table_.load(std::memory_order_relaxed); }
  std::uint32_t position_of(std::uint64_t slot) const;
  void rebuild();

  Heap& heap_;
  QuiescentStates& states_;
  std::atomic<Table*> table_{nullptr};
  std::uint32_t size_ = 0;
  std::uint32_t removed_ = 0;
};

}  // namespace orrery::routing
