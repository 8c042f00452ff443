// SPDX-License-Identifier: Apache-2.0
// CONNECT (3.1) and CONNACK (3.2).
#include "broker/mqtt/encode.h"
#include "broker/mqtt/packet_writer.h"

namespace orrery::mqtt {
namespace {

std::string_view protocol_name(Version version) { return version == Version::k31 ? "MQIsdp" : "MQTT"; }

std::size_t body_size(const ConnectView& connect) {
  std::size_t size = prefixed_size(protocol_name(connect.version).size()) + 4 + prefixed_size(connect.client_id.size());
  if (connect.version == Version::k5) size += connect.properties.encoded_size();
  if (connect.will) {
    if (connect.version == Version::k5) size += connect.will->properties.encoded_size();
    size += prefixed_size(connect.will->topic.size()) + prefixed_size(connect.will->payload.size());
  }
  if (connect.user_name) size += prefixed_size(connect.user_name->size());
  if (connect.password) size += prefixed_size(connect.password->size());
  return size;
}

std::uint8_t connect_flags(const ConnectView& connect) {
  int flags = connect.clean_start ? 0x02 : 0;
  if (connect.will) flags |= 0x04 | connect.will->qos << 3 | (connect.will->retain ? 0x20 : 0);
  if (connect.password) flags |= 0x40;
  if (connect.user_name) flags |= 0x80;
  return static_cast<std::uint8_t>(flags);
}

std::size_t body_size(Version version, const ConnackView& connack) {
  return 2 + (version == Version::k5 ? connack.properties.encoded_size() : 0);
}

}  // namespace

std::size_t connect_size(const ConnectView& connect) { return packet_size(body_size(connect)); }

void encode_connect(const ConnectView& connect, Buffer& out) {
  PacketWriter to(PacketType::kConnect, 0, body_size(connect), out);
  to.text(protocol_name(connect.version));
  to.u8(static_cast<std::uint8_t>(connect.version));
  to.u8(connect_flags(connect));
  to.u16(connect.keep_alive);
  if (connect.version == Version::k5) to.section(connect.properties.raw());
  to.text(connect.client_id);
  if (connect.will) {
    if (connect.version == Version::k5) to.section(connect.will->properties.raw());
    to.text(connect.will->topic);
    to.prefixed(connect.will->payload);
  }
  if (connect.user_name) to.text(*connect.user_name);
  if (connect.password) to.prefixed(*connect.password);
}

std::uint8_t connack_return_code(ReasonCode reason) {
  switch (reason) {
    case ReasonCode::kSuccess:
      return 0;
    case ReasonCode::kUnsupportedProtocolVersion:
      return 1;
    case ReasonCode::kClientIdentifierNotValid:
      return 2;
    case ReasonCode::kBadUserNameOrPassword:
      return 4;
    case ReasonCode::kNotAuthorized:
    case ReasonCode::kBanned:
    case ReasonCode::kBadAuthenticationMethod:
      return 5;
    default:
      return 3;  // server unavailable
  }
}

std::size_t connack_size(Version version, const ConnackView& connack) {
  return packet_size(body_size(version, connack));
}

void encode_connack(Version version, const ConnackView& connack, Buffer& out) {
  PacketWriter to(PacketType::kConnack, 0, body_size(version, connack), out);
  to.u8(connack.session_present && version != Version::k31 ? 1 : 0);
  if (version != Version::k5) return to.u8(connack_return_code(connack.reason));
  to.u8(static_cast<std::uint8_t>(connack.reason));
  to.section(connack.properties.raw());
}

}  // namespace orrery::mqtt
