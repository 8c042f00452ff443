// SPDX-License-Identifier: Apache-2.0
#include "load/mqtt_codec.h"

#include <cstdio>

#include "base/bytes.h"

namespace orrery::load {
namespace {

void variable_length(Buffer& out, std::size_t value) {
  do {
    const std::size_t digit = value % 128;
    value /= 128;
    out.push_back(static_cast<std::uint8_t>(value > 0 ? digit | 0x80 : digit));
  } while (value > 0);
}

void fixed_header(Buffer& out, PacketType type, std::uint8_t flags, std::size_t remaining) {
  out.push_back(static_cast<std::uint8_t>(static_cast<unsigned>(type) << 4 | flags));
  variable_length(out, remaining);
}

/// The remaining length at the front of `bytes`: its value and size; size 0 if it is not all there, 5 if it is too
/// long.
struct Length {
  std::size_t value = 0;
  std::size_t size = 0;
};
Length read_length(Bytes bytes) {
  Length length;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4) return {0, 5};
    length.value |= static_cast<std::size_t>(bytes[i] & 0x7F) << (7 * i);
    if (bytes[i] < 0x80) return {length.value, i + 1};
  }
  return {};
}

/// Takes the property block of 5.0 off the reader and returns it.
Bytes take_properties(ByteReader& reader) {
  Bytes rest = reader.rest();
  const Length length = read_length(rest);
  if (length.size == 0 || length.size > 4 || length.value > rest.size() - length.size) {
    reader.fail();
    return {};
  }
  reader = ByteReader(rest.subspan(length.size + length.value));
  return rest.subspan(length.size, length.value);
}

/// How many bytes the value of a CONNACK property has: 1, 2, 4, or text behind two bytes of length; 0 for what is
/// unknown.
enum class Form : std::uint8_t { kUnknown, kByte, kTwo, kFour, kText, kTextPair };
Form form_of(std::uint8_t property) {
  switch (property) {
    case 0x24:  // Maximum QoS
    case 0x25:  // Retain Available
    case 0x28:  // Wildcard Subscription Available
    case 0x29:  // Subscription Identifiers Available
    case 0x2A:  // Shared Subscription Available
      return Form::kByte;
    case 0x13:  // Server Keep Alive
    case 0x21:  // Receive Maximum
    case 0x22:  // Topic Alias Maximum
      return Form::kTwo;
    case 0x11:  // Session Expiry Interval
    case 0x27:  // Maximum Packet Size
      return Form::kFour;
    case 0x12:  // Assigned Client Identifier
    case 0x15:  // Authentication Method
    case 0x16:  // Authentication Data
    case 0x1A:  // Response Information
    case 0x1C:  // Server Reference
    case 0x1F:  // Reason String
      return Form::kText;
    case 0x26:  // User Property
      return Form::kTextPair;
    default:
      return Form::kUnknown;
  }
}

bool read_connack_properties(Bytes block, Packet& out) {
  ByteReader reader(block);
  while (reader.remaining() > 0) {
    const std::uint8_t property = reader.u8();
    std::uint16_t two = 0;
    switch (form_of(property)) {
      case Form::kByte:
        reader.u8();
        break;
      case Form::kTwo:
        two = reader.u16();
        break;
      case Form::kFour:
        reader.u32();
        break;
      case Form::kTextPair:
        reader.take_u16_prefixed();
        [[fallthrough]];
      case Form::kText:
        reader.take_u16_prefixed();
        break;
      case Form::kUnknown:
        return false;
    }
    if (property == 0x21) out.receive_maximum = two;
    if (property == 0x13) {
      out.has_server_keep_alive = true;
      out.server_keep_alive = two;
    }
  }
  return !reader.failed();
}

bool read_connack(ByteReader& reader, Version version, Packet& out) {
  reader.u8();
  out.reason = reader.u8();
  if (version != Version::k5 || reader.remaining() == 0) return !reader.failed();
  return read_connack_properties(take_properties(reader), out) && reader.done();
}

bool read_publish(ByteReader& reader, Version version, std::uint8_t flags, Packet& out) {
  out.qos = flags >> 1 & 3;
  out.topic = as_text(reader.take_u16_prefixed());
  if (out.qos > 0) out.packet_id = reader.u16();
  if (version == Version::k5) take_properties(reader);
  out.payload = reader.rest();
  return !reader.failed() && out.qos < 3;
}

bool read_body(Bytes body, Version version, std::uint8_t first, Packet& out) {
  ByteReader reader(body);
  switch (out.type) {
    case PacketType::kConnack:
      return read_connack(reader, version, out);
    case PacketType::kPublish:
      return read_publish(reader, version, first & 0x0F, out);
    case PacketType::kPuback:
    case PacketType::kPubrec:
    case PacketType::kPubrel:
    case PacketType::kPubcomp:
      out.packet_id = reader.u16();
      if (reader.remaining() > 0) out.reason = reader.u8();
      return !reader.failed();
    case PacketType::kSuback:
      out.packet_id = reader.u16();
      if (version == Version::k5) take_properties(reader);
      out.reason = reader.u8();
      return !reader.failed();
    case PacketType::kDisconnect:
      if (reader.remaining() > 0) out.reason = reader.u8();
      return version == Version::k5;
    case PacketType::kPingresp:
      return body.empty();
    default:
      return false;
  }
}

}  // namespace

void encode_connect(Buffer& out, const ConnectFields& fields) {
  Buffer body;
  ByteWriter writer(body);
  writer.u16_prefixed(as_bytes(fields.version == Version::k31 ? "MQIsdp" : "MQTT"));
  writer.u8(static_cast<std::uint8_t>(fields.version));
  unsigned flags = fields.clean_start ? 0x02 : 0;
  if (!fields.user_name.empty()) flags |= 0x80;
  if (!fields.password.empty()) flags |= 0x40;
  writer.u8(static_cast<std::uint8_t>(flags));
  writer.u16(fields.keep_alive);
  if (fields.version == Version::k5) {
    writer.u8(fields.session_expiry == 0 ? 0 : 5);
    if (fields.session_expiry != 0) {
      writer.u8(0x11);
      writer.u32(fields.session_expiry);
    }
  }
  writer.u16_prefixed(as_bytes(fields.client_id));
  if (!fields.user_name.empty()) writer.u16_prefixed(as_bytes(fields.user_name));
  if (!fields.password.empty()) writer.u16_prefixed(as_bytes(fields.password));
  fixed_header(out, PacketType::kConnect, 0, body.size());
  ByteWriter(out).bytes(body);
}

void encode_subscribe(Buffer& out, Version version, std::uint16_t packet_id, std::string_view filter,
                      std::uint8_t qos) {
  const bool properties = version == Version::k5;
  fixed_header(out, PacketType::kSubscribe, 2, 2 + (properties ? 1u : 0u) + 2 + filter.size() + 1);
  ByteWriter writer(out);
  writer.u16(packet_id);
  if (properties) writer.u8(0);
  writer.u16_prefixed(as_bytes(filter));
  writer.u8(qos);
}

void encode_publish(Buffer& out, Version version, std::string_view topic, std::uint8_t qos, std::uint16_t packet_id,
                    Bytes payload) {
  const bool properties = version == Version::k5;
  const std::size_t remaining = 2 + topic.size() + (qos > 0 ? 2u : 0u) + (properties ? 1u : 0u) + payload.size();
  out.reserve(out.size() + 5 + remaining);
  fixed_header(out, PacketType::kPublish, static_cast<std::uint8_t>(qos << 1), remaining);
  ByteWriter writer(out);
  writer.u16_prefixed(as_bytes(topic));
  if (qos > 0) writer.u16(packet_id);
  if (properties) writer.u8(0);
  writer.bytes(payload);
}

void encode_acknowledge(Buffer& out, PacketType type, std::uint16_t packet_id) {
  fixed_header(out, type, type == PacketType::kPubrel ? 2 : 0, 2);
  ByteWriter(out).u16(packet_id);
}

void encode_pingreq(Buffer& out) { fixed_header(out, PacketType::kPingreq, 0, 0); }

void encode_disconnect(Buffer& out) { fixed_header(out, PacketType::kDisconnect, 0, 0); }

void PacketReader::feed(Bytes chunk) {
  if (kept_.empty()) {
    chunk_ = chunk;
    return;
  }
  kept_.insert(kept_.end(), chunk.begin(), chunk.end());
  chunk_ = {};
}

PacketReader::Result PacketReader::next(Packet& out) {
  const bool from_kept = !kept_.empty();
  const Bytes in = from_kept ? Bytes(kept_).subspan(at_) : chunk_;
  const Length length = in.empty() ? Length{} : read_length(in.subspan(1));
  if (length.size > 4 || length.value > kPacketMax) return Result::kMalformed;
  if (length.size == 0 || in.size() - 1 - length.size < length.value) {
    if (!from_kept) {
      kept_.assign(in.begin(), in.end());
    } else if (in.empty()) {
      kept_ = Buffer();  // an idle connection holds no buffer
    } else {
      kept_.erase(kept_.begin(), kept_.begin() + static_cast<std::ptrdiff_t>(at_));
    }
    at_ = 0;
    chunk_ = {};
    return Result::kNeedMore;
  }
  const std::size_t size = 1 + length.size + length.value;
  if (from_kept) {
    at_ += size;
  } else {
    chunk_ = chunk_.subspan(size);
  }
  out = Packet{};
  out.type = static_cast<PacketType>(in[0] >> 4);
  return read_body(in.subspan(1 + length.size, length.value), version_, in[0], out) ? Result::kPacket
                                                                                    : Result::kMalformed;
}

std::string reason_text(Version version, PacketType type, std::uint8_t reason) {
  static constexpr const char* kConnack3[] = {
      "accepted",           "unacceptable protocol version", "client id rejected",
      "server unavailable", "bad user name or password",     "not authorized"};
  if (version != Version::k5 && type == PacketType::kConnack && reason < std::size(kConnack3)) return kConnack3[reason];
  switch (reason) {
    case 0x81:
      return "malformed packet";
    case 0x82:
      return "protocol error";
    case 0x84:
      return "unsupported protocol version";
    case 0x85:
      return "client id not valid";
    case 0x86:
      return "bad user name or password";
    case 0x87:
      return "not authorized";
    case 0x89:
      return "server busy";
    case 0x8E:
      return "session taken over";
    case 0x97:
      return "quota exceeded";
    case 0x9F:
      return "connection rate exceeded";
    default:
      break;
  }
  char text[16];
  std::snprintf(text, sizeof text, "reason 0x%02X", reason);
  return text;
}

}  // namespace orrery::load
