// SPDX-License-Identifier: Apache-2.0
// The pool's slower half: new chunks, and blocks too large for any class.
#include "sim/models/block_pool.h"

#include <new>

namespace orrery::sim {
namespace {

constexpr std::size_t kCacheLine = 64;

std::uint8_t* aligned(std::size_t bytes) {
  void* memory = std::aligned_alloc(kCacheLine, (bytes + kCacheLine - 1) / kCacheLine * kCacheLine);
  ORRERY_ASSERT(memory != nullptr);
  return static_cast<std::uint8_t*>(memory);
}

}  // namespace

void BlockPool::add_chunk(std::uint32_t c) {
  Class& k = classes_[c];
  const std::uint32_t first = static_cast<std::uint32_t>(k.chunks.size()) * kChunkBlocks;
  ORRERY_ASSERT(first + kChunkBlocks <= kIndexMask);
  k.chunks.emplace_back(aligned(kBlockBytes[c] * kChunkBlocks));
  for (std::uint32_t i = kChunkBlocks; i-- > 0;) {
    const ItemId id = c << kIndexBits | (first + i);
    Item& item = *new (&(*this)[id]) Item;
    item.capacity = static_cast<std::uint32_t>(kRoom[c]);
    item.next = k.free;
    k.free = id;
  }
}

ItemId BlockPool::allocate_large(std::size_t room) {
  ORRERY_ASSERT(room <= UINT32_MAX);
  std::uint32_t index = static_cast<std::uint32_t>(large_.size());
  if (large_free_.empty()) {
    large_.emplace_back();
  } else {
    index = large_free_.back();
    large_free_.pop_back();
  }
  large_[index].reset(aligned(sizeof(Item) + room));
  Item& item = *new (large_[index].get()) Item;
  item.capacity = static_cast<std::uint32_t>(room);
  large_bytes_ += sizeof(Item) + room;
  return kLarge << kIndexBits | index;
}

void BlockPool::free_large(ItemId id) {
  const std::uint32_t index = id & kIndexMask;
  large_bytes_ -= sizeof(Item) + (*this)[id].capacity;
  large_[index].reset();
  large_free_.push_back(index);
}

std::size_t BlockPool::memory_bytes() const {
  std::size_t bytes = sizeof(*this) + large_bytes_ + large_.capacity() * sizeof(Memory);
  for (std::size_t c = 0; c < classes_.size(); ++c) bytes += classes_[c].chunks.size() * kBlockBytes[c] * kChunkBlocks;
  return bytes;
}

}  // namespace orrery::sim
