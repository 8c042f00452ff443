// SPDX-License-Identifier: Apache-2.0
// A shard's timers: millions of keep alives and expiries for one wake-up of the world.
//
// Four levels of 64 slots; a tick is 2^24 ns (16.8 ms), so a timer fires up to one tick late and never early. Timers
// are not cancelled: the owner remembers the tick of the timer that counts and ignores any other that fires for it.
// That costs 12 bytes a timer and makes renewing a keep alive free: it is looked at when the old timer fires.
// Order of firing: by tick, then by the order of arming. Longer than the wheel's span (about 78 hours) is cut to it;
// the owner arms again.
#pragma once

#include <array>
#include <cstdint>

#include "base/types.h"
#include "broker/base/heap.h"

namespace orrery {

class TimerWheel {
 public:
  using Tick = std::uint32_t;
  static constexpr int kTickBits = 24;
  static constexpr Tick kNotArmed = 0;

  struct Timer {
    Tick tick;
    std::uint32_t payload;
  };

  explicit TimerWheel(Heap& heap) : timers_(HeapAllocator<Entry>(heap)) { heads_.fill(kNone), tails_.fill(kNone); }

  /// The first tick at which a timer for `when` may fire.
  static Tick tick_of(Nanos when) { return static_cast<Tick>((when + (Nanos{1} << kTickBits) - 1) >> kTickBits); }

  /// Returns the tick that will be reported when it fires (never kNotArmed).
  Tick arm(Nanos when, std::uint32_t payload) {
    Tick tick = when >= (Nanos{UINT32_MAX} << kTickBits) ? UINT32_MAX : tick_of(when);
    if (tick <= current_) tick = current_ + 1;
    constexpr Tick kSpan = (Tick{1} << (kLevels * kSlotBits)) - 1;
    if (tick - current_ > kSpan) tick = current_ + kSpan;
    insert(take_entry(tick, payload));
    ++armed_;
    return tick;
  }

  /// Fires every timer that is due at `now`: visit(Timer). The visitor may arm more.
  template <class Visitor>
  void advance(Nanos now, Visitor&& visit) {
    const Tick target = static_cast<Tick>(now >> kTickBits);
    while (current_ < target) {
      if (armed_ == 0) {
        current_ = target;
        return;
      }
      const Tick next = next_tick();
      if (next > target) {
        current_ = target;
        return;
      }
      current_ = next;
      for (int level = kLevels - 1; level > 0; --level)
        if ((current_ & ((Tick{1} << (level * kSlotBits)) - 1)) == 0) cascade(level);
      std::uint32_t at = detach(0, current_ & kSlotMask);
      while (at != kNone) {
        const Entry entry = timers_[at];
        free_entry(at);
        --armed_;
        visit(Timer{entry.tick, entry.payload});
        at = entry.next;
      }
    }
  }

  /// When advance() next has something to do, which may be only to move far timers nearer; kNever without timers.
  Nanos next_wake() const { return armed_ == 0 ? kNever : static_cast<Nanos>(next_tick()) << kTickBits; }
  std::size_t armed() const { return armed_; }

 private:
  static constexpr int kLevels = 4;
  static constexpr int kSlotBits = 6;
  static constexpr Tick kSlots = 1u << kSlotBits;
  static constexpr Tick kSlotMask = kSlots - 1;
  static constexpr std::uint32_t kNone = UINT32_MAX;
  struct Entry {
    Tick tick;
    std::uint32_t payload;
    std::uint32_t next;
  };

  static std::size_t index(int level, Tick slot) { return static_cast<std::size_t>(level) * kSlots + slot; }

  std::uint32_t take_entry(Tick tick, std::uint32_t payload) {
    std::uint32_t at = free_;
    if (at != kNone) {
      free_ = timers_[at].next;
    } else {
      at = static_cast<std::uint32_t>(timers_.size());
      timers_.emplace_back();
    }
    timers_[at] = {tick, payload, kNone};
    return at;
  }
  void free_entry(std::uint32_t at) {
    timers_[at].next = free_;
    free_ = at;
  }

  void insert(std::uint32_t at) {
    const Tick tick = timers_[at].tick;
    int level = 0;
    while (level < kLevels - 1 && ((tick ^ current_) >> ((level + 1) * kSlotBits)) != 0) ++level;
    const Tick slot = (tick >> (level * kSlotBits)) & kSlotMask;
    const std::size_t i = index(level, slot);
    if (heads_[i] == kNone) {
      heads_[i] = at;
    } else {
      timers_[tails_[i]].next = at;
    }
    tails_[i] = at;
    used_[static_cast<std::size_t>(level)] |= std::uint64_t{1} << slot;
  }

  std::uint32_t detach(int level, Tick slot) {
    const std::size_t i = index(level, slot);
    const std::uint32_t first = heads_[i];
    heads_[i] = tails_[i] = kNone;
    used_[static_cast<std::size_t>(level)] &= ~(std::uint64_t{1} << slot);
    return first;
  }

  void cascade(int level) {
    std::uint32_t at = detach(level, (current_ >> (level * kSlotBits)) & kSlotMask);
    while (at != kNone) {
      const std::uint32_t next = timers_[at].next;
      timers_[at].next = kNone;
      insert(at);
      at = next;
    }
  }

  /// The next tick with work, after current_. A slot of level n covers 64^n ticks and is opened at its first.
  Tick next_tick() const {
    for (int level = 0; level < kLevels; ++level) {
      const int shift = level * kSlotBits;
      const Tick slot = (current_ >> shift) & kSlotMask;
      const std::uint64_t later =
          slot == kSlotMask ? 0 : used_[static_cast<std::size_t>(level)] >> (slot + 1) << (slot + 1);
      if (later != 0) {
        const Tick first = static_cast<Tick>(__builtin_ctzll(later));
        return (((current_ >> shift) & ~kSlotMask) | first) << shift;
      }
    }
    // Only slots of the top level that the tick counter reaches after wrapping around the level.
    const std::uint64_t wrapped = used_[kLevels - 1];
    const int shift = (kLevels - 1) * kSlotBits;
    const Tick first = static_cast<Tick>(__builtin_ctzll(wrapped));
    return ((((current_ >> shift) & ~kSlotMask) + kSlots) | first) << shift;
  }

  HeapVector<Entry> timers_;
  std::array<std::uint32_t, kLevels * kSlots> heads_;
  std::array<std::uint32_t, kLevels * kSlots> tails_;
  std::array<std::uint64_t, kLevels> used_{};
  std::uint32_t free_ = kNone;
  Tick current_ = 0;
  std::size_t armed_ = 0;
};

}  // namespace orrery
