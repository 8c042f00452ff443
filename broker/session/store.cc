// SPDX-License-Identifier: Apache-2.0
#include "broker/session/store.h"

#include <algorithm>
#include <memory>
#include <new>
#include <utility>

#include "base/assert.h"
#include "base/hash.h"

namespace orrery::session {

Store::Store(std::uint64_t seed, Heap& heap, Counters& counters)
    : seed_(seed), heap_(heap), counters_(counters), sessions_(heap), by_client_id_(heap), index_(heap, seed) {}

Store::~Store() {
  for (std::uint32_t slot = 0; slot < sessions_.end(); ++slot) {
    if (!sessions_.contains(slot)) continue;
    drop_will(heap_, sessions_[slot].will_);
    heap_.free(sessions_[slot].client_id_bytes_, sessions_[slot].client_id_size_);
    free_held(sessions_[slot]);
  }
}

std::uint32_t Store::find(std::string_view client_id) const {
  return by_client_id_.find(hash_text(client_id, seed_),
                            [&](std::uint32_t slot) { return sessions_[slot].client_id() == client_id; });
}

// Life ---------------------------------------------------------------------------------------------------------------

std::uint32_t Store::create(std::string_view client_id, const Terms& terms) {
  ORRERY_ASSERT(find(client_id) == kNoSlot);
  const std::uint32_t slot = sessions_.emplace(heap_);
  Session& s = sessions_[slot];
  s.client_id_size_ = static_cast<std::uint32_t>(client_id.size());
  s.client_id_bytes_ = static_cast<char*>(heap_.allocate(client_id.size()));
  std::copy(client_id.begin(), client_id.end(), s.client_id_bytes_);
  s.epoch_ = terms.epoch;
  s.user_ = terms.user;
  s.expiry_seconds_ = terms.expiry_seconds;
  by_client_id_.insert(slot, [&](std::uint32_t id) { return hash_text(sessions_[id].client_id(), seed_); });
  counters_.add(Counter::kSessions);
  return slot;
}

void Store::resume(std::uint32_t slot, const Terms& terms) {
  Session& s = sessions_[slot];
  ORRERY_ASSERT(s.link == kNoLink);
  ORRERY_ASSERT(s.user_ == terms.user);
  s.epoch_ = terms.epoch;
  s.expiry_seconds_ = terms.expiry_seconds;
  s.ghost_ = false;
  drop_will(heap_, s.will_);
  s.will_due_ = kNever;
}

void Store::attached(std::uint32_t slot, Will will) {
  Session& s = sessions_[slot];
  ORRERY_ASSERT(!s.ghost_);
  ORRERY_ASSERT(s.will_.message == nullptr);
  s.will_ = will;
  s.expires_at_ = kNever;
  s.outbox_.rewind();
  for (ReceivedId& id : s.received_) id.counted = false;  // the quota begins anew (4.9)
}

void Store::set_expiry(std::uint32_t slot, std::uint32_t seconds) { sessions_[slot].expiry_seconds_ = seconds; }

void Store::away(std::uint32_t slot, Nanos expires_at, Nanos will_due) {
  Session& s = sessions_[slot];
  ORRERY_ASSERT(s.link == kNoLink);
  ORRERY_ASSERT(will_due == kNever || s.will_.message != nullptr);
  s.expires_at_ = expires_at;
  s.will_due_ = will_due;
  s.outbox_.rewind();
}

Will Store::take_will(std::uint32_t slot) {
  Session& s = sessions_[slot];
  s.will_due_ = kNever;
  return std::exchange(s.will_, {});
}

void Store::give_up(std::uint32_t slot) {
  Session& s = sessions_[slot];
  ORRERY_ASSERT(s.link == kNoLink);
  ORRERY_ASSERT(!s.ghost_);
  ORRERY_ASSERT(s.held == nullptr);
  s.ghost_ = true;
  s.expires_at_ = kNever;
  s.received_.clear();
  give_up_rest(slot);
}

void Store::give_up_rest(std::uint32_t slot) {
  Session& s = sessions_[slot];
  ORRERY_ASSERT(s.ghost_);
  counters_.add(Counter::kMessagesHandedOver, s.outbox_.waiting());
  counters_.subtract(Counter::kMessagesQueued, s.outbox_.waiting());
  s.outbox_.clear();
}

void Store::expire(std::uint32_t slot) {
  Session& s = sessions_[slot];
  ORRERY_ASSERT(!s.ended_);
  ORRERY_ASSERT(s.link == kNoLink);
  ORRERY_ASSERT(s.will_.message == nullptr);
  ORRERY_ASSERT(s.first_pending == kNoSlot);
  ORRERY_ASSERT(s.first_request == kNoSlot);
  release_held(slot);
  by_client_id_.erase(slot, [&](std::uint32_t id) { return hash_text(sessions_[id].client_id(), seed_); });
  s.ended_ = true;
  s.timer = TimerWheel::kNotArmed;
  counters_.subtract(Counter::kSessions);
}

void Store::drop_first(std::uint32_t slot) {
  Session& s = sessions_[slot];
  ORRERY_ASSERT(s.ended_);
  if (!s.outbox_.first()->begun()) {
    counters_.subtract(Counter::kMessagesQueued);
    counters_.add(Counter::kDroppedSessionEnded);
  }
  s.outbox_.drop_first();
}

void Store::erase(std::uint32_t slot) {
  Session& s = sessions_[slot];
  ORRERY_ASSERT(s.ended_);
  ORRERY_ASSERT(s.subscriptions_.empty());
  ORRERY_ASSERT(s.outbox_.first() == nullptr);
  heap_.free(s.client_id_bytes_, s.client_id_size_);
  sessions_.erase(slot);
}

// Subscriptions ------------------------------------------------------------------------------------------------------

routing::SubscriptionIndex::Added Store::subscribe(std::uint32_t slot, std::string_view filter, std::uint8_t options,
                                                   std::uint32_t identifier) {
  const auto added = index_.add(filter, slot, options, identifier);
  if (added.filter_id == routing::kNoFilter || added.replaced) return added;
  sessions_[slot].subscriptions_.push_back({added.filter_id});
  counters_.add(Counter::kSubscriptions);
  return added;
}

routing::SubscriptionIndex::Removed Store::unsubscribe(std::uint32_t slot, std::string_view filter) {
  const std::uint32_t id = index_.find(filter);
  const auto removed = index_.remove(filter, slot);
  if (!removed.existed) return removed;
  counters_.subtract(Counter::kSubscriptions);
  std::erase_if(sessions_[slot].subscriptions_, [&](const OwnSubscription& s) { return s.filter_id == id; });
  return removed;
}

std::uint32_t Store::unsubscribe_last(std::uint32_t slot, std::string& filter) {
  HeapVector<OwnSubscription>& own = sessions_[slot].subscriptions_;
  ORRERY_ASSERT(sessions_[slot].ended_);
  filter = index_.filter(own.back().filter_id);
  const auto removed = index_.remove(own.back().filter_id, slot);
  ORRERY_ASSERT(removed.existed);
  own.pop_back();
  counters_.subtract(Counter::kSubscriptions);
  return removed.members;
}

// Deliveries ---------------------------------------------------------------------------------------------------------

void Store::enqueue(std::uint32_t slot, Message* message, std::uint8_t qos, bool retain,
                    std::span<const std::uint32_t> identifiers) {
  ORRERY_ASSERT(qos == 1 || qos == 2);
  Session& s = sessions_[slot];
  (s.held != nullptr ? *s.held : s.outbox_).append(message, qos, retain, identifiers);
  counters_.add(Counter::kMessagesQueued);
}

std::uint16_t Store::next_packet_id(std::uint32_t slot) {
  Session& s = sessions_[slot];
  do {
    if (++s.last_packet_id_ == 0) s.last_packet_id_ = 1;
  } while (s.outbox_.uses(s.last_packet_id_));
  return s.last_packet_id_;
}

void Store::sent(std::uint32_t slot, std::uint16_t packet_id) {
  Outbox& outbox = sessions_[slot].outbox_;
  if (!outbox.next_to_send()->begun()) counters_.subtract(Counter::kMessagesQueued);
  outbox.sent(packet_id);
}

void Store::dropped(std::uint32_t slot) {
  sessions_[slot].outbox_.drop_next();
  counters_.subtract(Counter::kMessagesQueued);
}

std::uint32_t Store::drop_expired(std::uint32_t slot, Nanos now) {
  Session& s = sessions_[slot];
  const std::uint32_t dropped = (s.held != nullptr ? *s.held : s.outbox_).drop_expired(now);
  counters_.subtract(Counter::kMessagesQueued, dropped);
  return dropped;
}

void Store::released(std::uint32_t slot, const Delivery* delivery) {
  sessions_[slot].outbox_.release_message(const_cast<Delivery*>(delivery));
}

void Store::completed(std::uint32_t slot, const Delivery* delivery) {
  sessions_[slot].outbox_.complete(const_cast<Delivery*>(delivery));
}

void Store::restore(std::uint32_t slot, Outbox& moved, Where where) {
  Session& s = sessions_[slot];
  ORRERY_ASSERT(s.link == kNoLink || where == Where::kBehind);
  counters_.add(Counter::kMessagesTakenOver, moved.waiting());
  counters_.add(Counter::kMessagesQueued, moved.waiting());
  if (where == Where::kInFront) moved.swap(s.outbox_);
  s.outbox_.append_all(moved);
}

void Store::hold(std::uint32_t slot) {
  Session& s = sessions_[slot];
  ORRERY_ASSERT(s.held == nullptr);
  s.held = new (heap_.allocate(sizeof(Outbox))) Outbox(heap_);
}

void Store::release_held(std::uint32_t slot) {
  Session& s = sessions_[slot];
  if (s.held == nullptr) return;
  s.outbox_.append_all(*s.held);
  free_held(s);
}

void Store::free_held(Session& s) {
  if (s.held == nullptr) return;
  std::destroy_at(s.held);
  heap_.free(s.held, sizeof(Outbox));
  s.held = nullptr;
}

// QoS 2 coming in ----------------------------------------------------------------------------------------------------

namespace {
bool before(const ReceivedId& a, std::uint16_t packet_id) { return a.packet_id < packet_id; }
}  // namespace

const ReceivedId* Store::find_received(std::uint32_t slot, std::uint16_t packet_id) const {
  const auto& ids = sessions_[slot].received_;
  const auto at = std::lower_bound(ids.begin(), ids.end(), packet_id, before);
  return at == ids.end() || at->packet_id != packet_id ? nullptr : &*at;
}

void Store::received(std::uint32_t slot, std::uint16_t packet_id, bool counted) {
  auto& ids = sessions_[slot].received_;
  const auto at = std::lower_bound(ids.begin(), ids.end(), packet_id, before);
  if (at == ids.end() || at->packet_id != packet_id) {
    ids.insert(at, {packet_id, counted});
  } else {
    at->counted = at->counted || counted;
  }
}

void Store::unreceived(std::uint32_t slot, std::uint16_t packet_id) {
  auto& ids = sessions_[slot].received_;
  const auto at = std::lower_bound(ids.begin(), ids.end(), packet_id, before);
  ORRERY_ASSERT(at != ids.end());
  ORRERY_ASSERT(at->packet_id == packet_id);
  ids.erase(at);
}

}  // namespace orrery::session
