// SPDX-License-Identifier: Apache-2.0
// A shard's own subscriptions: which of its sessions want a topic, with what options. Used by the shard's thread alone.
//
// Over a TopicIndex, for each filter its subscribers in order of subscription: one in place (the usual case, 63 to 72
// bytes a subscription in all for a filter of 10 bytes), more in an array with an index by session once it is long, so
// that the millionth subscriber of a filter comes and goes as cheaply as the second. All memory is the shard's Heap.
//
// A shared subscription ("$share/{ShareName}/{filter}") is a filter with its own id, whose subscribers are the members
// of the group and take turns. match() leaves groups out, because which shard serves a group is decided by the
// publisher's shard, once for the whole cluster (RouteTable::match_shared); the shard that was chosen calls
// match_group() and gets one member.
#pragma once

#include <cstdint>
#include <string_view>

#include "broker/base/heap.h"
#include "broker/routing/subscriber_list.h"
#include "broker/routing/topic_index.h"

namespace orrery::routing {

class SubscriptionIndex {
 public:
  SubscriptionIndex(Heap& heap, std::uint64_t seed);
  ~SubscriptionIndex();

  struct Added {
    std::uint32_t filter_id;  // what the session keeps; kNoFilter when a limit refuses the filter
    bool first_for_filter;    // the shard had nobody there: a route is to be added
    std::uint32_t members;    // subscribers of the filter, this one included
    bool replaced;  // the session had this subscription: it keeps its turn with the new options and identifier
  };
  /// `options` is any byte (by habit the options byte of SUBSCRIBE), `sub_id` 0 when there is none.
  Added add(std::string_view filter, std::uint32_t session, std::uint8_t options, std::uint32_t sub_id);

  struct Removed {
    bool existed;
    bool last_for_filter;   // nobody is left: the route is to be removed
    std::uint32_t members;  // that are left
  };
  Removed remove(std::string_view filter, std::uint32_t session);
  /// By id, for a session that ends. When it was the last the id is free: take filter() before.
  Removed remove(std::uint32_t filter_id, std::uint32_t session);

  /// The whole filter, "$share/..." included; valid until the next add or remove.
  std::string_view filter(std::uint32_t filter_id) const { return filters_.filter(filter_id); }
  std::uint32_t find(std::string_view filter) const { return filters_.find(filter); }
  /// Null when the session has no such subscription.
  const Subscriber* subscriber(std::uint32_t filter_id, std::uint32_t session) const;

  /// visit(session, options, sub_id, filter_id) for every subscription that is not shared and matches: filter by filter
  /// in the order of TopicIndex::match, each in order of subscription. A session that has several comes several times.
  /// `visit` must not add or remove.
  template <class Visit>
  void match(std::string_view topic, Visit&& visit) const {
    filters_.match(topic, [&](std::uint32_t id) {
      lists_[id].for_each([&](const Subscriber& s) { visit(s.session, s.options, s.sub_id, id); });
    });
  }

  /// One member of the group, the next in turn: visit(session, options, sub_id, filter_id), once. False when nobody is
  /// left.
  template <class Visit>
  bool match_group(std::string_view share_filter, Visit&& visit) {
    const std::uint32_t id = shared_filter(share_filter).empty() ? kNoFilter : filters_.find(share_filter);
    if (id == kNoFilter) return false;
    const Subscriber& s = lists_[id].next_in_turn();
    visit(s.session, s.options, s.sub_id, id);
    return true;
  }

  /// All members of the group in order of subscription: visit(session, options, sub_id).
  template <class Visit>
  void for_each_member(std::string_view share_filter, Visit&& visit) const {
    const std::uint32_t id = shared_filter(share_filter).empty() ? kNoFilter : filters_.find(share_filter);
    if (id == kNoFilter) return;
    lists_[id].for_each([&](const Subscriber& s) { visit(s.session, s.options, s.sub_id); });
  }

  std::uint32_t filters() const { return filters_.size(); }
  std::uint32_t subscriptions() const { return subscriptions_; }
  std::uint32_t shared_subscriptions() const { return shared_subscriptions_; }
  /// In the heap.
  std::size_t memory_bytes() const;

 private:
  QuiescentStates alone_{0};
  Heap& heap_;
  TopicIndex filters_;
  ChunkedArray<SubscriberList> lists_;  // by id of filters_
  std::uint32_t subscriptions_ = 0;
  std::uint32_t shared_subscriptions_ = 0;  // of these
  std::size_t list_bytes_ = 0;
};

}  // namespace orrery::routing
