// SPDX-License-Identifier: Apache-2.0
#include "broker/mqtt/packet_text.h"

#include <cctype>
#include <cstdio>

#include "base/assert.h"
#include "broker/mqtt/stream_decoder.h"

namespace orrery::mqtt {
namespace {

struct PropertyWord {
  std::uint8_t id;
  char form;  // 1, 2, 4 bytes, v variable, s string, b binary, p pair
  const char* word;
};

// Written down a second time, from the standard: what properties.cc reads is checked against this.
constexpr PropertyWord kWords[] = {
    {1, '1', "payload_format_indicator"},
    {2, '4', "message_expiry_interval"},
    {3, 's', "content_type"},
    {8, 's', "response_topic"},
    {9, 'b', "correlation_data"},
    {11, 'v', "subscription_identifier"},
    {17, '4', "session_expiry_interval"},
    {18, 's', "assigned_client_identifier"},
    {19, '2', "server_keep_alive"},
    {21, 's', "authentication_method"},
    {22, 'b', "authentication_data"},
    {23, '1', "request_problem_information"},
    {24, '4', "will_delay_interval"},
    {25, '1', "request_response_information"},
    {26, 's', "response_information"},
    {28, 's', "server_reference"},
    {31, 's', "reason_string"},
    {33, '2', "receive_maximum"},
    {34, '2', "topic_alias_maximum"},
    {35, '2', "topic_alias"},
    {36, '1', "maximum_qos"},
    {37, '1', "retain_available"},
    {38, 'p', "user_property"},
    {39, '4', "maximum_packet_size"},
    {40, '1', "wildcard_subscription_available"},
    {41, '1', "subscription_identifier_available"},
    {42, '1', "shared_subscription_available"},
};

std::string hex(std::uint32_t value, int digits) {
  char out[16];
  std::snprintf(out, sizeof out, "%0*x", digits, value);
  return out;
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<std::uint8_t>(c);
    out += byte < 0x20 || byte > 0x7e ? "\\x" + hex(byte, 2) : std::string(1, c);
  }
  return out + "\"";
}
std::string quoted(Bytes bytes) { return quoted(as_text(bytes)); }

std::string property_value(ByteReader& in, char form) {
  switch (form) {
    case '1':
      return std::to_string(in.u8());
    case '2':
      return std::to_string(in.u16());
    case '4':
      return std::to_string(in.u32());
    case 'v': {
      std::uint32_t value = 0;
      std::uint8_t byte = 0x80;
      for (int shift = 0; (byte & 0x80) != 0; shift += 7) {
        byte = in.u8();
        value += static_cast<std::uint32_t>(byte & 0x7f) << shift;
      }
      return std::to_string(value);
    }
    case 'p': {
      const std::string name = quoted(in.take_u16_prefixed());
      return name + ":" + quoted(in.take_u16_prefixed());
    }
    default:
      return quoted(in.take_u16_prefixed());
  }
}

std::string describe(const Properties& properties) {
  std::string out;
  ByteReader in(properties.raw());
  while (in.remaining() != 0) {
    const std::uint8_t id = in.u8();
    for (const PropertyWord& word : kWords)
      if (word.id == id) out += " " + std::string(word.word) + "=" + property_value(in, word.form);
  }
  ORRERY_ASSERT(in.done());
  return out.empty() ? "" : " [" + out.substr(1) + "]";
}

std::string message(std::string_view topic, std::uint8_t qos, bool retain, Bytes payload) {
  return " topic=" + quoted(topic) + " qos=" + std::to_string(qos) + (retain ? " retain" : "") +
         " payload=" + quoted(payload);
}

std::string id_of(std::uint16_t packet_id) { return " id=" + std::to_string(packet_id); }
std::string reason_of(ReasonCode reason) { return " 0x" + hex(static_cast<std::uint8_t>(reason), 2); }

template <class View>
std::string reply(const char* name, const View& view) {
  std::string out = name + id_of(view.packet_id);
  for (const std::uint8_t code : view.reason_codes) out += " 0x" + hex(code, 2);
  return out + describe(view.properties);
}

std::string describe(const TopicFilter& topic) {
  return quoted(topic.filter) + (topic.shared() ? " share=" + quoted(topic.share_name) : "") +
         (topic.wildcard ? " wildcard" : "");
}

struct Describe {
  std::string operator()(const PingView& v) const { return packet_type_name(v.type); }
  std::string operator()(const ConnectView& v) const {
    std::string out = "CONNECT version=" + std::to_string(static_cast<int>(v.version));
    out += v.clean_start ? " clean_start" : "";
    out += " keep_alive=" + std::to_string(v.keep_alive) + " client_id=" + quoted(v.client_id);
    if (v.will) {
      out += " will={" + message(v.will->topic, v.will->qos, v.will->retain, v.will->payload).substr(1);
      out += describe(v.will->properties) + "}";
    }
    if (v.user_name) out += " user_name=" + quoted(*v.user_name);
    if (v.password) out += " password=" + quoted(*v.password);
    return out + describe(v.properties);
  }
  std::string operator()(const ConnackView& v) const {
    return "CONNACK" + reason_of(v.reason) + (v.session_present ? " session_present" : "") + describe(v.properties);
  }
  std::string operator()(const PublishView& v) const {
    return std::string("PUBLISH") + (v.dup ? " dup" : "") + (v.qos != 0 ? id_of(v.packet_id) : "") +
           message(v.topic, v.qos, v.retain, v.payload) + describe(v.properties);
  }
  std::string operator()(const AckView& v) const {
    return packet_type_name(v.type) + id_of(v.packet_id) + reason_of(v.reason) + describe(v.properties);
  }
  std::string operator()(const SubscribeView& v) const {
    std::string out = "SUBSCRIBE" + id_of(v.packet_id);
    for (const Subscription& s : v.subscriptions) {
      out += " {" + describe(s.topic) + " qos=" + std::to_string(s.options.qos);
      out += s.options.no_local ? " no_local" : "";
      out += s.options.retain_as_published ? " retain_as_published" : "";
      if (s.options.retain_handling != 0) out += " retain_handling=" + std::to_string(s.options.retain_handling);
      out += "}";
    }
    return out + describe(v.properties);
  }
  std::string operator()(const SubackView& v) const { return reply("SUBACK", v); }
  std::string operator()(const UnsubscribeView& v) const {
    std::string out = "UNSUBSCRIBE" + id_of(v.packet_id);
    for (const TopicFilter& filter : v.filters) out += " {" + describe(filter) + "}";
    return out + describe(v.properties);
  }
  std::string operator()(const UnsubackView& v) const { return reply("UNSUBACK", v); }
  std::string operator()(const DisconnectView& v) const {
    return "DISCONNECT" + reason_of(v.reason) + describe(v.properties);
  }
  std::string operator()(const AuthView& v) const { return "AUTH" + reason_of(v.reason) + describe(v.properties); }
};

std::string describe(const DecodeResult& error) {
  return "error" + reason_of(error.reason) + " " + reason_code_name(error.reason) + ": " + error.what;
}

}  // namespace

std::string describe(const AnyView& view) { return std::visit(Describe{}, view); }

std::string describe_stream(Version version, Sender sender, Bytes stream) {
  Heap heap;
  StreamDecoder decoder;
  RawPacket packet;
  std::string out;
  for (;;) {
    const StreamDecoder::Status status = decoder.next(heap, stream, packet, kPacketSizeDefault);
    if (status == StreamDecoder::Status::kError) out += describe(decoder.error()) + "\n";
    if (status == StreamDecoder::Status::kNeedMore && decoder.buffered() != 0) out += "incomplete\n";
    if (status != StreamDecoder::Status::kPacket) break;
    AnyView view;
    const DecodeResult result = decode_any(version, sender, packet, view);
    if (!result.ok()) {
      out += describe(result) + "\n";
      break;
    }
    out += describe(view) + "\n";
  }
  decoder.reset(heap);
  return out;
}

namespace {

/// Reads to the end of the text or to the bracket that closes what began before `i`.
Buffer parse_until(std::string_view text, std::size_t& i, bool inner) {
  Buffer out;
  while (i < text.size()) {
    const char c = text[i++];
    if (c == ' ') continue;
    if (c == ']') {
      ORRERY_ASSERT(inner);
      return out;
    }
    if (c == '[') {
      const Buffer content = parse_until(text, i, true);
      append_variable_byte_integer(static_cast<std::uint32_t>(content.size()), out);
      ByteWriter(out).bytes(content);
    } else if (c == '\'' || c == '"') {
      const std::size_t end = text.find(c, i);
      ORRERY_ASSERT(end != std::string_view::npos);
      const Bytes content = as_bytes(text.substr(i, end - i));
      c == '"' ? ByteWriter(out).u16_prefixed(content) : ByteWriter(out).bytes(content);
      i = end + 1;
    } else {
      ORRERY_ASSERT(i < text.size());
      ORRERY_ASSERT(std::isxdigit(c) != 0);
      ORRERY_ASSERT(std::isxdigit(text[i]) != 0);
      out.push_back(static_cast<std::uint8_t>(std::stoi(std::string{c, text[i++]}, nullptr, 16)));
    }
  }
  ORRERY_ASSERT(!inner);
  return out;
}

}  // namespace

Buffer parse_bytes(std::string_view text) {
  std::size_t i = 0;
  return parse_until(text, i, false);
}

}  // namespace orrery::mqtt
