// SPDX-License-Identifier: Apache-2.0
// The life of connections and sessions: begun, attached, left, expired, ended; and the timers of both
// (MQTT 5, 4.1, 3.1.2.5).
#include <algorithm>
#include <cstring>

#include "base/hash.h"
#include "broker/mqtt/encode.h"
#include "broker/session/sessions.h"

namespace orrery::session {

using mqtt::ReasonCode;
using mqtt::Version;

std::uint32_t Sessions::find_session(std::string_view client_id) const {
  return by_client_id_.find(hash_text(client_id, seed_),
                            [&](std::uint32_t slot) { return sessions_[slot].client_id() == client_id; });
}

std::uint32_t Sessions::create_session(std::string_view client_id) {
  const std::uint32_t slot = sessions_.emplace(heap_);
  Session& s = sessions_[slot];
  s.client_id_size = static_cast<std::uint32_t>(client_id.size());
  s.client_id_bytes = static_cast<char*>(heap_.allocate(client_id.size()));
  std::copy(client_id.begin(), client_id.end(), s.client_id_bytes);
  by_client_id_.insert(slot, [&](std::uint32_t id) { return hash_text(sessions_[id].client_id(), seed_); });
  counters_.add(Counter::kSessions);
  return slot;
}

void Sessions::attach(Nanos now, std::uint32_t slot, LinkId link) {
  Session& session = sessions_[slot];
  session.link = link;
  session.expires_at = kNever;
  session.outbox.rewind();
  Connection& c = at(link);
  c.session = slot;
  c.state = Connection::State::kOpen;
  // The timer of connect_timeout is still armed and will look at the keep alive, unless that is due before.
  const Nanos due = now + keep_alive_limit(c.keep_alive);
  if (c.keep_alive != 0 && TimerWheel::tick_of(due) < c.timer) arm_connection(link, due);
}

void Sessions::detach(Nanos now, std::uint32_t slot, bool with_will) {
  Session& session = sessions_[slot];
  session.link = kNoLink;
  forget_owed(session);
  session.outbox.rewind();
  if (session.will.message != nullptr) {
    if (!with_will) {
      drop_will(session.will);
    } else if (session.will.delay_seconds == 0 || session.expiry_seconds == 0) {
      publish_will(now, session);
    } else {
      session.will_due = now + session.will.delay_seconds * kSecond;
    }
  }
  if (session.expiry_seconds == 0) return end_session(now, slot, true);
  session.expires_at = session.expiry_seconds == UINT32_MAX ? kNever : now + session.expiry_seconds * kSecond;
  arm_session(slot);
}

void Sessions::leave(Nanos now, LinkId link, bool with_will) {
  Connection& c = at(link);
  const std::uint32_t slot = c.session;
  c.session = kNoSlot;
  c.state = Connection::State::kClosing;
  if (slot != kNoSlot) detach(now, slot, with_will);
}

void Sessions::end_session(Nanos now, std::uint32_t slot, bool release) {
  Session& session = sessions_[slot];
  // A will that waits for its delay is due when the session ends [MQTT-3.1.2-8].
  if (session.will.message != nullptr) publish_will(now, session);
  unsubscribe_all(now, slot);
  if (!session.ghost) {  // a ghost's deliveries have moved with it
    redistribute(now, session.outbox);
    if (session.held != nullptr) redistribute(now, *session.held);
  }
  forget_owed(session);
  std::uint64_t waiting = session.outbox.waiting();
  if (session.held != nullptr) {
    waiting += session.held->waiting();
    session.held->~Outbox();
    heap_.free(session.held, sizeof(Outbox));
  }
  counters_.subtract(Counter::kMessagesQueued, waiting);
  counters_.add(Counter::kDroppedSessionEnded, waiting);
  if (release) host_.release(now, {session.epoch, session.client_id()});
  by_client_id_.erase(slot, [&](std::uint32_t id) { return hash_text(sessions_[id].client_id(), seed_); });
  heap_.free(session.client_id_bytes, session.client_id_size);
  sessions_.erase(slot);
  counters_.subtract(Counter::kSessions);
}

void Sessions::unsubscribe_all(Nanos now, std::uint32_t slot) {
  Session& session = sessions_[slot];
  counters_.subtract(Counter::kSubscriptions, session.subscriptions.size());
  std::string text;
  for (const OwnSubscription& s : session.subscriptions) {
    text = index_.filter(s.filter_id);
    removed_.clear();
    append_row(removed_, text, index_.remove(s.filter_id, slot).members + 1);
    if (removed_.empty()) continue;
    const std::string_view gone = removed_[0];
    RouteRequest request;
    request.removed = {&gone, 1};
    host_.change_routes(now, request);
  }
  session.subscriptions.clear();
}

void Sessions::drop_will(Will& will) {
  if (will.message != nullptr) Message::release(heap_, will.message);
  will = {};
}

void Sessions::disconnect(Nanos now, LinkId link, ReasonCode reason, const char* what, LinkEnd how) {
  Connection& c = at(link);
  if (c.state == Connection::State::kClosing) return;
  if (c.state == Connection::State::kAuthenticating) return refuse_claim(c.request, reason, what);
  if (c.state == Connection::State::kOpen && c.version == Version::k5) {
    mqtt::DisconnectView view;
    view.reason = reason;
    mqtt::PropertyBuilder properties(section_);
    if (c.problem_information && what != nullptr) properties.text(mqtt::Property::kReasonString, what);
    view.properties = properties.view();
    if (mqtt::disconnect_size(c.version, view) > c.packet_size_max) view.properties = {};
    if (mqtt::disconnect_size(c.version, view) <= c.packet_size_max) {
      mqtt::encode_disconnect(c.version, view, host_.begin_packet());
      host_.end_packet(link);
    }
  }
  if (c.state == Connection::State::kClaiming)
    if (PendingConnect* pending = find_claim(c.request)) pending->link = kNoLink;
  leave(now, link, true);
  host_.end_link(link, how);
}

void Sessions::protocol_error(Nanos now, LinkId link, const mqtt::DecodeResult& what) {
  if (at(link).state == Connection::State::kClosing) return;
  counters_.add(Counter::kProtocolErrors);
  disconnect(now, link, what.reason, what.what,
             what.reason == ReasonCode::kPacketTooLarge ? LinkEnd::kTooLarge : LinkEnd::kProtocolError);
}

// Timers. Each connection and each session has one that counts; it is armed for the earliest thing and looks again.

void Sessions::arm_connection(LinkId link, Nanos when) { at(link).timer = wheel_.arm(when, link); }

void Sessions::connection_timer(Nanos now, LinkId link, TimerWheel::Tick tick) {
  if (!connections_.contains(link) || at(link).timer != tick) return;
  Connection& c = at(link);
  c.timer = TimerWheel::kNotArmed;
  switch (c.state) {
    case Connection::State::kClosing:
      return;
    case Connection::State::kAuthenticating:
      return refuse_claim(c.request, ReasonCode::kNotAuthorized, "no AUTH in time");
    case Connection::State::kAwaitConnect:
    case Connection::State::kClaiming:
      // No CONNECT in time, or no answer to it: the network connection is closed (MQTT 5, 3.1).
      return disconnect(now, link, ReasonCode::kKeepAliveTimeout, "no CONNECT in time", LinkEnd::kNormal);
    case Connection::State::kOpen:
      break;
  }
  if (c.keep_alive == 0) return;
  const Nanos due = (static_cast<Nanos>(c.heard + 1) << TimerWheel::kTickBits) + keep_alive_limit(c.keep_alive);
  if (now >= due) return disconnect(now, link, ReasonCode::kKeepAliveTimeout, "keep alive timed out", LinkEnd::kNormal);
  arm_connection(link, due);
}

void Sessions::arm_session(std::uint32_t slot) {
  Session& session = sessions_[slot];
  const Nanos when = std::min({session.will_due, session.expires_at, session.moves_until});
  if (when != kNever) session.timer = wheel_.arm(when, slot | static_cast<std::uint32_t>(TimerKind::kSession));
}

void Sessions::session_timer(Nanos now, std::uint32_t slot, TimerWheel::Tick tick) {
  if (!sessions_.contains(slot) || sessions_[slot].timer != tick) return;
  Session& session = sessions_[slot];
  session.timer = TimerWheel::kNotArmed;
  if (now >= session.will_due && session.will.message != nullptr) publish_will(now, session);
  if (now >= session.moves_until) {
    if (session.ghost) return end_ghost(now, slot);
    end_hold(now, slot, {});
  }
  if (now >= session.expires_at) return end_session(now, slot, !session.ghost);
  arm_session(slot);
}

void Sessions::tick(Nanos now) {
  std::uint32_t fired = 0;
  wheel_.advance(now, [&](TimerWheel::Timer t) {
    ++fired;
    constexpr auto kSessionBit = static_cast<std::uint32_t>(TimerKind::kSession);
    if ((t.payload & kSessionBit) != 0) {
      session_timer(now, t.payload & ~kSessionBit, t.tick);
    } else {
      connection_timer(now, t.payload, t.tick);
    }
  });
  if (fired > 0) effects_.work(Work::kTimer, fired);
}

}  // namespace orrery::session
