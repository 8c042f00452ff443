// SPDX-License-Identifier: Apache-2.0
// Acknowledgements owed to publishers: sent in order once every place has accepted.
#include "broker/mqtt/encode.h"
#include "broker/session/sessions.h"

namespace orrery::session {

void Sessions::confirmed(Nanos, std::uint32_t owed) {
  Owed& o = owed_[owed];
  ORRERY_ASSERT(o.waiting > 0);
  if (--o.waiting > 0) return;
  if (o.session == kNoSlot) {
    owed_.erase(owed);
  } else {
    settle(o.session);
  }
}

/// At the end of the session's list; sent at once if nothing is waited for.
void Sessions::owe(std::uint32_t slot, std::uint32_t owed) {
  Session& session = sessions_[slot];
  Owed& o = owed_[owed];
  o.session = slot;
  if (o.qos == 1) ++session.owed_qos1;
  (session.last_owed == kNoSlot ? session.first_owed : owed_[session.last_owed].next) = owed;
  session.last_owed = owed;
  if (o.waiting == 0) settle(slot);
}

void Sessions::settle(std::uint32_t slot) {
  Session& session = sessions_[slot];
  while (session.first_owed != kNoSlot && owed_[session.first_owed].waiting == 0) {
    const std::uint32_t first = session.first_owed;
    const Owed o = owed_[first];
    session.first_owed = o.next;
    if (o.next == kNoSlot) session.last_owed = kNoSlot;
    if (o.qos == 1) --session.owed_qos1;
    owed_.erase(first);
    send_ack(session.link, o.qos == 1 ? mqtt::PacketType::kPuback : mqtt::PacketType::kPubrec, o.packet_id, o.reason);
  }
}

void Sessions::send_ack(LinkId link, mqtt::PacketType type, std::uint16_t packet_id, mqtt::ReasonCode reason) {
  mqtt::AckView ack;
  ack.type = type;
  ack.packet_id = packet_id;
  ack.reason = reason;
  mqtt::encode_ack(at(link).version, ack, host_.begin_packet());
  note_backlog(link, host_.end_packet(link));
}

void Sessions::forget_owed(Session& session) {
  for (std::uint32_t i = session.first_owed; i != kNoSlot;) {
    Owed& o = owed_[i];
    const std::uint32_t next = o.next;
    if (o.waiting == 0) {
      owed_.erase(i);
    } else {
      o.session = kNoSlot;
    }
    i = next;
  }
  session.first_owed = session.last_owed = kNoSlot;
  session.owed_qos1 = 0;
}

}  // namespace orrery::session
