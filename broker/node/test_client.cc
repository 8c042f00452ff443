// SPDX-License-Identifier: Apache-2.0
#include "broker/node/test_client.h"

#include <gtest/gtest.h>

namespace orrery::node {

using mqtt::PacketType;
using mqtt::Sender;
using mqtt::Version;

std::vector<Heard> TestClient::hear(bool answer) {
  std::vector<Heard> out;
  for (bool more = true; more;) {
    more = false;
    const std::vector<std::uint8_t> bytes = world_.take(number_);
    Bytes chunk(bytes);
    mqtt::RawPacket packet;
    while (decoder_.next(heap_, chunk, packet, mqtt::kPacketSizeDefault) == mqtt::StreamDecoder::Status::kPacket) {
      Heard h;
      h.type = packet.type();
      mqtt::DecodeResult result;
      switch (packet.type()) {
        case PacketType::kConnack: {
          mqtt::ConnackView v;
          result = decode_connack(Version::k5, packet.flags(), packet.body, v);
          h.reason = v.reason;
          h.session_present = v.session_present;
          break;
        }
        case PacketType::kPublish: {
          mqtt::PublishView v;
          result = decode_publish(Version::k5, Sender::kServer, packet.flags(), packet.body, v);
          h.topic = v.topic;
          h.payload = as_text(v.payload);
          h.qos = v.qos;
          h.dup = v.dup;
          h.retain = v.retain;
          h.packet_id = v.packet_id;
          if (answer && v.qos > 0) {
            ack(v.qos == 1 ? PacketType::kPuback : PacketType::kPubrec, v.packet_id);
            more = true;
          }
          break;
        }
        case PacketType::kSuback: {
          mqtt::SubackView v;
          result = decode_suback(Version::k5, packet.flags(), packet.body, v);
          h.reason_codes.assign(v.reason_codes.begin(), v.reason_codes.end());
          break;
        }
        case PacketType::kUnsuback: {
          mqtt::UnsubackView v;
          result = decode_unsuback(Version::k5, packet.flags(), packet.body, v);
          h.reason_codes.assign(v.reason_codes.begin(), v.reason_codes.end());
          break;
        }
        case PacketType::kDisconnect: {
          mqtt::DisconnectView v;
          result = decode_disconnect(Version::k5, Sender::kServer, packet.flags(), packet.body, v);
          h.reason = v.reason;
          break;
        }
        case PacketType::kPingresp:
          result = mqtt::decode_ping(mqtt::Version::k5, packet.flags(), packet.body);
          break;
        default: {
          mqtt::AckView v;
          result = decode_ack(Version::k5, packet.type(), packet.flags(), packet.body, v);
          h.reason = v.reason;
          h.packet_id = v.packet_id;
          if (answer && (packet.type() == PacketType::kPubrec || packet.type() == PacketType::kPubrel)) {
            ack(packet.type() == PacketType::kPubrec ? PacketType::kPubrel : PacketType::kPubcomp, v.packet_id);
            more = true;
          }
        }
      }
      EXPECT_TRUE(result.ok()) << result.what;
      out.push_back(std::move(h));
    }
    if (more) world_.run_for(20 * kMillisecond);
  }
  return out;
}

}  // namespace orrery::node
