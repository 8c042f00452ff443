// SPDX-License-Identifier: Apache-2.0
// The filters with wildcards of a TopicIndex: a trie with one node for each level.
//
// A literal child is found in one SlotTable for the whole trie, by (parent, level); the child of `+` and the filter
// that ends in `#` below a node are fields of it. A walk over a topic keeps the branches it has still to take on a
// stack of its own: at most one for each level, so neither memory nor depth depends on the topic; its time is that of
// the nodes that agree with a beginning of the topic, at most two look-ups each.
//
// One writer, many walks in other threads (quiescent.h). A walk is valid for one event.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string_view>

#include "broker/base/heap.h"
#include "broker/routing/chunked_array.h"
#include "broker/routing/id_pool.h"
#include "broker/routing/levels.h"
#include "broker/routing/limits.h"
#include "broker/routing/quiescent.h"
#include "broker/routing/slot_table.h"
#include "broker/routing/text_arena.h"

namespace orrery::routing {

class WildcardTrie {
 public:
  static constexpr std::uint32_t kNone = UINT32_MAX;

  WildcardTrie(Heap& heap, QuiescentStates& states, std::uint64_t seed);

  /// The filter has a wildcard, at most kLevelsMax levels, and is not there. False when the trie is full.
  bool insert(std::string_view filter, std::uint32_t id);
  /// The filter is there.
  void erase(std::string_view filter);

  bool empty() const { return size_.load(std::memory_order_acquire) == 0; }
  std::uint32_t size() const { return size_.load(std::memory_order_relaxed); }
  std::size_t memory_bytes() const;

  /// The ids of the filters that match a topic name, one by one; kNone at the end.
  class Walk {
   public:
    Walk(const WildcardTrie& trie, std::string_view topic);
    std::uint32_t next();

   private:
    struct Branch {
      std::uint32_t node;
      std::uint32_t depth;  // how many levels of the topic the node stands for
    };
    struct Level {  // not a string_view: those would all be initialised
      const char* data;
      std::size_t size;
      std::uint64_t hash;
    };
    bool has_level(std::uint32_t depth);
    std::uint32_t visit(Branch branch);

    const WildcardTrie& trie_;
    Levels rest_;
    bool dollar_;
    std::uint32_t levels_ = 0;  // taken apart so far
    std::uint32_t waiting_;     // a second id from the node visited last
    std::uint32_t branches_ = 0;
    std::array<Level, kLevelsMax + 1> level_;
    std::array<Branch, kLevelsMax + 2> branch_;
  };

 private:
  static constexpr std::uint32_t kRoot = 0;

  struct Node {
    std::uint32_t parent = kNone;
    std::uint32_t children = 0;                   // literal and `+`; the writer's
    std::atomic<TextRef> text{kNoText};           // of a literal; of `+` it is kNoText
    std::atomic<std::uint32_t> plus{kNone};       // the child `+`
    std::atomic<std::uint32_t> ends{kNone};       // the filter that ends here
    std::atomic<std::uint32_t> ends_many{kNone};  // the filter that goes on with `#` and ends
    bool bare() const;
  };
  struct Owners;

  std::uint32_t literal_child(std::uint32_t parent, std::string_view level, std::uint64_t hash) const;
  std::uint32_t child(std::uint32_t parent, std::string_view level) const;
  std::uint32_t make_child(std::uint32_t parent, std::string_view level);
  std::uint32_t make_node(std::uint32_t parent);
  void prune(std::uint32_t node);

  std::uint64_t seed_;
  std::atomic<std::uint32_t> size_{0};
  TextArena texts_;
  SlotTable edges_;  // edge_hash -> node + 1
  ChunkedArray<Node> nodes_;
  IdPool ids_;
};

}  // namespace orrery::routing
