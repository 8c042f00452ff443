// SPDX-License-Identifier: Apache-2.0
#include "broker/routing/subscription_index.h"

#include "base/assert.h"

namespace orrery::routing {

SubscriptionIndex::SubscriptionIndex(Heap& heap, std::uint64_t seed)
    : heap_(heap), filters_(heap, alone_, seed), lists_(heap, alone_) {}

SubscriptionIndex::~SubscriptionIndex() {
  for (std::uint32_t id = 0; id < filters_.end(); ++id) lists_[id].clear(heap_);
}

std::size_t SubscriptionIndex::memory_bytes() const {
  return filters_.memory_bytes() + lists_.memory_bytes() + list_bytes_;
}

SubscriptionIndex::Added SubscriptionIndex::add(std::string_view filter, std::uint32_t session, std::uint8_t options,
                                                std::uint32_t sub_id) {
  const auto [id, created] = filters_.insert(filter);
  if (id == kNoFilter) return {kNoFilter, false, 0, false};
  lists_.reserve(std::uint64_t{id} + 1);
  SubscriberList& list = lists_[id];
  list_bytes_ -= list.block_bytes();
  const bool fresh = list.add(heap_, {session, sub_id, options});
  list_bytes_ += list.block_bytes();
  subscriptions_ += fresh ? 1 : 0;
  shared_subscriptions_ += fresh && !shared_filter(filter).empty() ? 1 : 0;
  return {id, created, list.size(), !fresh};
}

SubscriptionIndex::Removed SubscriptionIndex::remove(std::string_view filter, std::uint32_t session) {
  const std::uint32_t id = filters_.find(filter);
  return id == kNoFilter ? Removed{false, false, 0} : remove(id, session);
}

SubscriptionIndex::Removed SubscriptionIndex::remove(std::uint32_t filter_id, std::uint32_t session) {
  ORRERY_ASSERT(filter_id < filters_.end());
  SubscriberList& list = lists_[filter_id];
  list_bytes_ -= list.block_bytes();
  const bool existed = list.remove(heap_, session);
  list_bytes_ += list.block_bytes();
  if (!existed) return {false, false, list.size()};
  --subscriptions_;
  if (!shared_filter(filters_.filter(filter_id)).empty()) --shared_subscriptions_;
  if (list.size() > 0) return {true, false, list.size()};
  filters_.erase(filter_id);
  return {true, true, 0};
}

const Subscriber* SubscriptionIndex::subscriber(std::uint32_t filter_id, std::uint32_t session) const {
  ORRERY_ASSERT(filter_id < filters_.end());
  return lists_[filter_id].find(session);
}

}  // namespace orrery::routing
