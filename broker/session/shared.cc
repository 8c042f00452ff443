// SPDX-License-Identifier: Apache-2.0
// Shared subscriptions (MQTT 5, 4.8.2): which member of this shard gets a message, and what becomes of its messages
// when its session ends. Which shard is asked, the publisher's shard decides (broker/node/share_choice.h).
#include <algorithm>

#include "base/assert.h"
#include "base/hash.h"
#include "broker/session/delivery.h"
#include "broker/session/share_key.h"
#include "broker/session/subscription_byte.h"

namespace orrery::session {
namespace {
/// Members looked at for one with a connection before one without gets the message.
constexpr std::uint32_t kMembersTried = 64;
}  // namespace

bool Deliveries::deliver_to_group(Nanos now, std::string_view share_filter, const MessageView& message) {
  const Member member = choose_member(share_filter, message);
  if (member.session == kNoSlot) return false;
  MessageView shared = message;
  shared.share_filter = share_filter;
  Message* kept = nullptr;
  deliver_to(now, member.session, shared, kept, std::min(message.qos, subscription_qos(member.options)),
             message.retain && subscription_retain_as_published(member.options),
             {&member.identifier, member.identifier != 0 ? 1u : 0u});
  if (kept != nullptr) Message::release(heap_, kept);
  return true;
}

Deliveries::Member Deliveries::choose_member(std::string_view share_filter, const MessageView& message) {
  const SharedStrategy strategy = options_.shared_strategy;
  if (strategy == SharedStrategy::kRoundRobin || strategy == SharedStrategy::kLocal)
    return next_connected_member(share_filter);
  // The highest of all draws, with a connection before without: a member that comes or goes changes no other's share.
  const std::uint64_t key = strategy == SharedStrategy::kRandom ? rng_.next() : share_key(strategy, message);
  Member best;
  bool best_connected = false;
  std::uint64_t best_draw = 0;
  store_.index().for_each_member(share_filter, [&](std::uint32_t slot, std::uint8_t options, std::uint32_t identifier) {
    const Session& session = store_[slot];
    if (session.ended()) return;
    const bool connected = session.link != kNoLink;
    const std::uint64_t draw = hash_text(session.client_id(), key);
    if (best.session != kNoSlot && (best_connected != connected ? best_connected : best_draw >= draw)) return;
    best = {slot, options, identifier};
    best_connected = connected;
    best_draw = draw;
  });
  return best;
}

Deliveries::Member Deliveries::next_connected_member(std::string_view share_filter) {
  Member member;
  Member first;
  std::uint32_t begun_at = kNoSlot;
  std::uint32_t tried = 0;
  do {
    member = {};
    store_.match_group(share_filter, [&](std::uint32_t slot, std::uint8_t options, std::uint32_t identifier,
                                         std::uint32_t) { member = {slot, options, identifier}; });
    if (member.session == kNoSlot || store_[member.session].link != kNoLink) return member;
    if (begun_at == member.session) break;  // once round
    if (begun_at == kNoSlot) begun_at = member.session;
    if (first.session == kNoSlot && !store_[member.session].ended()) first = member;
  } while (++tried < kMembersTried);
  return first;
}

/// As a member of a group's: at QoS 1 also when it was sent and not acknowledged (4.8.2 advises it), at QoS 2 only when
/// it was not sent [MQTT-4.8.2-5].
void Deliveries::redistribute_first(Nanos now, std::uint32_t slot) {
  const Delivery* const d = store_[slot].outbox().first();
  ORRERY_ASSERT(store_[slot].ended());
  if (!d->released() && (d->qos == 1 || !d->begun())) {
    const MessageView message = d->message->view();
    if (!message.share_filter.empty() && !message.expired(now) && !deliver_to_group(now, message.share_filter, message))
      host_.route_to_group(now, message);
  }
  store_.drop_first(slot);
}

}  // namespace orrery::session
