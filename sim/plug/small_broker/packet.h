// SPDX-License-Identifier: Apache-2.0
// The small broker's own MQTT codec: one packet from bytes to a struct, and the few packets a broker sends.
//
// Written for reading, not for speed, and shared with nothing else in the tree. It speaks MQTT 3.1.1 (OASIS, 2014) and
// the part of MQTT 5.0 (OASIS, 2019) that docs/broker-plug.md lists. Strings are copied out of the input; a decode
// error is the standard's reason code.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace orrery::sim::small {

inline constexpr std::size_t kPacketBytesMax = 1024 * 1024;

enum class Type : std::uint8_t {
  kConnect = 1,
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
};

enum Reason : std::uint8_t {
  kSuccess = 0x00,
  kDisconnectWithWill = 0x04,
  kNoMatchingSubscribers = 0x10,
  kNoSubscriptionExisted = 0x11,
  kMalformedPacket = 0x81,
  kProtocolError = 0x82,
  kUnsupportedVersion = 0x84,
  kClientIdNotValid = 0x85,
  kKeepAliveTimeout = 0x8D,
  kSessionTakenOver = 0x8E,
  kTopicFilterInvalid = 0x8F,
  kTopicNameInvalid = 0x90,
  kPacketIdNotFound = 0x92,
  kTopicAliasInvalid = 0x94,
  kPacketTooLarge = 0x95,
  kSharedNotSupported = 0x9E,
};

/// The properties this broker looks at; `forward` holds the raw ones that a PUBLISH carries through unchanged.
struct Properties {
  std::uint32_t session_expiry = 0;
  std::uint16_t receive_maximum = 65535;
  std::uint32_t packet_bytes_max = UINT32_MAX;
  std::uint32_t will_delay = 0;
  std::optional<std::uint32_t> message_expiry;
  std::uint32_t subscription_identifier = 0;
  bool has_topic_alias = false;
  std::string forward;
};

struct Message {
  std::string topic;
  std::string payload;
  std::string properties;  // raw, without the length in front
  std::uint8_t qos = 0;
  bool retain = false;
  std::optional<std::uint32_t> expiry_seconds;
};

struct FilterRequest {
  std::string filter;
  std::uint8_t qos = 0;
  bool no_local = false;
  bool retain_as_published = false;
  std::uint8_t retain_handling = 0;
};

struct Packet {
  Type type = Type::kConnect;
  std::uint8_t version = 4;  // of a CONNECT
  bool clean_start = false;
  bool duplicate = false;
  bool has_will = false;
  std::uint8_t reason = 0;
  std::uint16_t keep_alive = 0;
  std::uint16_t packet_id = 0;
  std::string client_id;
  Message message;  // a PUBLISH, or the will of a CONNECT
  std::uint32_t will_delay = 0;
  std::vector<FilterRequest> filters;
  Properties properties;
};

/// How many bytes the first packet of `input` has: 0 when its header is not complete yet, or an error.
struct Extent {
  std::size_t bytes = 0;
  std::uint8_t error = 0;
};
Extent find_packet(std::string_view input);

/// Decodes exactly one whole packet. Returns a reason code, 0 for success. `version` is what the CONNECT said.
std::uint8_t decode(std::string_view bytes, std::uint8_t version, Packet& out);

std::string encode_connack(std::uint8_t version, bool session_present, std::uint8_t reason,
                           std::string_view assigned_client_id);
std::string encode_publish(std::uint8_t version, const Message& message, std::uint8_t qos, bool retain, bool duplicate,
                           std::uint16_t packet_id, std::uint32_t subscription_identifier);
/// PUBACK, PUBREC, PUBREL, PUBCOMP.
std::string encode_acknowledge(Type type, std::uint8_t version, std::uint16_t packet_id, std::uint8_t reason);
/// SUBACK, UNSUBACK.
std::string encode_reasons(Type type, std::uint8_t version, std::uint16_t packet_id, const std::string& reasons);
std::string encode_pingresp();
std::string encode_disconnect(std::uint8_t reason);

}  // namespace orrery::sim::small
