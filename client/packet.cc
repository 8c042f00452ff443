// SPDX-License-Identifier: Apache-2.0
// Building packets: fields in, bytes out, without any opinion about them.
#include "client/packet.h"

namespace orrery::client {
namespace {

Octets encode_connect(const Packet& packet, Version version) {
  const Connect& c = *packet.connect;
  unsigned flags = c.clean ? 0x02 : 0;
  if (c.will) flags |= 0x04 | (c.will->qos & 3) << 3 | (c.will->retain ? 0x20U : 0);
  if (c.password) flags |= 0x40;
  if (c.user_name) flags |= 0x80;
  Octets out = text(c.protocol_name) + u8(c.level.value_or(static_cast<unsigned>(version))) +
               u8(c.flags.value_or(flags)) + u16(c.keep_alive);
  if (version == Version::k5) out += encode_properties(packet.properties);
  out += text(c.client_id);
  if (c.will) {
    if (version == Version::k5) out += encode_properties(c.will->properties);
    out += text(c.will->topic) + text(c.will->payload);
  }
  if (c.user_name) out += text(*c.user_name);
  if (c.password) out += text(*c.password);
  return out;
}

// A success without properties may leave its code out; that short form is what clients send, and what 3.1.1 has.
Octets encode_code(const Packet& packet, Version version) {
  if (version != Version::k5) return {};
  if (!packet.properties.empty()) return u8(packet.code) + encode_properties(packet.properties);
  return packet.code == 0 ? Octets{} : u8(packet.code);
}

Octets encode_acks(const Packet& packet, Version version) {
  Octets out = u16(packet.id);
  if (version == Version::k5) out += encode_properties(packet.properties);
  if (packet.type == Type::kUnsuback && version != Version::k5) return out;
  for (const unsigned code : packet.codes) out += u8(code);
  return out;
}

Packet of(Type type, unsigned flags, Properties properties) {
  Packet p;
  p.type = type;
  p.flags = flags;
  p.properties = std::move(properties);
  return p;
}

}  // namespace

Property number_property(PropertyId id, std::uint32_t value) { return {static_cast<std::uint32_t>(id), value, {}, {}}; }

Property text_property(PropertyId id, std::string_view value) {
  return {static_cast<std::uint32_t>(id), 0, std::string(value), {}};
}

Property user_property(std::string_view name, std::string_view value) {
  return {static_cast<std::uint32_t>(PropertyId::kUserProperty), 0, std::string(name), std::string(value)};
}

const Property* find(const Properties& properties, PropertyId id) {
  for (const Property& p : properties)
    if (p.id == static_cast<std::uint32_t>(id)) return &p;
  return nullptr;
}

std::size_t count(const Properties& properties, PropertyId id) {
  std::size_t n = 0;
  for (const Property& p : properties) n += p.id == static_cast<std::uint32_t>(id) ? 1 : 0;
  return n;
}

std::uint32_t number_of(const Properties& properties, PropertyId id, std::uint32_t otherwise) {
  const Property* p = find(properties, id);
  return p == nullptr ? otherwise : p->number;
}

Properties user_properties(const Properties& properties) {
  Properties out;
  for (const Property& p : properties)
    if (p.id == static_cast<std::uint32_t>(PropertyId::kUserProperty)) out.push_back(p);
  return out;
}

Octets encode_property(const Property& property) {
  Octets out = varint(property.id);
  const PropertyInfo* info = find_property(property.id);
  switch (info == nullptr ? PropertyType::kByte : info->type) {
    case PropertyType::kByte:
      return out + u8(property.number);
    case PropertyType::kU16:
      return out + u16(property.number);
    case PropertyType::kU32:
      return out + u32(property.number);
    case PropertyType::kVarint:
      return out + varint(property.number);
    case PropertyType::kText:
    case PropertyType::kBinary:
      return out + text(property.text);
    case PropertyType::kPair:
      return out + text(property.text) + text(property.value);
  }
  return out;
}

Octets encode_properties(const Properties& properties) {
  Octets list;
  for (const Property& p : properties) list += encode_property(p);
  return varint(static_cast<std::uint32_t>(list.size())) + list;
}

Packet connect_packet(Connect connect, Properties properties) {
  Packet p = of(Type::kConnect, 0, std::move(properties));
  p.connect = std::move(connect);
  return p;
}

Packet publish_packet(std::string_view topic, std::string_view payload, unsigned qos, unsigned id, bool retain,
                      Properties properties) {
  Packet p = of(Type::kPublish, 0, std::move(properties));
  p.topic = topic;
  p.payload = payload;
  p.qos = qos;
  p.id = static_cast<std::uint16_t>(id);
  p.retain = retain;
  return p;
}

Packet ack_packet(Type type, unsigned id, unsigned code, Properties properties) {
  Packet p = of(type, type == Type::kPubrel ? 2 : 0, std::move(properties));
  p.id = static_cast<std::uint16_t>(id);
  p.code = code;
  return p;
}

Packet subscribe_packet(unsigned id, std::vector<Filter> filters, Properties properties) {
  Packet p = of(Type::kSubscribe, 2, std::move(properties));
  p.id = static_cast<std::uint16_t>(id);
  p.filters = std::move(filters);
  return p;
}

Packet unsubscribe_packet(unsigned id, const std::vector<std::string>& filters, Properties properties) {
  Packet p = of(Type::kUnsubscribe, 2, std::move(properties));
  p.id = static_cast<std::uint16_t>(id);
  for (const std::string& f : filters) p.filters.push_back({f, 0});
  return p;
}

Packet disconnect_packet(unsigned code, Properties properties) {
  Packet p = of(Type::kDisconnect, 0, std::move(properties));
  p.code = code;
  return p;
}

Packet auth_packet(unsigned code, Properties properties) {
  Packet p = of(Type::kAuth, 0, std::move(properties));
  p.code = code;
  return p;
}

Packet plain_packet(Type type) { return of(type, 0, {}); }

Octets encode_body(const Packet& packet, Version version) {
  const bool v5 = version == Version::k5;
  const Octets properties = v5 ? encode_properties(packet.properties) : Octets{};
  Octets out;
  switch (packet.type) {
    case Type::kConnect:
      return encode_connect(packet, version);
    case Type::kConnack:
      return u8(packet.session_present ? 1 : 0) + u8(packet.code) + properties;
    case Type::kPublish:
      return text(packet.topic) + (packet.qos != 0 ? u16(packet.id) : Octets{}) + properties + packet.payload;
    case Type::kPuback:
    case Type::kPubrec:
    case Type::kPubrel:
    case Type::kPubcomp:
      return u16(packet.id) + encode_code(packet, version);
    case Type::kSubscribe:
      out = u16(packet.id) + properties;
      for (const Filter& f : packet.filters) out += text(f.filter) + u8(f.options);
      return out;
    case Type::kUnsubscribe:
      out = u16(packet.id) + properties;
      for (const Filter& f : packet.filters) out += text(f.filter);
      return out;
    case Type::kSuback:
    case Type::kUnsuback:
      return encode_acks(packet, version);
    case Type::kDisconnect:
    case Type::kAuth:
      return encode_code(packet, version);
    case Type::kPingreq:
    case Type::kPingresp:
    case Type::kReserved:
      return {};
  }
  return out;
}

unsigned first_byte(const Packet& packet) {
  unsigned flags = packet.flags;
  if (packet.type == Type::kPublish) flags |= (packet.dup ? 8U : 0) | (packet.qos & 3) << 1 | (packet.retain ? 1U : 0);
  return static_cast<unsigned>(packet.type) << 4 | (flags & 15);
}

Octets encode(const Packet& packet, Version version) { return frame(first_byte(packet), encode_body(packet, version)); }

}  // namespace orrery::client
