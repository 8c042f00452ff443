// SPDX-License-Identifier: Apache-2.0
#include "broker/routing/subscription_index.h"

#include "broker/base/assert.h"
#include "broker/routing/levels.h"

namespace orrery::routing {

SubscriptionIndex::SubscriptionIndex(Heap& heap, std::uint64_t seed)
    : heap_(heap),
      filters_(heap, alone_, seed),
      entries_(heap, alone_),
      shared_(heap, alone_, seed),
      groups_(heap, alone_) {}

SubscriptionIndex::~SubscriptionIndex() {
  for (std::uint32_t id = 0; id < filters_.end(); ++id) entries_[id].list.clear(heap_);
  for (std::uint32_t id = 0; id < shared_.end(); ++id) groups_[id].clear(heap_);
}

std::size_t SubscriptionIndex::memory_bytes() const {
  return filters_.memory_bytes() + entries_.memory_bytes() + shared_.memory_bytes() + groups_.memory_bytes() +
         list_bytes_;
}

SubscriptionIndex::Added SubscriptionIndex::add(std::string_view filter, std::uint32_t session, std::uint8_t options,
                                                std::uint32_t sub_id) {
  const auto [id, created] = filters_.insert(filter);
  if (id == kNoFilter) return {kNoFilter, false, false};
  entries_.reserve(std::uint64_t{id} + 1);
  const std::string_view inside = shared_filter(filter);
  if (created && !inside.empty() && !join_shared(id, inside)) {
    filters_.erase(id);
    return {kNoFilter, false, false};
  }
  SubscriberList& list = entries_[id].list;
  list_bytes_ -= list.block_bytes();
  const bool fresh = list.add(heap_, {session, sub_id, options});
  list_bytes_ += list.block_bytes();
  subscriptions_ += fresh ? 1 : 0;
  return {id, created, !fresh};
}

SubscriptionIndex::Removed SubscriptionIndex::remove(std::string_view filter, std::uint32_t session) {
  const std::uint32_t id = filters_.find(filter);
  return id == kNoFilter ? Removed{false, false} : remove(id, session);
}

SubscriptionIndex::Removed SubscriptionIndex::remove(std::uint32_t filter_id, std::uint32_t session) {
  ORRERY_ASSERT(filter_id < filters_.end());
  Entry& entry = entries_[filter_id];
  list_bytes_ -= entry.list.block_bytes();
  const bool existed = entry.list.remove(heap_, session);
  list_bytes_ += entry.list.block_bytes();
  if (!existed) return {false, false};
  --subscriptions_;
  if (entry.list.size() > 0) return {true, false};
  if (entry.shared_id != kNoFilter) leave_shared(filter_id);
  filters_.erase(filter_id);
  return {true, true};
}

const Subscriber* SubscriptionIndex::subscriber(std::uint32_t filter_id, std::uint32_t session) const {
  ORRERY_ASSERT(filter_id < filters_.end());
  return entries_[filter_id].list.find(session);
}

/// Appends a new group to those over the same filter; false when a limit refuses it.
bool SubscriptionIndex::join_shared(std::uint32_t id, std::string_view inside) {
  const std::uint32_t shared_id = shared_.insert(inside).id;
  if (shared_id == kNoFilter) return false;
  groups_.reserve(std::uint64_t{shared_id} + 1);
  SubscriberList& groups = groups_[shared_id];
  if (groups.size() == kGroupsPerFilterMax) return false;
  list_bytes_ -= groups.block_bytes();
  groups.add(heap_, {id, 0, 0});
  list_bytes_ += groups.block_bytes();
  entries_[id].shared_id = shared_id;
  return true;
}

void SubscriptionIndex::leave_shared(std::uint32_t id) {
  const std::uint32_t shared_id = entries_[id].shared_id;
  SubscriberList& groups = groups_[shared_id];
  list_bytes_ -= groups.block_bytes();
  groups.remove(heap_, id);
  list_bytes_ += groups.block_bytes();
  entries_[id].shared_id = kNoFilter;
  if (groups.size() == 0) shared_.erase(shared_id);
}

}  // namespace orrery::routing
