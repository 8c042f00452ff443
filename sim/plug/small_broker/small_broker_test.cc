// SPDX-License-Identifier: Apache-2.0
// The pieces of the small broker that can be wrong on their own. The whole of it is tested by sim/scenario's runs.
#include <gtest/gtest.h>

#include "sim/plug/small_broker/packet.h"
#include "sim/plug/small_broker/topic.h"
#include "sim/plug/small_broker/websocket.h"

namespace orrery::sim::small {
namespace {

TEST(SmallBrokerTopic, Matches) {
  const std::pair<const char*, const char*> yes[] = {{"a/b", "a/b"}, {"+/b", "a/b"},   {"a/+", "a/"}, {"#", "a"},
                                                     {"a/#", "a"},   {"a/#", "a/b/c"}, {"+", "a"},    {"+/+", "/a"}};
  const std::pair<const char*, const char*> no[] = {{"a/b", "a/c"}, {"+", "a/b"}, {"a/+", "a"},    {"a/#", "ab"},
                                                    {"a", "a/b"},   {"a/b", "a"}, {"#", "$SYS/x"}, {"+/x", "$SYS/x"}};
  for (const auto& [filter, topic] : yes) EXPECT_TRUE(matches(filter, topic)) << filter << " " << topic;
  for (const auto& [filter, topic] : no) EXPECT_FALSE(matches(filter, topic)) << filter << " " << topic;
}

TEST(SmallBrokerTopic, Validates) {
  for (const char* good : {"a", "/", "+", "#", "a/+/b", "a/#", "$share/g/a"}) EXPECT_TRUE(valid_filter(good)) << good;
  for (const char* bad : {"", "a#", "#/a", "a+", "+a/b", "a/#/b"}) EXPECT_FALSE(valid_filter(bad)) << bad;
  EXPECT_FALSE(valid_topic("a/+"));
  EXPECT_TRUE(valid_utf8("h\xc3\xa9"));
  for (const char* bad : {"\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82", "\x80"})
    EXPECT_FALSE(valid_utf8(bad));
}

TEST(SmallBrokerWebSocket, AcceptKeyOfTheStandardsExample) {
  EXPECT_EQ(accept_key("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

TEST(SmallBrokerPacket, EveryCutOfAConnectIsMalformedAndTheWholeIsNot) {
  const std::string connect("\x10\x0e\x00\x04MQTT\x04\x02\x01\x2c\x00\x02zz", 16);
  Packet p;
  ASSERT_EQ(find_packet(connect).bytes, 16u);
  EXPECT_EQ(decode(connect, 4, p), kSuccess);
  EXPECT_EQ(p.client_id, "zz");
  EXPECT_EQ(p.keep_alive, 300);
  for (std::size_t body = 0; body < 14; ++body) {
    std::string cut = connect.substr(0, 2 + body);
    cut[1] = static_cast<char>(body);
    EXPECT_NE(decode(cut, 4, p), kSuccess) << body;
  }
}

TEST(SmallBrokerPacket, PublishGoesThroughUnchanged) {
  Message m{"a/b", "payload", "", 1, true, 60};
  for (const std::uint8_t version : {std::uint8_t{4}, std::uint8_t{5}}) {
    Packet p;
    ASSERT_EQ(decode(encode_publish(version, m, 1, true, true, 7, 0), version, p), kSuccess);
    EXPECT_EQ(p.message.topic, m.topic);
    EXPECT_EQ(p.message.payload, m.payload);
    EXPECT_EQ(p.packet_id, 7);
    EXPECT_TRUE(p.duplicate);
    EXPECT_EQ(p.message.expiry_seconds.value_or(0), version == 5 ? 60u : 0u);
  }
}

}  // namespace
}  // namespace orrery::sim::small
