// SPDX-License-Identifier: Apache-2.0
// Maps topic filters to dense ids and finds the ids of all filters that match a topic name (MQTT 5.0 section 4.7).
//
// Every filter is one record in an arena of texts and one slot of an open-addressing table over it: 31 to 36 bytes for
// a filter of 10 bytes, and a match without wildcards is one hash, one slot, one record. An index may keep a word for
// each filter in the record (8 bytes more), so that what the filter stands for costs no further cache miss. Filters
// with wildcards stand in a trie besides, which is walked only if there are any. Neither depth nor length of a topic
// costs more than reading it: nothing recurses, and the walk goes no deeper than the trie.
//
// One thread writes (insert, erase), any number of threads read (find, filter, match) at the same time and never wait:
// the writer publishes with release stores and leaves what it replaces to QuiescentStates. Readers see a filter that is
// there all the time, and may or may not see one that comes or goes meanwhile. An id is used again only when no reader
// can still mean the old filter. All memory is the writer's Heap, freed by the writer. A filter of the form
// "$share/{ShareName}/{filter}" only has an id here and matches nothing: whoever serves groups puts the filter inside
// it into another index. Topics given to match() are topic names: valid, without wildcards. Filters are valid filters.
// See broker/mqtt for the rules.
#pragma once

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
#include "broker/routing/wildcard_trie.h"

namespace orrery::routing {

/// No filter: not found, or refused by a limit.
inline constexpr std::uint32_t kNoFilter = UINT32_MAX;

class TopicIndex {
 public:
  using Values = TextArena::Values;
  /// `seed` keys the hash: different per node, so that nobody can prepare topics that collide.
  TopicIndex(Heap& heap, QuiescentStates& states, std::uint64_t seed, Values values = Values::kWithout);
  TopicIndex(const TopicIndex&) = delete;
  TopicIndex& operator=(const TopicIndex&) = delete;

  struct Inserted {
    std::uint32_t id;  // kNoFilter when a limit refuses the filter (limits.h)
    bool created;
  };
  Inserted insert(std::string_view filter);
  /// `id` must be in use.
  void erase(std::uint32_t id);

  /// The id of exactly this filter, or kNoFilter.
  std::uint32_t find(std::string_view filter) const;
  /// Valid until the writer's next insert or erase, for other readers until the end of their event.
  std::string_view filter(std::uint32_t id) const { return texts_.text(text_of_[id].load(std::memory_order_acquire)); }

  /// With Values::kWith, the word of a filter: 0 at first, changed by the writer alone. Null for an id that is not in
  /// use. Valid until the writer's next insert or erase, for other readers until the end of their event.
  std::atomic<std::uint64_t>* value(std::uint32_t id) const {
    const TextRef text = text_of_[id].load(std::memory_order_acquire);
    return text == kNoText ? nullptr : &texts_.value(text);
  }

  /// Calls visit(id) once for each filter that matches: the one without wildcards first, then those of the trie, each
  /// level's literal before its `+`. The order depends on the set of filters alone. `visit` must not change the index.
  template <class Visit>
  void match(std::string_view topic, Visit&& visit) const {
    const TextRef exact = find_topic(topic);
    if (exact != kNoText) visit(texts_.owner(exact));
    match_wildcards(topic, visit);
  }

  /// With Values::kWith, likewise visit(value) for those whose value is not 0.
  template <class Visit>
  void match_values(std::string_view topic, Visit&& visit) const {
    const auto visit_text = [&](TextRef text) {
      const std::uint64_t word = text == kNoText ? 0 : texts_.value(text).load(std::memory_order_acquire);
      if (word != 0) visit(word);
    };
    visit_text(find_topic(topic));
    match_wildcards(topic, [&](std::uint32_t id) { visit_text(text_of_[id].load(std::memory_order_acquire)); });
  }

  std::uint32_t size() const { return size_; }
  std::uint32_t wildcards() const { return trie_.size(); }
  /// Ids in use are below.
  std::uint32_t end() const { return ids_.end(); }
  bool in_use(std::uint32_t id) const { return text_of_[id].load(std::memory_order_relaxed) != kNoText; }
  /// Everything allocated from the heap, without what is retired.
  std::size_t memory_bytes() const;

 private:
  struct Owners;

  template <class Visit>
  void match_wildcards(std::string_view topic, Visit&& visit) const {
    if (trie_.empty()) return;
    WildcardTrie::Walk walk(trie_, topic);
    for (std::uint32_t id = walk.next(); id != kNoFilter; id = walk.next()) visit(id);
  }

  TextRef find_text(std::string_view filter, std::uint32_t hash) const;
  /// kNoText also for a topic that looks like a shared filter.
  TextRef find_topic(std::string_view topic) const;

  std::uint64_t seed_;
  std::uint32_t size_ = 0;
  TextArena texts_;
  SlotTable table_;  // hash of the filter -> its record in texts_
  ChunkedArray<std::atomic<TextRef>> text_of_;
  IdPool ids_;
  WildcardTrie trie_;
};

/// Whether insert() would accept this filter while there is room.
bool filter_within_limits(std::string_view filter);

}  // namespace orrery::routing
