// SPDX-License-Identifier: Apache-2.0
// The shard's own heap: size classes over large chunks, and an account of what is in use.
//
// Why not malloc: a node's memory must be known exactly and for each node apart (the simulator runs hundreds of shards
// in one process), a block must cost no header, and a shard frees only what it allocated, so no lock is needed. One
// heap belongs to one shard and is used by its thread alone. Blocks above kHeapSmallMax go to malloc and are counted
// too. Chunks are never given back before the heap ends; bytes_reserved() says how much that is.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace orrery {

inline constexpr std::size_t kHeapSmallMax = 4096;

class Heap {
 public:
  Heap() = default;
  ~Heap();
  Heap(const Heap&) = delete;
  Heap& operator=(const Heap&) = delete;

  /// Never null (out of memory ends the process). Aligned to 16. `size` may be 0.
  void* allocate(std::size_t size);
  /// `size` must be what was asked for.
  void free(void* block, std::size_t size) noexcept;

  /// Bytes in blocks that are allocated now, rounded up to their size class.
  std::size_t bytes_in_use() const { return in_use_; }
  /// Bytes taken from the operating system.
  std::size_t bytes_reserved() const { return reserved_; }

 private:
  struct FreeBlock {
    FreeBlock* next;
  };
  static constexpr std::size_t kClasses = 44;
  static std::size_t class_of(std::size_t size);
  static std::size_t size_of_class(std::size_t c);

  std::array<FreeBlock*, kClasses> free_{};
  std::vector<void*> chunks_;
  std::uint8_t* at_ = nullptr;
  std::uint8_t* end_ = nullptr;
  std::size_t next_chunk_ = 16 * 1024;
  std::size_t in_use_ = 0;
  std::size_t reserved_ = 0;
};

/// A standard allocator over a Heap: std::vector<T, HeapAllocator<T>> is counted with its shard.
template <class T>
class HeapAllocator {
 public:
  using value_type = T;
  explicit HeapAllocator(Heap& heap) : heap_(&heap) {}
  template <class U>
  HeapAllocator(const HeapAllocator<U>& other) : heap_(other.heap()) {}
  T* allocate(std::size_t n) { return static_cast<T*>(heap_->allocate(n * sizeof(T))); }
  void deallocate(T* p, std::size_t n) noexcept { heap_->free(p, n * sizeof(T)); }
  Heap* heap() const { return heap_; }
  template <class U>
  bool operator==(const HeapAllocator<U>& other) const {
    return heap_ == other.heap();
  }

 private:
  Heap* heap_;
};

template <class T>
using HeapVector = std::vector<T, HeapAllocator<T>>;

}  // namespace orrery
