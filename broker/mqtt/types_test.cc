// SPDX-License-Identifier: Apache-2.0
// Reason codes against the standard's tables, packet by packet (3.2.2.2, 3.4.2.1
// to 3.7.2.1, 3.9.3, 3.11.3, 3.14.2.1, 3.15.2.1), where types.cc is ordered by code.
#include "broker/mqtt/types.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace orrery::mqtt {
namespace {

using Codes = std::set<int>;

Codes allowed(PacketType type, Sender sender) {
  Codes codes;
  for (int code = 0; code < 256; ++code)
    if (reason_code_allowed(type, sender, static_cast<std::uint8_t>(code))) codes.insert(code);
  return codes;
}

TEST(ReasonCode, EachPacketHasItsTable) {
  const Codes received = {0x00, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99};
  const Codes released = {0x00, 0x92};
  for (const Sender sender : {Sender::kClient, Sender::kServer}) {
    EXPECT_EQ(allowed(PacketType::kPuback, sender), received);
    EXPECT_EQ(allowed(PacketType::kPubrec, sender), received);
    EXPECT_EQ(allowed(PacketType::kPubrel, sender), released);
    EXPECT_EQ(allowed(PacketType::kPubcomp, sender), released);
  }
  EXPECT_EQ(allowed(PacketType::kConnack, Sender::kServer),
            (Codes{0x00, 0x80, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89,
                   0x8a, 0x8c, 0x90, 0x95, 0x97, 0x99, 0x9a, 0x9b, 0x9c, 0x9d, 0x9f}));
  EXPECT_EQ(allowed(PacketType::kSuback, Sender::kServer),
            (Codes{0x00, 0x01, 0x02, 0x80, 0x83, 0x87, 0x8f, 0x91, 0x97, 0x9e, 0xa1, 0xa2}));
  EXPECT_EQ(allowed(PacketType::kUnsuback, Sender::kServer), (Codes{0x00, 0x11, 0x80, 0x83, 0x87, 0x8f, 0x91}));
  EXPECT_EQ(allowed(PacketType::kAuth, Sender::kServer), (Codes{0x00, 0x18}));
  EXPECT_EQ(allowed(PacketType::kAuth, Sender::kClient), (Codes{0x18, 0x19}));
}

TEST(ReasonCode, DisconnectHasATableForEachSender) {
  EXPECT_EQ(allowed(PacketType::kDisconnect, Sender::kClient),
            (Codes{0x00, 0x04, 0x80, 0x81, 0x82, 0x83, 0x90, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99}));
  EXPECT_EQ(allowed(PacketType::kDisconnect, Sender::kServer),
            (Codes{0x00, 0x80, 0x81, 0x82, 0x83, 0x87, 0x89, 0x8b, 0x8c, 0x8d, 0x8e, 0x8f, 0x90, 0x93, 0x94,
                   0x95, 0x96, 0x97, 0x98, 0x99, 0x9a, 0x9b, 0x9c, 0x9d, 0x9e, 0x9f, 0xa0, 0xa1, 0xa2}));
}

TEST(ReasonCode, NamesAreTheStandards) {
  EXPECT_STREQ(reason_code_name(ReasonCode::kSuccess), "Success");
  EXPECT_STREQ(reason_code_name(ReasonCode::kSessionTakenOver), "Session taken over");
  EXPECT_STREQ(reason_code_name(ReasonCode::kWildcardSubscriptionsNotSupported),
               "Wildcard Subscriptions not supported");
  EXPECT_STREQ(reason_code_name(static_cast<ReasonCode>(0x03)), "Unknown reason code");
  EXPECT_STREQ(packet_type_name(PacketType::kUnsuback), "UNSUBACK");
  std::set<std::string> names;
  for (int code = 0; code < 256; ++code) names.insert(reason_code_name(static_cast<ReasonCode>(code)));
  EXPECT_EQ(names.size(), 44u);  // 43 codes, each with a name of its own, and the unknown
}

TEST(ReasonCode, ErrorsBeginAt0x80) {
  EXPECT_FALSE(is_error(ReasonCode::kReAuthenticate));
  EXPECT_TRUE(is_error(ReasonCode::kUnspecifiedError));
}

}  // namespace
}  // namespace orrery::mqtt
