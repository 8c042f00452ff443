// SPDX-License-Identifier: Apache-2.0
// PUBLISH (3.3) and its acknowledgements (3.4 to 3.7).
#include "broker/mqtt/encode.h"
#include "broker/mqtt/packet_writer.h"

namespace orrery::mqtt {
namespace {

std::size_t section_content(const PublishOut& publish) {
  std::size_t size = publish.forwardable.size();
  if (publish.message_expiry_interval) size += 5;
  if (publish.topic_alias != 0) size += 3;
  for (const std::uint32_t id : publish.subscription_identifiers) size += 1 + variable_byte_integer_size(id);
  return size;
}

std::size_t body_size(Version version, std::string_view topic, std::uint8_t qos, Bytes payload, std::size_t section) {
  return prefixed_size(topic.size()) + (qos != 0 ? 2 : 0) + (version == Version::k5 ? section_size(section) : 0) +
         payload.size();
}

template <class Publish>
std::uint8_t flags_of(const Publish& publish) {
  return static_cast<std::uint8_t>((publish.dup ? 8 : 0) | publish.qos << 1 | (publish.retain ? 1 : 0));
}

std::size_t body_size(Version version, const AckView& ack) {
  if (version != Version::k5) return 2;
  if (!ack.properties.empty()) return 3 + ack.properties.encoded_size();
  return ack.reason == ReasonCode::kSuccess ? 2 : 3;
}

}  // namespace

std::size_t publish_size(Version version, const PublishOut& publish) {
  const std::size_t section = version == Version::k5 ? section_content(publish) : 0;
  return packet_size(body_size(version, publish.topic, publish.qos, publish.payload, section));
}

void encode_publish(Version version, const PublishOut& publish, Buffer& out) {
  const std::size_t section = version == Version::k5 ? section_content(publish) : 0;
  const std::size_t body = body_size(version, publish.topic, publish.qos, publish.payload, section);
  PacketWriter to(PacketType::kPublish, flags_of(publish), body, out);
  to.text(publish.topic);
  if (publish.qos != 0) to.u16(publish.packet_id);
  if (version == Version::k5) {
    to.variable(static_cast<std::uint32_t>(section));
    to.bytes(publish.forwardable);
    if (publish.message_expiry_interval) {
      to.u8(static_cast<std::uint8_t>(Property::kMessageExpiryInterval));
      to.u32(*publish.message_expiry_interval);
    }
    if (publish.topic_alias != 0) {
      to.u8(static_cast<std::uint8_t>(Property::kTopicAlias));
      to.u16(publish.topic_alias);
    }
    for (const std::uint32_t id : publish.subscription_identifiers) {
      to.u8(static_cast<std::uint8_t>(Property::kSubscriptionIdentifier));
      to.variable(id);
    }
  }
  to.bytes(publish.payload);
}

std::size_t publish_size(Version version, const PublishView& publish) {
  const std::size_t section = publish.properties.raw().size();
  return packet_size(body_size(version, publish.topic, publish.qos, publish.payload, section));
}

void encode_publish(Version version, const PublishView& publish, Buffer& out) {
  const std::size_t section = publish.properties.raw().size();
  const std::size_t body = body_size(version, publish.topic, publish.qos, publish.payload, section);
  PacketWriter to(PacketType::kPublish, flags_of(publish), body, out);
  to.text(publish.topic);
  if (publish.qos != 0) to.u16(publish.packet_id);
  if (version == Version::k5) to.section(publish.properties.raw());
  to.bytes(publish.payload);
}

std::size_t ack_size(Version version, const AckView& ack) { return packet_size(body_size(version, ack)); }

void encode_ack(Version version, const AckView& ack, Buffer& out) {
  const std::size_t body = body_size(version, ack);
  PacketWriter to(ack.type, ack.type == PacketType::kPubrel ? 2 : 0, body, out);
  to.u16(ack.packet_id);
  if (body > 2) to.u8(static_cast<std::uint8_t>(ack.reason));
  if (body > 3) to.section(ack.properties.raw());
}

}  // namespace orrery::mqtt
