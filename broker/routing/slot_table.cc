// SPDX-License-Identifier: Apache-2.0
#include "broker/routing/slot_table.h"

#include <algorithm>
#include <new>

#include "base/assert.h"

namespace orrery::routing {

SlotTable::~SlotTable() {
  if (table() != nullptr) heap_.free(table(), table()->bytes());
}

std::size_t SlotTable::memory_bytes() const { return table() == nullptr ? 0 : table()->bytes(); }

void SlotTable::insert(std::uint32_t hash, std::uint32_t reference) {
  ORRERY_ASSERT(reference - 1 < kReferenceMax);
  if (table() == nullptr || std::uint64_t{size_} + removed_ + 1 > std::uint64_t{table()->capacity} * 3 / 4) rebuild();
  Table& t = *table();
  std::uint32_t at = t.home(hash);
  std::uint64_t there = t.slots()[at].load(std::memory_order_relaxed);
  while (there != kEmpty && there != kRemoved) {
    at = at + 1 == t.capacity ? 0 : at + 1;
    there = t.slots()[at].load(std::memory_order_relaxed);
  }
  if (there == kRemoved) --removed_;
  t.slots()[at].store(std::uint64_t{hash} << 32 | reference, std::memory_order_release);
  ++size_;
}

std::uint32_t SlotTable::position_of(std::uint64_t slot) const {
  const Table& t = *table();
  std::uint32_t at = t.home(static_cast<std::uint32_t>(slot >> 32));
  for (;;) {
    const std::uint64_t there = t.slots()[at].load(std::memory_order_relaxed);
    if (there == slot) return at;
    ORRERY_ASSERT(there != kEmpty);
    at = at + 1 == t.capacity ? 0 : at + 1;
  }
}

void SlotTable::replace(std::uint32_t hash, std::uint32_t reference, std::uint32_t by) {
  ORRERY_ASSERT(by - 1 < kReferenceMax);
  const std::uint32_t at = position_of(std::uint64_t{hash} << 32 | reference);
  table()->slots()[at].store(std::uint64_t{hash} << 32 | by, std::memory_order_release);
}

void SlotTable::erase(std::uint32_t hash, std::uint32_t reference) {
  std::uint32_t at = position_of(std::uint64_t{hash} << 32 | reference);
  Table& t = *table();
  --size_;
  const std::uint32_t after = at + 1 == t.capacity ? 0 : at + 1;
  if (t.slots()[after].load(std::memory_order_relaxed) != kEmpty) {
    t.slots()[at].store(kRemoved, std::memory_order_release);
    ++removed_;
  } else {
    // Nothing that probes past this slot finds more behind it, so it and the marks before it can be empty again.
    t.slots()[at].store(kEmpty, std::memory_order_release);
    for (;;) {
      at = at == 0 ? t.capacity - 1 : at - 1;
      if (t.slots()[at].load(std::memory_order_relaxed) != kRemoved) break;
      t.slots()[at].store(kEmpty, std::memory_order_release);
      --removed_;
    }
  }
  if (t.capacity > kCapacityMin && size_ < t.capacity / 8) rebuild();
}

void SlotTable::rebuild() {
  const std::uint64_t wanted = std::max<std::uint64_t>(kCapacityMin, (std::uint64_t{size_} + 1) * 2);
  ORRERY_ASSERT(wanted <= UINT32_MAX);
  Table* old = table();
  const std::size_t bytes = sizeof(Table) + static_cast<std::size_t>(wanted) * sizeof(Slot);
  Table* fresh = new (heap_.allocate(bytes)) Table{static_cast<std::uint32_t>(wanted), 0};
  for (std::uint32_t i = 0; i < fresh->capacity; ++i) new (fresh->slots() + i) Slot(kEmpty);
  for (std::uint32_t i = 0; old != nullptr && i < old->capacity; ++i) {
    const std::uint64_t slot = old->slots()[i].load(std::memory_order_relaxed);
    if (slot == kEmpty || slot == kRemoved) continue;
    std::uint32_t at = fresh->home(static_cast<std::uint32_t>(slot >> 32));
    while (fresh->slots()[at].load(std::memory_order_relaxed) != kEmpty) at = at + 1 == fresh->capacity ? 0 : at + 1;
    fresh->slots()[at].store(slot, std::memory_order_relaxed);
  }
  removed_ = 0;
  table_.store(fresh, std::memory_order_release);
  if (old != nullptr) states_.retire(heap_, old, old->bytes());
}

}  // namespace orrery::routing
