// SPDX-License-Identifier: Apache-2.0
// A session on its way from one shard to another (ARCHITECTURE.md, CONNECT): its client has connected elsewhere.
//
// 1. The holder is told to yield: it exports subscriptions, deliveries and packet identifiers, and becomes a ghost that stays
//    subscribed, so that nothing is lost while the new routes travel; what matches waits in its outbox.
// 2. The taker imports, subscribes, and holds back what matches here in `held`.
// 3. When its routes are in force it answers its client and fetches the rest from the ghost, which then ends. What matched at both places has the
//    same message id and is kept once. Either side gives up waiting after a while (kGhostTime, kHoldTime).
// The exported form is in docs/peer-protocol.md, "Session".
#include <algorithm>
#include <new>

#include "broker/session/sessions.h"
#include "broker/session/subscription_byte.h"

namespace orrery::session {
namespace {

/// A ghost whose rest nobody fetches ends after this.
constexpr Nanos kGhostTime = 10 * kSecond;
/// A taker waits so long for the ghost's rest, then goes on without it.
constexpr Nanos kHoldTime = 3 * kSecond;

constexpr std::uint8_t kHandoverVersion = 2;
constexpr std::uint8_t kRetainFlag = 0x04;
constexpr std::uint8_t kReleasedFlag = 0x08;

}  // namespace

void Sessions::yield(Nanos now, const claims::Yield& yield) {
  const std::string_view client_id = yield.client_id;
  const claims::Yielded nothing{yield.epoch, false, client_id, {}};
  std::uint32_t slot = find_session(client_id);
  if (slot == kNoSlot || sessions_[slot].ghost) return host_.yielded(now, nothing);
  if (sessions_[slot].link != kNoLink) {
    counters_.add(Counter::kTakeovers);
    disconnect(now, sessions_[slot].link, mqtt::ReasonCode::kSessionTakenOver,
               "the client identifier connected elsewhere", LinkEnd::kNormal);
    slot = find_session(client_id);  // without a session expiry it has ended with its connection
  }
  if (slot != kNoSlot && yield.discard) {
    end_session(now, slot, false);
    slot = kNoSlot;
  }
  if (slot == kNoSlot) return host_.yielded(now, nothing);
  Session& session = sessions_[slot];
  drop_will(session.will);  // the client is back: a will that waited is not sent [MQTT-3.1.3-9]
  session.will_due = kNever;
  handover_.clear();
  export_session(now, session, handover_);
  session.ghost = true;
  session.expires_at = kNever;
  session.moves_until = now + kGhostTime;
  arm_session(slot);
  host_.yielded(now, {yield.epoch, true, session.client_id(), handover_});
}

void Sessions::export_session(Nanos now, Session& session, std::vector<std::uint8_t>& out) {
  if (session.held != nullptr) end_hold_now(session);
  ByteWriter w(out);
  w.u8(kHandoverVersion);
  w.u16(place_.node);
  w.u16(place_.shard);
  w.u64(session.user);
  w.u16(session.last_packet_id);
  w.u32(static_cast<std::uint32_t>(session.subscriptions.size()));
  const std::uint32_t slot = find_session(session.client_id());
  for (const OwnSubscription& s : session.subscriptions) {
    const routing::Subscriber* subscriber = index_.subscriber(s.filter_id, slot);
    w.u8(subscriber->options);
    w.u32(subscriber->sub_id);
    w.u16_prefixed(as_bytes(index_.filter(s.filter_id)));
  }
  w.u32(static_cast<std::uint32_t>(session.unreleased.size()));
  for (const std::uint16_t id : session.unreleased) w.u16(id);
  append_deliveries(now, session.outbox, out);
  counters_.add(Counter::kMessagesHandedOver, session.outbox.waiting());
  counters_.subtract(Counter::kMessagesQueued, session.outbox.waiting());
  session.outbox.clear();
  session.unreleased.clear();
}

Sessions::Import Sessions::import_session(Nanos now, std::uint32_t slot, Bytes handover, std::uint64_t claim) {
  Session& session = sessions_[slot];
  ByteReader in(handover);
  if (in.u8() != kHandoverVersion) return Import::kUnreadable;
  const NodeId node = in.u16();
  const ShardId shard = in.u16();
  const Place former{node, shard};
  if (in.u64() != session.user) return Import::kUnreadable;  // another user's
  session.last_packet_id = in.u16();
  added_.clear();
  for (std::uint32_t left = in.u32(); left > 0 && !in.failed(); --left) {
    const std::uint8_t options = in.u8();
    const std::uint32_t identifier = in.u32();
    const std::string_view filter = as_text(in.take_u16_prefixed());
    if (in.failed()) return Import::kUnreadable;
    const auto added = index_.add(filter, slot, options, identifier);
    if (added.filter_id == routing::kNoFilter) continue;
    if (!added.replaced) {
      session.subscriptions.push_back({added.filter_id});
      counters_.add(Counter::kSubscriptions);
      append_row(added_, filter, added.members);
    }
  }
  for (std::uint32_t left = in.u32(); left > 0 && !in.failed(); --left) session.unreleased.push_back(in.u16());
  // Revived where it was: what came meanwhile stands in the outbox already, and the exported part goes before it.
  if (former == place_) {
    Outbox later(heap_);
    later.swap(session.outbox);
    take_deliveries(now, session, in, nullptr);
    session.outbox.append_all(later);
    return Import::kRevived;
  }
  take_deliveries(now, session, in, nullptr);
  if (session.held != nullptr) end_hold_now(session);
  session.held = new (heap_.allocate(sizeof(Outbox))) Outbox(heap_);
  session.moves_until = now + kHoldTime;
  arm_session(slot);

  const std::uint32_t token = subscribes_.emplace();
  PendingSubscribe& pending = subscribes_[token];
  pending.session = slot;
  pending.epoch = session.epoch;
  pending.handover = true;
  pending.former = former;
  pending.claim = claim;
  const std::vector<std::string_view> added(added_.begin(), added_.end());
  RouteRequest request;
  request.token = token + 1;
  request.added = added;
  host_.change_routes(now, request);
  return Import::kMoved;
}

void Sessions::rest_wanted(Nanos now, Place present, std::string_view client_id, std::uint64_t) {
  const std::uint32_t slot = find_session(client_id);
  if (slot == kNoSlot || !sessions_[slot].ghost) return host_.give_rest(now, present, client_id, {});
  Session& session = sessions_[slot];
  handover_.clear();
  append_deliveries(now, session.outbox, handover_);
  counters_.add(Counter::kMessagesHandedOver, session.outbox.waiting());
  counters_.subtract(Counter::kMessagesQueued, session.outbox.waiting());
  session.outbox.clear();
  host_.give_rest(now, present, client_id, handover_);
  end_ghost(now, slot);
}

void Sessions::end_ghost(Nanos now, std::uint32_t slot) { end_session(now, slot, false); }

void Sessions::rest(Nanos now, std::string_view client_id, Bytes deliveries) {
  const std::uint32_t slot = find_session(client_id);
  if (slot == kNoSlot || sessions_[slot].held == nullptr) {
    // Came after the hold was given up, or for a session that has gone on: too late to be put in order.
    ByteReader in(deliveries);
    const std::uint64_t lost = deliveries.empty() ? 0 : in.u32();
    counters_.add(Counter::kMessagesTakenOver, lost);
    counters_.add(Counter::kDroppedSessionEnded, lost);
    return;
  }
  end_hold(now, slot, deliveries);
}

void Sessions::end_hold(Nanos now, std::uint32_t slot, Bytes rest) {
  Session& session = sessions_[slot];
  std::vector<std::uint64_t> ids;
  if (!rest.empty()) {
    ByteReader in(rest);
    take_deliveries(now, session, in, &ids);
    std::sort(ids.begin(), ids.end());
  }
  const std::uint32_t dropped = session.held->drop_if(
      [&](const Delivery& d) { return std::binary_search(ids.begin(), ids.end(), d.message->id()); });
  counters_.subtract(Counter::kMessagesQueued, dropped);
  counters_.add(Counter::kDroppedDuplicate, dropped);
  end_hold_now(session);
  if (session.link != kNoLink) pump(now, session);
}

void Sessions::end_hold_now(Session& session) {
  session.outbox.append_all(*session.held);
  session.held->~Outbox();
  heap_.free(session.held, sizeof(Outbox));
  session.held = nullptr;
  session.moves_until = kNever;
}

void Sessions::append_deliveries(Nanos now, const Outbox& outbox, std::vector<std::uint8_t>& out) const {
  ByteWriter w(out);
  w.u32(outbox.waiting());
  std::uint32_t count = 0;
  for (const Delivery* d = outbox.first(); d != nullptr; d = d->next) ++count;
  w.u32(count);
  for (const Delivery* d = outbox.first(); d != nullptr; d = d->next) {
    w.u8(static_cast<std::uint8_t>(d->qos | (d->retain ? kRetainFlag : 0) | (d->released() ? kReleasedFlag : 0)));
    w.u16(d->packet_id);
    w.u16(d->identifier_count);
    for (const std::uint32_t id : d->subscription_identifiers()) w.u32(id);
    if (!d->released()) encode_message(out, d->message->view(), now);
  }
}

bool Sessions::take_deliveries(Nanos now, Session& session, ByteReader& in, std::vector<std::uint64_t>* ids) {
  in.u32();  // how many of them wait: what rest() counts when it cannot place them
  for (std::uint32_t left = in.u32(); left > 0 && !in.failed(); --left) {
    const std::uint8_t flags = in.u8();
    const std::uint8_t qos = flags & 3;
    const std::uint16_t packet_id = in.u16();
    identifiers_.clear();
    for (std::uint16_t n = in.u16(); n > 0 && !in.failed(); --n) identifiers_.push_back(in.u32());
    Message* message = nullptr;
    if ((flags & kReleasedFlag) == 0) {
      const MessageView view = decode_message(in, now);
      if (in.failed()) return false;
      message = Message::make(heap_, view);
      if (ids != nullptr) ids->push_back(view.id);
    }
    session.outbox.restore(message, qos, (flags & kRetainFlag) != 0, packet_id, identifiers_);
    if (packet_id != 0) continue;
    counters_.add(Counter::kMessagesTakenOver);
    counters_.add(Counter::kMessagesQueued);
  }
  return !in.failed();
}

}  // namespace orrery::session
