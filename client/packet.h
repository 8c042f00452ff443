// SPDX-License-Identifier: Apache-2.0
// One MQTT packet of any type, as a value: what a case builds and what it gets to see.
//
// encode() writes whatever the fields say, allowed or not: a wrong property, QoS 3, reserved flags. For what fields
// cannot express there are the pieces in octets.h. decode() is in decode.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "client/octets.h"
#include "client/protocol.h"

namespace orrery::client {

struct Property {
  /// Wider than the standard's values, so that undefined identifiers can be sent.
  std::uint32_t id = 0;
  std::uint32_t number = 0;
  /// Text, binary data, or a pair's name.
  std::string text;
  /// A pair's value.
  std::string value;
  bool operator==(const Property&) const = default;
};
using Properties = std::vector<Property>;

Property number_property(PropertyId id, std::uint32_t value);
Property text_property(PropertyId id, std::string_view value);
Property user_property(std::string_view name, std::string_view value);
/// The first one, or null.
const Property* find(const Properties& properties, PropertyId id);
std::size_t count(const Properties& properties, PropertyId id);
/// The number of the first one, or `otherwise`.
std::uint32_t number_of(const Properties& properties, PropertyId id, std::uint32_t otherwise);
/// Pairs in their order.
Properties user_properties(const Properties& properties);
/// One property without the length in front of the list.
Octets encode_property(const Property& property);
/// The list with its length.
Octets encode_properties(const Properties& properties);

struct Will {
  std::string topic;
  std::string payload;
  unsigned qos = 0;
  bool retain = false;
  Properties properties;
  bool operator==(const Will&) const = default;
};

/// What CONNECT carries. `flags` is computed from the rest unless it is given.
struct Connect {
  std::string protocol_name = "MQTT";
  std::optional<unsigned> level;
  std::optional<unsigned> flags;
  /// Clean Session of 3.1.1, Clean Start of 5.
  bool clean = true;
  std::uint16_t keep_alive = 60;
  std::string client_id;
  std::optional<Will> will;
  std::optional<std::string> user_name;
  std::optional<std::string> password;
  bool operator==(const Connect&) const = default;
};

struct Filter {
  std::string filter;
  /// The options byte: QoS in bits 0-1; in MQTT 5 also No Local 0x04, Retain As Published 0x08, Retain Handling 0x30.
  unsigned options = 0;
  bool operator==(const Filter&) const = default;
};

struct Packet {
  Type type = Type::kReserved;
  /// The low four bits of the first byte; for PUBLISH computed from dup, qos and retain.
  unsigned flags = 0;
  bool dup = false;
  unsigned qos = 0;
  bool retain = false;
  std::string topic;
  std::string payload;
  std::uint16_t id = 0;
  bool session_present = false;
  /// The reason code of CONNACK, PUBACK and the like.
  unsigned code = 0;
  /// The codes of SUBACK and UNSUBACK.
  std::vector<unsigned> codes;
  std::vector<Filter> filters;
  std::optional<Connect> connect;
  Properties properties;
  /// Set by decode(): bytes on the wire.
  std::size_t size = 0;
};

Packet connect_packet(Connect connect, Properties properties = {});
Packet publish_packet(std::string_view topic, std::string_view payload, unsigned qos = 0, unsigned id = 0,
                      bool retain = false, Properties properties = {});
/// PUBACK, PUBREC, PUBREL or PUBCOMP.
Packet ack_packet(Type type, unsigned id, unsigned code = 0, Properties properties = {});
Packet subscribe_packet(unsigned id, std::vector<Filter> filters, Properties properties = {});
Packet unsubscribe_packet(unsigned id, const std::vector<std::string>& filters, Properties properties = {});
Packet disconnect_packet(unsigned code = 0, Properties properties = {});
Packet auth_packet(unsigned code, Properties properties = {});
Packet plain_packet(Type type);

/// The variable header and payload.
Octets encode_body(const Packet& packet, Version version);
Octets encode(const Packet& packet, Version version);
/// The packet's first byte.
unsigned first_byte(const Packet& packet);

}  // namespace orrery::client
