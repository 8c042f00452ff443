// SPDX-License-Identifier: Apache-2.0
// The event queue of large runs: a hierarchical timing wheel whose slots are sorted when they are opened.
//
// A tick is 2^kSlotBits nanoseconds. Level 0 has a slot for each of the next ticks, level 1 for each 256 ticks, and so
// on up to the end of 63-bit time. An event is put at the highest digit (of 8 bits) in which its tick differs from the
// open one, so putting is a few instructions and a write at the end of a chunk. When the open tick is used up, the next
// slot that is not empty is opened: at level 0 its events are sorted and handed out, at a higher level
// they are dealt to the levels below. So every event is moved a few times in long sequential runs, where a heap would
// touch a cache line for each of its levels. What is pushed for the open tick or before it goes to a small heap beside
// it.
//
// Gives exactly the order of Event's operator<, whatever the order of pushing; its twin is HeapQueue. Times are not
// negative.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "sim/kernel/event.h"

namespace orrery::sim {

class TimingWheel {
 public:
  TimingWheel() = default;
  TimingWheel(const TimingWheel&) = delete;
  TimingWheel& operator=(const TimingWheel&) = delete;

  void push(const Event& event) {
    const std::uint64_t tick = tick_of(event);
    if (tick <= open_tick_) {
      late_.push_back(event);
      std::push_heap(late_.begin(), late_.end(), Later{});
    } else {
      put(event, tick);
    }
    ++size_;
  }

  /// Takes out the first event if it is at or before `until`.
  bool pop(Nanos until, Event& out) {
    while (true) {
      const bool sorted = next_ < open_.size();
      if (!late_.empty() && (!sorted || late_.front() < open_[next_])) return pop_late(until, out);
      if (sorted) {
        out = open_[next_];
        if (out.time > until) return false;
        ++next_;
        --size_;
        return true;
      }
      if (!open_next(until)) return false;
    }
  }

  /// The event that is `n` after the first one, as far as it is known without work; null otherwise. A hint for
  /// prefetching.
  const Event* upcoming(std::size_t n) const { return next_ + n < open_.size() ? &open_[next_ + n] : nullptr; }

  std::size_t size() const { return size_; }
  std::size_t memory_bytes() const;

 private:
  static constexpr unsigned kSlotBits = 15;
  static constexpr unsigned kDigitBits = 8;
  static constexpr unsigned kSlots = 1u << kDigitBits;
  static constexpr unsigned kLevels = (63 - kSlotBits + kDigitBits - 1) / kDigitBits;
  static constexpr std::uint32_t kChunkEvents = 31;
  static constexpr std::uint32_t kChunksInBlock = 512;
  static constexpr std::uint32_t kNone = UINT32_MAX;

  struct Later {
    bool operator()(const Event& a, const Event& b) const { return b < a; }
  };
  /// 512 bytes: a few events that share a slot, and the chunk filled before this one.
  struct Chunk {
    std::array<Event, kChunkEvents> events;
    std::uint32_t next = kNone;
  };
  struct Slot {
    std::uint32_t chunk = kNone;
    std::uint32_t used = kChunkEvents;  // in the first chunk; the ones behind it are full
  };
  struct Level {
    std::array<Slot, kSlots> slots;
    std::array<std::uint64_t, kSlots / 64> occupied{};
  };

  static std::uint64_t tick_of(const Event& event) { return static_cast<std::uint64_t>(event.time) >> kSlotBits; }
  static unsigned digit(std::uint64_t tick, unsigned level) {
    return static_cast<unsigned>(tick >> (level * kDigitBits)) & (kSlots - 1);
  }
  Chunk& chunk(std::uint32_t id) { return blocks_[id / kChunksInBlock][id % kChunksInBlock]; }

  void put(const Event& event, std::uint64_t tick) {
    const unsigned level = (static_cast<unsigned>(std::bit_width(tick ^ open_tick_)) - 1) / kDigitBits;
    const unsigned at = digit(tick, level);
    Slot& slot = levels_[level].slots[at];
    if (slot.used == kChunkEvents) add_chunk(levels_[level], at);
    chunk(slot.chunk).events[slot.used++] = event;
  }

  void add_chunk(Level& level, unsigned at);
  bool pop_late(Nanos until, Event& out);
  /// Makes the next tick that has events the open one, unless it begins after `until`.
  bool open_next(Nanos until);
  void deal(Level& level, unsigned at);
  static int next_occupied(const Level& level, unsigned after);

  std::array<Level, kLevels> levels_;
  std::vector<std::unique_ptr<Chunk[]>> blocks_;
  std::uint32_t free_chunk_ = kNone;
  std::uint64_t open_tick_ = 0;
  std::vector<Event> open_;  // sorted; handed out up to next_
  std::size_t next_ = 0;
  std::vector<Event> late_;  // a heap
  std::size_t size_ = 0;
};

}  // namespace orrery::sim
