// SPDX-License-Identifier: Apache-2.0
// The life of connections and sessions: begun, attached, left, expired, ended; and the timers of both
// (MQTT 5, 4.1, 3.1.2.5).
#include <algorithm>

#include "base/assert.h"
#include "broker/session/limits.h"
#include "broker/session/route_rows.h"
#include "broker/session/sessions.h"

namespace orrery::session {

using mqtt::ReasonCode;

void Sessions::attach(Nanos now, std::uint32_t slot, LinkId link, Will will) {
  Session& session = store_[slot];
  ORRERY_ASSERT(session.link == kNoLink);
  session.link = link;
  counters_.add(Counter::kConnected);
  store_.attached(slot, will);
  connections_.serve(now, link, slot);
}

void Sessions::detach(Nanos now, std::uint32_t slot, bool with_will) {
  Session& session = store_[slot];
  ORRERY_ASSERT(session.link == kNoLink || !connections_.contains(session.link) ||
                connections_[session.link].session == kNoSlot);
  if (session.link != kNoLink) {
    counters_.subtract(Counter::kConnected);
    counters_.add(Counter::kDisconnected);
  }
  session.link = kNoLink;
  acknowledgements_.forget(slot);
  subscriptions_.connection_gone(slot);
  Nanos will_due = kNever;
  if (session.will().message != nullptr) {
    if (!with_will) {
      Will will = store_.take_will(slot);
      drop_will(heap_, will);
    } else if (session.will().delay_seconds == 0 || session.expiry_seconds() == 0) {
      publish_will(now, slot);
    } else {
      will_due = now + session.will().delay_seconds * kSecond;
    }
  }
  const bool for_ever = session.expiry_seconds() == UINT32_MAX;
  store_.away(slot, for_ever ? kNever : now + session.expiry_seconds() * kSecond, will_due);
  if (session.expiry_seconds() == 0) return end_session(now, slot, true);
  arm_session(slot);
}

void Sessions::leave(Nanos now, LinkId link, bool with_will, const char* why) {
  if (connections_[link].state == Connection::State::kOpen) note(NoteKind::kClientGone, link, why);
  const std::uint32_t slot = connections_.closing(link);
  if (slot == kNoSlot) return;
  ORRERY_ASSERT(store_[slot].link == link);
  detach(now, slot, with_will);
}

void Sessions::end_session(Nanos now, std::uint32_t slot, bool release) {
  const Session& session = store_[slot];
  ORRERY_ASSERT(session.link == kNoLink);
  // A will that waits for its delay is due when the session ends [MQTT-3.1.2-8].
  if (session.will().message != nullptr) publish_will(now, slot);
  acknowledgements_.forget(slot);
  subscriptions_.session_ended(now, slot);
  const std::uint64_t lost =
      session.outbox().waiting() + (session.held != nullptr ? std::uint64_t{session.held->waiting()} : 0);
  if (lost > 0)
    effects_.note({.kind = NoteKind::kDroppedSessionEnded, .client = session.client_id(), .numbers = {lost}});
  if (release) host_.release(now, {session.epoch(), session.client_id()});
  store_.expire(slot);
  WorkBudget at_once(kUnitsAtOnce);
  if (!take_leave(now, slot, at_once)) ending_.push_back(slot);
}

/// What a session that has ended leaves behind: its filters, then its deliveries, which go to others of their group (a
/// ghost's have moved with it). True when nothing is left, and the slot is free.
bool Sessions::take_leave(Nanos now, std::uint32_t slot, WorkBudget& budget) {
  const Session& session = store_[slot];
  rows_.clear();
  std::string filter;
  for (; !session.subscriptions().empty() && !budget.spent(); budget.charge()) {
    const std::uint32_t left = store_.unsubscribe_last(slot, filter);
    append_row(rows_, filter, left + 1);
  }
  if (!rows_.empty()) {
    const std::vector<std::string_view> removed(rows_.begin(), rows_.end());
    RouteRequest request;
    request.removed = removed;
    host_.change_routes(now, request);
  }
  for (; session.outbox().first() != nullptr && !budget.spent(); budget.charge())
    session.ghost() ? store_.drop_first(slot) : deliveries_.redistribute_first(now, slot);
  if (!session.subscriptions().empty() || session.outbox().first() != nullptr) return false;
  store_.erase(slot);
  return true;
}

void Sessions::disconnect(Nanos now, LinkId link, ReasonCode reason, const char* what, LinkEnd how) {
  Connection& c = connections_[link];
  if (c.state == Connection::State::kClosing) return;
  if (c.state == Connection::State::kAuthenticating) return refuse_claim(c.request, reason, what);
  connections_.send_disconnect(link, reason, what);
  if (reason == ReasonCode::kKeepAliveTimeout) note(NoteKind::kClientTimedOut, link, what);
  if (reason == ReasonCode::kSessionTakenOver) note(NoteKind::kClientTakenOver, link, what);
  leave(now, link, true, what);
  host_.end_link(link, how);
}

void Sessions::protocol_error(Nanos now, LinkId link, const mqtt::DecodeResult& what) {
  if (connections_[link].state == Connection::State::kClosing) return;
  counters_.add(Counter::kProtocolErrors);
  note(NoteKind::kProtocolError, link, what.what, static_cast<std::uint64_t>(what.reason));
  disconnect(now, link, what.reason, what.what,
             what.reason == ReasonCode::kPacketTooLarge ? LinkEnd::kTooLarge : LinkEnd::kProtocolError);
}

// Timers. Each connection and each session has one that counts; it is armed for the earliest thing and looks again.

void Sessions::connection_timer(Nanos now, LinkId link, TimerWheel::Tick tick) {
  switch (connections_.timer(now, link, tick)) {
    case Connections::Due::kNothing:
      return;
    case Connections::Due::kAuth:
      return refuse_claim(connections_[link].request, ReasonCode::kNotAuthorized, "no AUTH in time");
    case Connections::Due::kConnect:
      // No CONNECT in time, or no answer to it: the network connection is closed (MQTT 5, 3.1).
      return disconnect(now, link, ReasonCode::kKeepAliveTimeout, "no CONNECT in time", LinkEnd::kNormal);
    case Connections::Due::kKeepAlive:
      if (host_.excused(link)) return connections_.excuse(now, link);
      return disconnect(now, link, ReasonCode::kKeepAliveTimeout, "keep alive timed out", LinkEnd::kNormal);
  }
}

void Sessions::arm_session(std::uint32_t slot) {
  Session& session = store_[slot];
  const Nanos when = std::min({session.will_due(), session.expires_at(), session.moves_until});
  if (when != kNever) session.timer = wheel_.arm(when, slot | static_cast<std::uint32_t>(TimerKind::kSession));
}

void Sessions::expire(Nanos now, std::uint32_t slot) {
  const bool ghost = store_[slot].ghost();  // then the session lives on elsewhere
  if (!ghost) counters_.add(Counter::kSessionsExpired);
  end_session(now, slot, !ghost);
}

void Sessions::session_timer(Nanos now, std::uint32_t slot, TimerWheel::Tick tick, WorkBudget& budget) {
  if (!store_.contains(slot) || store_[slot].timer != tick) return;
  Session& session = store_[slot];
  session.timer = TimerWheel::kNotArmed;
  if (now >= session.will_due()) publish_will(now, slot);
  if (now >= session.moves_until) {
    if (session.ghost()) return end_session(now, slot, false);
    end_hold(now, slot, {});
  }
  if (now >= session.expires_at()) {
    if (budget.spent()) return expiring_.push_back(slot);
    budget.charge();
    return expire(now, slot);
  }
  arm_session(slot);
}

void Sessions::tick(Nanos now) {
  std::uint32_t fired = 0;
  WorkBudget budget;  // for sessions that end
  wheel_.advance(now, [&](TimerWheel::Timer t) {
    ++fired;
    constexpr auto kSessionBit = static_cast<std::uint32_t>(TimerKind::kSession);
    if ((t.payload & kSessionBit) != 0) {
      session_timer(now, t.payload & ~kSessionBit, t.tick, budget);
    } else {
      connection_timer(now, t.payload, t.tick);
    }
  });
  if (fired > 0) effects_.work(Work::kTimer, fired);
  check_books();
}

}  // namespace orrery::session
