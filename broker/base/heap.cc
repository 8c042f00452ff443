// SPDX-License-Identifier: Apache-2.0
#include "broker/base/heap.h"

#include <bit>
#include <cstdlib>

#include "base/assert.h"

namespace orrery {
namespace {
constexpr std::size_t kChunkMax = 1024 * 1024;
constexpr std::size_t kStep = 16;        // up to kLinearMax every 16 bytes is a class of its own
constexpr std::size_t kLinearMax = 512;  // 32 classes; above it four classes for each doubling
constexpr std::size_t kLinearClasses = kLinearMax / kStep;
}  // namespace

std::size_t Heap::class_of(std::size_t size) {
  if (size <= kLinearMax) return size == 0 ? 0 : (size - 1) / kStep;
  const unsigned log = static_cast<unsigned>(std::bit_width(size - 1)) - 1;  // 2^log < size <= 2^(log+1)
  const std::size_t quarter = (size - 1 - (std::size_t{1} << log)) >> (log - 2);
  return kLinearClasses + (log - 9) * 4 + quarter;
}

std::size_t Heap::size_of_class(std::size_t c) {
  if (c < kLinearClasses) return (c + 1) * kStep;
  const std::size_t log = 9 + (c - kLinearClasses) / 4;
  const std::size_t quarter = (c - kLinearClasses) % 4;
  return (std::size_t{1} << log) + ((quarter + 1) << (log - 2));
}

Heap::~Heap() {
  for (void* chunk : chunks_) std::free(chunk);
}

void* Heap::allocate(std::size_t size) {
  if (size > kHeapSmallMax) {
    in_use_ += size;
    reserved_ += size;
    void* block = std::malloc(size);
    ORRERY_ASSERT(block != nullptr);
    return block;
  }
  const std::size_t c = class_of(size);
  const std::size_t bytes = size_of_class(c);
  in_use_ += bytes;
  if (FreeBlock* block = free_[c]) {
    free_[c] = block->next;
    return block;
  }
  if (static_cast<std::size_t>(end_ - at_) < bytes) {
    // The rest of the old chunk is left: at most one block of the largest class in a chunk that doubles in size.
    void* chunk = std::aligned_alloc(4096, next_chunk_);
    ORRERY_ASSERT(chunk != nullptr);
    chunks_.push_back(chunk);
    at_ = static_cast<std::uint8_t*>(chunk);
    end_ = at_ + next_chunk_;
    reserved_ += next_chunk_;
    if (next_chunk_ < kChunkMax) next_chunk_ *= 2;
  }
  void* block = at_;
  at_ += bytes;
  return block;
}

void Heap::free(void* block, std::size_t size) noexcept {
  if (block == nullptr) return;
  if (size > kHeapSmallMax) {
    in_use_ -= size;
    reserved_ -= size;
    std::free(block);
    return;
  }
  const std::size_t c = class_of(size);
  in_use_ -= size_of_class(c);
  auto* freed = static_cast<FreeBlock*>(block);
  freed->next = free_[c];
  free_[c] = freed;
}

}  // namespace orrery
