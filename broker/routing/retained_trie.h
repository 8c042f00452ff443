// SPDX-License-Identifier: Apache-2.0
// The topics of a RetainedStore by level, for finding those that match a filter. One thread.
//
// Children of a node hang together in the order in which they came; a literal child is found in one SlotTable for the
// whole trie. A walk goes through the trie in preorder with one node for each level in hand; its time is that of the
// nodes that agree with a beginning of the filter.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "broker/base/heap.h"
#include "broker/routing/chunked_array.h"
#include "broker/routing/id_pool.h"
#include "broker/routing/limits.h"
#include "broker/routing/quiescent.h"
#include "broker/routing/slot_table.h"
#include "broker/routing/text_arena.h"

namespace orrery::routing {

class RetainedTrie {
 public:
  static constexpr std::uint32_t kNone = UINT32_MAX;

  RetainedTrie(Heap& heap, QuiescentStates& alone, std::uint64_t seed);

  /// Returns the node, to be given to remove(); kNone when the topic has more than kLevelsMax levels or the trie is
  /// full. The topic must not be there.
  std::uint32_t add(std::string_view topic, std::uint32_t record);
  void remove(std::uint32_t node);
  std::size_t memory_bytes() const;

  /// A node that is held stays, with the nodes above it, whatever is removed: a walk can go on from it later. Held as
  /// often as it is let go.
  void hold(std::uint32_t node);
  void let_go(std::uint32_t node);

  /// The records of the topics that match a filter, one by one. The trie must not change meanwhile; a walk that goes on
  /// later is begun again at the node where it stood, which was held.
  class Walk {
   public:
    Walk(const RetainedTrie& trie, std::string_view filter);
    /// Behind `node`, at which an earlier walk with this filter has stood.
    Walk(const RetainedTrie& trie, std::string_view filter, std::uint32_t node);
    /// The next record, or kNone at the end.
    std::uint32_t next();
    /// One node further; false at the end.
    bool step() { return advance(); }
    /// The node where it stands after a step(), and its record if the filter matches there, or kNone.
    std::uint32_t node() const { return at_[depth_]; }
    std::uint32_t record() const;

   private:
    void read_filter(std::string_view filter);
    bool advance();
    bool down();
    bool all_children(std::uint32_t depth) const;
    std::uint32_t passable(std::uint32_t child, std::uint32_t depth) const;

    const RetainedTrie& trie_;
    std::uint32_t levels_ = 0;         // of the filter, `#` not counted
    std::uint32_t many_from_ = kNone;  // the depth from which on `#` stands
    std::uint32_t depth_ = 0;
    bool begun_ = false;
    std::array<const char*, kLevelsMax> text_;
    std::array<std::uint32_t, kLevelsMax> size_;
    std::array<std::uint32_t, kLevelsMax + 1> at_;  // the node in hand at each depth
  };

 private:
  static constexpr std::uint32_t kRoot = 0;
  struct Node {
    std::uint32_t parent = kNone;
    TextRef text = kNoText;
    std::uint32_t first_child = kNone;
    std::uint32_t last_child = kNone;
    std::uint32_t before = kNone;
    std::uint32_t after = kNone;
    std::uint32_t record = kNone;
  };
  struct Owners;

  std::uint32_t child(std::uint32_t parent, std::string_view level) const;
  std::uint32_t make_child(std::uint32_t parent, std::string_view level);
  void prune(std::uint32_t node);

  std::uint64_t seed_;
  TextArena texts_;
  SlotTable edges_;  // edge_hash -> node + 1
  ChunkedArray<Node> nodes_;
  IdPool ids_;
  struct Held {
    std::uint32_t node;
    std::uint32_t times;
  };
  bool held(std::uint32_t node) const;
  HeapVector<Held> held_;  // by node; as many as there are walks that will go on
};

}  // namespace orrery::routing
