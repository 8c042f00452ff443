// SPDX-License-Identifier: Apache-2.0
#include "broker/mqtt/random_packet.h"

#include <algorithm>

#include "base/assert.h"

namespace orrery::mqtt {
namespace {

/// Characters of one to four bytes, in whole and in a random order.
constexpr std::string_view kCharacters[] = {"a", "B", "7", " ", "\x01", "\u00e9", "\u20ac", "\ufeff", "\U0001f30c"};

constexpr PacketType kTypes[] = {PacketType::kConnect,     PacketType::kConnack,    PacketType::kPublish,
                                 PacketType::kPuback,      PacketType::kPubrec,     PacketType::kPubrel,
                                 PacketType::kPubcomp,     PacketType::kSubscribe,  PacketType::kSuback,
                                 PacketType::kUnsubscribe, PacketType::kUnsuback,   PacketType::kPingreq,
                                 PacketType::kPingresp,    PacketType::kDisconnect, PacketType::kAuth};

bool exists(Version version, Sender sender, PacketType type) {
  if (!sends(sender, type)) return false;
  if (version == Version::k5) return true;
  if (type == PacketType::kAuth) return false;
  return type != PacketType::kDisconnect || sender == Sender::kClient;
}

/// Whether a section with this one property and a harmless value is accepted here.
bool allowed(std::uint8_t id, PropertyPlace place) {
  Buffer section{id};
  switch (property_type(id)) {
    case PropertyType::kNone:
      return false;
    case PropertyType::kByte:
    case PropertyType::kVariable:
      section.push_back(1);
      break;
    case PropertyType::kTwoByte:
      ByteWriter(section).u16(1);
      break;
    case PropertyType::kFourByte:
      ByteWriter(section).u32(1);
      break;
    case PropertyType::kString:
    case PropertyType::kBinary:
      ByteWriter(section).u16_prefixed(as_bytes("x"));
      break;
    case PropertyType::kStringPair:
      ByteWriter(section).u32(0);
      break;
  }
  Properties parsed;
  return parse_properties(place, section, parsed).ok();
}

}  // namespace

AnyView RandomPacket::make(Version version, Sender sender) {
  kept_.clear();
  PacketType type;
  do type = kTypes[rng_.below(std::size(kTypes))];
  while (!exists(version, sender, type));
  switch (type) {
    case PacketType::kConnect:
      return connect(version);
    case PacketType::kConnack:
      return connack(version);
    case PacketType::kPublish:
      return publish(version, sender);
    case PacketType::kSubscribe:
      return subscribe(version);
    case PacketType::kSuback:
      return reply<SubackView>(version, type);
    case PacketType::kUnsubscribe:
      return unsubscribe(version);
    case PacketType::kUnsuback:
      return reply<UnsubackView>(version, type);
    case PacketType::kPingreq:
    case PacketType::kPingresp:
      return PingView{type};
    case PacketType::kDisconnect:
      return disconnect(version, sender);
    case PacketType::kAuth:
      return auth(sender);
    default:
      return ack(version, type);
  }
}

AnyView RandomPacket::connect(Version version) {
  ConnectView v;
  v.version = version;
  v.clean_start = coin();
  v.keep_alive = static_cast<std::uint16_t>(rng_.next());
  const bool may_be_nameless = version == Version::k5 || (version == Version::k311 && v.clean_start);
  do v.client_id = text(30);
  while (v.client_id.empty() && !may_be_nameless);
  if (coin()) {
    WillView& will = v.will.emplace();
    will.topic = topic();
    will.payload = binary(40);
    will.qos = static_cast<std::uint8_t>(rng_.below(3));
    will.retain = coin();
    will.properties = properties(version, PropertyPlace::kWill, Sender::kClient);
  }
  if (coin()) v.user_name = text(20);
  if (coin() && (v.user_name || version == Version::k5)) v.password = binary(20);
  v.properties = properties(version, property_place(PacketType::kConnect), Sender::kClient, coin());
  return v;
}

AnyView RandomPacket::connack(Version version) {
  ConnackView v;
  v.reason = static_cast<ReasonCode>(code(version, PacketType::kConnack, Sender::kServer));
  v.session_present = version != Version::k31 && v.reason == ReasonCode::kSuccess && coin();
  v.properties = properties(version, property_place(PacketType::kConnack), Sender::kServer);
  return v;
}

AnyView RandomPacket::publish(Version version, Sender sender) {
  PublishView v;
  v.qos = static_cast<std::uint8_t>(rng_.below(3));
  v.dup = v.qos != 0 && coin();
  v.retain = coin();
  v.topic = topic();
  v.packet_id = v.qos != 0 ? packet_id() : 0;
  v.properties = properties(version, property_place(PacketType::kPublish), sender);
  if (v.properties.has(Property::kTopicAlias) && coin()) v.topic = {};
  v.payload = binary(coin() ? 20 : 300);
  return v;
}

AnyView RandomPacket::ack(Version version, PacketType type) {
  AckView v;
  v.type = type;
  v.packet_id = packet_id();
  if (version == Version::k5) v.reason = static_cast<ReasonCode>(code(version, type, Sender::kClient));
  v.properties = properties(version, property_place(type), Sender::kClient);
  return v;
}

AnyView RandomPacket::subscribe(Version version) {
  SubscribeView v;
  v.packet_id = packet_id();
  v.properties = properties(version, property_place(PacketType::kSubscribe), Sender::kClient);
  Buffer& list = keep();
  const auto count = static_cast<std::uint32_t>(1 + rng_.below(4));
  for (std::uint32_t i = 0; i < count; ++i) {
    bool shared = false;
    const std::string_view text = filter(shared);
    SubscriptionOptions options;
    options.qos = static_cast<std::uint8_t>(rng_.below(3));
    if (version == Version::k5) {
      options.no_local = !shared && coin();
      options.retain_as_published = coin();
      options.retain_handling = static_cast<std::uint8_t>(rng_.below(3));
    }
    append_subscription(text, options, list);
  }
  v.subscriptions = {list, count};
  return v;
}

AnyView RandomPacket::unsubscribe(Version version) {
  UnsubscribeView v;
  v.packet_id = packet_id();
  v.properties = properties(version, property_place(PacketType::kUnsubscribe), Sender::kClient);
  Buffer& list = keep();
  const auto count = static_cast<std::uint32_t>(1 + rng_.below(4));
  for (std::uint32_t i = 0; i < count; ++i) {
    bool shared = false;
    append_filter(filter(shared), list);
  }
  v.filters = {list, count};
  return v;
}

template <class Reply>
AnyView RandomPacket::reply(Version version, PacketType type) {
  Reply v;
  v.packet_id = packet_id();
  v.properties = properties(version, property_place(type), Sender::kServer);
  if (version != Version::k5 && type == PacketType::kUnsuback) return v;
  Buffer& codes = keep();
  for (std::uint64_t n = 1 + rng_.below(5); n != 0; --n) codes.push_back(code(version, type, Sender::kServer));
  v.reason_codes = codes;
  return v;
}

AnyView RandomPacket::disconnect(Version version, Sender sender) {
  DisconnectView v;
  if (version == Version::k5) v.reason = static_cast<ReasonCode>(code(version, PacketType::kDisconnect, sender));
  v.properties = properties(version, property_place(PacketType::kDisconnect), sender);
  return v;
}

AnyView RandomPacket::auth(Sender sender) {
  AuthView v;
  v.reason = static_cast<ReasonCode>(code(Version::k5, PacketType::kAuth, sender));
  v.properties = properties(Version::k5, property_place(PacketType::kAuth), sender, true);
  return v;
}

std::string_view RandomPacket::text(std::size_t size_max) {
  Buffer& out = keep();
  const std::size_t size = rng_.below(size_max + 1);
  while (out.size() + 4 <= size) ByteWriter(out).bytes(as_bytes(kCharacters[rng_.below(std::size(kCharacters))]));
  return as_text(out);
}

std::string_view RandomPacket::topic() {
  std::string topic;
  while (topic.empty()) {
    topic = coin() ? "" : "$";
    for (std::uint64_t levels = 1 + rng_.below(5); levels != 0; --levels) {
      topic += text(12);
      if (levels != 1) topic += '/';
    }
  }
  Buffer& out = keep();
  ByteWriter(out).bytes(as_bytes(topic));
  return as_text(out);
}

std::string_view RandomPacket::filter(bool& shared) {
  std::string filter;
  shared = rng_.below(4) == 0;
  if (shared) filter = "$share/group" + std::to_string(rng_.below(9)) + "/";
  for (std::uint64_t levels = 1 + rng_.below(4); levels != 0; --levels) {
    if (coin())
      filter += '+';
    else
      filter += text(8);
    filter += '/';
  }
  if (coin()) filter += '#';
  Buffer& out = keep();
  ByteWriter(out).bytes(as_bytes(filter));
  return as_text(out);
}

Bytes RandomPacket::binary(std::size_t size_max) {
  Buffer& out = keep();
  for (std::uint64_t n = rng_.below(size_max + 1); n != 0; --n) out.push_back(static_cast<std::uint8_t>(rng_.next()));
  return out;
}

std::uint8_t RandomPacket::code(Version version, PacketType type, Sender sender) {
  if (coin() && reason_code_allowed(type, sender, 0)) return 0;
  for (;;) {
    const auto code = static_cast<std::uint8_t>(rng_.next());
    if (!reason_code_allowed(type, sender, code)) continue;
    if (version == Version::k5) return code;
    if (type == PacketType::kSuback && (code <= 2 || code == 0x80)) return code;
    // Of the codes of version 5, one for each return code that exists.
    if (type == PacketType::kConnack && ((code >= 0x84 && code <= 0x88))) return code;
  }
}

Properties RandomPacket::properties(Version version, PropertyPlace place, Sender sender, bool with_method) {
  if (version != Version::k5) return {};
  PropertyBuilder builder(keep());
  const bool many = rng_.below(4) == 0;
  if (with_method) builder.text(Property::kAuthenticationMethod, text(10));
  for (int number = kPropertyIdMax; number > 0; --number) {
    const auto id = static_cast<Property>(number);
    if (!allowed(static_cast<std::uint8_t>(number), place)) continue;
    if (rng_.below(many ? 2 : 12) != 0) continue;
    if (sender == Sender::kServer && place == property_place(PacketType::kDisconnect) &&
        id == Property::kSessionExpiryInterval)
      continue;
    if (id == Property::kAuthenticationMethod) continue;
    if (id == Property::kAuthenticationData && !with_method) continue;
    const bool identifier = id == Property::kSubscriptionIdentifier;
    const bool published = place == property_place(PacketType::kPublish);
    if (identifier && published && sender == Sender::kClient) continue;
    const std::uint64_t times = id == Property::kUserProperty || (identifier && published) ? 1 + rng_.below(4) : 1;
    for (std::uint64_t i = 0; i < times; ++i) {
      switch (property_type(static_cast<std::uint8_t>(number))) {
        case PropertyType::kNone:
          break;
        case PropertyType::kByte:
          builder.byte(id, static_cast<std::uint8_t>(rng_.below(2)));
          break;
        case PropertyType::kTwoByte:
          builder.two_byte(id, packet_id());
          break;
        case PropertyType::kFourByte:
          builder.four_byte(id, static_cast<std::uint32_t>(1 + rng_.below(UINT32_MAX)));
          break;
        case PropertyType::kVariable:
          builder.variable(id,
                           static_cast<std::uint32_t>(1 + rng_.below(kVariableByteIntegerMax)) >> rng_.below(28) | 1);
          break;
        case PropertyType::kBinary:
          builder.binary(id, binary(20));
          break;
        case PropertyType::kString:
          builder.text(id, id == Property::kResponseTopic ? topic() : text(20));
          break;
        case PropertyType::kStringPair:
          builder.user_property(text(8), text(8));
          break;
      }
    }
  }
  return builder.view();
}

}  // namespace orrery::mqtt
