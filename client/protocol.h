// SPDX-License-Identifier: Apache-2.0
// The vocabulary of MQTT as tables: versions, packet types, properties, reason codes. Written from the standards alone;
// nothing is shared with the broker, so that the two can disagree.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace orrery::client {

/// The values are the protocol levels of CONNECT.
enum class Version : std::uint8_t { k31 = 3, k311 = 4, k5 = 5 };
/// "3.1", "3.1.1", "5".
const char* version_name(Version v);

/// A set of versions.
using Versions = std::uint8_t;
constexpr Versions bit(Version v) { return static_cast<Versions>(1U << static_cast<unsigned>(v)); }
inline constexpr Versions kOnly5 = bit(Version::k5);
inline constexpr Versions kOnly311 = bit(Version::k311);
inline constexpr Versions kBoth = kOnly5 | kOnly311;
inline constexpr Versions kOnly31 = bit(Version::k31);
inline constexpr Versions kAllVersions = kBoth | kOnly31;

enum class Type : std::uint8_t {
  kReserved = 0,
  kConnect,
  kConnack,
  kPublish,
  kPuback,
  kPubrec,
  kPubrel,
  kPubcomp,
  kSubscribe,
  kSuback,
  kUnsubscribe,
  kUnsuback,
  kPingreq,
  kPingresp,
  kDisconnect,
  kAuth,
};
const char* type_name(Type t);

/// Where a property may stand: one bit for each packet type, and bit 0 for the will's properties in CONNECT.
using Places = std::uint16_t;
constexpr Places place(Type t) { return static_cast<Places>(1U << static_cast<unsigned>(t)); }
inline constexpr Places kInWill = 1;

enum class PropertyId : std::uint32_t {
  kPayloadFormat = 0x01,
  kMessageExpiry = 0x02,
  kContentType = 0x03,
  kResponseTopic = 0x08,
  kCorrelationData = 0x09,
  kSubscriptionId = 0x0b,
  kSessionExpiry = 0x11,
  kAssignedClientId = 0x12,
  kServerKeepAlive = 0x13,
  kAuthMethod = 0x15,
  kAuthData = 0x16,
  kRequestProblemInfo = 0x17,
  kWillDelay = 0x18,
  kRequestResponseInfo = 0x19,
  kResponseInfo = 0x1a,
  kServerReference = 0x1c,
  kReasonString = 0x1f,
  kReceiveMaximum = 0x21,
  kTopicAliasMaximum = 0x22,
  kTopicAlias = 0x23,
  kMaximumQos = 0x24,
  kRetainAvailable = 0x25,
  kUserProperty = 0x26,
  kMaximumPacketSize = 0x27,
  kWildcardAvailable = 0x28,
  kSubscriptionIdAvailable = 0x29,
  kSharedAvailable = 0x2a,
};

enum class PropertyType : std::uint8_t { kByte, kU16, kU32, kVarint, kText, kBinary, kPair };

/// One row of table 2-4 of MQTT 5.0.
struct PropertyInfo {
  PropertyId id;
  const char* name;
  PropertyType type;
  /// Where it is allowed.
  Places places;
  /// Where it may be given more than once.
  Places repeatable;
  /// The values that a number may have; for other types unused.
  std::uint32_t min;
  std::uint32_t max;
};
const std::vector<PropertyInfo>& all_properties();
/// Null for an identifier that the standard does not define.
const PropertyInfo* find_property(std::uint32_t id);

/// The codes that a server may send in a packet of this type (the tables of chapter 3).
bool server_code_allowed(Version v, Type t, unsigned code);
/// "0x8e session taken over".
std::string code_name(Version v, Type t, unsigned code);

}  // namespace orrery::client
