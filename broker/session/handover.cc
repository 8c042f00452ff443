// SPDX-License-Identifier: Apache-2.0
#include "broker/session/handover.h"

#include <algorithm>

#include "base/assert.h"
#include "broker/mqtt/limits.h"
#include "broker/mqtt/topic.h"
#include "broker/session/route_rows.h"
#include "broker/session/subscription_byte.h"

namespace orrery::session {
namespace {

constexpr std::uint8_t kHandoverVersion = 2;
constexpr std::uint8_t kRetainFlag = 0x04;
constexpr std::uint8_t kReleasedFlag = 0x08;

}  // namespace

Bytes Handover::give_up(Nanos now, std::uint32_t slot) {
  store_.release_held(slot);
  const Session& session = store_[slot];
  out_.clear();
  ByteWriter w(out_);
  w.u8(kHandoverVersion);
  w.u16(place_.node);
  w.u16(place_.shard);
  w.u64(session.user());
  w.u16(session.last_packet_id());
  w.u32(static_cast<std::uint32_t>(session.subscriptions().size()));
  for (const OwnSubscription& s : session.subscriptions()) {
    const routing::Subscriber* subscriber = store_.index().subscriber(s.filter_id, slot);
    ORRERY_ASSERT(subscriber != nullptr);
    w.u8(subscriber->options);
    w.u32(subscriber->sub_id);
    w.u16_prefixed(as_bytes(store_.index().filter(s.filter_id)));
  }
  w.u32(static_cast<std::uint32_t>(session.received().size()));
  for (const ReceivedId& id : session.received()) w.u16(id.packet_id);
  write_deliveries(now, session.outbox());
  store_.give_up(slot);
  return out_;
}

Bytes Handover::give_up_rest(Nanos now, std::uint32_t slot) {
  out_.clear();
  write_deliveries(now, store_[slot].outbox());
  store_.give_up_rest(slot);
  return out_;
}

Handover::Import Handover::take(Nanos now, std::uint32_t slot, Bytes exported, std::vector<std::string>& added,
                                Place& former) {
  const Session& session = store_[slot];
  ByteReader in(exported);
  if (in.u8() != kHandoverVersion) return Import::kUnreadable;
  former.node = in.u16();
  former.shard = in.u16();
  if (in.u64() != session.user()) return Import::kUnreadable;  // another user's
  store_.set_last_packet_id(slot, in.u16());
  added.clear();
  for (std::uint32_t left = in.u32(); left > 0 && !in.failed(); --left) {
    const std::uint8_t options = in.u8();
    const std::uint32_t identifier = in.u32();
    const std::string_view filter = as_text(in.take_u16_prefixed());
    if (in.failed() || !mqtt::valid_topic_filter(filter)) return Import::kUnreadable;
    if (!valid_subscription_byte(options) || identifier > mqtt::kVariableByteIntegerMax) return Import::kUnreadable;
    const auto result = store_.subscribe(slot, filter, options, identifier);
    if (result.filter_id != routing::kNoFilter && !result.replaced) append_row(added, filter, result.members);
  }
  for (std::uint32_t left = in.u32(); left > 0 && !in.failed(); --left) store_.received(slot, in.u16(), false);
  Outbox moved(heap_);
  read_deliveries(now, in, moved, nullptr);
  // Revived where it was: what came meanwhile stands in the outbox already, and the exported part goes before it.
  store_.restore(slot, moved, Store::Where::kInFront);
  if (former == place_) return Import::kRevived;
  store_.release_held(slot);
  store_.hold(slot);
  return Import::kMoved;
}

void Handover::take_rest(Nanos now, std::uint32_t slot, Bytes rest) {
  ORRERY_ASSERT(store_[slot].held != nullptr);
  std::vector<std::uint64_t> ids;
  if (!rest.empty()) {
    ByteReader in(rest);
    Outbox moved(heap_);
    read_deliveries(now, in, moved, &ids);
    store_.restore(slot, moved, Store::Where::kBehind);
    std::sort(ids.begin(), ids.end());
  }
  counters_.add(Counter::kDroppedDuplicate, store_.drop_held(slot, [&](const Delivery& d) {
    return std::binary_search(ids.begin(), ids.end(), d.message->id());
  }));
  store_.release_held(slot);
}

void Handover::lose_rest(Bytes rest) {
  ByteReader in(rest);
  const std::uint64_t lost = rest.empty() ? 0 : in.u32();
  counters_.add(Counter::kMessagesTakenOver, lost);
  counters_.add(Counter::kDroppedSessionEnded, lost);
}

void Handover::write_deliveries(Nanos now, const Outbox& outbox) {
  ByteWriter w(out_);
  w.u32(outbox.waiting());
  std::uint32_t count = 0;
  for (const Delivery* d = outbox.first(); d != nullptr; d = d->next) ++count;
  w.u32(count);
  for (const Delivery* d = outbox.first(); d != nullptr; d = d->next) {
    w.u8(static_cast<std::uint8_t>(d->qos | (d->retain ? kRetainFlag : 0) | (d->released() ? kReleasedFlag : 0)));
    w.u16(d->packet_id);
    w.u16(d->identifier_count);
    for (const std::uint32_t id : d->subscription_identifiers()) w.u32(id);
    if (!d->released()) encode_message(out_, d->message->view(), now);
  }
}

bool Handover::read_deliveries(Nanos now, ByteReader& in, Outbox& out, std::vector<std::uint64_t>* ids) {
  in.u32();  // how many of them wait: what lose_rest() counts
  for (std::uint32_t left = in.u32(); left > 0 && !in.failed(); --left) {
    const std::uint8_t flags = in.u8();
    const std::uint8_t qos = flags & 3;
    const bool released = (flags & kReleasedFlag) != 0;
    const std::uint16_t packet_id = in.u16();
    // Those begun come first; PUBREC comes for what was begun at QoS 2. Anything else is a peer's error.
    const bool possible = (qos == 1 || qos == 2) && (!released || (packet_id != 0 && qos == 2)) &&
                          (packet_id == 0 || (out.waiting() == 0 && ids == nullptr));
    if (!possible) in.fail();
    identifiers_.clear();
    for (std::uint16_t n = in.u16(); n > 0 && !in.failed(); --n) {
      identifiers_.push_back(in.u32());
      if (identifiers_.back() > mqtt::kVariableByteIntegerMax) in.fail();
    }
    Message* message = nullptr;
    if (in.failed()) return false;
    if (!released) {
      const MessageView view = decode_message(in, now);
      if (!in.failed() && !publishable(view)) in.fail();
      if (in.failed()) return false;
      message = Message::make(heap_, view);
      if (ids != nullptr) ids->push_back(view.id);
    }
    out.restore(message, qos, (flags & kRetainFlag) != 0, packet_id, identifiers_);
  }
  return !in.failed();
}

}  // namespace orrery::session
