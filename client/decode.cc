// SPDX-License-Identifier: Apache-2.0
// The strict decoder. Every check names the statement it comes from; "X-" names are rules that the standards state in
// prose.
#include "client/decode.h"

namespace orrery::client {
namespace {

class Decoder {
 public:
  Decoder(std::string_view body, Version version, Sender sender)
      : in_(body), v5_(version == Version::k5), version_(version), server_(sender == Sender::kServer) {}

  Decoded run(unsigned first, std::size_t size) {
    Packet& p = out_.packet;
    p.size = size;
    p.type = static_cast<Type>(first >> 4);
    p.flags = first & 15;
    check_flags();
    if (server_) check_direction();
    body();
    if (in_.failed()) {
      out_.complete = false;
      violate("X-field-truncated", "X-field-truncated", "a field goes beyond the packet's end");
    } else if (in_.remaining() != 0) {
      out_.complete = false;
      violate("X-trailing-bytes", "X-trailing-bytes", std::to_string(in_.remaining()) + " bytes are left over");
    }
    return std::move(out_);
  }

  void violate(std::string v311, std::string v5, std::string what) {
    out_.violations.push_back({std::move(v311), std::move(v5), std::move(what)});
  }

 private:
  void check_flags() {
    const Packet& p = out_.packet;
    if (p.type == Type::kPublish) return;
    const bool two = p.type == Type::kPubrel || p.type == Type::kSubscribe || p.type == Type::kUnsubscribe;
    if (p.flags == (two ? 2U : 0U)) return;
    if (p.type == Type::kPubrel)
      violate("MQTT-3.6.1-1", "MQTT-3.6.1-1", "PUBREL has header flags other than 0010");
    else if (p.type == Type::kAuth)
      violate("MQTT-2.2.2-1", "MQTT-3.15.1-1", "AUTH has reserved header flags set");
    else
      violate("MQTT-2.2.2-1", "MQTT-2.1.3-1", std::string(type_name(p.type)) + " has wrong reserved header flags");
  }

  void check_direction() {
    const Type t = out_.packet.type;
    if (t == Type::kReserved || (t == Type::kAuth && !v5_))
      violate("X-reserved-type", "X-reserved-type", "the server sent a reserved packet type");
    if (t == Type::kDisconnect && !v5_)
      violate("X-server-disconnect-311", "", "a server has no DISCONNECT in this version");
    if (t == Type::kConnect || t == Type::kSubscribe || t == Type::kUnsubscribe || t == Type::kPingreq)
      violate("X-client-packet-from-server", "X-client-packet-from-server",
              std::string("the server sent ") + type_name(t) + ", which only clients send");
  }

  void body() {
    Packet& p = out_.packet;
    switch (p.type) {
      case Type::kConnect:
        return connect();
      case Type::kConnack:
        return connack();
      case Type::kPublish:
        return publish();
      case Type::kPuback:
      case Type::kPubrec:
      case Type::kPubrel:
      case Type::kPubcomp:
        identifier();
        return optional_code();
      case Type::kSubscribe:
      case Type::kUnsubscribe:
        return filters();
      case Type::kSuback:
      case Type::kUnsuback:
        return acks();
      case Type::kDisconnect:
      case Type::kAuth:
        return optional_code();
      case Type::kPingreq:
      case Type::kPingresp:
      case Type::kReserved:
        return;
    }
  }

  std::string take_text(const char* what, const char* v311 = "MQTT-1.5.3-1", const char* v5 = "MQTT-1.5.4-1") {
    const std::string out(in_.prefixed());
    const char* error = text_error(out);
    if (error != nullptr && out.find('\0') != std::string::npos)
      violate("MQTT-1.5.3-2", "MQTT-1.5.4-2", std::string(what) + ": " + error);
    else if (error != nullptr)
      violate(v311, v5, std::string(what) + ": " + error);
    return out;
  }

  void identifier() {
    out_.packet.id = static_cast<std::uint16_t>(in_.u16());
    if (out_.packet.id == 0 && !in_.failed())
      violate("MQTT-2.3.1-4", "MQTT-2.2.1-4", std::string(type_name(out_.packet.type)) + " has packet identifier 0");
  }

  void connack() {
    const unsigned flags = in_.u8();
    Packet& p = out_.packet;
    p.session_present = (flags & 1) != 0;
    p.code = in_.u8();
    if ((flags & 0xfe) != 0) violate("X-connack-flags", "MQTT-3.2.2-1", "CONNACK has reserved acknowledge flags set");
    if (p.code != 0 && p.session_present)
      violate("MQTT-3.2.2-4", "MQTT-3.2.2-6", "CONNACK with a non-zero code says session present");
    check_code("X-connack-code", "MQTT-3.2.2-8");
    properties(place(Type::kConnack), p.properties);
    check_reference();
  }

  void publish() {
    Packet& p = out_.packet;
    p.dup = (p.flags & 8) != 0;
    p.qos = p.flags >> 1 & 3;
    p.retain = (p.flags & 1) != 0;
    p.flags = 0;
    if (p.qos == 3) violate("MQTT-3.3.1-4", "MQTT-3.3.1-4", "PUBLISH has both QoS bits set");
    if (p.qos == 0 && p.dup) violate("MQTT-3.3.1-2", "MQTT-3.3.1-2", "PUBLISH of QoS 0 has DUP set");
    p.topic = take_text("topic name", "MQTT-3.3.2-1", "MQTT-3.3.2-1");
    if (p.topic.find_first_of("+#") != std::string::npos)
      violate("MQTT-3.3.2-2", "MQTT-3.3.2-2", "the topic name holds a wildcard");
    if (p.qos != 0) identifier();
    properties(place(Type::kPublish), p.properties);
    if (p.topic.empty() && find(p.properties, PropertyId::kTopicAlias) == nullptr)
      violate("MQTT-4.7.3-1", "MQTT-4.7.3-1", "the topic name is empty");
    for (const Property& x : p.properties)
      if (x.id == static_cast<std::uint32_t>(PropertyId::kResponseTopic) &&
          x.text.find_first_of("+#") != std::string::npos)
        violate("", "MQTT-3.3.2-14", "the response topic holds a wildcard");
    p.payload = in_.rest();
  }

  // 5: 3.4.2.1: a remaining length of 2 means code 0; below 4 there are no properties.
  void optional_code() {
    Packet& p = out_.packet;
    if (!v5_ || in_.remaining() == 0) return;
    p.code = in_.u8();
    static constexpr struct {
      Type type;
      const char* statement;
    } kTables[] = {{Type::kPuback, "MQTT-3.4.2-1"},      {Type::kPubrec, "MQTT-3.5.2-1"},
                   {Type::kPubrel, "MQTT-3.6.2-1"},      {Type::kPubcomp, "MQTT-3.7.2-1"},
                   {Type::kDisconnect, "MQTT-3.14.2-1"}, {Type::kAuth, "MQTT-3.15.2-1"}};
    for (const auto& row : kTables)
      if (row.type == p.type) check_code("", row.statement);
    if (in_.remaining() == 0) return;
    properties(place(p.type), p.properties);
    if (server_ && p.type == Type::kDisconnect && find(p.properties, PropertyId::kSessionExpiry) != nullptr)
      violate("", "MQTT-3.14.2-2", "the server's DISCONNECT carries a Session Expiry Interval");
    check_reference();
  }

  // 5: 3.2.2.3.16 and 3.14.2.3.5.
  void check_reference() {
    const Packet& p = out_.packet;
    if (find(p.properties, PropertyId::kServerReference) != nullptr && p.code != 0x9c && p.code != 0x9d)
      violate("", "X-server-reference",
              std::string(type_name(p.type)) + " with " + code_name(version_, p.type, p.code) +
                  " carries a Server Reference");
  }

  void acks() {
    Packet& p = out_.packet;
    identifier();
    properties(place(p.type), p.properties);
    if (p.type == Type::kUnsuback && !v5_) return;
    for (const char c : in_.rest()) {
      p.codes.push_back(static_cast<unsigned char>(c));
      if (server_ && !server_code_allowed(version_, p.type, p.codes.back()))
        violate("MQTT-3.9.3-2", p.type == Type::kSuback ? "MQTT-3.9.3-2" : "MQTT-3.11.3-2",
                std::string(type_name(p.type)) + " has code " + code_name(version_, p.type, p.codes.back()));
    }
    if (p.codes.empty()) violate("MQTT-3.8.4-5", "MQTT-3.8.4-6", std::string(type_name(p.type)) + " carries no code");
  }

  void check_code(const char* v311, const char* v5) {
    const Packet& p = out_.packet;
    if (server_ && !in_.failed() && !server_code_allowed(version_, p.type, p.code))
      violate(v311, v5,
              std::string(type_name(p.type)) + " has code " + code_name(version_, p.type, p.code) +
                  ", which its table does not list");
  }

  void filters() {
    Packet& p = out_.packet;
    identifier();
    properties(place(p.type), p.properties);
    while (in_.remaining() != 0) {
      Filter f;
      f.filter = take_text("topic filter");
      if (p.type == Type::kSubscribe) f.options = in_.u8();
      if (in_.failed()) return;
      p.filters.push_back(std::move(f));
    }
  }

  void connect() {
    Packet& p = out_.packet;
    p.connect.emplace();
    Connect& c = *p.connect;
    c.protocol_name = take_text("protocol name");
    c.level = in_.u8();
    const unsigned flags = in_.u8();
    c.flags = flags;
    c.clean = (flags & 2) != 0;
    c.keep_alive = static_cast<std::uint16_t>(in_.u16());
    properties(place(Type::kConnect), p.properties);
    c.client_id = take_text("client identifier");
    if ((flags & 4) != 0) {
      Will will;
      will.qos = flags >> 3 & 3;
      will.retain = (flags & 0x20) != 0;
      properties(kInWill, will.properties);
      will.topic = take_text("will topic");
      will.payload = in_.prefixed();
      c.will = std::move(will);
    }
    if ((flags & 0x80) != 0) c.user_name = take_text("user name");
    if ((flags & 0x40) != 0) c.password = std::string(in_.prefixed());
  }

  void properties(Places where, Properties& into) {
    if (!v5_) return;
    const std::uint32_t length = varint("property length");
    Cursor outer = in_;
    in_ = Cursor(outer.take(length));
    const bool short_of = outer.failed();
    while (in_.remaining() != 0 && !in_.failed()) property(where, into);
    const bool failed = in_.failed() || short_of;
    in_ = outer;
    if (failed && !short_of) {
      violate("", "X-property-truncated", "a property goes beyond the end of its list");
    }
  }

  void property(Places where, Properties& into) {
    Property p;
    p.id = varint("property identifier");
    const PropertyInfo* info = find_property(p.id);
    if (info == nullptr) {
      violate("", "X-property-unknown", "property identifier " + std::to_string(p.id) + " is not defined");
      in_.rest();
      return;
    }
    switch (info->type) {
      case PropertyType::kByte:
        p.number = in_.u8();
        break;
      case PropertyType::kU16:
        p.number = in_.u16();
        break;
      case PropertyType::kU32:
        p.number = in_.u32();
        break;
      case PropertyType::kVarint:
        p.number = varint(info->name);
        break;
      case PropertyType::kText:
        p.text = take_text(info->name);
        break;
      case PropertyType::kBinary:
        p.text = in_.prefixed();
        break;
      case PropertyType::kPair:
        p.text = take_text("user property name", "", "MQTT-1.5.7-1");
        p.value = take_text("user property value", "", "MQTT-1.5.7-1");
        break;
    }
    if (in_.failed()) return;
    const std::string packet = type_name(out_.packet.type);
    if ((info->places & where) == 0)
      violate("", "X-property-not-allowed", std::string(info->name) + " is not allowed in " + packet);
    if ((info->repeatable & where) == 0 && find(into, info->id) != nullptr)
      violate("", "X-property-twice", std::string(info->name) + " stands twice in " + packet);
    const bool numeric = info->type <= PropertyType::kVarint;
    if (numeric && (p.number < info->min || p.number > info->max))
      violate("", info->id == PropertyId::kTopicAlias ? "MQTT-3.3.2-8" : "X-property-value",
              std::string(info->name) + " has the impossible value " + std::to_string(p.number));
    into.push_back(std::move(p));
  }

  std::uint32_t varint(const char* what) {
    bool shortest = true;
    const std::uint32_t value = in_.varint(shortest);
    if (!shortest) violate("", "MQTT-1.5.5-1", std::string(what) + " is longer than needed");
    return value;
  }

  Cursor in_;
  bool v5_;
  Version version_;
  bool server_;
  Decoded out_;
};

}  // namespace

Decoded decode(std::string_view whole, Version version, Sender sender) {
  Cursor header(whole);
  const unsigned first = header.u8();
  bool shortest = true;
  const std::uint32_t length = header.varint(shortest);
  Decoder decoder(header.remaining() == length ? header.rest() : std::string_view{}, version, sender);
  if (!shortest) decoder.violate("X-remaining-length", "MQTT-1.5.5-1", "the remaining length is longer than needed");
  return decoder.run(first, whole.size());
}

bool PacketStream::next(Octets& packet) {
  if (broken_) return false;
  const std::string_view rest = std::string_view(buffer_).substr(at_);
  for (std::size_t i = 1; i < rest.size() && i <= 4; ++i) {
    if ((static_cast<unsigned char>(rest[i]) & 0x80) != 0) {
      broken_ = i == 4;
      continue;
    }
    bool shortest = true;
    const std::uint32_t length = Cursor(rest.substr(1)).varint(shortest);
    broken_ = length > length_max_;
    const std::size_t whole = 1 + i + length;
    if (broken_) return false;
    if (rest.size() < whole) return false;
    packet.assign(rest.substr(0, whole));
    at_ += whole;
    if (at_ == buffer_.size()) {
      buffer_ = Octets();
      at_ = 0;
    } else if (at_ > 65536) {
      buffer_.erase(0, at_);
      at_ = 0;
    }
    return true;
  }
  return false;
}

Octets PacketStream::take_rest() {
  Octets rest = buffer_.substr(at_);
  buffer_.clear();
  at_ = 0;
  return rest;
}

}  // namespace orrery::client
