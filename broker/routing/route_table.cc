// SPDX-License-Identifier: Apache-2.0
#include "broker/routing/route_table.h"

#include <new>

#include "base/assert.h"
#include "broker/routing/levels.h"
#include "broker/routing/member_row.h"

namespace orrery::routing {

/// The header of an immutable block {count, items}.
template <class Item>
struct RouteTable::List {
  std::uint32_t count;
  std::uint32_t unused;

  static std::size_t bytes_of(std::size_t count) { return sizeof(List) + count * sizeof(Item); }
  Item* items() { return reinterpret_cast<Item*>(this + 1); }
  const Item* items() const { return reinterpret_cast<const Item*>(this + 1); }
  std::span<const Item> span() const { return {items(), count}; }
};

template <class Item>
RouteTable::List<Item>* RouteTable::make_list(std::span<const Item> items) {
  const std::size_t bytes = List<Item>::bytes_of(items.size());
  auto* list = new (heap_.allocate(bytes)) List<Item>{static_cast<std::uint32_t>(items.size()), 0};
  std::copy(items.begin(), items.end(), list->items());
  list_bytes_ += bytes;
  return list;
}

template <class Item>
void RouteTable::retire_list(List<Item>* list) {
  const std::size_t bytes = List<Item>::bytes_of(list->count);
  list_bytes_ -= bytes;
  states_.retire(heap_, list, bytes);
}

RouteTable::RouteTable(Heap& heap, QuiescentStates& states, std::uint64_t seed)
    : heap_(heap),
      states_(states),
      filters_(heap, states, seed, TopicIndex::Values::kWith),
      shared_(heap, states, seed),
      groups_(heap, states) {}

RouteTable::~RouteTable() {
  for (std::uint32_t id = 0; id < filters_.end(); ++id) retire_word(word_of(id));
  for (std::uint32_t id = 0; id < shared_.end(); ++id) {
    List<std::uint32_t>* list = groups_[id].load(std::memory_order_relaxed);
    if (list != nullptr) retire_list(list);
  }
}

std::size_t RouteTable::memory_bytes() const {
  return filters_.memory_bytes() + shared_.memory_bytes() + groups_.memory_bytes() + list_bytes_;
}

std::uint32_t RouteTable::rows() const {
  std::uint32_t sum = 0;
  for (const std::uint32_t n : rows_) sum += n;
  return sum;
}

std::uint64_t RouteTable::word_of(std::uint32_t id) const {
  const std::atomic<std::uint64_t>* word = filters_.value(id);
  return word == nullptr ? 0 : word->load(std::memory_order_acquire);
}

RouteTable::List<Place>* RouteTable::place_list(std::uint64_t word) { return reinterpret_cast<List<Place>*>(word); }

std::span<const Place> RouteTable::places_of(std::uint64_t word, Place& inline_place) {
  if (word == 0) return {};
  if ((word & kInline) != 0) {
    inline_place = {static_cast<NodeId>(word >> 16), static_cast<ShardId>(word >> 32)};
    return {&inline_place, 1};
  }
  return place_list(word)->span();
}

void RouteTable::retire_word(std::uint64_t word) {
  if (word != 0 && (word & kInline) == 0) retire_list(place_list(word));
}

/// Publishes the places of a filter, ascending; none: the word of an id that is not in use.
void RouteTable::set_places(std::uint32_t id, std::span<const Place> places) {
  std::uint64_t word = 0;
  if (places.size() == 1) {
    word = kInline | std::uint64_t{places[0].node} << 16 | std::uint64_t{places[0].shard} << 32;
  } else if (places.size() > 1) {
    word = reinterpret_cast<std::uintptr_t>(make_list(places));
  }
  retire_word(filters_.value(id)->exchange(word, std::memory_order_acq_rel));
}

bool RouteTable::add(std::string_view filter, Place place) {
  ORRERY_ASSERT(place.node < kPlaceNodesMax);
  const auto [id, created] = filters_.insert(filter);
  if (id == kNoFilter) return false;
  if (created && !shared_filter(filter).empty() && !join_shared(filter, id)) {
    filters_.erase(id);
    return false;
  }
  Place one;
  const std::span<const Place> places = places_of(word_of(id), one);
  const auto at = std::lower_bound(places.begin(), places.end(), place);
  if (at != places.end() && *at == place) return false;
  scratch_.assign(places.begin(), at);
  scratch_.push_back(place);
  scratch_.insert(scratch_.end(), at, places.end());
  set_places(id, scratch_);
  ++rows_[place.node];
  return true;
}

bool RouteTable::remove(std::string_view filter, Place place) {
  const std::uint32_t id = filters_.find(filter);
  if (id == kNoFilter) return false;
  return remove_if(id, [place](const Place& p) { return p == place; }) != 0;
}

std::uint32_t RouteTable::remove_node(NodeId node) {
  std::uint32_t removed = 0;
  for (std::uint32_t id = 0; id < filters_.end() && rows_[node] > 0; ++id)
    removed += remove_if(id, [node](const Place& p) { return p.node == node; });
  return removed;
}

template <class Wanted>
std::uint32_t RouteTable::remove_if(std::uint32_t id, Wanted&& wanted) {
  Place one;
  std::uint32_t removed = 0;
  scratch_.clear();
  for (const Place& p : places_of(word_of(id), one)) {
    if (wanted(p)) {
      ++removed;
      --rows_[p.node];
    } else {
      scratch_.push_back(p);
    }
  }
  if (removed == 0) return 0;
  set_places(id, scratch_);
  if (!scratch_.empty()) return removed;
  const std::string_view row = filters_.filter(id);
  if (!shared_filter(row).empty()) leave_shared(row, id);
  filters_.erase(id);
  return removed;
}

bool RouteTable::join_shared(std::string_view row, std::uint32_t id) {
  const std::string_view group = without_member(row);
  const bool first = group.size() == row.size();
  const std::uint32_t group_id = first ? id : filters_.find(group);
  if (group_id == kNoFilter) {  // a full copy comes in the order of ids
    ++orphans_;
    return true;
  }
  groups_.reserve(std::uint64_t{shared_.end()} + 1);
  const std::uint32_t shared_id = shared_.insert(shared_filter(group)).id;
  if (shared_id == kNoFilter) return false;
  std::vector<std::uint32_t> groups(groups_of(shared_id).begin(), groups_of(shared_id).end());
  if (groups.size() == kGroupsPerFilterMax) return false;
  if (first) {
    groups.push_back(id);
    for (std::uint32_t n = 2; n <= kMemberRowsMax && orphans_ > 0; ++n) {
      const std::uint32_t member = filters_.find(member_row(group, n));
      if (member == kNoFilter) continue;
      groups.push_back(member | kMemberBit);
      --orphans_;
    }
  } else {
    auto at = std::find(groups.begin(), groups.end(), group_id) + 1;
    while (at != groups.end() && (*at & kMemberBit) != 0) ++at;
    groups.insert(at, id | kMemberBit);
  }
  set_groups(shared_id, groups);
  return true;
}

void RouteTable::leave_shared(std::string_view row, std::uint32_t id) {
  const std::string_view group = without_member(row);
  const bool first = group.size() == row.size();
  const std::uint32_t shared_id = shared_.find(shared_filter(group));
  std::vector<std::uint32_t> groups;
  if (shared_id != kNoFilter) groups.assign(groups_of(shared_id).begin(), groups_of(shared_id).end());
  const auto at = std::find(groups.begin(), groups.end(), first ? id : id | kMemberBit);
  if (at == groups.end()) {
    ORRERY_ASSERT(!first);
    ORRERY_ASSERT(orphans_ > 0);
    --orphans_;
    return;
  }
  auto last = at + 1;
  for (; first && last != groups.end() && (*last & kMemberBit) != 0; ++last) ++orphans_;
  groups.erase(at, last);
  set_groups(shared_id, groups);
  if (groups.empty()) shared_.erase(shared_id);
}

void RouteTable::set_groups(std::uint32_t shared_id, std::span<const std::uint32_t> groups) {
  List<std::uint32_t>* list = groups.empty() ? nullptr : make_list(groups);
  List<std::uint32_t>* old = groups_[shared_id].exchange(list, std::memory_order_acq_rel);
  if (old != nullptr) retire_list(old);
  any_shared_.store(shared_.size() > 0, std::memory_order_release);
}

void RouteTable::mask(NodeId node) {
  ORRERY_ASSERT(node < kPlaceNodesMax);
  masked_.fetch_or(std::uint64_t{1} << node, std::memory_order_release);
}

void RouteTable::unmask(NodeId node) {
  ORRERY_ASSERT(node < kPlaceNodesMax);
  masked_.fetch_and(~(std::uint64_t{1} << node), std::memory_order_release);
}

std::span<const std::uint32_t> RouteTable::groups_of(std::uint32_t shared_id) const {
  const List<std::uint32_t>* list = groups_[shared_id].load(std::memory_order_acquire);
  return list == nullptr ? std::span<const std::uint32_t>{} : list->span();
}

/// add(places) for all of them, or one by one where some are masked.
template <class Out>
void RouteTable::add_unmasked(std::uint64_t word, Out&& add) const {
  Place one;
  const std::span<const Place> places = places_of(word, one);
  const std::uint64_t masked = masked_.load(std::memory_order_acquire);
  if (masked == 0) return add(places);
  for (const Place& p : places)
    if ((masked >> p.node & 1) == 0) add(std::span<const Place>(&p, 1));
}

/// The places of the group that `groups` begins with; returns how many entries it has.
std::size_t RouteTable::gather_group(std::span<const std::uint32_t> groups, std::vector<Place>& out) const {
  out.clear();
  const auto add = [&out](std::span<const Place> places) { out.insert(out.end(), places.begin(), places.end()); };
  add_unmasked(word_of(groups[0]), add);
  std::size_t entries = 1;
  for (; entries < groups.size() && (groups[entries] & kMemberBit) != 0; ++entries)
    add_unmasked(word_of(groups[entries] & ~kMemberBit), add);
  if (entries > 1) std::sort(out.begin(), out.end());
  return entries;
}

void RouteTable::group_places(std::string_view share_filter, std::vector<Place>& out) const {
  out.clear();
  const std::uint32_t id = filters_.find(share_filter);
  const std::uint32_t shared_id = shared_.find(shared_filter(share_filter));
  if (id == kNoFilter || shared_id == kNoFilter) return;
  const std::span<const std::uint32_t> groups = groups_of(shared_id);
  const auto at = std::find(groups.begin(), groups.end(), id);
  if (at != groups.end()) gather_group(groups.subspan(static_cast<std::size_t>(at - groups.begin())), out);
}

void RouteTable::match(std::string_view topic, PlaceSet& out) const {
  out.clear();
  filters_.match_values(topic, [&](std::uint64_t word) {
    add_unmasked(word, [&out](std::span<const Place> places) { out.add(places); });
  });
  out.finish();
}

}  // namespace orrery::routing
