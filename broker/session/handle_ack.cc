// SPDX-License-Identifier: Apache-2.0
// PUBACK, PUBREC, PUBREL and PUBCOMP from a client (MQTT 5, 3.4 to 3.7, 4.3): the other half of each delivery.
#include "broker/mqtt/decode.h"
#include "broker/session/sessions.h"

namespace orrery::session {

using mqtt::PacketType;
using mqtt::ReasonCode;

void Sessions::handle_ack(Nanos now, LinkId link, const mqtt::RawPacket& packet) {
  effects_.work(Work::kMqttAcknowledge, 1);
  Connection& c = connections_[link];
  mqtt::AckView ack;
  const mqtt::DecodeResult result = mqtt::decode_ack(c.version, packet.type(), packet.flags(), packet.body, ack);
  if (!result.ok()) return protocol_error(now, link, result);
  const std::uint32_t slot = c.session;
  if (ack.type == PacketType::kPubrel) {
    const ReceivedId* const known = store_.find_received(slot, ack.packet_id);
    const bool found = known != nullptr;
    if (found && known->counted) connections_.received_done(link);
    if (found) store_.unreceived(slot, ack.packet_id);
    return connections_.send_ack(link, PacketType::kPubcomp, ack.packet_id,
                                 found ? ReasonCode::kSuccess : ReasonCode::kPacketIdentifierNotFound);
  }

  const Delivery* delivery = store_[slot].outbox().find_sent(ack.packet_id);
  switch (ack.type) {
    case PacketType::kPuback:
      if (delivery == nullptr || delivery->qos != 1) return;  // late or invented: nothing waits for it
      store_.completed(slot, delivery);
      break;
    case PacketType::kPubrec:
      if (delivery == nullptr || delivery->qos != 2) {
        if (!mqtt::is_error(ack.reason))
          connections_.send_ack(link, PacketType::kPubrel, ack.packet_id, ReasonCode::kPacketIdentifierNotFound);
        return;
      }
      if (mqtt::is_error(ack.reason)) {
        store_.completed(slot, delivery);  // refused by the client: the delivery ends here (4.3.3)
        break;
      }
      if (!delivery->released()) store_.released(slot, delivery);
      return connections_.send_ack(link, PacketType::kPubrel, ack.packet_id, ReasonCode::kSuccess);
    case PacketType::kPubcomp:
      if (delivery == nullptr || !delivery->released()) return;
      store_.completed(slot, delivery);
      break;
    default:
      return;
  }
  deliveries_.pump(now, slot);
  subscriptions_.pull(now, slot);
}

}  // namespace orrery::session
