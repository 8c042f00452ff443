// SPDX-License-Identifier: Apache-2.0
// The node's route table: which shards of which nodes want a topic. A row is (topic filter, place).
//
// Over a TopicIndex, one word for each filter: the place itself if there is one (the usual case, 39 to 48 bytes a row
// in all for a filter of 10 bytes), or a pointer to an immutable sorted list, replaced as a whole. Written by shard 0,
// read by all shards of the node; see topic_index.h for the rules. Each shard calls QuiescentStates::passed at the end
// of its events, shard 0 reclaim() too.
//
// Shared subscriptions: the filter of the row is the whole "$share/{ShareName}/{filter}". Such rows never appear in
// match(); match_shared() gives for each group that matches the places that have members, each as often as it has some
// (member_row.h), and the caller chooses one of them for the message, and tells it the row's filter: so a group gets a
// message once in the whole cluster. The place then asks SubscriptionIndex::match_group. The strategy of the choice is
// the caller's.
#pragma once

#include <algorithm>
#include <array>
#include <span>
#include <string_view>
#include <vector>

#include "base/types.h"
#include "broker/routing/topic_index.h"

namespace orrery::routing {

/// Places in ascending order, each once. Keep one for each shard: it allocates only until it has grown.
class PlaceSet {
 public:
  void clear() {
    places_.clear();
    sorted_ = true;
  }
  void add(std::span<const Place> ascending) {
    if (ascending.empty()) return;
    sorted_ = sorted_ && (places_.empty() || places_.back() < ascending.front());
    places_.insert(places_.end(), ascending.begin(), ascending.end());
  }
  /// Sorts; to be called after the last add() and before any look.
  void finish() {
    if (sorted_) return;
    std::sort(places_.begin(), places_.end());
    places_.erase(std::unique(places_.begin(), places_.end()), places_.end());
    sorted_ = true;
  }
  bool empty() const { return places_.empty(); }
  std::size_t size() const { return places_.size(); }
  const Place& operator[](std::size_t i) const { return places_[i]; }
  auto begin() const { return places_.begin(); }
  auto end() const { return places_.end(); }
  std::span<const Place> span() const { return places_; }

 private:
  std::vector<Place> places_;
  bool sorted_ = true;
};

class RouteTable {
 public:
  RouteTable(Heap& heap, QuiescentStates& states, std::uint64_t seed);
  ~RouteTable();

  // The writer's side.

  /// True when the row is new. False also when filter_within_limits() says no or the table is full; place.node must be
  /// below kPlaceNodesMax.
  bool add(std::string_view filter, Place place);
  /// True when the row was there.
  bool remove(std::string_view filter, Place place);
  /// Drops all rows of the node and returns how many; looks at every filter.
  std::uint32_t remove_node(NodeId node);
  /// Rows of a masked node stay but do not match.
  void mask(NodeId node);
  void unmask(NodeId node);

  /// Visits the node's rows, masked or not: visit(filter, shard) -> bool, false to stop after this row. Begins at
  /// cursor 0; returns the cursor to go on with, or kCursorEnd. The order is that of ids: insertion order while nothing
  /// was removed, and the same in every run. Rows may come and go between two calls: a row that stays is visited.
  static constexpr std::uint64_t kCursorEnd = UINT64_MAX;
  template <class Visit>
  std::uint64_t for_each_of(NodeId node, std::uint64_t cursor, Visit&& visit) const {
    std::uint64_t first_shard = cursor & ((1u << kShardBits) - 1);
    for (auto id = static_cast<std::uint32_t>(cursor >> kShardBits); id < filters_.end(); ++id, first_shard = 0) {
      Place one;
      for (const Place& p : places_of(word_of(id), one))
        if (p.node == node && p.shard >= first_shard && !visit(filters_.filter(id), p.shard))
          return (std::uint64_t{id} << kShardBits) + p.shard + 1u;
    }
    return kCursorEnd;
  }
  /// Rows of the node.
  std::uint32_t routes_of(NodeId node) const { return rows_[node]; }
  std::uint32_t rows() const;
  std::uint32_t filters() const { return filters_.size(); }
  /// In the writer's heap, without what is retired.
  std::size_t memory_bytes() const;

  // The readers' side.

  /// All places with a filter that matches, masked ones left out. `out` is cleared first.
  void match(std::string_view topic, PlaceSet& out) const;

  /// visit(share_filter, places) for each shared group that matches, `places` ascending, one for each member, never
  /// empty, valid during the call. Groups come in the order of TopicIndex::match and, for one filter, in the order in
  /// which they were added.
  template <class Visit>
  void match_shared(std::string_view topic, std::vector<Place>& scratch, Visit&& visit) const {
    if (!any_shared_.load(std::memory_order_acquire)) return;
    shared_.match(topic, [&](std::uint32_t shared_id) {
      const std::span<const std::uint32_t> groups = groups_of(shared_id);
      for (std::size_t i = 0; i < groups.size();) {
        const std::uint32_t id = groups[i];
        i += gather_group(groups.subspan(i), scratch);
        if (!scratch.empty()) visit(filters_.filter(id), std::span<const Place>(scratch));
      }
    });
  }

  /// The places of one group as match_shared() gives them, none when it is not there.
  void group_places(std::string_view share_filter, std::vector<Place>& out) const;

 private:
  // A filter's word is 0, a pointer to an immutable list (16-aligned), or a place: kInline | node << 16 | shard << 32.
  static constexpr std::uint64_t kInline = 1;
  static constexpr unsigned kShardBits = 17;
  template <class Item>
  struct List;
  // In a list of groups: the row of a further member, which belongs to the group before it.
  static constexpr std::uint32_t kMemberBit = 1u << 31;
  static_assert(kFiltersMax <= kMemberBit);

  /// 0 for an id that is not in use.
  std::uint64_t word_of(std::uint32_t id) const;
  static List<Place>* place_list(std::uint64_t word);
  static std::span<const Place> places_of(std::uint64_t word, Place& inline_place);
  std::span<const std::uint32_t> groups_of(std::uint32_t shared_id) const;
  template <class Out>
  void add_unmasked(std::uint64_t word, Out&& add) const;
  std::size_t gather_group(std::span<const std::uint32_t> groups, std::vector<Place>& out) const;

  template <class Item>
  List<Item>* make_list(std::span<const Item> items);
  template <class Item>
  void retire_list(List<Item>* list);
  void retire_word(std::uint64_t word);
  void set_places(std::uint32_t id, std::span<const Place> places);
  void set_groups(std::uint32_t shared_id, std::span<const std::uint32_t> groups);
  template <class Wanted>
  std::uint32_t remove_if(std::uint32_t id, Wanted&& wanted);
  bool join_shared(std::string_view row, std::uint32_t id);
  void leave_shared(std::string_view row, std::uint32_t id);

  Heap& heap_;
  QuiescentStates& states_;
  TopicIndex filters_;                                      // rows' filters with their words, the shared ones whole
  TopicIndex shared_;                                       // the filters inside shared ones
  ChunkedArray<std::atomic<List<std::uint32_t>*>> groups_;  // by id of shared_: ids of filters_, each with its members
  std::uint32_t orphans_ = 0;                               // members' rows that came before their group's
  std::atomic<bool> any_shared_{false};
  std::atomic<std::uint64_t> masked_{0};
  std::array<std::uint32_t, kPlaceNodesMax> rows_{};
  std::size_t list_bytes_ = 0;
  std::vector<Place> scratch_;
};

}  // namespace orrery::routing
