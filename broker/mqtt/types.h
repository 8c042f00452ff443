// SPDX-License-Identifier: Apache-2.0
// The MQTT standard's own enumerations: versions, packet types and reason codes, with their numbers on the wire.
//
// Reason codes are MQTT 5's (section 2.4). The earlier versions know a few return codes in CONNACK and SUBACK; encode.h
// and decode.h translate those, so that the rest of the broker speaks one language.
#pragma once

#include <cstdint>

namespace orrery::mqtt {

/// The protocol level of CONNECT.
enum class Version : std::uint8_t { k31 = 3, k311 = 4, k5 = 5 };

/// Who sent a packet: a few rules differ (DISCONNECT, AUTH, the properties of PUBLISH).
enum class Sender : std::uint8_t { kClient, kServer };

/// The high half of a packet's first byte; 0 is reserved.
enum class PacketType : std::uint8_t {
  kConnect = 1,
  kConnack = 2,
  kPublish = 3,
  kPuback = 4,
  kPubrec = 5,
  kPubrel = 6,
  kPubcomp = 7,
  kSubscribe = 8,
  kSuback = 9,
  kUnsubscribe = 10,
  kUnsuback = 11,
  kPingreq = 12,
  kPingresp = 13,
  kDisconnect = 14,
  kAuth = 15,
};

/// "CONNECT", "PUBLISH" and so on; "RESERVED" for 0.
const char* packet_type_name(PacketType type);

enum class ReasonCode : std::uint8_t {
  kSuccess = 0x00,
  kNormalDisconnection = 0x00,
  kGrantedQos0 = 0x00,
  kGrantedQos1 = 0x01,
  kGrantedQos2 = 0x02,
  kDisconnectWithWill = 0x04,
  kNoMatchingSubscribers = 0x10,
  kNoSubscriptionExisted = 0x11,
  kContinueAuthentication = 0x18,
  kReAuthenticate = 0x19,
  kUnspecifiedError = 0x80,
  kMalformedPacket = 0x81,
  kProtocolError = 0x82,
  kImplementationSpecificError = 0x83,
  kUnsupportedProtocolVersion = 0x84,
  kClientIdentifierNotValid = 0x85,
  kBadUserNameOrPassword = 0x86,
  kNotAuthorized = 0x87,
  kServerUnavailable = 0x88,
  kServerBusy = 0x89,
  kBanned = 0x8A,
  kServerShuttingDown = 0x8B,
  kBadAuthenticationMethod = 0x8C,
  kKeepAliveTimeout = 0x8D,
  kSessionTakenOver = 0x8E,
  kTopicFilterInvalid = 0x8F,
  kTopicNameInvalid = 0x90,
  kPacketIdentifierInUse = 0x91,
  kPacketIdentifierNotFound = 0x92,
  kReceiveMaximumExceeded = 0x93,
  kTopicAliasInvalid = 0x94,
  kPacketTooLarge = 0x95,
  kMessageRateTooHigh = 0x96,
  kQuotaExceeded = 0x97,
  kAdministrativeAction = 0x98,
  kPayloadFormatInvalid = 0x99,
  kRetainNotSupported = 0x9A,
  kQosNotSupported = 0x9B,
  kUseAnotherServer = 0x9C,
  kServerMoved = 0x9D,
  kSharedSubscriptionsNotSupported = 0x9E,
  kConnectionRateExceeded = 0x9F,
  kMaximumConnectTime = 0xA0,
  kSubscriptionIdentifiersNotSupported = 0xA1,
  kWildcardSubscriptionsNotSupported = 0xA2,
};

/// True for 0x80 and above.
constexpr bool is_error(ReasonCode code) { return static_cast<std::uint8_t>(code) >= 0x80; }

/// The standard's words, such as "Session taken over"; "Unknown reason code" for a number that it does not define.
/// 0x00 is "Success" (it also means Normal disconnection and Granted QoS 0).
const char* reason_code_name(ReasonCode code);

/// Whether the standard lists `code` for this packet and, for DISCONNECT and AUTH, for this sender.
bool reason_code_allowed(PacketType type, Sender sender, std::uint8_t code);

}  // namespace orrery::mqtt
