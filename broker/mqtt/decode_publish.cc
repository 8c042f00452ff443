// SPDX-License-Identifier: Apache-2.0
// PUBLISH (3.3) and its acknowledgements (3.4 to 3.7).
#include "broker/mqtt/decode.h"
#include "broker/mqtt/packet_reader.h"

namespace orrery::mqtt {
namespace {

/// The topic's own rules; an empty one is looked at later, when the alias is known.
DecodeResult check_topic(std::string_view topic) {
  const TopicScan scan = scan_topic(topic);
  if (!scan.valid_utf8) return malformed("topic is not UTF-8");
  if (scan.has_wildcard) return malformed("topic has a wildcard");
  if (scan.levels > kTopicLevelsMax) return {ReasonCode::kTopicNameInvalid, "topic has too many levels"};
  return {};
}

/// Flags of the fixed header: none, or QoS 1 for PUBREL, where MQTT 3.1 also knows DUP.
bool ack_flags_ok(Version version, PacketType type, std::uint8_t flags) {
  if (type != PacketType::kPubrel) return flags == 0 || version == Version::k31;
  return flags == 2 || (version == Version::k31 && flags == 10);
}

}  // namespace

DecodeResult decode_publish(Version version, Sender sender, std::uint8_t flags, Bytes body, PublishView& out) {
  out = PublishView();
  out.dup = (flags & 8) != 0;
  out.qos = flags >> 1 & 3;
  out.retain = (flags & 1) != 0;
  if (out.qos == 3) return malformed("QoS is 3");
  if (out.dup && out.qos == 0) return malformed("DUP with QoS 0");

  PacketReader in(body);
  out.topic = as_text(in.binary());
  if (out.qos != 0) out.packet_id = in.packet_id();
  if (!in.ok()) return in.result();
  if (const DecodeResult result = check_topic(out.topic); !result.ok()) return result;
  if (version == Version::k5) in.properties(property_place(PacketType::kPublish), out.properties);
  if (!in.ok()) return in.result();
  if (out.topic.empty() && !out.properties.has(Property::kTopicAlias)) return protocol_error("topic is empty");
  if (sender == Sender::kClient && out.properties.has(Property::kSubscriptionIdentifier))
    return protocol_error("subscription identifier from a client");
  out.payload = in.rest();
  return {};
}

DecodeResult decode_ack(Version version, PacketType type, std::uint8_t flags, Bytes body, AckView& out) {
  out = AckView();
  out.type = type;
  if (!ack_flags_ok(version, type, flags)) return malformed("wrong fixed header flags");
  PacketReader in(body);
  out.packet_id = in.packet_id();
  if (version == Version::k5 && in.remaining() != 0) {
    const std::uint8_t code = in.u8();
    // Both sides send all four, with the same codes.
    if (!reason_code_allowed(type, Sender::kClient, code)) in.fail(protocol_error("not a code of this packet"));
    out.reason = static_cast<ReasonCode>(code);
    if (in.remaining() != 0) in.properties(property_place(type), out.properties);
  }
  return in.finish();
}

}  // namespace orrery::mqtt
