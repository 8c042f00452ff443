// SPDX-License-Identifier: Apache-2.0
// SUBSCRIBE (3.8), SUBACK (3.9), UNSUBSCRIBE (3.10), UNSUBACK (3.11).
#include "broker/mqtt/encode.h"
#include "broker/mqtt/packet_writer.h"

namespace orrery::mqtt {
namespace {

/// The four packets begin alike: identifier, properties, content.
template <class View>
std::size_t body_size(Version version, const View& view, std::size_t content) {
  return 2 + (version == Version::k5 ? view.properties.encoded_size() : 0) + content;
}

template <class View>
void write_beginning(Version version, const View& view, PacketWriter& to) {
  to.u16(view.packet_id);
  if (version == Version::k5) to.section(view.properties.raw());
}

/// An UNSUBACK before version 5 says nothing but its identifier.
Bytes codes_of(Version version, const UnsubackView& unsuback) {
  return version == Version::k5 ? unsuback.reason_codes : Bytes{};
}

}  // namespace

void append_filter(std::string_view filter, Buffer& list) {
  ORRERY_ASSERT(filter.size() <= kStringMax);
  ByteWriter(list).u16_prefixed(as_bytes(filter));
}

void append_subscription(std::string_view filter, const SubscriptionOptions& options, Buffer& list) {
  append_filter(filter, list);
  list.push_back(options_byte(options));
}

std::size_t subscribe_size(Version version, const SubscribeView& subscribe) {
  return packet_size(body_size(version, subscribe, subscribe.subscriptions.raw().size()));
}

void encode_subscribe(Version version, const SubscribeView& subscribe, Buffer& out) {
  const Bytes list = subscribe.subscriptions.raw();
  PacketWriter to(PacketType::kSubscribe, 2, body_size(version, subscribe, list.size()), out);
  write_beginning(version, subscribe, to);
  if (version == Version::k5) return to.bytes(list);
  for (const Subscription& subscription : subscribe.subscriptions) {
    to.text(subscription.topic.full);
    to.u8(subscription.options.qos);
  }
}

std::size_t unsubscribe_size(Version version, const UnsubscribeView& unsubscribe) {
  return packet_size(body_size(version, unsubscribe, unsubscribe.filters.raw().size()));
}

void encode_unsubscribe(Version version, const UnsubscribeView& unsubscribe, Buffer& out) {
  const Bytes list = unsubscribe.filters.raw();
  PacketWriter to(PacketType::kUnsubscribe, 2, body_size(version, unsubscribe, list.size()), out);
  write_beginning(version, unsubscribe, to);
  to.bytes(list);
}

std::size_t suback_size(Version version, const SubackView& suback) {
  return packet_size(body_size(version, suback, suback.reason_codes.size()));
}

void encode_suback(Version version, const SubackView& suback, Buffer& out) {
  PacketWriter to(PacketType::kSuback, 0, body_size(version, suback, suback.reason_codes.size()), out);
  write_beginning(version, suback, to);
  if (version == Version::k5) return to.bytes(suback.reason_codes);
  for (const std::uint8_t code : suback.reason_codes) to.u8(code >= 0x80 ? 0x80 : code);
}

std::size_t unsuback_size(Version version, const UnsubackView& unsuback) {
  return packet_size(body_size(version, unsuback, codes_of(version, unsuback).size()));
}

void encode_unsuback(Version version, const UnsubackView& unsuback, Buffer& out) {
  const Bytes codes = codes_of(version, unsuback);
  PacketWriter to(PacketType::kUnsuback, 0, body_size(version, unsuback, codes.size()), out);
  write_beginning(version, unsuback, to);
  to.bytes(codes);
}

}  // namespace orrery::mqtt
