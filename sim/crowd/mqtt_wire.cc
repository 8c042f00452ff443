// SPDX-License-Identifier: Apache-2.0
#include "sim/crowd/mqtt_wire.h"

#include <cstring>

namespace orrery::sim {

// ---- to the server ----

void MqttWriter::u16(unsigned v) {
  u8(v >> 8);
  u8(v);
}
void MqttWriter::u32(std::uint32_t v) {
  u16(v >> 16);
  u16(v & 0xffff);
}
void MqttWriter::variable(std::size_t v) {
  while (v >= 128) {
    u8(static_cast<unsigned>(v & 127) | 128);
    v /= 128;
  }
  u8(static_cast<unsigned>(v));
}
void MqttWriter::raw(const void* data, std::size_t size) {
  const auto* first = static_cast<const std::uint8_t*>(data);
  out_.insert(out_.end(), first, first + size);
}
void MqttWriter::prefixed(std::string_view text) {
  u16(static_cast<unsigned>(text.size()));
  raw(text.data(), text.size());
}

void MqttWriter::connect(const ConnectRequest& r) {
  const bool v5 = r.version == MqttVersion::k5;
  const bool expires = v5 && r.session_expiry_seconds != 0;
  std::size_t size = 10 + 2 + r.client_id.size();
  if (v5) size += expires ? 6 : 1;
  if (r.has_will) size += (v5 ? 1 : 0) + 2 + r.will_topic.size() + 2 + r.will_payload.size();
  u8(0x10);
  variable(size);
  prefixed("MQTT");
  u8(static_cast<unsigned>(r.version));
  u8((r.clean_start ? 2u : 0u) | (r.has_will ? 4u | static_cast<unsigned>(r.will_qos) << 3 : 0u));
  u16(r.keep_alive_seconds);
  if (v5) u8(expires ? 5 : 0);
  if (expires) {
    u8(0x11);
    u32(r.session_expiry_seconds);
  }
  prefixed(r.client_id);
  if (!r.has_will) return;
  if (v5) u8(0);
  prefixed(r.will_topic);
  u16(static_cast<unsigned>(r.will_payload.size()));
  raw(r.will_payload.data(), r.will_payload.size());
}

void MqttWriter::subscribe(MqttVersion version, std::uint16_t packet_id, std::string_view filter, std::uint8_t qos) {
  const bool v5 = version == MqttVersion::k5;
  u8(0x82);
  variable(2 + (v5 ? 1 : 0) + 2 + filter.size() + 1);
  u16(packet_id);
  if (v5) u8(0);
  prefixed(filter);
  u8(qos);
}

void MqttWriter::publish_header(MqttVersion version, std::string_view topic, std::uint8_t qos, bool retain,
                                bool duplicate, std::uint16_t packet_id, std::size_t payload_bytes) {
  const bool v5 = version == MqttVersion::k5;
  u8(0x30u | (duplicate ? 8u : 0u) | static_cast<unsigned>(qos) << 1 | (retain ? 1u : 0u));
  variable(2 + topic.size() + (qos ? 2 : 0) + (v5 ? 1 : 0) + payload_bytes);
  prefixed(topic);
  if (qos) u16(packet_id);
  if (v5) u8(0);
}

void MqttWriter::acknowledge(PacketType type, std::uint16_t packet_id) {
  u8(static_cast<unsigned>(type) << 4 | (type == PacketType::kPubrel ? 2u : 0u));
  u8(2);
  u16(packet_id);
}
void MqttWriter::ping() { u16(0xc000); }
void MqttWriter::disconnect() { u16(0xe000); }

// ---- from the server ----

namespace {

class Cursor {
 public:
  explicit Cursor(Bytes b) : at_(b.data()), end_(b.data() + b.size()) {}
  std::size_t left() const { return static_cast<std::size_t>(end_ - at_); }
  bool bad() const { return bad_; }
  unsigned u8() { return left() < 1 ? fail() : *at_++; }
  unsigned u16() {
    const unsigned high = u8();
    return high << 8 | u8();
  }
  std::size_t variable() {
    std::size_t value = 0;
    for (unsigned shift = 0; shift < 28; shift += 7) {
      const unsigned b = u8();
      value |= static_cast<std::size_t>(b & 127) << shift;
      if (b < 128) return value;
    }
    return fail();
  }
  Bytes take(std::size_t n) {
    if (n > left()) {
      fail();
      return {};
    }
    at_ += n;
    return {at_ - n, n};
  }

 private:
  unsigned fail() {
    bad_ = true;
    at_ = end_;
    return 0;
  }
  const std::uint8_t* at_;
  const std::uint8_t* end_;
  bool bad_ = false;
};

/// How a property's value is built (section 2.2.2.2); kNone for an identifier that no server packet may carry.
enum class Form : std::uint8_t { kNone, kByte, kTwo, kFour, kVariable, kText, kTwoTexts };

Form form_of(unsigned id) {
  switch (id) {
    case 0x01:
    case 0x24:
    case 0x25:
    case 0x28:
    case 0x29:
    case 0x2a:
      return Form::kByte;
    case 0x13:
    case 0x21:
    case 0x22:
      return Form::kTwo;
    case 0x02:
    case 0x11:
    case 0x27:
      return Form::kFour;
    case 0x0b:
      return Form::kVariable;
    case 0x03:
    case 0x08:
    case 0x09:
    case 0x12:
    case 0x15:
    case 0x16:
    case 0x1a:
    case 0x1c:
    case 0x1f:
      return Form::kText;
    case 0x26:
      return Form::kTwoTexts;
    default:
      return Form::kNone;
  }
}

const char* read_properties(Cursor& c, ServerPacket& out) {
  const Bytes block = c.take(c.variable());
  if (c.bad()) return "properties longer than the packet";
  Cursor p(block);
  while (p.left() > 0) {
    const unsigned id = p.u8();
    switch (form_of(id)) {
      case Form::kNone:
        return "a property that a server may not send";
      case Form::kByte:
        p.u8();
        break;
      case Form::kFour:
        p.take(4);
        break;
      case Form::kVariable:
        p.variable();
        break;
      case Form::kTwoTexts:
        p.take(p.u16());
        [[fallthrough]];
      case Form::kText:
        p.take(p.u16());
        break;
      case Form::kTwo: {
        const auto value = static_cast<std::uint16_t>(p.u16());
        if (id == 0x21) out.receive_maximum = value;
        if (id == 0x13) out.server_keep_alive = value;
        break;
      }
    }
  }
  return p.bad() ? "a property longer than its block" : nullptr;
}

const char* decode_publish(Cursor& c, unsigned flags, MqttVersion version, ServerPacket& out) {
  out.qos = static_cast<std::uint8_t>(flags >> 1 & 3);
  out.duplicate = flags & 8;
  out.retain = flags & 1;
  if (out.qos == 3) return "PUBLISH with both QoS bits";
  if (out.qos == 0 && out.duplicate) return "PUBLISH of QoS 0 with DUP";
  out.topic = c.take(c.u16());
  if (out.qos) out.packet_id = static_cast<std::uint16_t>(c.u16());
  if (c.bad()) return "PUBLISH shorter than its fields";
  if (out.qos && out.packet_id == 0) return "PUBLISH with packet identifier 0";
  if (out.topic.empty()) return "PUBLISH without a topic (no alias was allowed)";
  if (version == MqttVersion::k5)
    if (const char* error = read_properties(c, out)) return error;
  out.payload = c.take(c.left());
  return nullptr;
}

const char* decode_connack(Cursor& c, MqttVersion version, ServerPacket& out) {
  const unsigned flags = c.u8();
  out.reason = static_cast<std::uint8_t>(c.u8());
  out.session_present = flags & 1;
  if (flags > 1) return "CONNACK with reserved flags";
  if (out.session_present && out.reason) return "CONNACK that refuses and has a session";
  if (version == MqttVersion::k311) return c.bad() || c.left() ? "CONNACK of a wrong length" : nullptr;
  // A server that does not speak our version answers in its own, without properties.
  if (out.reason && c.left() == 0) return c.bad() ? "CONNACK of a wrong length" : nullptr;
  if (const char* error = read_properties(c, out)) return error;
  return c.bad() || c.left() ? "CONNACK of a wrong length" : nullptr;
}

const char* decode_acknowledge(Cursor& c, MqttVersion version, ServerPacket& out) {
  out.packet_id = static_cast<std::uint16_t>(c.u16());
  if (version == MqttVersion::k5 && c.left()) out.reason = static_cast<std::uint8_t>(c.u8());
  if (version == MqttVersion::k5 && c.left())
    if (const char* error = read_properties(c, out)) return error;
  if (c.bad() || c.left()) return "an acknowledgement of a wrong length";
  return out.packet_id == 0 ? "an acknowledgement of packet identifier 0" : nullptr;
}

const char* decode_suback(Cursor& c, MqttVersion version, ServerPacket& out) {
  out.packet_id = static_cast<std::uint16_t>(c.u16());
  if (version == MqttVersion::k5)
    if (const char* error = read_properties(c, out)) return error;
  out.reason = static_cast<std::uint8_t>(c.u8());
  return c.bad() || c.left() ? "SUBACK without exactly one reason for its one filter" : nullptr;
}

const char* decode_disconnect(Cursor& c, MqttVersion version, ServerPacket& out) {
  if (version == MqttVersion::k311) return "DISCONNECT from a server of MQTT 3.1.1";
  if (c.left()) out.reason = static_cast<std::uint8_t>(c.u8());
  if (c.left())
    if (const char* error = read_properties(c, out)) return error;
  return c.bad() || c.left() ? "DISCONNECT of a wrong length" : nullptr;
}

}  // namespace

std::size_t packet_extent(Bytes bytes) {
  std::size_t length = 0;
  for (std::size_t i = 1; i <= 4; ++i) {
    if (bytes.size() <= i) return 0;
    length |= static_cast<std::size_t>(bytes[i] & 127) << (7 * (i - 1));
    if (bytes[i] < 128) return length > kServerPacketBytesMax ? kBadPacket : 1 + i + length;
  }
  return kBadPacket;
}

const char* decode_server_packet(Bytes packet, MqttVersion version, ServerPacket& out) {
  Cursor c(packet);
  const unsigned first = c.u8();
  c.variable();
  out = ServerPacket{};
  out.type = static_cast<PacketType>(first >> 4);
  const unsigned flags = first & 15;
  if (out.type == PacketType::kPublish) return decode_publish(c, flags, version, out);
  if (flags != (out.type == PacketType::kPubrel ? 2u : 0u)) return "a packet with wrong flags in its first byte";
  switch (out.type) {
    case PacketType::kConnack:
      return decode_connack(c, version, out);
    case PacketType::kPuback:
    case PacketType::kPubrec:
    case PacketType::kPubrel:
    case PacketType::kPubcomp:
      return decode_acknowledge(c, version, out);
    case PacketType::kSuback:
      return decode_suback(c, version, out);
    case PacketType::kPingresp:
      return c.left() ? "PINGRESP with a body" : nullptr;
    case PacketType::kDisconnect:
      return decode_disconnect(c, version, out);
    default:
      return "a packet type that a server may not send here";
  }
}

bool filter_matches(std::string_view filter, std::string_view topic) {
  if (!topic.empty() && topic[0] == '$' && (filter[0] == '#' || filter[0] == '+')) return false;
  std::size_t f = 0;
  std::size_t t = 0;
  for (;;) {
    const std::size_t f_end = std::min(filter.find('/', f), filter.size());
    const std::size_t t_end = std::min(topic.find('/', t), topic.size());
    const std::string_view level = filter.substr(f, f_end - f);
    if (level == "#") return true;
    if (level != "+" && level != topic.substr(t, t_end - t)) return false;
    const bool f_more = f_end < filter.size();
    const bool t_more = t_end < topic.size();
    if (f_more && !t_more) return filter.substr(f_end) == "/#";
    if (!f_more || !t_more) return f_more == t_more;
    f = f_end + 1;
    t = t_end + 1;
  }
}

}  // namespace orrery::sim
