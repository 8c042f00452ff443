// SPDX-License-Identifier: Apache-2.0
#include "sim/plug/small_broker/packet.h"

#include "sim/plug/small_broker/topic.h"

namespace orrery::sim::small {
namespace {

/// Reads fields and remembers whether anything was missing.
class Fields {
 public:
  explicit Fields(std::string_view bytes) : bytes_(bytes) {}
  bool ok() const { return ok_; }
  bool done() const { return bytes_.empty(); }
  std::size_t remaining() const { return bytes_.size(); }

  std::uint32_t number(std::size_t n) {
    std::uint32_t value = 0;
    for (char c : take(n)) value = value << 8 | static_cast<std::uint8_t>(c);
    return value;
  }
  std::uint8_t u8() { return static_cast<std::uint8_t>(number(1)); }
  std::uint16_t u16() { return static_cast<std::uint16_t>(number(2)); }
  std::uint32_t variable() {
    std::uint32_t value = 0;
    for (int shift = 0; shift < 28; shift += 7) {
      const std::uint8_t b = u8();
      value |= static_cast<std::uint32_t>(b & 0x7f) << shift;
      if (!(b & 0x80)) return value;
    }
    ok_ = false;
    return 0;
  }
  std::string_view take(std::size_t n) {
    if (n > bytes_.size()) {
      ok_ = false;
      n = bytes_.size();
    }
    const std::string_view out = bytes_.substr(0, n);
    bytes_.remove_prefix(n);
    return out;
  }
  std::string_view prefixed() { return take(u16()); }
  std::string_view text() {
    const std::string_view t = prefixed();
    if (!valid_utf8(t)) ok_ = false;
    return t;
  }
  std::string_view rest() { return take(bytes_.size()); }

 private:
  std::string_view bytes_;
  bool ok_ = true;
};

void put_number(std::string& out, std::uint32_t v, int bytes) {
  for (int i = bytes - 1; i >= 0; --i) out.push_back(static_cast<char>(v >> (8 * i)));
}
void put_variable(std::string& out, std::size_t v) {
  do {
    const std::size_t more = v >> 7;
    out.push_back(static_cast<char>((v & 0x7f) | (more ? 0x80 : 0)));
    v = more;
  } while (v);
}
void put_text(std::string& out, std::string_view text) {
  put_number(out, static_cast<std::uint32_t>(text.size()), 2);
  out += text;
}
std::string with_header(std::uint8_t first, const std::string& body) {
  std::string out(1, static_cast<char>(first));
  put_variable(out, body.size());
  return out + body;
}
std::uint8_t first_byte(Type type, unsigned flags) {
  return static_cast<std::uint8_t>(static_cast<unsigned>(type) << 4 | flags);
}

/// Reads one property's value and keeps what matters. False for an unknown identifier.
bool read_property(std::uint8_t id, std::string_view raw_from, Fields& f, Properties& out) {
  const std::size_t before = f.remaining();
  bool forward = false;
  switch (id) {
    case 0x01:
      f.u8();
      forward = true;
      break;  // payload format
    case 0x02:
      out.message_expiry = f.number(4);
      break;
    case 0x03:
    case 0x08:
      f.text();
      forward = true;
      break;  // content type, response topic
    case 0x09:
      f.prefixed();
      forward = true;
      break;  // correlation data
    case 0x0b:
      out.subscription_identifier = f.variable();
      break;
    case 0x11:
      out.session_expiry = f.number(4);
      break;
    case 0x15:
    case 0x1f:
      f.text();
      break;  // authentication method, reason string
    case 0x16:
      f.prefixed();
      break;  // authentication data
    case 0x17:
    case 0x19:
      f.u8();
      break;  // request problem, response information
    case 0x18:
      out.will_delay = f.number(4);
      break;
    case 0x21:
      out.receive_maximum = f.u16();
      return out.receive_maximum != 0;
    case 0x22:
      f.u16();
      break;  // topic alias maximum: none are sent
    case 0x23:
      f.u16();
      out.has_topic_alias = true;
      break;
    case 0x26:
      f.text();
      f.text();
      forward = true;
      break;  // user property
    case 0x27:
      out.packet_bytes_max = f.number(4);
      return out.packet_bytes_max != 0;
    default:
      return false;
  }
  if (forward) {
    out.forward.push_back(static_cast<char>(id));
    out.forward += raw_from.substr(raw_from.size() - before, before - f.remaining());
  }
  return true;
}

bool read_properties(Fields& f, Properties& out) {
  const std::string_view block = f.take(f.variable());
  Fields p(block);
  while (f.ok() && p.ok() && !p.done())
    if (!read_property(p.u8(), block, p, out)) return false;
  return f.ok() && p.ok();
}

std::uint8_t decode_connect(Fields& f, Packet& out) {
  if (f.prefixed() != "MQTT") return f.ok() ? kUnsupportedVersion : kMalformedPacket;
  out.version = f.u8();
  if (!f.ok()) return kMalformedPacket;
  if (out.version != 4 && out.version != 5) return kUnsupportedVersion;
  const std::uint8_t flags = f.u8();
  const unsigned will_qos = flags >> 3 & 3;
  const bool will = flags & 4;
  if ((flags & 1) || will_qos == 3 || (!will && (flags & 0x38))) return kMalformedPacket;
  out.clean_start = flags & 2;
  out.keep_alive = f.u16();
  if (out.version == 5 && !read_properties(f, out.properties)) return kMalformedPacket;
  out.client_id = f.text();
  if (will) {
    Properties will_properties;
    if (out.version == 5 && !read_properties(f, will_properties)) return kMalformedPacket;
    out.has_will = true;
    out.message = {std::string(f.text()),   std::string(f.prefixed()),
                   will_properties.forward, static_cast<std::uint8_t>(will_qos),
                   (flags & 0x20) != 0,     will_properties.message_expiry};
    out.will_delay = will_properties.will_delay;
    if (!valid_topic(out.message.topic)) return kTopicNameInvalid;
  }
  if (flags & 0x80) f.text();  // user name and password are read over: everybody may come in
  if (flags & 0x40) f.prefixed();
  return f.ok() && f.done() ? kSuccess : kMalformedPacket;
}

std::uint8_t decode_publish(Fields& f, std::uint8_t flags, std::uint8_t version, Packet& out) {
  out.message.qos = flags >> 1 & 3;
  out.message.retain = flags & 1;
  out.duplicate = flags & 8;
  if (out.message.qos == 3 || (out.message.qos == 0 && out.duplicate)) return kMalformedPacket;
  out.message.topic = f.text();
  if (out.message.qos) out.packet_id = f.u16();
  if (!f.ok() || (out.message.qos && out.packet_id == 0)) return kMalformedPacket;
  if (version == 5) {
    if (!read_properties(f, out.properties)) return kMalformedPacket;
    if (out.properties.has_topic_alias) return kTopicAliasInvalid;  // the CONNACK allowed none
    out.message.properties = out.properties.forward;
    out.message.expiry_seconds = out.properties.message_expiry;
  }
  out.message.payload = f.rest();
  return valid_topic(out.message.topic) ? kSuccess : kTopicNameInvalid;
}

std::uint8_t decode_filters(Fields& f, bool subscribe, std::uint8_t version, Packet& out) {
  out.packet_id = f.u16();
  if (version == 5 && !read_properties(f, out.properties)) return kMalformedPacket;
  while (f.ok() && !f.done()) {
    FilterRequest r;
    r.filter = f.text();
    if (subscribe) {
      const std::uint8_t o = f.u8();
      r = {r.filter, static_cast<std::uint8_t>(o & 3), (o & 4) != 0, (o & 8) != 0,
           static_cast<std::uint8_t>(o >> 4 & 3)};
      if (r.qos == 3 || r.retain_handling == 3 || (o & (version == 5 ? 0xc0 : 0xfc))) return kMalformedPacket;
    }
    out.filters.push_back(r);
  }
  if (!f.ok() || out.packet_id == 0) return kMalformedPacket;
  return out.filters.empty() ? kProtocolError : kSuccess;
}

/// PUBACK and its kin, and DISCONNECT: everything after the packet id may be left out.
std::uint8_t decode_reason(Fields& f, bool has_id, std::uint8_t version, Packet& out) {
  if (has_id) out.packet_id = f.u16();
  if (version == 5 && f.ok() && !f.done()) {
    out.reason = f.u8();
    if (!f.done() && !read_properties(f, out.properties)) return kMalformedPacket;
  }
  return f.ok() && f.done() && (!has_id || out.packet_id != 0) ? kSuccess : kMalformedPacket;
}

}  // namespace

Extent find_packet(std::string_view input) {
  std::size_t length = 0;
  for (std::size_t i = 1; i < 5; ++i) {
    if (i >= input.size()) return {};
    const auto b = static_cast<std::uint8_t>(input[i]);
    length |= static_cast<std::size_t>(b & 0x7f) << (7 * (i - 1));
    if (b & 0x80) continue;
    if (length > kPacketBytesMax) return {0, kPacketTooLarge};
    return {length + i + 1, 0};
  }
  return {0, kMalformedPacket};
}

std::uint8_t decode(std::string_view bytes, std::uint8_t version, Packet& out) {
  const auto first = static_cast<std::uint8_t>(bytes[0]);
  Fields f(bytes.substr(1));
  f.variable();
  out.type = static_cast<Type>(first >> 4);
  const std::uint8_t flags = first & 15;
  if (out.type == Type::kPublish) return decode_publish(f, flags, version, out);
  const bool two = out.type == Type::kPubrel || out.type == Type::kSubscribe || out.type == Type::kUnsubscribe;
  if (flags != (two ? 2 : 0)) return kMalformedPacket;
  switch (out.type) {
    case Type::kConnect:
      return decode_connect(f, out);
    case Type::kPuback:
    case Type::kPubrec:
    case Type::kPubrel:
    case Type::kPubcomp:
      return decode_reason(f, true, version, out);
    case Type::kSubscribe:
      return decode_filters(f, true, version, out);
    case Type::kUnsubscribe:
      return decode_filters(f, false, version, out);
    case Type::kPingreq:
      return f.done() ? kSuccess : kMalformedPacket;
    case Type::kDisconnect:
      return decode_reason(f, false, version, out);
    default:
      return kProtocolError;
  }
}

std::string encode_connack(std::uint8_t version, bool session_present, std::uint8_t reason,
                           std::string_view assigned_client_id) {
  std::string body;
  body.push_back(session_present ? 1 : 0);
  body.push_back(static_cast<char>(reason));
  if (version == 5) {
    std::string p{"\x2a\x00", 2};  // shared subscriptions: not available
    if (!assigned_client_id.empty()) {
      p.push_back(0x12);
      put_text(p, assigned_client_id);
    }
    put_variable(body, p.size());
    body += p;
  }
  return with_header(first_byte(Type::kConnack, 0), body);
}

std::string encode_publish(std::uint8_t version, const Message& m, std::uint8_t qos, bool retain, bool duplicate,
                           std::uint16_t packet_id, std::uint32_t subscription_identifier) {
  std::string body;
  body.reserve(m.topic.size() + m.payload.size() + m.properties.size() + 24);
  put_text(body, m.topic);
  if (qos) put_number(body, packet_id, 2);
  if (version == 5) {
    std::string p = m.properties;
    if (m.expiry_seconds) {
      p.push_back(0x02);
      put_number(p, *m.expiry_seconds, 4);
    }
    if (subscription_identifier) {
      p.push_back(0x0b);
      put_variable(p, subscription_identifier);
    }
    put_variable(body, p.size());
    body += p;
  }
  body += m.payload;
  return with_header(first_byte(Type::kPublish, (duplicate ? 8u : 0u) | unsigned{qos} << 1 | (retain ? 1u : 0u)), body);
}

std::string encode_acknowledge(Type type, std::uint8_t version, std::uint16_t packet_id, std::uint8_t reason) {
  std::string body;
  put_number(body, packet_id, 2);
  if (version == 5 && reason) body.push_back(static_cast<char>(reason));
  return with_header(first_byte(type, type == Type::kPubrel ? 2 : 0), body);
}

std::string encode_reasons(Type type, std::uint8_t version, std::uint16_t packet_id, const std::string& reasons) {
  std::string body;
  put_number(body, packet_id, 2);
  if (version == 5) body.push_back(0);
  if (version == 5 || type == Type::kSuback) body += reasons;
  return with_header(first_byte(type, 0), body);
}

std::string encode_pingresp() { return with_header(first_byte(Type::kPingresp, 0), {}); }

std::string encode_disconnect(std::uint8_t reason) {
  return with_header(first_byte(Type::kDisconnect, 0), std::string(1, static_cast<char>(reason)));
}

}  // namespace orrery::sim::small
