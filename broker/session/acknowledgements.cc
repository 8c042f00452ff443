// SPDX-License-Identifier: Apache-2.0
#include "broker/session/acknowledgements.h"

#include "base/assert.h"

namespace orrery::session {

void Acknowledgements::confirmed(std::uint32_t slot) {
  PendingAcknowledgement& p = pending_[slot];
  ORRERY_ASSERT(p.waiting > 0);
  if (--p.waiting > 0) return;
  if (p.session == kNoSlot) {
    pending_.erase(slot);
  } else {
    settle(p.session);
  }
}

void Acknowledgements::expect(std::uint32_t slot, std::uint32_t session, const PendingAcknowledgement& what) {
  Session& s = store_[session];
  ORRERY_ASSERT(s.link != kNoLink);
  ORRERY_ASSERT(what.qos == 1 || what.qos == 2);
  PendingAcknowledgement& p = pending_[slot];
  p = what;
  p.session = session;
  p.next = kNoSlot;
  (s.last_pending == kNoSlot ? s.first_pending : pending_[s.last_pending].next) = slot;
  s.last_pending = slot;
  if (p.waiting == 0) settle(session);
}

void Acknowledgements::settle(std::uint32_t session) {
  Session& s = store_[session];
  while (s.first_pending != kNoSlot && pending_[s.first_pending].waiting == 0) {
    const std::uint32_t first = s.first_pending;
    const PendingAcknowledgement p = pending_[first];
    ORRERY_ASSERT(p.session == session);
    s.first_pending = p.next;
    if (p.next == kNoSlot) s.last_pending = kNoSlot;
    pending_.erase(first);
    if (p.qos == 1 || mqtt::is_error(p.reason)) connections_.received_done(s.link);
    connections_.send_ack(s.link, p.qos == 1 ? mqtt::PacketType::kPuback : mqtt::PacketType::kPubrec, p.packet_id,
                          p.reason);
  }
}

bool Acknowledgements::waits_for_pubrec(std::uint32_t session, std::uint16_t packet_id) const {
  for (std::uint32_t i = store_[session].first_pending; i != kNoSlot; i = pending_[i].next)
    if (pending_[i].qos == 2 && pending_[i].packet_id == packet_id) return true;
  return false;
}

void Acknowledgements::forget(std::uint32_t session) {
  Session& s = store_[session];
  for (std::uint32_t i = s.first_pending; i != kNoSlot;) {
    PendingAcknowledgement& p = pending_[i];
    const std::uint32_t next = p.next;
    if (p.waiting == 0) {
      pending_.erase(i);
    } else {
      p.session = kNoSlot;
    }
    i = next;
  }
  s.first_pending = s.last_pending = kNoSlot;
}

}  // namespace orrery::session
