// SPDX-License-Identifier: Apache-2.0
// The timing wheel's slower half: opening slots and dealing them to lower levels.
#include "sim/kernel/timing_wheel.h"

namespace orrery::sim {

void TimingWheel::add_chunk(Level& level, unsigned at) {
  if (free_chunk_ == kNone) {
    const std::uint32_t first = static_cast<std::uint32_t>(blocks_.size()) * kChunksInBlock;
    blocks_.push_back(std::make_unique<Chunk[]>(kChunksInBlock));
    for (std::uint32_t i = kChunksInBlock; i-- > 0;) {
      chunk(first + i).next = free_chunk_;
      free_chunk_ = first + i;
    }
  }
  const std::uint32_t id = free_chunk_;
  free_chunk_ = chunk(id).next;
  Slot& slot = level.slots[at];
  chunk(id).next = slot.chunk;
  slot.chunk = id;
  slot.used = 0;
  level.occupied[at / 64] |= std::uint64_t{1} << (at % 64);
}

bool TimingWheel::pop_late(Nanos until, Event& out) {
  if (late_.front().time > until) return false;
  out = late_.front();
  std::pop_heap(late_.begin(), late_.end(), Later{});
  late_.pop_back();
  --size_;
  return true;
}

int TimingWheel::next_occupied(const Level& level, unsigned after) {
  unsigned word = (after + 1) / 64;
  if (word == level.occupied.size()) return -1;
  std::uint64_t bits = level.occupied[word] >> ((after + 1) % 64) << ((after + 1) % 64);
  while (bits == 0) {
    if (++word == level.occupied.size()) return -1;
    bits = level.occupied[word];
  }
  return static_cast<int>(word * 64) + std::countr_zero(bits);
}

bool TimingWheel::open_next(Nanos until) {
  open_.clear();
  next_ = 0;
  while (open_.empty()) {
    unsigned level = 0;
    int at = -1;
    while (level < kLevels && (at = next_occupied(levels_[level], digit(open_tick_, level))) < 0) ++level;
    if (level == kLevels) return false;
    const unsigned shift = level * kDigitBits;
    const std::uint64_t above = level + 1 == kLevels ? 0 : open_tick_ >> (shift + kDigitBits) << (shift + kDigitBits);
    const std::uint64_t tick = above | static_cast<std::uint64_t>(at) << shift;
    if (static_cast<Nanos>(tick << kSlotBits) > until) return false;
    open_tick_ = tick;
    deal(levels_[level], static_cast<unsigned>(at));
  }
  std::sort(open_.begin(), open_.end());
  return true;
}

// Empties one slot: what belongs to the open tick goes to open_, the rest to the levels below.
void TimingWheel::deal(Level& level, unsigned at) {
  const Slot slot = level.slots[at];
  level.slots[at] = Slot{};
  level.occupied[at / 64] &= ~(std::uint64_t{1} << (at % 64));
  std::uint32_t used = slot.used;
  for (std::uint32_t id = slot.chunk; id != kNone;) {
    Chunk& from = chunk(id);
    for (std::uint32_t i = 0; i < used; ++i) {
      const std::uint64_t tick = tick_of(from.events[i]);
      if (tick == open_tick_) {
        open_.push_back(from.events[i]);
      } else {
        put(from.events[i], tick);
      }
    }
    const std::uint32_t next = from.next;
    from.next = free_chunk_;
    free_chunk_ = id;
    id = next;
    used = kChunkEvents;
  }
}

std::size_t TimingWheel::memory_bytes() const {
  return sizeof(*this) + blocks_.size() * (sizeof(Chunk) * kChunksInBlock + sizeof(blocks_[0])) +
         (open_.capacity() + late_.capacity()) * sizeof(Event);
}

}  // namespace orrery::sim
