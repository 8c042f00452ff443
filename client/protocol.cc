// SPDX-License-Identifier: Apache-2.0
// The tables: MQTT 5.0 sections 2.2.2.2 (properties) and 2.4 and chapter 3 (reason codes), MQTT 3.1.1 sections 3.2.2.3
// and 3.9.3.
#include "client/protocol.h"

#include <algorithm>
#include <array>
#include <cstdio>

namespace orrery::client {
namespace {

constexpr Places kConnectConnack = place(Type::kConnect) | place(Type::kConnack);
constexpr Places kPublishWill = place(Type::kPublish) | kInWill;
constexpr Places kAuthPlaces = kConnectConnack | place(Type::kAuth);
constexpr Places kWithReason = place(Type::kConnack) | place(Type::kPuback) | place(Type::kPubrec) |
                               place(Type::kPubrel) | place(Type::kPubcomp) | place(Type::kSuback) |
                               place(Type::kUnsuback) | place(Type::kDisconnect) | place(Type::kAuth);
constexpr Places kEverywhere =
    kWithReason | kPublishWill | place(Type::kConnect) | place(Type::kSubscribe) | place(Type::kUnsubscribe);
constexpr std::uint32_t kAny = UINT32_MAX;

struct Code {
  unsigned value;
  const char* name;
};
constexpr Code kReasons[] = {
    {0x00, "success"},
    {0x01, "granted QoS 1"},
    {0x02, "granted QoS 2"},
    {0x04, "disconnect with will message"},
    {0x10, "no matching subscribers"},
    {0x11, "no subscription existed"},
    {0x18, "continue authentication"},
    {0x19, "re-authenticate"},
    {0x80, "unspecified error"},
    {0x81, "malformed packet"},
    {0x82, "protocol error"},
    {0x83, "implementation specific error"},
    {0x84, "unsupported protocol version"},
    {0x85, "client identifier not valid"},
    {0x86, "bad user name or password"},
    {0x87, "not authorized"},
    {0x88, "server unavailable"},
    {0x89, "server busy"},
    {0x8a, "banned"},
    {0x8b, "server shutting down"},
    {0x8c, "bad authentication method"},
    {0x8d, "keep alive timeout"},
    {0x8e, "session taken over"},
    {0x8f, "topic filter invalid"},
    {0x90, "topic name invalid"},
    {0x91, "packet identifier in use"},
    {0x92, "packet identifier not found"},
    {0x93, "receive maximum exceeded"},
    {0x94, "topic alias invalid"},
    {0x95, "packet too large"},
    {0x96, "message rate too high"},
    {0x97, "quota exceeded"},
    {0x98, "administrative action"},
    {0x99, "payload format invalid"},
    {0x9a, "retain not supported"},
    {0x9b, "QoS not supported"},
    {0x9c, "use another server"},
    {0x9d, "server moved"},
    {0x9e, "shared subscriptions not supported"},
    {0x9f, "connection rate exceeded"},
    {0xa0, "maximum connect time"},
    {0xa1, "subscription identifiers not supported"},
    {0xa2, "wildcard subscriptions not supported"},
};
constexpr Code kConnackCodes[] = {
    {0, "accepted"},           {1, "unacceptable protocol version"}, {2, "identifier rejected"},
    {3, "server unavailable"}, {4, "bad user name or password"},     {5, "not authorized"},
};

std::vector<unsigned> codes_of(Type t) {
  switch (t) {
    case Type::kConnack:
      return {0x00, 0x80, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89,
              0x8a, 0x8c, 0x90, 0x95, 0x97, 0x99, 0x9a, 0x9b, 0x9c, 0x9d, 0x9f};
    case Type::kPuback:
    case Type::kPubrec:
      return {0x00, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99};
    case Type::kPubrel:
    case Type::kPubcomp:
      return {0x00, 0x92};
    case Type::kSuback:
      return {0x00, 0x01, 0x02, 0x80, 0x83, 0x87, 0x8f, 0x91, 0x97, 0x9e, 0xa1, 0xa2};
    case Type::kUnsuback:
      return {0x00, 0x11, 0x80, 0x83, 0x87, 0x8f, 0x91};
    case Type::kDisconnect:
      return {0x00, 0x80, 0x81, 0x82, 0x83, 0x87, 0x89, 0x8b, 0x8d, 0x8e, 0x8f, 0x90, 0x93, 0x94,
              0x95, 0x96, 0x97, 0x98, 0x99, 0x9a, 0x9b, 0x9c, 0x9d, 0x9e, 0x9f, 0xa0, 0xa1, 0xa2};
    case Type::kAuth:
      return {0x00, 0x18};
    default:
      return {};
  }
}

}  // namespace

const char* version_name(Version v) { return v == Version::k5 ? "5" : v == Version::k311 ? "3.1.1" : "3.1"; }

const char* type_name(Type t) {
  static constexpr std::array<const char*, 16> kNames = {
      "reserved type 0", "CONNECT", "CONNACK",     "PUBLISH",  "PUBACK",  "PUBREC",   "PUBREL",     "PUBCOMP",
      "SUBSCRIBE",       "SUBACK",  "UNSUBSCRIBE", "UNSUBACK", "PINGREQ", "PINGRESP", "DISCONNECT", "AUTH"};
  return kNames[static_cast<std::size_t>(t) & 15];
}

const std::vector<PropertyInfo>& all_properties() {
  using P = PropertyId;
  using T = PropertyType;
  static const std::vector<PropertyInfo> table = {
      {P::kPayloadFormat, "Payload Format Indicator", T::kByte, kPublishWill, 0, 0, 1},
      {P::kMessageExpiry, "Message Expiry Interval", T::kU32, kPublishWill, 0, 0, kAny},
      {P::kContentType, "Content Type", T::kText, kPublishWill, 0, 0, 0},
      {P::kResponseTopic, "Response Topic", T::kText, kPublishWill, 0, 0, 0},
      {P::kCorrelationData, "Correlation Data", T::kBinary, kPublishWill, 0, 0, 0},
      {P::kSubscriptionId, "Subscription Identifier", T::kVarint, place(Type::kPublish) | place(Type::kSubscribe),
       place(Type::kPublish), 1, 268'435'455},
      {P::kSessionExpiry, "Session Expiry Interval", T::kU32, kConnectConnack | place(Type::kDisconnect), 0, 0, kAny},
      {P::kAssignedClientId, "Assigned Client Identifier", T::kText, place(Type::kConnack), 0, 0, 0},
      {P::kServerKeepAlive, "Server Keep Alive", T::kU16, place(Type::kConnack), 0, 0, 65535},
      {P::kAuthMethod, "Authentication Method", T::kText, kAuthPlaces, 0, 0, 0},
      {P::kAuthData, "Authentication Data", T::kBinary, kAuthPlaces, 0, 0, 0},
      {P::kRequestProblemInfo, "Request Problem Information", T::kByte, place(Type::kConnect), 0, 0, 1},
      {P::kWillDelay, "Will Delay Interval", T::kU32, kInWill, 0, 0, kAny},
      {P::kRequestResponseInfo, "Request Response Information", T::kByte, place(Type::kConnect), 0, 0, 1},
      {P::kResponseInfo, "Response Information", T::kText, place(Type::kConnack), 0, 0, 0},
      {P::kServerReference, "Server Reference", T::kText, place(Type::kConnack) | place(Type::kDisconnect), 0, 0, 0},
      {P::kReasonString, "Reason String", T::kText, kWithReason, 0, 0, 0},
      {P::kReceiveMaximum, "Receive Maximum", T::kU16, kConnectConnack, 0, 1, 65535},
      {P::kTopicAliasMaximum, "Topic Alias Maximum", T::kU16, kConnectConnack, 0, 0, 65535},
      {P::kTopicAlias, "Topic Alias", T::kU16, place(Type::kPublish), 0, 1, 65535},
      {P::kMaximumQos, "Maximum QoS", T::kByte, place(Type::kConnack), 0, 0, 1},
      {P::kRetainAvailable, "Retain Available", T::kByte, place(Type::kConnack), 0, 0, 1},
      {P::kUserProperty, "User Property", T::kPair, kEverywhere, kEverywhere, 0, 0},
      {P::kMaximumPacketSize, "Maximum Packet Size", T::kU32, kConnectConnack, 0, 1, kAny},
      {P::kWildcardAvailable, "Wildcard Subscription Available", T::kByte, place(Type::kConnack), 0, 0, 1},
      {P::kSubscriptionIdAvailable, "Subscription Identifiers Available", T::kByte, place(Type::kConnack), 0, 0, 1},
      {P::kSharedAvailable, "Shared Subscription Available", T::kByte, place(Type::kConnack), 0, 0, 1},
  };
  return table;
}

const PropertyInfo* find_property(std::uint32_t id) {
  for (const PropertyInfo& p : all_properties())
    if (static_cast<std::uint32_t>(p.id) == id) return &p;
  return nullptr;
}

bool server_code_allowed(Version v, Type t, unsigned code) {
  if (v != Version::k5) {
    if (t == Type::kConnack) return code <= 5;
    if (t == Type::kSuback) return code <= 2 || code == 0x80;
    return false;
  }
  const std::vector<unsigned> codes = codes_of(t);
  return std::find(codes.begin(), codes.end(), code) != codes.end();
}

std::string code_name(Version v, Type t, unsigned code) {
  char number[8];
  std::snprintf(number, sizeof number, "0x%02x", code & 0xff);
  const char* name = nullptr;
  if (v != Version::k5 && t == Type::kConnack) {
    for (const Code& c : kConnackCodes)
      if (c.value == code) name = c.name;
  } else {
    for (const Code& c : kReasons)
      if (c.value == code) name = c.name;
  }
  if (code == 0 && t == Type::kSuback) name = "granted QoS 0";
  if (code == 0 && t == Type::kDisconnect) name = "normal disconnection";
  return name == nullptr ? std::string(number) : std::string(number) + " " + name;
}

}  // namespace orrery::client
