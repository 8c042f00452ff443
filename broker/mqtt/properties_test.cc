// SPDX-License-Identifier: Apache-2.0
// Every property in every packet, against a second copy of the standard's table 2-4 (section 2.2.2.2) that is written
// as the standard writes it; then values, getters, order and what is passed on.
#include "broker/mqtt/properties.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "broker/mqtt/limits.h"
#include "broker/mqtt/packet_text.h"

namespace orrery::mqtt {
namespace {

struct Row {
  int id;
  const char* value;  // a right one, in the language of packet_text.h
  const char* packets;
};

constexpr Row kTable[] = {
    {1, "01", "PUBLISH, Will Properties"},
    {2, "00000001", "PUBLISH, Will Properties"},
    {3, "\"text\"", "PUBLISH, Will Properties"},
    {8, "\"a/b\"", "PUBLISH, Will Properties"},
    {9, "0002 00ff", "PUBLISH, Will Properties"},
    {11, "ff7f", "PUBLISH, SUBSCRIBE"},
    {17, "00000001", "CONNECT, CONNACK, DISCONNECT"},
    {18, "\"id\"", "CONNACK"},
    {19, "0001", "CONNACK"},
    {21, "\"method\"", "CONNECT, CONNACK, AUTH"},
    {22, "0001 00", "CONNECT, CONNACK, AUTH"},
    {23, "01", "CONNECT"},
    {24, "00000001", "Will Properties"},
    {25, "01", "CONNECT"},
    {26, "\"info\"", "CONNACK"},
    {28, "\"server\"", "CONNACK, DISCONNECT"},
    {31, "\"why\"", "CONNACK, PUBACK, PUBREC, PUBREL, PUBCOMP, SUBACK, UNSUBACK, DISCONNECT, AUTH"},
    {33, "0001", "CONNECT, CONNACK"},
    {34, "0001", "CONNECT, CONNACK"},
    {35, "0001", "PUBLISH"},
    {36, "01", "CONNACK"},
    {37, "01", "CONNACK"},
    {38, "\"k\" \"v\"",
     "CONNECT, CONNACK, PUBLISH, Will Properties, PUBACK, PUBREC, PUBREL, PUBCOMP, SUBSCRIBE, SUBACK, UNSUBSCRIBE, "
     "UNSUBACK, DISCONNECT, AUTH"},
    {39, "00000001", "CONNECT, CONNACK"},
    {40, "01", "CONNACK"},
    {41, "01", "CONNACK"},
    {42, "01", "CONNACK"},
};

const Row* row_of(int id) {
  for (const Row& row : kTable)
    if (row.id == id) return &row;
  return nullptr;
}

std::string place_name(int place) {
  return place == 0 ? "Will Properties" : packet_type_name(static_cast<PacketType>(place));
}

bool in_list(const char* packets, const std::string& name) {
  return (", " + std::string(packets) + ",").find(", " + name + ",") != std::string::npos;
}

Buffer property(int id, const char* value) {
  Buffer out = parse_bytes(value);
  out.insert(out.begin(), static_cast<std::uint8_t>(id));
  return out;
}

Buffer twice(const Buffer& once) {
  Buffer out = once;
  out.insert(out.end(), once.begin(), once.end());
  return out;
}

DecodeResult parse(int place, Bytes section) {
  Properties out;
  const DecodeResult result = parse_properties(static_cast<PropertyPlace>(place), section, out);
  EXPECT_EQ(out.raw().size(), result.ok() ? section.size() : 0u);
  return result;
}

TEST(Properties, EachIsAllowedExactlyWhereTheTableSays) {
  int allowed = 0;
  for (int id = 0; id < 256; ++id) {
    const Row* row = row_of(id);
    const Buffer once = property(id, row != nullptr ? row->value : "00000000");
    for (int place = 0; place < 16; ++place) {
      const bool expected = row != nullptr && in_list(row->packets, place_name(place));
      const DecodeResult result = parse(place, once);
      ASSERT_EQ(result.ok(), expected) << id << " in " << place_name(place);
      if (!expected) {
        ASSERT_EQ(result.reason, ReasonCode::kMalformedPacket);
      }
      allowed += expected ? 1 : 0;
    }
  }
  EXPECT_EQ(allowed, 64);
}

TEST(Properties, EachIsRefusedTwiceUnlessItMayRepeat) {
  for (const Row& row : kTable) {
    for (int place = 0; place < 16; ++place) {
      if (!in_list(row.packets, place_name(place))) continue;
      const bool repeats = row.id == 38 || (row.id == 11 && place_name(place) == "PUBLISH");
      const DecodeResult result = parse(place, twice(property(row.id, row.value)));
      ASSERT_EQ(result.ok(), repeats) << row.id << " in " << place_name(place);
      if (!repeats) {
        ASSERT_EQ(result.reason, ReasonCode::kProtocolError);
      }
    }
  }
}

TEST(Properties, EachIsRefusedWhenCutShort) {
  for (const Row& row : kTable) {
    const Buffer whole = property(row.id, row.value);
    for (int place = 0; place < 16; ++place) {
      if (!in_list(row.packets, place_name(place))) continue;
      for (std::size_t n = 1; n < whole.size(); ++n) {
        const Buffer cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(n));
        const DecodeResult result = parse(place, cut);
        ASSERT_FALSE(result.ok()) << row.id << " cut to " << n;
        ASSERT_EQ(result.reason, ReasonCode::kMalformedPacket);
      }
    }
  }
}

struct ValueCase {
  int id;
  const char* place;
  const char* value;
  ReasonCode expected;
};

TEST(Properties, ValuesThatCannotBe) {
  constexpr ReasonCode kOk = ReasonCode::kSuccess;
  constexpr ReasonCode kProtocol = ReasonCode::kProtocolError;
  constexpr ReasonCode kMalformed = ReasonCode::kMalformedPacket;
  const ValueCase cases[] = {
      {1, "PUBLISH", "00", kOk},
      {1, "PUBLISH", "02", kProtocol},
      {1, "Will Properties", "ff", kProtocol},
      {2, "PUBLISH", "00000000", kOk},
      {3, "PUBLISH", "\"\"", kOk},
      {3, "PUBLISH", "0001 ff", kMalformed},
      {8, "PUBLISH", "\"a/#\"", kMalformed},
      {8, "Will Properties", "\"+\"", kMalformed},
      {8, "PUBLISH", "\"\"", kProtocol},
      {8, "PUBLISH", "0001 00", kMalformed},
      {9, "PUBLISH", "0000", kOk},
      {11, "SUBSCRIBE", "00", kProtocol},
      {11, "SUBSCRIBE", "ffffff7f", kOk},
      {11, "SUBSCRIBE", "ffffffff01", kMalformed},
      {11, "SUBSCRIBE", "8100", kMalformed},
      {17, "CONNECT", "ffffffff", kOk},
      {18, "CONNACK", "0003 eda080", kMalformed},
      {19, "CONNACK", "0000", kOk},
      {23, "CONNECT", "00", kOk},
      {23, "CONNECT", "02", kProtocol},
      {25, "CONNECT", "02", kProtocol},
      {31, "PUBACK", "0002 c080", kMalformed},
      {33, "CONNECT", "0000", kProtocol},
      {33, "CONNACK", "0000", kProtocol},
      {33, "CONNECT", "ffff", kOk},
      {34, "CONNECT", "0000", kOk},
      {35, "PUBLISH", "0000", ReasonCode::kTopicAliasInvalid},
      {36, "CONNACK", "02", kProtocol},
      {37, "CONNACK", "02", kProtocol},
      {38, "CONNECT", "\"\" \"\"", kOk},
      {38, "CONNECT", "\"k\" 0001 80", kMalformed},
      {38, "CONNECT", "0001 80 \"v\"", kMalformed},
      {38, "CONNECT", "0001 00 \"v\"", kMalformed},
      {39, "CONNECT", "00000000", kProtocol},
      {40, "CONNACK", "02", kProtocol},
      {41, "CONNACK", "02", kProtocol},
      {42, "CONNACK", "02", kProtocol},
  };
  for (const ValueCase& c : cases) {
    int place = 0;
    while (place_name(place) != c.place) ++place;
    EXPECT_EQ(parse(place, property(c.id, c.value)).reason, c.expected) << c.id << " " << c.value;
  }
}

/// One for each property: what its getter answers, as text, empty for nothing.
template <class T>
std::string shown(const std::optional<T>& value) {
  if (!value) return "";
  if constexpr (std::is_same_v<T, Bytes>)
    return std::string(as_text(*value));
  else if constexpr (std::is_same_v<T, std::string_view>)
    return std::string(*value);
  else
    return std::to_string(*value);
}

struct Getter {
  int id;
  std::function<std::string(const Properties&)> get;
  const char* expected;  // for the value of kTable
};

const Getter kGetters[] = {
    {1, [](const Properties& p) { return shown(p.payload_format_indicator()); }, "1"},
    {2, [](const Properties& p) { return shown(p.message_expiry_interval()); }, "1"},
    {3, [](const Properties& p) { return shown(p.content_type()); }, "text"},
    {8, [](const Properties& p) { return shown(p.response_topic()); }, "a/b"},
    {9, [](const Properties& p) { return std::to_string(p.correlation_data().value_or(Bytes{}).size()); }, "2"},
    {11, [](const Properties& p) { return shown(p.subscription_identifier()); }, "16383"},
    {17, [](const Properties& p) { return shown(p.session_expiry_interval()); }, "1"},
    {18, [](const Properties& p) { return shown(p.assigned_client_identifier()); }, "id"},
    {19, [](const Properties& p) { return shown(p.server_keep_alive()); }, "1"},
    {21, [](const Properties& p) { return shown(p.authentication_method()); }, "method"},
    {22, [](const Properties& p) { return std::to_string(p.authentication_data().value_or(Bytes{}).size()); }, "1"},
    {23, [](const Properties& p) { return shown(p.request_problem_information()); }, "1"},
    {24, [](const Properties& p) { return shown(p.will_delay_interval()); }, "1"},
    {25, [](const Properties& p) { return shown(p.request_response_information()); }, "1"},
    {26, [](const Properties& p) { return shown(p.response_information()); }, "info"},
    {28, [](const Properties& p) { return shown(p.server_reference()); }, "server"},
    {31, [](const Properties& p) { return shown(p.reason_string()); }, "why"},
    {33, [](const Properties& p) { return shown(p.receive_maximum()); }, "1"},
    {34, [](const Properties& p) { return shown(p.topic_alias_maximum()); }, "1"},
    {35, [](const Properties& p) { return shown(p.topic_alias()); }, "1"},
    {36, [](const Properties& p) { return shown(p.maximum_qos()); }, "1"},
    {37, [](const Properties& p) { return shown(p.retain_available()); }, "1"},
    {39, [](const Properties& p) { return shown(p.maximum_packet_size()); }, "1"},
    {40, [](const Properties& p) { return shown(p.wildcard_subscription_available()); }, "1"},
    {41, [](const Properties& p) { return shown(p.subscription_identifier_available()); }, "1"},
    {42, [](const Properties& p) { return shown(p.shared_subscription_available()); }, "1"},
};

TEST(Properties, EachGetterReadsItsOwn) {
  for (const Row& row : kTable) {
    int place = 0;
    while (!in_list(row.packets, place_name(place))) ++place;
    // A user property in front, so that a getter has something to pass by.
    Buffer section = parse_bytes(in_list(kTable[22].packets, place_name(place)) ? "26 \"k\" \"v\"" : "");
    const Buffer own = property(row.id, row.value);
    section.insert(section.end(), own.begin(), own.end());
    Properties properties;
    ASSERT_TRUE(parse_properties(static_cast<PropertyPlace>(place), section, properties).ok());
    for (const Getter& getter : kGetters) {
      const std::string nothing = getter.id == 9 || getter.id == 22 ? "0" : "";
      EXPECT_EQ(getter.get(properties), getter.id == row.id ? getter.expected : nothing) << getter.id << " " << row.id;
    }
  }
}

TEST(Properties, RepeatedOnesComeInOrder) {
  const Buffer section = parse_bytes("26 \"a\" \"1\" 0b 05 26 \"a\" \"2\" 01 01 0b 04 26 \"\" \"\"");
  Properties properties;
  ASSERT_TRUE(parse_properties(property_place(PacketType::kPublish), section, properties).ok());
  std::string users, identifiers;
  for (const UserProperty& user : properties.user_properties())
    users += std::string(user.name) + "=" + std::string(user.value) + ";";
  for (const std::uint32_t id : properties.subscription_identifiers()) identifiers += std::to_string(id) + ";";
  EXPECT_EQ(users, "a=1;a=2;=;");
  EXPECT_EQ(identifiers, "5;4;");
  EXPECT_EQ(properties.subscription_identifier(), 5u);
  EXPECT_EQ(properties.encoded_size(), section.size() + 1);

  for (const UserProperty& user : Properties().user_properties()) FAIL() << user.name;
  EXPECT_EQ(Properties().encoded_size(), 1u);
}

TEST(Properties, WhatIsPassedOn) {
  const Buffer section =
      parse_bytes("02 00000009 26 \"a\" \"1\" 23 0001 01 01 08 \"r\" 0b 05 09 0001 ff 26 \"b\" \"2\" 03 \"t\"");
  Properties properties;
  ASSERT_TRUE(parse_properties(property_place(PacketType::kPublish), section, properties).ok());
  EXPECT_FALSE(properties.all_forwardable());
  Buffer out = {0x77};
  properties.append_forwardable(out);
  const Buffer expected = parse_bytes("77 26 \"a\" \"1\" 01 01 08 \"r\" 09 0001 ff 26 \"b\" \"2\" 03 \"t\"");
  EXPECT_EQ(out, expected);
  EXPECT_EQ(properties.forwardable_size(), expected.size() - 1);

  const Buffer will = parse_bytes("18 00000001 03 \"t\" 02 00000001");
  ASSERT_TRUE(parse_properties(PropertyPlace::kWill, will, properties).ok());
  out.clear();
  properties.append_forwardable(out);
  EXPECT_EQ(out, parse_bytes("03 \"t\""));
  EXPECT_TRUE(Properties().all_forwardable());
}

TEST(Properties, TooManyUserProperties) {
  Buffer buffer;
  PropertyBuilder builder(buffer);
  for (std::uint32_t i = 0; i < kUserPropertiesMax; ++i) builder.user_property("", "");
  EXPECT_TRUE(parse(3, buffer).ok());
  builder.user_property("", "");
  EXPECT_EQ(parse(3, buffer).reason, ReasonCode::kQuotaExceeded);
}

TEST(PropertyBuilder, MakesWhatTheParserReads) {
  Buffer buffer = {1, 2, 3};
  PropertyBuilder builder(buffer);
  EXPECT_TRUE(builder.view().empty());
  builder.four_byte(Property::kSessionExpiryInterval, 7).two_byte(Property::kReceiveMaximum, 8);
  builder.text(Property::kReasonString, "why").user_property("k", "v").byte(Property::kMaximumQos, 1);
  builder.binary(Property::kAuthenticationData, as_bytes("xy"));
  EXPECT_EQ(buffer, parse_bytes("11 00000007 21 0008 1f \"why\" 26 \"k\" \"v\" 24 01 16 \"xy\""));
  EXPECT_EQ(builder.view().receive_maximum(), 8u);
  EXPECT_FALSE(builder.view().has(Property::kTopicAlias));
  Properties parsed;
  ASSERT_TRUE(parse_properties(property_place(PacketType::kConnack), buffer, parsed).ok());
  for (int id = 0; id <= kPropertyIdMax; ++id)
    EXPECT_EQ(parsed.has(static_cast<Property>(id)), builder.view().has(static_cast<Property>(id)));
  PropertyBuilder(buffer).variable(Property::kSubscriptionIdentifier, 16'384);
  EXPECT_EQ(buffer, parse_bytes("0b 808001"));
}

}  // namespace
}  // namespace orrery::mqtt
