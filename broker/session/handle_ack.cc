// SPDX-License-Identifier: Apache-2.0
// PUBACK, PUBREC, PUBREL and PUBCOMP from a client (MQTT 5, 3.4 to 3.7, 4.3): the other half of each delivery.
#include <algorithm>

#include "broker/mqtt/decode.h"
#include "broker/session/sessions.h"

namespace orrery::session {

using mqtt::PacketType;
using mqtt::ReasonCode;

void Sessions::handle_ack(Nanos now, LinkId link, const mqtt::RawPacket& packet) {
  effects_.work(Work::kMqttAcknowledge, 1);
  Connection& c = at(link);
  mqtt::AckView ack;
  const mqtt::DecodeResult result = mqtt::decode_ack(c.version, packet.type(), packet.flags(), packet.body, ack);
  if (!result.ok()) return protocol_error(now, link, result);
  Session& session = sessions_[c.session];

  if (ack.type == PacketType::kPubrel) {
    const auto known = std::find(session.unreleased.begin(), session.unreleased.end(), ack.packet_id);
    const bool found = known != session.unreleased.end();
    if (found) session.unreleased.erase(known);
    return send_ack(link, PacketType::kPubcomp, ack.packet_id,
                    found ? ReasonCode::kSuccess : ReasonCode::kPacketIdentifierNotFound);
  }

  Delivery* delivery = session.outbox.find_sent(ack.packet_id);
  switch (ack.type) {
    case PacketType::kPuback:
      if (delivery == nullptr || delivery->qos != 1) return;  // late or invented: nothing waits for it
      session.outbox.complete(delivery);
      break;
    case PacketType::kPubrec:
      if (delivery == nullptr || delivery->qos != 2) {
        if (!mqtt::is_error(ack.reason))
          send_ack(link, PacketType::kPubrel, ack.packet_id, ReasonCode::kPacketIdentifierNotFound);
        return;
      }
      if (mqtt::is_error(ack.reason)) {
        session.outbox.complete(delivery);  // refused by the client: the delivery ends here (4.3.3)
        break;
      }
      if (!delivery->released()) session.outbox.release_message(delivery);
      return send_ack(link, PacketType::kPubrel, ack.packet_id, ReasonCode::kSuccess);
    case PacketType::kPubcomp:
      if (delivery == nullptr || !delivery->released()) return;
      session.outbox.complete(delivery);
      break;
    default:
      return;
  }
  pump(now, session);
}

}  // namespace orrery::session
