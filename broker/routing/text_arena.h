// SPDX-License-Identifier: Apache-2.0
// Texts under 32-bit references: each is a record {owner, size, bytes} in large chunks, 6 bytes and padding to 4 over the text.
//
// Records never change. Removing only counts; when more than half of a full chunk is garbage, compact() copies what lives of
// it behind the newest chunk and retires it, so that waste stays below the size of what lives plus one chunk, and the
// pause is bounded by one chunk (256 KiB) at a time. One writer, many readers (quiescent.h).
#pragma once

#include <atomic>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "broker/base/heap.h"
#include "broker/routing/id_pool.h"
#include "broker/routing/quiescent.h"

namespace orrery::routing {

/// A record's place in units of 4 bytes: chunk << 16 | position. 0 is none.
using TextRef = std::uint32_t;
inline constexpr TextRef kNoText = 0;

class TextArena {
 public:
  TextArena(Heap& heap, QuiescentStates& states);
  ~TextArena();
  TextArena(const TextArena&) = delete;
  TextArena& operator=(const TextArena&) = delete;

  /// At most kFilterBytesMax bytes. kNoText when the arena is full (16 GiB).
  TextRef add(std::uint32_t owner, std::string_view text);
  /// Never kNoText. The text stays readable for those who read it now.
  void remove(TextRef ref);

  std::string_view text(TextRef ref) const {
    if (ref == kNoText) return {};
    const char* record = at(ref);
    std::uint16_t size;
    std::memcpy(&size, record + 4, 2);
    return {record + kHeader, size};
  }
  std::uint32_t owner(TextRef ref) const {
    std::uint32_t owner;
    std::memcpy(&owner, at(ref), 4);
    return owner;
  }

  /// To be called after add() and remove(). Owners has `TextRef text_of(owner)`: the owner's present record, which tells
  /// garbage, and `void text_moved(owner, from, to)`: publish the new place.
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
        live_ -= bytes_of(text(from).size());
        owners.text_moved(who, from, to);
      }
      retire_chunk(chunk);
    }
  }

  std::size_t memory_bytes() const;

 private:
  static constexpr std::uint32_t kUnit = 4;
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

  const char* at(TextRef ref) const {
    return directory_.load(std::memory_order_acquire)[ref >> kChunkShift] + std::size_t{ref & 0xffff} * kUnit;
  }
  static std::uint32_t bytes_of(std::size_t text_size) {
    return static_cast<std::uint32_t>((text_size + kHeader + kUnit - 1) / kUnit * kUnit);
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
