// SPDX-License-Identifier: Apache-2.0
// A first-in first-out queue of bytes in chunks of the shard's heap, addressed by position since its beginning.
//
// Lanes keep what is not acknowledged in one, owner logs their tail: appended at the end, dropped at the front, and
// read anywhere in between by position. An empty queue holds no chunk.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/types.h"
#include "broker/base/heap.h"

namespace orrery::cluster {

class ByteQueue {
 public:
  explicit ByteQueue(Heap& heap) : chunks_(HeapAllocator<std::uint8_t*>(heap)) {}
  ~ByteQueue() { clear(); }
  ByteQueue(const ByteQueue&) = delete;
  ByteQueue& operator=(const ByteQueue&) = delete;

  /// Positions of the first byte kept and of the one that comes next; they never go back.
  std::uint64_t begin() const { return begin_; }
  std::uint64_t end() const { return end_; }
  std::size_t size() const { return static_cast<std::size_t>(end_ - begin_); }
  bool empty() const { return begin_ == end_; }

  void append(Bytes bytes);
  /// Bytes from `at` (begin() to end()) on, as many as lie together, at most `max`.
  Bytes read(std::uint64_t at, std::size_t max = SIZE_MAX) const;
  /// Exactly n bytes from `at` on; they must be there.
  void copy(std::uint64_t at, std::size_t n, std::uint8_t* out) const;
  /// Drops what is before `at`.
  void drop_until(std::uint64_t at);
  void clear() { drop_until(end_); }

  std::size_t memory_bytes() const;

 private:
  static constexpr std::size_t kChunk = kHeapSmallMax;
  std::size_t chunk_of(std::uint64_t at) const { return static_cast<std::size_t>(at / kChunk - first_chunk_) + head_; }
  Heap& heap() const { return *chunks_.get_allocator().heap(); }

  HeapVector<std::uint8_t*> chunks_;  // those before head_ are dropped
  std::uint32_t head_ = 0;
  std::uint64_t first_chunk_ = 0;  // number of chunks_[head_]: position divided by kChunk
  std::uint64_t begin_ = 0;
  std::uint64_t end_ = 0;
};

}  // namespace orrery::cluster
