// SPDX-License-Identifier: Apache-2.0
// Texts under 32-bit references: each is a record {value, owner, size, bytes} in large chunks, 6 bytes and padding to 8
// over the text. The value, 8 bytes more, is for arenas that ask for it: an atomic word beside the text, so that
// whoever has compared the text has it in the cache.
//
// Records never change, but for the value. Removing only counts; when more than half of a full chunk is garbage,
// compact() copies what lives of it behind the newest chunk and retires it, so that waste stays below the size of what
// lives plus one chunk, and the pause is bounded by one chunk (512 KiB) at a time. A reader that still has the old
// record sees the value of that time. One writer, many readers (quiescent.h).
#pragma once

#include <atomic>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "broker/base/heap.h"
#include "broker/routing/id_pool.h"
#include "broker/routing/quiescent.h"

namespace orrery::routing {

/// A record's place in units of 8 bytes: chunk << 16 | position. 0 is none.
using TextRef = std::uint32_t;
inline constexpr TextRef kNoText = 0;

class TextArena {
 public:
  enum class Values : std::uint8_t { kWithout = 0, kWith = 8 };
  TextArena(Heap& heap, QuiescentStates& states, Values values = Values::kWithout);
  ~TextArena();
  TextArena(const TextArena&) = delete;
  TextArena& operator=(const TextArena&) = delete;

  /// At most kFilterBytesMax bytes. The value is 0. kNoText when the arena is full (32 GiB).
  TextRef add(std::uint32_t owner, std::string_view text);
  /// Never kNoText. The text stays readable for those who read it now.
  void remove(TextRef ref);

  std::string_view text(TextRef ref) const {
    if (ref == kNoText) return {};
    const char* record = at(ref);
    std::uint16_t size;
    std::memcpy(&size, record + values_ + 4, 2);
    return {record + values_ + kHeader, size};
  }
  std::uint32_t owner(TextRef ref) const {
    std::uint32_t owner;
    std::memcpy(&owner, at(ref) + values_, 4);
    return owner;
  }
  /// In an arena with values. The writer alone changes it.
  std::atomic<std::uint64_t>& value(TextRef ref) const {
    return *reinterpret_cast<std::atomic<std::uint64_t>*>(at(ref));
  }

  /// To be called after add() and remove(). Owners has `TextRef text_of(owner)`: the owner's present record, which
  /// tells garbage, and `void text_moved(owner, from, to)`: publish the new place.
  template <class Owners>
  void compact(Owners&& owners) {
    while (!wasteful_.empty()) {
      const std::uint32_t chunk = wasteful_.back();
      wasteful_.pop_back();
      for (std::uint32_t position = kFirst; position < chunks_[chunk].used; position += record_size(chunk, position)) {
        const TextRef from = chunk << kChunkShift | position / kUnit;
        const std::uint32_t who = owner(from);
        if (owners.text_of(who) != from) continue;
        const TextRef to = add(who, text(from));
        if (to == kNoText) return;
        if (values_ != 0) value(to).store(value(from).load(std::memory_order_relaxed), std::memory_order_relaxed);
        live_ -= bytes_of(text(from).size());
        owners.text_moved(who, from, to);
      }
      retire_chunk(chunk);
    }
  }

  std::size_t memory_bytes() const;

 private:
  static constexpr std::uint32_t kUnit = 8;
  static constexpr std::uint32_t kHeader = 6;
  static constexpr std::uint32_t kFirst = kUnit;  // so that no reference is 0
  static constexpr unsigned kChunkShift = 16;
  static constexpr std::uint32_t kChunkBytesMin = 1024;
  static constexpr std::uint32_t kChunkBytesMax = kUnit << kChunkShift;
  static constexpr std::uint32_t kNoChunk = UINT32_MAX;

  struct Chunk {
    std::uint32_t size = 0;
    std::uint32_t used = 0;
    std::uint32_t garbage = 0;
    bool queued = false;
  };

  char* at(TextRef ref) const {
    return directory_.load(std::memory_order_acquire)[ref >> kChunkShift] + std::size_t{ref & 0xffff} * kUnit;
  }
  std::uint32_t bytes_of(std::size_t text_size) const {
    return static_cast<std::uint32_t>((values_ + kHeader + text_size + kUnit - 1) / kUnit * kUnit);
  }
  std::uint32_t record_size(std::uint32_t chunk, std::uint32_t position) const {
    return bytes_of(text(chunk << kChunkShift | position / kUnit).size());
  }
  bool open_chunk(std::uint32_t needed);
  void consider(std::uint32_t chunk);
  void retire_chunk(std::uint32_t chunk);
  void grow_directory();

  Heap& heap_;
  QuiescentStates& states_;
  std::uint32_t values_;  // bytes before the owner
  std::atomic<char**> directory_{nullptr};
  std::uint32_t directory_capacity_ = 0;
  HeapVector<Chunk> chunks_;
  HeapVector<std::uint32_t> wasteful_;
  IdPool numbers_;
  std::uint32_t newest_ = kNoChunk;
  std::size_t live_ = 0;  // bytes of records that are not removed
  std::size_t size_ = 0;  // of all chunks
};

}  // namespace orrery::routing
