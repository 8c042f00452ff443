// SPDX-License-Identifier: Apache-2.0
// Who holds a session: claims granted, sessions that other shards ask for, and both sides of a move (handover.h).
#include <algorithm>

#include "broker/session/sessions.h"

namespace orrery::session {
namespace {

/// A ghost whose rest nobody fetches ends after this.
constexpr Nanos kGhostTime = 10 * kSecond;
/// A taker waits so long for the ghost's rest, then goes on without it.
constexpr Nanos kHoldTime = 3 * kSecond;
/// Tokens of RouteRequest that are about a move; the others are Subscriptions'.
constexpr std::uint32_t kMoveToken = 1u << 31;

}  // namespace

using mqtt::ReasonCode;

void Sessions::claim_granted(Nanos now, const claims::Grant& grant) {
  PendingConnect* pending = connections_.find_claim(grant.request);
  if (pending == nullptr) return;
  std::uint32_t slot = store_.find(pending->client_id);
  if (slot != kNoSlot && store_[slot].link != kNoLink) {
    // The registrar had forgotten that we hold it: the same as a yield from ourselves.
    const LinkId old = store_[slot].link;
    disconnect(now, old, ReasonCode::kSessionTakenOver, "the client identifier connected again", LinkEnd::kNormal);
    slot = store_.find(pending->client_id);
  }
  // A ghost whose session has ended elsewhere since, one that the client does not want, or another user's is nothing to
  // resume.
  if (slot != kNoSlot && (pending->clean_start || (store_[slot].ghost() && !grant.session_present) ||
                          store_[slot].user() != pending->user)) {
    end_session(now, slot, false);
    slot = kNoSlot;
  }
  pending->session_present = slot != kNoSlot;
  const Store::Terms terms{grant.epoch, pending->user, pending->expiry_seconds};
  if (slot == kNoSlot) {
    slot = store_.create(pending->client_id, terms);
  } else {
    store_.resume(slot, terms);
    if (store_[slot].held == nullptr) store_[slot].moves_until = kNever;
  }
  if (!grant.session_present || pending->clean_start) return finish_connect(now, grant.request, slot);

  Place former;
  const Handover::Import import = handover_.take(now, slot, grant.session, rows_, former);
  pending->session_present = pending->session_present || import != Handover::Import::kUnreadable;
  if (import == Handover::Import::kUnreadable)
    effects_.note({.kind = NoteKind::kSessionUnreadable, .client = pending->client_id});
  if (import == Handover::Import::kMoved)
    effects_.note(
        {.kind = NoteKind::kSessionMoved, .client = pending->client_id, .numbers = {former.shard, former.node}});
  // CONNACK when its routes are in force here, so that nothing passes it by.
  if (import == Handover::Import::kMoved) return await_routes(now, slot, grant.request, former);
  finish_connect(now, grant.request, slot);
}

/// At the new place: asks for the routes; CONNACK comes with them.
void Sessions::await_routes(Nanos now, std::uint32_t slot, std::uint64_t claim, Place former) {
  store_[slot].moves_until = now + kHoldTime;
  arm_session(slot);
  const std::uint32_t move = moves_.emplace();
  moves_[move] = {slot, store_[slot].epoch(), claim, former};
  const std::vector<std::string_view> added(rows_.begin(), rows_.end());
  RouteRequest request;
  request.token = kMoveToken | move;
  request.added = added;
  host_.change_routes(now, request);
}

void Sessions::routes_in_force(Nanos now, std::uint32_t token) {
  if ((token & kMoveToken) == 0) return subscriptions_.routes_in_force(now, token);
  const PendingMove move = moves_[token & ~kMoveToken];
  moves_.erase(token & ~kMoveToken);
  const std::uint32_t slot = move.session;
  const bool there = store_.contains(slot) && !store_[slot].ended() && !store_[slot].ghost();
  if (!there || store_[slot].epoch() != move.epoch)
    return refuse_claim(move.claim, ReasonCode::kServerBusy, "the client identifier connected again meanwhile");
  host_.fetch_rest(now, move.former, store_[slot].client_id(), move.epoch);
  finish_connect(now, move.claim, slot);
}

void Sessions::yield(Nanos now, const claims::Yield& yield) {
  const std::string_view client_id = yield.client_id;
  const claims::Yielded nothing{yield.epoch, false, client_id, {}};
  std::uint32_t slot = store_.find(client_id);
  if (slot == kNoSlot || store_[slot].ghost()) return host_.yielded(now, nothing);
  if (store_[slot].link != kNoLink) {
    counters_.add(Counter::kTakeovers);
    disconnect(now, store_[slot].link, ReasonCode::kSessionTakenOver, "the client identifier connected elsewhere",
               LinkEnd::kNormal);
    slot = store_.find(client_id);  // without a session expiry it has ended with its connection
  }
  if (slot != kNoSlot && yield.discard) {
    end_session(now, slot, false);
    slot = kNoSlot;
  }
  if (slot == kNoSlot) return host_.yielded(now, nothing);
  Will will = store_.take_will(slot);  // the client is back: a will that waited is not sent [MQTT-3.1.3-9]
  drop_will(heap_, will);
  const Bytes exported = handover_.give_up(now, slot);
  store_[slot].moves_until = now + kGhostTime;
  arm_session(slot);
  host_.yielded(now, {yield.epoch, true, store_[slot].client_id(), exported});
  check_books();
}

void Sessions::rest_wanted(Nanos now, Place present, std::string_view client_id, std::uint64_t) {
  const std::uint32_t slot = store_.find(client_id);
  if (slot == kNoSlot || !store_[slot].ghost()) return host_.give_rest(now, present, client_id, {});
  host_.give_rest(now, present, client_id, handover_.give_up_rest(now, slot));
  end_session(now, slot, false);
  check_books();
}

void Sessions::rest(Nanos now, std::string_view client_id, Bytes deliveries) {
  const std::uint32_t slot = store_.find(client_id);
  // After the hold was given up, or for a session that has gone on: too late to be put in order.
  if (slot == kNoSlot || store_[slot].held == nullptr) return handover_.lose_rest(deliveries);
  end_hold(now, slot, deliveries);
  check_books();
}

void Sessions::end_hold(Nanos now, std::uint32_t slot, Bytes rest) {
  handover_.take_rest(now, slot, rest);
  store_[slot].moves_until = kNever;
  if (store_[slot].link == kNoLink) return;
  deliveries_.pump(now, slot);
  subscriptions_.pull(now, slot);
}

}  // namespace orrery::session
