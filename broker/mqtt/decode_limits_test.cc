// SPDX-License-Identifier: Apache-2.0
// The limits of limits.h, each just kept and just exceeded, and what decode_connect tells after an error.
#include <gtest/gtest.h>

#include "broker/mqtt/decode.h"
#include "broker/mqtt/encode.h"
#include "broker/mqtt/limits.h"
#include "broker/mqtt/packet_text.h"

namespace orrery::mqtt {
namespace {

std::string levels(std::uint32_t n) { return std::string(n - 1, '/'); }

DecodeResult publish_to(std::string_view topic) {
  Buffer body;
  ByteWriter(body).u16_prefixed(as_bytes(topic));
  PublishView view;
  return decode_publish(Version::k311, Sender::kClient, 0, body, view);
}

DecodeResult subscribe_to(std::string_view filter, std::uint32_t times = 1) {
  Buffer body = {0, 1};
  for (std::uint32_t i = 0; i < times; ++i) append_subscription(filter, {}, body);
  SubscribeView view;
  const DecodeResult result = decode_subscribe(Version::k311, 2, body, view);
  EXPECT_EQ(view.subscriptions.size(), result.ok() ? times : 0);
  return result;
}

DecodeResult will_for(std::string_view topic) {
  ConnectView connect;
  connect.will.emplace().topic = topic;
  Buffer packet;
  encode_connect(connect, packet);
  const std::size_t header = 1 + variable_byte_integer_size(static_cast<std::uint32_t>(packet.size() - 3));
  ConnectView view;
  return decode_connect(0, Bytes(packet).subspan(header), view);
}

TEST(Limits, LevelsOfATopic) {
  EXPECT_TRUE(publish_to(levels(kTopicLevelsMax)).ok());
  EXPECT_EQ(publish_to(levels(kTopicLevelsMax + 1)).reason, ReasonCode::kTopicNameInvalid);
  EXPECT_TRUE(will_for("a" + levels(kTopicLevelsMax)).ok());
  EXPECT_EQ(will_for(levels(kTopicLevelsMax + 1)).reason, ReasonCode::kTopicNameInvalid);
  // CVE-2019-11779.
  EXPECT_EQ(publish_to(std::string(65'400, '/')).reason, ReasonCode::kTopicNameInvalid);
  EXPECT_EQ(subscribe_to(std::string(65'400, '/')).reason, ReasonCode::kTopicFilterInvalid);
}

TEST(Limits, LevelsOfAFilterDoNotCountTheShareName) {
  EXPECT_TRUE(subscribe_to(levels(kTopicLevelsMax)).ok());
  EXPECT_EQ(subscribe_to(levels(kTopicLevelsMax + 1)).reason, ReasonCode::kTopicFilterInvalid);
  EXPECT_TRUE(subscribe_to("$share/g/" + levels(kTopicLevelsMax)).ok());
  EXPECT_EQ(subscribe_to("$share/g/" + levels(kTopicLevelsMax + 1)).reason, ReasonCode::kTopicFilterInvalid);
}

TEST(Limits, LengthOfATopic) {
  EXPECT_TRUE(publish_to(std::string(kStringMax, 'x')).ok());
  EXPECT_TRUE(subscribe_to(std::string(kStringMax, 'x')).ok());
}

TEST(Limits, FiltersOfOnePacket) {
  EXPECT_TRUE(subscribe_to("a", kFiltersPerPacketMax).ok());
  EXPECT_EQ(subscribe_to("a", kFiltersPerPacketMax + 1).reason, ReasonCode::kQuotaExceeded);
}

TEST(Limits, AConnectWithEveryFieldAtItsLongestIsBelowTheLimit) {
  const std::string longest(kStringMax, 'x');
  ConnectView connect;
  connect.client_id = longest;
  connect.user_name = longest;
  connect.password = as_bytes(longest);
  connect.will.emplace().topic = longest;
  connect.will->payload = as_bytes(longest);
  EXPECT_LT(connect_size(connect), kConnectPacketSize);
}

TEST(DecodeConnect, AnErrorTellsInWhichVersionToAnswer) {
  const auto decode = [](const char* text) {
    ConnectView view;
    EXPECT_FALSE(decode_connect(0, parse_bytes(text), view).ok());
    return view;
  };
  EXPECT_EQ(decode("\"MQTT\" 06 02 0000 \"id\"").version, Version::k5);
  EXPECT_EQ(decode("\"MQTT\" 05 02 0000 05").version, Version::k5);
  EXPECT_EQ(decode("\"MQTT\" 04 03 0000 \"id\"").version, Version::k311);
  EXPECT_EQ(decode("\"MQTT\" 02 02 0000 \"id\"").version, Version::k311);
  EXPECT_EQ(decode("\"MQIsdp\" 05 02 0000 \"id\"").version, Version::k31);
  EXPECT_TRUE(decode("\"MQTT\" 06 02 0000 \"id\"").known_protocol);
  EXPECT_FALSE(decode("\"HTTP\" 04 02 0000 \"id\"").known_protocol);
  EXPECT_FALSE(decode("\"MQTT\"").known_protocol);
}

}  // namespace
}  // namespace orrery::mqtt
