// SPDX-License-Identifier: Apache-2.0
#include "broker/mqtt/types.h"

#include <array>

namespace orrery::mqtt {
namespace {

constexpr std::uint16_t bit(PacketType type) { return static_cast<std::uint16_t>(1u << static_cast<int>(type)); }

constexpr std::uint16_t kConnackBit = bit(PacketType::kConnack);
constexpr std::uint16_t kReceivedBits = bit(PacketType::kPuback) | bit(PacketType::kPubrec);
constexpr std::uint16_t kReleasedBits = bit(PacketType::kPubrel) | bit(PacketType::kPubcomp);
constexpr std::uint16_t kSubackBit = bit(PacketType::kSuback);
constexpr std::uint16_t kUnsubackBit = bit(PacketType::kUnsuback);
constexpr std::uint16_t kAuthBit = bit(PacketType::kAuth);
// DISCONNECT has a list for each sender; the reserved type 0 lends its bit to the client's.
constexpr std::uint16_t kByServer = bit(PacketType::kDisconnect);
constexpr std::uint16_t kByClient = 1;
constexpr std::uint16_t kByBoth = kByServer | kByClient;

struct Row {
  ReasonCode code;
  std::uint16_t packets;
  const char* name;
};

// Section 2.4, table 2-6, with the senders of DISCONNECT from table 3-10.
constexpr Row kRows[] = {
    {ReasonCode::kSuccess, kConnackBit | kReceivedBits | kReleasedBits | kSubackBit | kUnsubackBit | kAuthBit | kByBoth,
     "Success"},
    {ReasonCode::kGrantedQos1, kSubackBit, "Granted QoS 1"},
    {ReasonCode::kGrantedQos2, kSubackBit, "Granted QoS 2"},
    {ReasonCode::kDisconnectWithWill, kByClient, "Disconnect with Will Message"},
    {ReasonCode::kNoMatchingSubscribers, kReceivedBits, "No matching subscribers"},
    {ReasonCode::kNoSubscriptionExisted, kUnsubackBit, "No subscription existed"},
    {ReasonCode::kContinueAuthentication, kAuthBit, "Continue authentication"},
    {ReasonCode::kReAuthenticate, kAuthBit, "Re-authenticate"},
    {ReasonCode::kUnspecifiedError, kConnackBit | kReceivedBits | kSubackBit | kUnsubackBit | kByBoth,
     "Unspecified error"},
    {ReasonCode::kMalformedPacket, kConnackBit | kByBoth, "Malformed Packet"},
    {ReasonCode::kProtocolError, kConnackBit | kByBoth, "Protocol Error"},
    {ReasonCode::kImplementationSpecificError, kConnackBit | kReceivedBits | kSubackBit | kUnsubackBit | kByBoth,
     "Implementation specific error"},
    {ReasonCode::kUnsupportedProtocolVersion, kConnackBit, "Unsupported Protocol Version"},
    {ReasonCode::kClientIdentifierNotValid, kConnackBit, "Client Identifier not valid"},
    {ReasonCode::kBadUserNameOrPassword, kConnackBit, "Bad User Name or Password"},
    {ReasonCode::kNotAuthorized, kConnackBit | kReceivedBits | kSubackBit | kUnsubackBit | kByServer, "Not authorized"},
    {ReasonCode::kServerUnavailable, kConnackBit, "Server unavailable"},
    {ReasonCode::kServerBusy, kConnackBit | kByServer, "Server busy"},
    {ReasonCode::kBanned, kConnackBit, "Banned"},
    {ReasonCode::kServerShuttingDown, kByServer, "Server shutting down"},
    {ReasonCode::kBadAuthenticationMethod, kConnackBit | kByServer, "Bad authentication method"},
    {ReasonCode::kKeepAliveTimeout, kByServer, "Keep Alive timeout"},
    {ReasonCode::kSessionTakenOver, kByServer, "Session taken over"},
    {ReasonCode::kTopicFilterInvalid, kSubackBit | kUnsubackBit | kByServer, "Topic Filter invalid"},
    {ReasonCode::kTopicNameInvalid, kConnackBit | kReceivedBits | kByBoth, "Topic Name invalid"},
    {ReasonCode::kPacketIdentifierInUse, kReceivedBits | kSubackBit | kUnsubackBit, "Packet Identifier in use"},
    {ReasonCode::kPacketIdentifierNotFound, kReleasedBits, "Packet Identifier not found"},
    {ReasonCode::kReceiveMaximumExceeded, kByBoth, "Receive Maximum exceeded"},
    {ReasonCode::kTopicAliasInvalid, kByBoth, "Topic Alias invalid"},
    {ReasonCode::kPacketTooLarge, kConnackBit | kByBoth, "Packet too large"},
    {ReasonCode::kMessageRateTooHigh, kByBoth, "Message rate too high"},
    {ReasonCode::kQuotaExceeded, kConnackBit | kReceivedBits | kSubackBit | kByBoth, "Quota exceeded"},
    {ReasonCode::kAdministrativeAction, kByBoth, "Administrative action"},
    {ReasonCode::kPayloadFormatInvalid, kConnackBit | kReceivedBits | kByBoth, "Payload format invalid"},
    {ReasonCode::kRetainNotSupported, kConnackBit | kByServer, "Retain not supported"},
    {ReasonCode::kQosNotSupported, kConnackBit | kByServer, "QoS not supported"},
    {ReasonCode::kUseAnotherServer, kConnackBit | kByServer, "Use another server"},
    {ReasonCode::kServerMoved, kConnackBit | kByServer, "Server moved"},
    {ReasonCode::kSharedSubscriptionsNotSupported, kSubackBit | kByServer, "Shared Subscriptions not supported"},
    {ReasonCode::kConnectionRateExceeded, kConnackBit | kByServer, "Connection rate exceeded"},
    {ReasonCode::kMaximumConnectTime, kByServer, "Maximum connect time"},
    {ReasonCode::kSubscriptionIdentifiersNotSupported, kSubackBit | kByServer,
     "Subscription Identifiers not supported"},
    {ReasonCode::kWildcardSubscriptionsNotSupported, kSubackBit | kByServer, "Wildcard Subscriptions not supported"},
};

// Row of each number, so that the checks on the hot path are one load.
constexpr auto kRowOf = [] {
  std::array<std::int8_t, 256> rows{};
  for (auto& row : rows) row = -1;
  for (std::size_t i = 0; i < std::size(kRows); ++i)
    rows[static_cast<std::size_t>(kRows[i].code)] = static_cast<std::int8_t>(i);
  return rows;
}();

// AUTH, table 3-11: the server continues or succeeds, the client continues or begins anew.
bool auth_sender_allowed(Sender sender, ReasonCode code) {
  if (code == ReasonCode::kContinueAuthentication) return true;
  return (code == ReasonCode::kSuccess) == (sender == Sender::kServer);
}

}  // namespace

const char* packet_type_name(PacketType type) {
  static constexpr const char* kNames[16] = {"RESERVED", "CONNECT",  "CONNACK",    "PUBLISH", "PUBACK",      "PUBREC",
                                             "PUBREL",   "PUBCOMP",  "SUBSCRIBE",  "SUBACK",  "UNSUBSCRIBE", "UNSUBACK",
                                             "PINGREQ",  "PINGRESP", "DISCONNECT", "AUTH"};
  return kNames[static_cast<int>(type) & 15];
}

const char* reason_code_name(ReasonCode code) {
  const int row = kRowOf[static_cast<std::size_t>(code)];
  return row < 0 ? "Unknown reason code" : kRows[row].name;
}

bool reason_code_allowed(PacketType type, Sender sender, std::uint8_t code) {
  const int row = kRowOf[code];
  if (row < 0) return false;
  if (type == PacketType::kAuth && !auth_sender_allowed(sender, kRows[row].code)) return false;
  const std::uint16_t wanted = type == PacketType::kDisconnect && sender == Sender::kClient ? kByClient : bit(type);
  return (kRows[row].packets & wanted) != 0;
}

}  // namespace orrery::mqtt
