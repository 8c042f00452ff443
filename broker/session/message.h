// SPDX-License-Identifier: Apache-2.0
// One published message: as a view while it passes through, and as a counted block where a session must keep it.
//
// A MessageView points into the packet or the frame that brought the message and lives as long as that event. A Message
// is one block of the shard's heap with a count of its holders (queues and windows of sessions of the same shard); it
// is never changed after it was made. Both know how to travel to another shard or node: encode_message, decode_message.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/types.h"
#include "broker/base/heap.h"

namespace orrery::session {

struct MessageView {
  /// Names the message among all that live at the same time: where it entered the cluster, and its number there.
  std::uint64_t id = 0;
  /// A hash of the publishing client's identifier, for No Local wherever its session is; 0 for the broker's own.
  std::uint64_t publisher = 0;
  std::uint8_t qos = 0;
  /// The PUBLISH had RETAIN set (for Retain As Published), or the message comes from the retained store.
  bool retain = false;
  /// Local time at which the Message Expiry Interval ends; kNever without one (MQTT 5, 3.3.2.3.3).
  Nanos expires_at = kNever;
  std::string_view topic;
  /// Encoded MQTT 5 properties that go on unchanged: payload format, content type, response topic, correlation data,
  /// user properties, in the publisher's order; without the length in front. Empty from 3.x publishers.
  Bytes properties;
  Bytes payload;
  /// The "$share/NAME/FILTER" for which it goes to one member of a group; empty otherwise. Kept, so that another member
  /// gets it if this one's session ends before (MQTT 5, 4.8.2).
  std::string_view share_filter;

  bool expired(Nanos now) const { return now >= expires_at; }
  /// What is left of the Message Expiry Interval in whole seconds, at least 1; only for a message that expires and has
  /// not.
  std::uint32_t expiry_seconds(Nanos now) const;
};

class Message {
 public:
  /// A copy with one holder.
  static Message* make(Heap& heap, const MessageView& view);
  void hold() { ++holders_; }
  /// One holder less; the last frees the block.
  static void release(Heap& heap, Message* message);

  MessageView view() const;
  std::uint64_t id() const { return id_; }
  Nanos expires_at() const { return expires_at_; }
  std::uint8_t qos() const { return qos_; }
  std::size_t size_bytes() const;

 private:
  Message() = default;
  const std::uint8_t* data() const { return reinterpret_cast<const std::uint8_t*>(this + 1); }
  std::string_view share_filter() const;

  std::uint64_t id_;
  std::uint64_t publisher_;
  Nanos expires_at_;
  std::uint32_t holders_;
  std::uint32_t properties_size_;
  std::uint32_t payload_size_;
  std::uint16_t topic_size_;
  std::uint8_t qos_;
  bool retain_ : 1;
  bool shared_ : 1;  // then the share filter's length and text follow the payload
};

/// Appends the message in the form that shards and nodes exchange (docs/peer-protocol.md). The expiry travels as what
/// is left, since clocks of nodes have different origins.
void encode_message(std::vector<std::uint8_t>& out, const MessageView& message, Nanos now);
/// How much encode_message appends at most.
std::size_t encoded_size_max(const MessageView& message);
/// Whether a client may publish such a message: a valid topic name and not the server's, properties that pass on, a
/// valid share filter or none. decode_message() does not look at that; ask for what came from another node.
bool publishable(const MessageView& message);
/// Reads one from the front of `in` (views into its bytes); in.failed() if it is cut short.
MessageView decode_message(ByteReader& in, Nanos now);

}  // namespace orrery::session
