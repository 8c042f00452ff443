// SPDX-License-Identifier: Apache-2.0
// Packets as lines of text, for wire logs and failure messages.
#include "client/decode.h"

namespace orrery::client {
namespace {

std::string quoted(std::string_view text) { return '"' + printable(text) + '"'; }

std::string describe_properties(const Properties& properties) {
  if (properties.empty()) return {};
  std::string out = " {";
  for (const Property& p : properties) {
    if (out.size() > 2) out += ", ";
    const PropertyInfo* info = find_property(p.id);
    if (info == nullptr) {
      out += "property " + std::to_string(p.id);
    } else if (info->type == PropertyType::kPair) {
      out += std::string(info->name) + "=" + quoted(p.text) + ":" + quoted(p.value);
    } else if (info->type <= PropertyType::kVarint) {
      out += std::string(info->name) + "=" + std::to_string(p.number);
    } else {
      out += std::string(info->name) + "=" + quoted(p.text);
    }
  }
  return out + "}";
}

std::string describe_connect(const Connect& c) {
  std::string out = " " + printable(c.protocol_name) + " level=" + std::to_string(c.level.value_or(0)) +
                    (c.clean ? " clean" : "") + " id=" + quoted(c.client_id) +
                    " keep_alive=" + std::to_string(c.keep_alive);
  if (c.will)
    out += " will(q" + std::to_string(c.will->qos) + (c.will->retain ? " retain " : " ") + quoted(c.will->topic) + " " +
           quoted(c.will->payload) + describe_properties(c.will->properties) + ")";
  if (c.user_name) out += " user=" + quoted(*c.user_name);
  if (c.password) out += " password(" + std::to_string(c.password->size()) + " bytes)";
  return out;
}

}  // namespace

std::string printable(std::string_view bytes, std::size_t limit) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  for (std::size_t i = 0; i < bytes.size() && i < limit; ++i) {
    const auto b = static_cast<unsigned char>(bytes[i]);
    if (b >= 0x20 && b < 0x7f && b != '\\') {
      out += static_cast<char>(b);
    } else {
      out += std::string("\\x") + kDigits[b >> 4] + kDigits[b & 15];
    }
  }
  if (bytes.size() > limit) out += "... (" + std::to_string(bytes.size()) + " bytes)";
  return out;
}

std::string describe(const Packet& p, Version version) {
  std::string out = type_name(p.type);
  switch (p.type) {
    case Type::kConnect:
      if (p.connect) out += describe_connect(*p.connect);
      break;
    case Type::kConnack:
      out += std::string(p.session_present ? " session_present" : "") + " " + code_name(version, p.type, p.code);
      break;
    case Type::kPublish:
      out += " q" + std::to_string(p.qos) + (p.qos != 0 ? " id=" + std::to_string(p.id) : "") + (p.dup ? " dup" : "") +
             (p.retain ? " retain" : "") + " topic=" + quoted(p.topic) + " payload=" + quoted(p.payload);
      break;
    case Type::kPuback:
    case Type::kPubrec:
    case Type::kPubrel:
    case Type::kPubcomp:
      out += " id=" + std::to_string(p.id) + (p.code != 0 ? " " + code_name(version, p.type, p.code) : "");
      break;
    case Type::kSubscribe:
      out += " id=" + std::to_string(p.id);
      for (const Filter& f : p.filters) out += " " + quoted(f.filter) + ":" + hex(u8(f.options));
      break;
    case Type::kUnsubscribe:
      out += " id=" + std::to_string(p.id);
      for (const Filter& f : p.filters) out += " " + quoted(f.filter);
      break;
    case Type::kSuback:
    case Type::kUnsuback:
      out += " id=" + std::to_string(p.id);
      for (const unsigned code : p.codes) out += " [" + code_name(version, p.type, code) + "]";
      break;
    case Type::kDisconnect:
    case Type::kAuth:
      if (version == Version::k5) out += " " + code_name(version, p.type, p.code);
      break;
    case Type::kPingreq:
    case Type::kPingresp:
    case Type::kReserved:
      break;
  }
  return out + describe_properties(p.properties);
}

std::string describe(std::string_view whole, Version version, Sender sender) {
  const Decoded d = decode(whole, version, sender);
  std::string out = describe(d.packet, version);
  if (sender == Sender::kServer)
    for (const Violation& v : d.violations) out += "  << " + v.what;
  else if (!d.complete)
    out += "  (malformed)";
  return out;
}

}  // namespace orrery::client
