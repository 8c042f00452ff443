// SPDX-License-Identifier: Apache-2.0
// An array by dense id that never moves its elements: chunks of 1024 under a directory.
//
// Written by one thread and read by others under the rules of quiescent.h: elements have stable addresses, only the
// directory is replaced as it grows. A reader may look at an element whose id it learnt by an acquire load that the
// writer stored after reserve(). Fields that change while readers look must be atomics; the array itself does not
// synchronise them.
#pragma once

#include <atomic>
#include <cstdint>
#include <cstring>
#include <new>
#include <type_traits>

#include "broker/base/heap.h"
#include "broker/routing/quiescent.h"

namespace orrery::routing {

template <class T>
class ChunkedArray {
  static_assert(std::is_trivially_destructible_v<T>);

 public:
  ChunkedArray(Heap& heap, QuiescentStates& states) : heap_(heap), states_(states) {}
  ~ChunkedArray() {
    T** directory = directory_.load(std::memory_order_relaxed);
    for (std::uint32_t i = 0; i < chunks_; ++i) heap_.free(directory[i], kChunkBytes);
    if (directory != nullptr) heap_.free(directory, capacity_ * sizeof(T*));
  }
  ChunkedArray(const ChunkedArray&) = delete;
  ChunkedArray& operator=(const ChunkedArray&) = delete;

  /// Makes elements 0 to n - 1 exist; new ones are value-initialised.
  void reserve(std::uint64_t n) {
    while (std::uint64_t{chunks_} << kShift < n) add_chunk();
  }
  T& operator[](std::uint64_t id) const {
    return directory_.load(std::memory_order_acquire)[id >> kShift][id & (kChunk - 1)];
  }
  std::size_t memory_bytes() const { return chunks_ * kChunkBytes + capacity_ * sizeof(T*); }

 private:
  static constexpr unsigned kShift = 10;
  static constexpr std::size_t kChunk = std::size_t{1} << kShift;
  static constexpr std::size_t kChunkBytes = kChunk * sizeof(T);

  void add_chunk() {
    if (chunks_ == capacity_) grow_directory();
    T* chunk = static_cast<T*>(heap_.allocate(kChunkBytes));
    for (std::size_t i = 0; i < kChunk; ++i) new (chunk + i) T();
    directory_.load(std::memory_order_relaxed)[chunks_++] = chunk;
  }
  void grow_directory() {
    const std::uint32_t capacity = capacity_ == 0 ? 4 : capacity_ * 2;
    T** old = directory_.load(std::memory_order_relaxed);
    T** bigger = static_cast<T**>(heap_.allocate(capacity * sizeof(T*)));
    if (old != nullptr) std::memcpy(bigger, old, chunks_ * sizeof(T*));
    directory_.store(bigger, std::memory_order_release);
    if (old != nullptr) states_.retire(heap_, old, capacity_ * sizeof(T*));
    capacity_ = capacity;
  }

  Heap& heap_;
  QuiescentStates& states_;
  std::atomic<T**> directory_{nullptr};
  std::uint32_t chunks_ = 0;
  std::uint32_t capacity_ = 0;
};

}  // namespace orrery::routing
