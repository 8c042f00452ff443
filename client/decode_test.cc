// SPDX-License-Identifier: Apache-2.0
#include "client/decode.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace orrery::client {
namespace {

using ::testing::HasSubstr;

std::vector<std::string> statements(const Octets& bytes, Version v, Sender sender = Sender::kServer) {
  std::vector<std::string> out;
  for (const Violation& x : decode(bytes, v, sender).violations) out.push_back(v == Version::k5 ? x.v5 : x.v311);
  return out;
}

std::vector<Packet> samples() {
  Connect c;
  c.client_id = "id";
  c.level = 5;
  c.flags = 0xc2 | 0x04 | 0x08 | 0x20;
  c.user_name = "u";
  c.password = std::string("p\0", 2);
  c.will = Will{"w", "gone", 1, true, {number_property(PropertyId::kWillDelay, 3)}};
  Packet connack = plain_packet(Type::kConnack);
  connack.session_present = true;
  connack.properties = {number_property(PropertyId::kReceiveMaximum, 9)};
  Packet suback = plain_packet(Type::kSuback);
  suback.id = 9;
  suback.codes = {0, 1, 0x80};
  Packet unsuback = plain_packet(Type::kUnsuback);
  unsuback.id = 9;
  unsuback.codes = {0, 0x11};
  Properties all = {number_property(PropertyId::kMessageExpiry, 7),
                    number_property(PropertyId::kSubscriptionId, 268'435'455),
                    text_property(PropertyId::kCorrelationData, std::string("\0\1", 2)), user_property("a", "b")};
  return {connect_packet(c, {number_property(PropertyId::kSessionExpiry, 5)}),
          connack,
          publish_packet("t/u", "payload", 2, 7, true, all),
          publish_packet("t", ""),
          ack_packet(Type::kPuback, 1),
          ack_packet(Type::kPubrec, 2, 0x80, {text_property(PropertyId::kReasonString, "why")}),
          ack_packet(Type::kPubrel, 3),
          ack_packet(Type::kPubcomp, 4, 0x92),
          subscribe_packet(5, {{"a/#", 1}, {"b", 2}}),
          suback,
          unsubscribe_packet(6, {"a/#", "b"}),
          unsuback,
          plain_packet(Type::kPingreq),
          plain_packet(Type::kPingresp),
          disconnect_packet(0x8e, {user_property("x", "y")}),
          auth_packet(0x18, {text_property(PropertyId::kAuthMethod, "m")})};
}

TEST(Decode, WhatWasEncodedComesBack) {
  for (const Packet& p : samples()) {
    const Octets bytes = encode(p, Version::k5);
    const Decoded d = decode(bytes, Version::k5, Sender::kClient);
    EXPECT_TRUE(d.complete) << describe(p, Version::k5);
    EXPECT_TRUE(d.violations.empty()) << describe(p, Version::k5);
    EXPECT_EQ(encode(d.packet, Version::k5), bytes) << describe(p, Version::k5);
    EXPECT_EQ(d.packet.properties, p.properties);
    EXPECT_EQ(d.packet.size, bytes.size());
  }
}

TEST(Decode, EveryCutOfEveryPacketIsSeenOrIsAWholePacket) {
  for (const Packet& p : samples()) {
    const Octets body = encode_body(p, Version::k5);
    for (std::size_t n = 0; n < body.size(); ++n) {
      const Octets cut = frame(first_byte(p), body.substr(0, n));
      const Decoded d = decode(cut, Version::k5, Sender::kClient);
      // A cut that is not noticed must be a packet in its own right: it encodes to something no longer than the cut.
      if (d.complete) {
        EXPECT_LE(encode(d.packet, Version::k5).size(), cut.size()) << describe(p, Version::k5) << " at " << n;
      }
    }
  }
}

TEST(Decode, ServerPacketsThatBreakARule) {
  const auto v5 = Version::k5;
  const auto v311 = Version::k311;
  using V = std::vector<std::string>;
  EXPECT_EQ(statements(frame(0x20, u8(2) + u8(0) + varint(0)), v5), V{"MQTT-3.2.2-1"});
  EXPECT_EQ(statements(frame(0x20, u8(1) + u8(0x87) + varint(0)), v5), V{"MQTT-3.2.2-6"});
  EXPECT_EQ(statements(frame(0x20, u8(1) + u8(5)), v311), V{"MQTT-3.2.2-4"});
  EXPECT_EQ(statements(frame(0x20, u8(0) + u8(0x8e) + varint(0)), v5), V{"MQTT-3.2.2-8"});
  EXPECT_EQ(statements(frame(0x21, u8(0) + u8(0)), v311), V{"MQTT-2.2.2-1"});
  EXPECT_EQ(statements(frame(0x60, u16(1)), v311), V{"MQTT-3.6.1-1"});
  EXPECT_EQ(statements(frame(0x36, text("t") + u16(1)), v311), V{"MQTT-3.3.1-4"});
  EXPECT_EQ(statements(frame(0x38, text("t")), v311), V{"MQTT-3.3.1-2"});
  EXPECT_EQ(statements(frame(0x30, text("a/+")), v311), V{"MQTT-3.3.2-2"});
  EXPECT_EQ(statements(frame(0x30, text("\xff")), v311), V{"MQTT-3.3.2-1"});
  EXPECT_EQ(statements(frame(0x32, text("t") + u16(0)), v311), V{"MQTT-2.3.1-4"});
  EXPECT_EQ(statements(frame(0x40, u16(1) + u8(0x92)), v5), V{"MQTT-3.4.2-1"});
  EXPECT_EQ(statements(frame(0x62, u16(1) + u8(0x91)), v5), V{"MQTT-3.6.2-1"});
  EXPECT_EQ(statements(frame(0x40, u16(1) + u8(0)), v311), V{"X-trailing-bytes"});
  EXPECT_EQ(statements(frame(0x90, u16(1) + u8(3)), v311), V{"MQTT-3.9.3-2"});
  EXPECT_EQ(statements(frame(0xb0, u16(1) + varint(0) + u8(0x92)), v5), V{"MQTT-3.11.3-2"});
  EXPECT_EQ(statements(frame(0xe0, u8(0x04)), v5), V{"MQTT-3.14.2-1"});
  EXPECT_EQ(statements(frame(0xe0, ""), v311), V{"X-server-disconnect-311"});
  EXPECT_EQ(statements(frame(0xc0, ""), v5), V{"X-client-packet-from-server"});
  const Properties expiry = {number_property(PropertyId::kSessionExpiry, 1)};
  EXPECT_EQ(statements(encode(disconnect_packet(0x8b, expiry), v5), v5), V{"MQTT-3.14.2-2"});
}

TEST(Decode, PropertiesThatBreakARule) {
  using V = std::vector<std::string>;
  const auto of = [](Properties p) {
    return statements(encode(publish_packet("t", "", 0, 0, false, std::move(p)), Version::k5), Version::k5);
  };
  EXPECT_EQ(of({number_property(PropertyId::kReceiveMaximum, 1)}), V{"X-property-not-allowed"});
  EXPECT_EQ(of({number_property(PropertyId::kMessageExpiry, 1), number_property(PropertyId::kMessageExpiry, 1)}),
            V{"X-property-twice"});
  EXPECT_EQ(of({number_property(PropertyId::kPayloadFormat, 2)}), V{"X-property-value"});
  EXPECT_EQ(of({number_property(PropertyId::kTopicAlias, 0)}), V{"MQTT-3.3.2-8"});
  EXPECT_EQ(of({text_property(PropertyId::kResponseTopic, "a/#")}), V{"MQTT-3.3.2-14"});
  EXPECT_EQ(of({user_property("\xff", "")}), V{"MQTT-1.5.7-1"});
  EXPECT_EQ(of({Property{0x7e, 0, {}, {}}}), V{"X-property-unknown"});
  EXPECT_EQ(of({number_property(PropertyId::kSubscriptionId, 1), number_property(PropertyId::kSubscriptionId, 2)}),
            V{});
  EXPECT_EQ(statements(frame(0x30, text("t") + varint(0, 2)), Version::k5), V{"MQTT-1.5.5-1"});
  EXPECT_EQ(statements(frame(0x30, text("t") + varint(2) + u8(2) + u8(0)), Version::k5), V{"X-property-truncated"});
}

TEST(PacketStream, CutsAnywhere) {
  Octets all;
  for (const Packet& p : samples()) all += encode(p, Version::k5);
  for (std::size_t piece = 1; piece < 9; ++piece) {
    PacketStream stream;
    Octets packet;
    std::size_t n = 0;
    for (std::size_t at = 0; at < all.size(); at += piece) {
      stream.feed(all.substr(at, piece));
      while (stream.next(packet)) EXPECT_EQ(packet, encode(samples()[n++], Version::k5));
    }
    EXPECT_EQ(n, samples().size());
    EXPECT_EQ(stream.pending(), 0U);
  }
}

TEST(PacketStream, AnEndlessLengthBreaksIt) {
  PacketStream stream;
  stream.feed("\x30\xff\xff\xff\xff");
  Octets packet;
  EXPECT_FALSE(stream.next(packet));
  EXPECT_TRUE(stream.broken());
}

TEST(Describe, ShowsWhatMatters) {
  EXPECT_EQ(describe(publish_packet("a/b", "x\x01", 1, 7, true), Version::k311),
            "PUBLISH q1 id=7 retain topic=\"a/b\" payload=\"x\\x01\"");
  EXPECT_EQ(describe(disconnect_packet(0x8e), Version::k5), "DISCONNECT 0x8e session taken over");
  EXPECT_THAT(describe(frame(0x36, text("t") + u16(1)), Version::k311, Sender::kServer), HasSubstr("both QoS bits"));
  EXPECT_THAT(describe(frame(0x10, text("MQ")), Version::k311, Sender::kClient), HasSubstr("malformed"));
}

TEST(PacketStream, BreaksAtALengthAboveItsMaximumBeforeTheBodyHasCome) {
  for (const auto& [length, broken] : {std::pair{100u, false}, std::pair{101u, true}}) {
    PacketStream stream(100);
    stream.feed(u8(0x30) + varint(length));
    Octets packet;
    EXPECT_FALSE(stream.next(packet));
    EXPECT_EQ(stream.broken(), broken) << length;
  }
}

}  // namespace
}  // namespace orrery::client
