// SPDX-License-Identifier: Apache-2.0
// Bytes are written out by hand from the standards: the codec has no decoder of its own packets to agree with.
#include "sim/crowd/mqtt_wire.h"

#include <gtest/gtest.h>

#include <string>

namespace orrery::sim {
namespace {

std::vector<std::uint8_t> hex(std::string_view text) {
  std::vector<std::uint8_t> out;
  std::string digits;
  for (char c : text)
    if (c != ' ') digits += c;
  for (std::size_t i = 0; i < digits.size(); i += 2)
    out.push_back(static_cast<std::uint8_t>(std::stoi(digits.substr(i, 2), nullptr, 16)));
  return out;
}

template <class Write>
std::vector<std::uint8_t> written(Write write) {
  std::vector<std::uint8_t> out;
  MqttWriter w(out);
  write(w);
  return out;
}

TEST(MqttWire, Connect311) {
  ConnectRequest r;
  r.client_id = "ab";
  r.keep_alive_seconds = 300;
  EXPECT_EQ(written([&](MqttWriter& w) { w.connect(r); }), hex("10 0e 0004 4d515454 04 02 012c 0002 6162"));
}

TEST(MqttWire, Connect5WithExpiryAndWill) {
  ConnectRequest r;
  r.client_id = "a";
  r.version = MqttVersion::k5;
  r.clean_start = false;
  r.session_expiry_seconds = 60;
  r.has_will = true;
  r.will_qos = 1;
  r.will_topic = "w";
  const std::uint8_t payload[] = {9};
  r.will_payload = payload;
  EXPECT_EQ(written([&](MqttWriter& w) { w.connect(r); }),
            hex("10 1a 0004 4d515454 05 0c 0000 05 11 0000003c 0001 61 00 0001 77 0001 09"));
}

TEST(MqttWire, SubscribePublishAcknowledge) {
  EXPECT_EQ(written([](MqttWriter& w) { w.subscribe(MqttVersion::k311, 1, "t/7", 1); }),
            hex("82 08 0001 0003 742f37 01"));
  EXPECT_EQ(written([](MqttWriter& w) { w.subscribe(MqttVersion::k5, 1, "t", 2); }), hex("82 07 0001 00 0001 74 02"));
  EXPECT_EQ(written([](MqttWriter& w) { w.publish_header(MqttVersion::k311, "t", 0, true, false, 0, 200); }),
            hex("31 cb01 0001 74"));
  EXPECT_EQ(written([](MqttWriter& w) { w.publish_header(MqttVersion::k5, "t", 2, false, true, 513, 0); }),
            hex("3c 06 0001 74 0201 00"));
  EXPECT_EQ(written([](MqttWriter& w) { w.acknowledge(PacketType::kPubrel, 258); }), hex("62 02 0102"));
  EXPECT_EQ(written([](MqttWriter& w) { w.acknowledge(PacketType::kPuback, 1); }), hex("40 02 0001"));
  EXPECT_EQ(written([](MqttWriter& w) { w.ping(), w.disconnect(); }), hex("c000 e000"));
}

ServerPacket decoded(std::string_view bytes, MqttVersion version) {
  ServerPacket p;
  const auto raw = hex(bytes);
  EXPECT_EQ(packet_extent(raw), raw.size()) << bytes;
  const char* error = decode_server_packet(raw, version, p);
  EXPECT_EQ(error, nullptr) << bytes << ": " << error;
  return p;
}

TEST(MqttWire, DecodesServerPackets) {
  EXPECT_TRUE(decoded("20 02 01 00", MqttVersion::k311).session_present);
  EXPECT_EQ(decoded("20 02 00 05", MqttVersion::k311).reason, 5);
  EXPECT_EQ(decoded("20 09 00 00 06 21 0014 13 003c", MqttVersion::k5).receive_maximum, 20);
  EXPECT_EQ(decoded("20 09 00 00 06 21 0014 13 003c", MqttVersion::k5).server_keep_alive, 60);
  EXPECT_EQ(decoded("90 03 0001 02", MqttVersion::k311).reason, 2);
  EXPECT_EQ(decoded("90 04 0001 00 9e", MqttVersion::k5).reason, 0x9e);
  EXPECT_EQ(decoded("40 02 0007", MqttVersion::k311).packet_id, 7);
  EXPECT_EQ(decoded("50 03 0007 10", MqttVersion::k5).reason, 0x10);
  EXPECT_EQ(decoded("e0 01 8e", MqttVersion::k5).reason, 0x8e);
  decoded("d0 00", MqttVersion::k5);
  const auto raw = hex("3b 0a 0001 74 0102 02 0b05 6869");
  ServerPacket p;
  ASSERT_EQ(decode_server_packet(raw, MqttVersion::k5, p), nullptr);
  EXPECT_TRUE(p.duplicate);
  EXPECT_TRUE(p.retain);
  EXPECT_EQ(p.qos, 1);
  EXPECT_EQ(p.packet_id, 0x102);
  EXPECT_EQ(as_text(p.topic), "t");
  EXPECT_EQ(as_text(p.payload), "hi");
}

TEST(MqttWire, RefusesWhatAServerMustNotSend) {
  const std::string_view bad[] = {
      "36 05 0001 74 0001",  // both QoS bits
      "38 03 0001 74",       // DUP at QoS 0
      "32 05 0001 74 0000",  // packet identifier 0
      "32 04 0001 74 01",    // cut in the packet identifier
      "30 02 0000",          // no topic
      "20 02 02 00",         // reserved bit of CONNACK
      "20 02 01 05",         // a refusal with a session
      "20 03 00 00 00",      // too long
      "21 02 00 00",         // flags of the first byte
      "60 02 0001",          // PUBREL needs flags 2
      "90 04 0001 00 00",    // two reasons for one filter
      "d0 01 00",            // PINGRESP with a body
      "e0 00",               // a 3.1.1 server never disconnects so
      "10 00",
      "82 00",
      "c0 00",  // packets of clients
  };
  for (std::string_view text : bad) {
    ServerPacket p;
    EXPECT_NE(decode_server_packet(hex(text), MqttVersion::k311, p), nullptr) << text;
  }
  ServerPacket p;
  EXPECT_NE(decode_server_packet(hex("20 05 00 00 02 7f 00"), MqttVersion::k5, p), nullptr) << "unknown property";
  EXPECT_NE(decode_server_packet(hex("20 05 00 00 05 21 00"), MqttVersion::k5, p), nullptr) << "long property block";
}

TEST(MqttWire, ExtentNeedsTheWholeHeader) {
  EXPECT_EQ(packet_extent(hex("30")), 0u);
  EXPECT_EQ(packet_extent(hex("30 80")), 0u);
  EXPECT_EQ(packet_extent(hex("30 80 01")), 131u);
  EXPECT_EQ(packet_extent(hex("30 80 80 80 80")), kBadPacket);
  EXPECT_EQ(packet_extent(hex("30 ff ff ff 7f")), kBadPacket) << "larger than the limit";
}

TEST(MqttWire, FilterMatches) {
  EXPECT_TRUE(filter_matches("a/b", "a/b"));
  EXPECT_TRUE(filter_matches("a/+", "a/b"));
  EXPECT_TRUE(filter_matches("a/#", "a"));
  EXPECT_TRUE(filter_matches("#", "a/b/c"));
  EXPECT_TRUE(filter_matches("+/+", "/b"));
  EXPECT_FALSE(filter_matches("a/b", "a/bc"));
  EXPECT_FALSE(filter_matches("a/+", "a"));
  EXPECT_FALSE(filter_matches("a/+", "a/b/c"));
  EXPECT_FALSE(filter_matches("a", "a/b"));
  EXPECT_FALSE(filter_matches("#", "$SYS/x"));
  EXPECT_TRUE(filter_matches("$SYS/#", "$SYS/x"));
}

}  // namespace
}  // namespace orrery::sim
