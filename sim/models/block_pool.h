// SPDX-License-Identifier: Apache-2.0
// Memory of what is on its way: items of a stream or a post, each a small header and its bytes in one block.
//
// Blocks have five classes (data of 88, 472, 2008 and 16384 bytes, and a block of its own above that) and are named by
// 32-bit ids, so that a link refers to its queue in 8 bytes and an idle link holds nothing. Freed blocks are used again
// last-in first-out, which keeps the few that are busy in the cache. Memory is kept until the pool ends, except for the
// large ones.
#pragma once

#include <array>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <vector>

#include "base/assert.h"
#include "base/types.h"

namespace orrery::sim {

enum class ItemKind : std::uint8_t {
  kOpen,     // a connection is asked for
  kOpened,   // ... and accepted
  kRefused,  // ... and refused
  kData,
  kClose,   // the sender has closed after sending everything
  kReset,   // the sender has closed at once, or knows nothing of the connection
  kPost,    // a message between shards
  kFinish,  // a client has sent its last byte and goes on reading
};

using ItemId = std::uint32_t;
inline constexpr ItemId kNoItem = UINT32_MAX;

struct Item {
  Nanos leaves = 0;       // when the sender's work was done
  Nanos arrival = 0;      // kNever: it waits for the receiver's window
  ItemId next = kNoItem;  // the item behind it in its queue
  std::uint32_t sequence = 0;
  std::uint32_t size = 0;
  std::uint32_t capacity = 0;
  ItemKind kind = ItemKind::kData;

  std::uint8_t* data() { return reinterpret_cast<std::uint8_t*>(this + 1); }
  MutableBytes bytes() { return {data(), size}; }
};
static_assert(sizeof(Item) == 40);

class BlockPool {
 public:
  BlockPool() = default;
  BlockPool(const BlockPool&) = delete;
  BlockPool& operator=(const BlockPool&) = delete;

  /// A new item with room for so many bytes and no successor.
  ItemId allocate(std::size_t room) {
    const std::uint32_t c = class_of(room);
    ++in_use_;
    if (c == kLarge) return allocate_large(room);
    Class& k = classes_[c];
    if (k.free == kNoItem) add_chunk(c);
    const ItemId id = k.free;
    Item& item = (*this)[id];
    k.free = item.next;
    item.next = kNoItem;
    item.size = 0;
    return id;
  }

  void free(ItemId id) {
    const std::uint32_t c = id >> kIndexBits;
    --in_use_;
    if (c == kLarge) return free_large(id);
    (*this)[id].next = classes_[c].free;
    classes_[c].free = id;
  }

  Item& operator[](ItemId id) {
    const std::uint32_t c = id >> kIndexBits;
    const std::uint32_t index = id & kIndexMask;
    if (c == kLarge) return *reinterpret_cast<Item*>(large_[index].get());
    return *reinterpret_cast<Item*>(classes_[c].chunks[index / kChunkBlocks].get() +
                                    (index % kChunkBlocks) * kBlockBytes[c]);
  }

  std::size_t in_use() const { return in_use_; }
  std::size_t memory_bytes() const;

 private:
  static constexpr std::uint32_t kIndexBits = 29;
  static constexpr std::uint32_t kIndexMask = (1u << kIndexBits) - 1;
  static constexpr std::uint32_t kChunkBlocks = 128;
  static constexpr std::array<std::size_t, 4> kRoom = {88, 472, 2008, 16384};
  static constexpr std::array<std::size_t, 4> kBlockBytes = {128, 512, 2048, 16384 + 64};
  static constexpr std::uint32_t kLarge = 4;

  struct FreeMemory {
    void operator()(std::uint8_t* memory) const { std::free(memory); }
  };
  using Memory = std::unique_ptr<std::uint8_t[], FreeMemory>;
  struct Class {
    std::vector<Memory> chunks;
    ItemId free = kNoItem;
  };

  static std::uint32_t class_of(std::size_t room) {
    if (room <= kRoom[0]) return 0;
    if (room <= kRoom[1]) return 1;
    if (room <= kRoom[2]) return 2;
    return room <= kRoom[3] ? 3 : kLarge;
  }
  void add_chunk(std::uint32_t c);
  ItemId allocate_large(std::size_t room);
  void free_large(ItemId id);

  std::array<Class, 4> classes_;
  std::size_t in_use_ = 0;
  std::vector<Memory> large_;
  std::vector<std::uint32_t> large_free_;
  std::size_t large_bytes_ = 0;
};

}  // namespace orrery::sim
