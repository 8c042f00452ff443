// SPDX-License-Identifier: Apache-2.0
// The MQTT decoders. Input: one byte for version and sender, the packet's first byte, then its body.
//
// Whatever is accepted is walked through completely, encoded, framed and decoded again: it must be the same packet, of
// the size that was promised. Whatever is refused must say why.
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/assert.h"
#include "broker/mqtt/any_packet.h"
#include "broker/mqtt/stream_decoder.h"

namespace {

using namespace orrery;
using namespace orrery::mqtt;

bool equal(Bytes a, Bytes b) { return as_text(a) == as_text(b); }

/// Every getter answers exactly when its property is there, and what is passed on is a section of its own.
void walk(const Properties& p) {
  using enum Property;
  ORRERY_ASSERT(p.payload_format_indicator().has_value() == p.has(kPayloadFormatIndicator));
  ORRERY_ASSERT(p.message_expiry_interval().has_value() == p.has(kMessageExpiryInterval));
  ORRERY_ASSERT(p.content_type().has_value() == p.has(kContentType));
  ORRERY_ASSERT(p.response_topic().has_value() == p.has(kResponseTopic));
  ORRERY_ASSERT(p.correlation_data().has_value() == p.has(kCorrelationData));
  ORRERY_ASSERT(p.session_expiry_interval().has_value() == p.has(kSessionExpiryInterval));
  ORRERY_ASSERT(p.authentication_data().has_value() == p.has(kAuthenticationData));
  ORRERY_ASSERT(p.reason_string().has_value() == p.has(kReasonString));
  ORRERY_ASSERT(p.receive_maximum().value_or(1) != 0);
  ORRERY_ASSERT(p.maximum_packet_size().value_or(1) != 0);
  ORRERY_ASSERT(p.topic_alias().value_or(1) != 0);
  std::size_t users = 0;
  for (const UserProperty& user : p.user_properties()) users += 1 + 0 * user.name.size();
  ORRERY_ASSERT((users != 0) == p.has(kUserProperty));
  ORRERY_ASSERT(users <= kUserPropertiesMax);
  for (const std::uint32_t id : p.subscription_identifiers()) ORRERY_ASSERT(id != 0);

  Buffer forwardable;
  p.append_forwardable(forwardable);
  ORRERY_ASSERT(forwardable.size() == p.forwardable_size());
  ORRERY_ASSERT(!p.all_forwardable() || equal(forwardable, p.raw()));
  Properties again;
  ORRERY_ASSERT(parse_properties(property_place(PacketType::kPublish), forwardable, again).ok());
  ORRERY_ASSERT(again.all_forwardable());
}

void walk(const PingView&) {}
void walk(const ConnectView& v) {
  walk(v.properties);
  if (v.will) walk(v.will->properties);
}
void walk(const SubscribeView& v) {
  walk(v.properties);
  std::uint32_t count = 0;
  for (const Subscription& subscription : v.subscriptions) {
    ORRERY_ASSERT(valid_topic_filter(subscription.topic.full));
    ++count;
  }
  ORRERY_ASSERT(count == v.subscriptions.size());
}
void walk(const UnsubscribeView& v) {
  walk(v.properties);
  std::uint32_t count = 0;
  for (const TopicFilter& filter : v.filters) {
    ORRERY_ASSERT(valid_topic_filter(filter.full));
    ++count;
  }
  ORRERY_ASSERT(count == v.filters.size());
}
template <class View>
void walk(const View& v) {
  walk(v.properties);
}

/// A PUBLISH as a server would pass it on.
void forward(const AnyView& view) {
  const auto* in = std::get_if<PublishView>(&view);
  if (in == nullptr) return;
  Buffer forwardable, wire;
  in->properties.append_forwardable(forwardable);
  PublishOut out;
  out.topic = in->topic;
  out.payload = in->payload;
  out.qos = in->qos;
  out.packet_id = in->packet_id;
  out.forwardable = forwardable;
  out.message_expiry_interval = in->properties.message_expiry_interval();
  out.topic_alias = in->properties.topic_alias().value_or(0);
  std::vector<std::uint32_t> identifiers;
  for (const std::uint32_t id : in->properties.subscription_identifiers()) identifiers.push_back(id);
  out.subscription_identifiers = identifiers;
  for (const Version version : {Version::k311, Version::k5}) {
    wire.clear();
    encode_publish(version, out, wire);
    ORRERY_ASSERT(wire.size() == publish_size(version, out));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  constexpr Version kVersions[] = {Version::k5, Version::k311, Version::k31};
  const Version version = kVersions[data[0] % 3];
  const Sender sender = (data[0] & 0x80) != 0 ? Sender::kServer : Sender::kClient;
  const RawPacket packet{data[1], Bytes(data + 2, size - 2)};

  AnyView view;
  const DecodeResult result = decode_any(version, sender, packet, view);
  if (!result.ok()) {
    ORRERY_ASSERT(is_error(result.reason));
    return 0;
  }
  std::visit([](const auto& v) { walk(v); }, view);
  forward(view);

  Buffer wire;
  encode_any(version, view, wire);
  ORRERY_ASSERT(wire.size() == any_size(version, view));
  Heap heap;
  StreamDecoder decoder;
  Bytes chunk = wire;
  RawPacket again;
  ORRERY_ASSERT(decoder.next(heap, chunk, again, UINT32_MAX) == StreamDecoder::Status::kPacket);
  ORRERY_ASSERT(chunk.empty());
  AnyView decoded;
  ORRERY_ASSERT(decode_any(version, sender, again, decoded).ok());
  ORRERY_ASSERT(same(view, decoded));
  Buffer second;
  encode_any(version, decoded, second);
  ORRERY_ASSERT(wire == second);
  return 0;
}
