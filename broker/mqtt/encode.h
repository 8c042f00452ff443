// SPDX-License-Identifier: Apache-2.0
// Encoders: append a whole packet, fixed header included, to a buffer that the caller owns and reuses.
//
// Each encode_x() has an x_size() that tells the packet's size beforehand, for a peer's Maximum Packet Size and for
// frame headers. The same view in an older version loses what that version cannot say: properties, reason codes of
// acknowledgements, subscription options but QoS. Values are the programmer's promise: strings at most kStringMax, a
// packet within the variable byte integer; both are asserted.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/bytes.h"
#include "base/types.h"
#include "broker/mqtt/packet.h"
#include "broker/mqtt/types.h"
#include "broker/mqtt/variable_byte_integer.h"

namespace orrery::mqtt {

using Buffer = ByteWriter::Buffer;

/// A message on its way out to one receiver. `forwardable` is what the publisher's section passes on (Properties::raw()
/// or append_forwardable()); the rest belongs to this hop and is written after it.
struct PublishOut {
  std::string_view topic;  // empty if the alias stands for it
  Bytes payload;
  std::uint8_t qos = 0;
  bool retain = false;
  bool dup = false;
  std::uint16_t packet_id = 0;  // not 0 when qos > 0
  Bytes forwardable;
  std::optional<std::uint32_t> message_expiry_interval;  // seconds
  std::uint16_t topic_alias = 0;                         // 0 is none
  std::span<const std::uint32_t> subscription_identifiers;
};
std::size_t publish_size(Version version, const PublishOut& publish);
void encode_publish(Version version, const PublishOut& publish, Buffer& out);
/// From a view, its properties as they are.
std::size_t publish_size(Version version, const PublishView& publish);
void encode_publish(Version version, const PublishView& publish, Buffer& out);

/// In `connect.version`.
std::size_t connect_size(const ConnectView& connect);
void encode_connect(const ConnectView& connect, Buffer& out);

/// The return code of CONNACK before version 5 (3.1.1 section 3.2.2.3) that says most nearly the same: 0 to 5.
std::uint8_t connack_return_code(ReasonCode reason);
std::size_t connack_size(Version version, const ConnackView& connack);
void encode_connack(Version version, const ConnackView& connack, Buffer& out);

std::size_t ack_size(Version version, const AckView& ack);
void encode_ack(Version version, const AckView& ack, Buffer& out);

/// Appends one entry to a list for SubscribeView::subscriptions or UnsubscribeView::filters.
void append_subscription(std::string_view filter, const SubscriptionOptions& options, Buffer& list);
void append_filter(std::string_view filter, Buffer& list);
std::size_t subscribe_size(Version version, const SubscribeView& subscribe);
void encode_subscribe(Version version, const SubscribeView& subscribe, Buffer& out);
std::size_t unsubscribe_size(Version version, const UnsubscribeView& unsubscribe);
void encode_unsubscribe(Version version, const UnsubscribeView& unsubscribe, Buffer& out);

/// Before version 5 every error is 0x80.
std::size_t suback_size(Version version, const SubackView& suback);
void encode_suback(Version version, const SubackView& suback, Buffer& out);
std::size_t unsuback_size(Version version, const UnsubackView& unsuback);
void encode_unsuback(Version version, const UnsubackView& unsuback, Buffer& out);

void encode_pingreq(Buffer& out);
void encode_pingresp(Buffer& out);

std::size_t disconnect_size(Version version, const DisconnectView& disconnect);
void encode_disconnect(Version version, const DisconnectView& disconnect, Buffer& out);

/// Version 5 only.
std::size_t auth_size(const AuthView& auth);
void encode_auth(const AuthView& auth, Buffer& out);

}  // namespace orrery::mqtt
