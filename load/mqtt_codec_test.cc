// SPDX-License-Identifier: Apache-2.0
// Bytes written down by hand from the standards.
#include "load/mqtt_codec.h"

#include <gtest/gtest.h>

namespace orrery::load {
namespace {

using Result = PacketReader::Result;

Buffer bytes(std::string_view text) { return {text.begin(), text.end()}; }
using namespace std::string_view_literals;

TEST(LoadCodec, Connect) {
  Buffer out;
  encode_connect(out, {.version = Version::k5, .client_id = "ab", .keep_alive = 60});
  EXPECT_EQ(out, bytes("\x10\x0F\0\x04MQTT\x05\x02\0\x3C\0\0\x02"
                       "ab"sv));
  out.clear();
  encode_connect(out, {.version = Version::k5, .client_id = "ab", .clean_start = false, .session_expiry = 258});
  EXPECT_EQ(out, bytes("\x10\x14\0\x04MQTT\x05\0\0\0\x05\x11\0\0\x01\x02\0\x02"
                       "ab"sv));
  out.clear();
  encode_connect(out, {.version = Version::k311, .client_id = "c", .user_name = "u", .password = "pw"});
  EXPECT_EQ(out, bytes("\x10\x14\0\x04MQTT\x04\xC2\0\0\0\x01"
                       "c\0\x01u\0\x02pw"sv));
  out.clear();
  encode_connect(out, {.version = Version::k31, .client_id = "c"});
  EXPECT_EQ(out, bytes("\x10\x0F\0\x06MQIsdp\x03\x02\0\0\0\x01"
                       "c"sv));
}

TEST(LoadCodec, SubscribePublishAndTheRest) {
  Buffer out;
  encode_subscribe(out, Version::k311, 10, "a/b", 1);
  EXPECT_EQ(out, bytes("\x82\x08\0\x0A\0\x03"
                       "a/b\x01"sv));
  out.clear();
  encode_subscribe(out, Version::k5, 10, "a/b", 2);
  EXPECT_EQ(out, bytes("\x82\x09\0\x0A\0\0\x03"
                       "a/b\x02"sv));
  out.clear();
  encode_publish(out, Version::k311, "t", 0, 9, as_bytes("hi"));
  EXPECT_EQ(out, bytes("\x30\x05\0\x01thi"sv));
  out.clear();
  encode_publish(out, Version::k5, "t", 1, 258, as_bytes("hi"));
  EXPECT_EQ(out, bytes("\x32\x08\0\x01t\x01\x02\0hi"sv));
  out.clear();
  encode_acknowledge(out, PacketType::kPuback, 1);
  encode_acknowledge(out, PacketType::kPubrel, 2);
  encode_pingreq(out);
  encode_disconnect(out);
  EXPECT_EQ(out, bytes("\x40\x02\0\x01\x62\x02\0\x02\xC0\0\xE0\0"sv));
}

TEST(LoadCodec, LongPublishHasALongLength) {
  Buffer out;
  encode_publish(out, Version::k311, "t", 0, 0, Buffer(20'000, 'x'));
  EXPECT_EQ(Bytes(out).first(4)[1], 0xA3);  // 20,003 = 0x4E23: 23 + 80, 1C + 80, 01
  EXPECT_EQ(out[2], 0x9C);
  EXPECT_EQ(out[3], 0x01);
  EXPECT_EQ(out.size(), 4u + 20'003u);
}

Packet read_one(std::string_view text, Version version = Version::k5) {
  static Buffer stays;  // the packet's views look into it
  stays = bytes(text);
  PacketReader reader(version);
  reader.feed(stays);
  Packet packet;
  EXPECT_EQ(reader.next(packet), Result::kPacket);
  Packet more;
  EXPECT_EQ(reader.next(more), Result::kNeedMore);
  return packet;
}

TEST(LoadCodec, Connack) {
  EXPECT_EQ(read_one("\x20\x02\0\x05"sv, Version::k311).reason, 5);
  const Packet plain = read_one("\x20\x03\0\0\0"sv);
  EXPECT_EQ(plain.receive_maximum, 65535);
  EXPECT_FALSE(plain.has_server_keep_alive);
  // Receive Maximum 20, a user property, Server Keep Alive 300, Assigned Client Identifier, Maximum QoS 1.
  const Packet full = read_one(
      "\x20\x18\0\0\x15\x21\0\x14\x26\0\x01k\0\x01v\x13\x01\x2C\x12\0\x03"
      "abc\x24\x01"sv);
  EXPECT_EQ(full.receive_maximum, 20);
  EXPECT_TRUE(full.has_server_keep_alive);
  EXPECT_EQ(full.server_keep_alive, 300);
}

TEST(LoadCodec, Publish) {
  const Packet v5 = read_one(
      "\x32\x0C\0\x03"
      "a/b\0\x07\x02\x01\x01hi"sv);
  EXPECT_EQ(v5.topic, "a/b");
  EXPECT_EQ(v5.qos, 1);
  EXPECT_EQ(v5.packet_id, 7);
  EXPECT_EQ(as_text(v5.payload), "hi");
  const Packet v3 = read_one("\x30\x05\0\x01thi"sv, Version::k311);
  EXPECT_EQ(as_text(v3.payload), "hi");
}

TEST(LoadCodec, AcknowledgementsAndDisconnect) {
  EXPECT_EQ(read_one("\x40\x02\0\x07"sv).packet_id, 7);
  EXPECT_EQ(read_one("\x40\x03\0\x07\x97"sv).reason, 0x97);
  EXPECT_EQ(read_one("\x90\x04\0\x01\0\x80"sv).reason, 0x80);
  EXPECT_EQ(read_one("\x90\x03\0\x01\x02"sv, Version::k31).reason, 2);
  EXPECT_EQ(read_one("\xE0\x02\x8E\0"sv).reason, 0x8E);
  EXPECT_EQ(read_one("\xD0\0"sv).type, PacketType::kPingresp);
}

TEST(LoadCodec, WhatCannotBeReadIsMalformed) {
  for (const std::string_view text :
       {"\x10\0"sv, "\x20\x01\0"sv, "\x30\x02\0\x05"sv, "\x36\x05\0\x01t\0\x01"sv, "\x40\x01\0"sv, "\xD0\x01\0"sv,
        "\x30\xFF\xFF\xFF\xFF\x01"sv, "\x30\xFF\xFF\xFF\x7F"sv, "\x20\x06\0\0\x03\x77\0\0"sv,
        "\x20\x04\0\0\x01\x21"sv}) {
    const Buffer in = bytes(text);
    PacketReader reader(Version::k5);
    reader.feed(in);
    Packet packet;
    EXPECT_EQ(reader.next(packet), Result::kMalformed) << testing::PrintToString(in);
  }
}

TEST(LoadCodec, StreamsCutAnywhereGiveTheSamePackets) {
  Buffer stream;
  encode_publish(stream, Version::k5, "topic/1", 1, 5, Buffer(200, 'p'));
  encode_acknowledge(stream, PacketType::kPuback, 77);
  encode_publish(stream, Version::k5, "topic/2", 0, 0, {});
  const auto said = [](PacketReader& reader) {
    std::string text;
    Packet p;
    while (reader.next(p) == Result::kPacket)
      text += std::to_string(static_cast<int>(p.type)) + ":" + std::to_string(p.packet_id) + ":" +
              std::string(p.topic) + ":" + std::to_string(p.payload.size()) + ";";
    return text;
  };
  for (std::size_t a = 0; a <= stream.size(); ++a)
    for (std::size_t b = a; b <= stream.size(); b += 7) {
      PacketReader reader(Version::k5);
      std::string text;
      const Bytes all(stream);
      for (const Bytes piece : {all.first(a), all.subspan(a, b - a), all.subspan(b)}) {
        const Buffer copy(piece.begin(), piece.end());
        reader.feed(copy);
        text += said(reader);
      }
      ASSERT_EQ(text, "3:5:topic/1:200;4:77::0;3:0:topic/2:0;") << a << ' ' << b;
    }
}

TEST(LoadCodec, ReasonsInWords) {
  EXPECT_EQ(reason_text(Version::k311, PacketType::kConnack, 4), "bad user name or password");
  EXPECT_EQ(reason_text(Version::k5, PacketType::kConnack, 0x87), "not authorized");
  EXPECT_EQ(reason_text(Version::k5, PacketType::kDisconnect, 0xA2), "reason 0xA2");
}

}  // namespace
}  // namespace orrery::load
