// SPDX-License-Identifier: Apache-2.0
// Views of every MQTT packet: what decode.h fills and encode.h writes.
//
// A view owns nothing: its texts, bytes and properties point into the packet it was decoded from (or wherever the
// caller that encodes it keeps them). Reason codes are MQTT 5's in every version. `properties` are empty before
// version 5.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/types.h"
#include "broker/mqtt/properties.h"
#include "broker/mqtt/topic.h"
#include "broker/mqtt/types.h"

namespace orrery::mqtt {

/// A packet as framing sees it: the first byte, and everything after the remaining length.
struct RawPacket {
  std::uint8_t first = 0;
  Bytes body;
  PacketType type() const { return static_cast<PacketType>(first >> 4); }
  std::uint8_t flags() const { return first & 0x0f; }
};

struct WillView {
  std::string_view topic;
  Bytes payload;
  std::uint8_t qos = 0;
  bool retain = false;
  Properties properties;
};

struct ConnectView {
  Version version = Version::k5;
  /// After a failed decode: whether the protocol name was MQTT's, so that an answer in `version` makes sense to the
  /// peer.
  bool known_protocol = false;
  bool clean_start = true;
  std::uint16_t keep_alive = 0;  // seconds, 0 is none
  std::string_view client_id;
  std::optional<WillView> will;
  std::optional<std::string_view> user_name;
  std::optional<Bytes> password;
  Properties properties;
};

struct ConnackView {
  bool session_present = false;
  ReasonCode reason = ReasonCode::kSuccess;
  Properties properties;
};

struct PublishView {
  bool dup = false;
  std::uint8_t qos = 0;
  bool retain = false;
  std::string_view topic;       // empty only with a topic alias
  std::uint16_t packet_id = 0;  // 0 at QoS 0
  Properties properties;
  Bytes payload;
};

/// PUBACK, PUBREC, PUBREL or PUBCOMP.
struct AckView {
  PacketType type = PacketType::kPuback;
  std::uint16_t packet_id = 0;
  ReasonCode reason = ReasonCode::kSuccess;
  Properties properties;
};

/// What a subscription asks for besides the filter (3.8.3.1). Before version 5 there is only the QoS.
struct SubscriptionOptions {
  std::uint8_t qos = 0;
  bool no_local = false;
  bool retain_as_published = false;
  std::uint8_t retain_handling = 0;  // 0 send retained messages, 1 only if the subscription is new, 2 never
  bool operator==(const SubscriptionOptions&) const = default;
};

/// The options as one byte of SUBSCRIBE, and back; the reserved bits are not kept.
SubscriptionOptions subscription_options(std::uint8_t byte);
std::uint8_t options_byte(const SubscriptionOptions& options);

struct Subscription {
  TopicFilter topic;
  SubscriptionOptions options;
};

/// The payload of SUBSCRIBE or UNSUBSCRIBE as a range: validated when decoded, taken apart while
/// iterating.
template <class Item>
class FilterList {
 public:
  class Iterator {
   public:
    explicit Iterator(Bytes rest) : rest_(rest) { ++*this; }
    const Item& operator*() const { return item_; }
    const Item* operator->() const { return &item_; }
    Iterator& operator++() {
      more_ = FilterList::next(rest_, item_);
      return *this;
    }
    /// Compares with end() only.
    bool operator!=(const Iterator&) const { return more_; }

   private:
    Bytes rest_;
    Item item_{};
    bool more_ = false;
  };

  FilterList() = default;
  /// `raw` as on the wire, valid, with `count` entries.
  FilterList(Bytes raw, std::uint32_t count) : raw_(raw), count_(count) {}
  Iterator begin() const { return Iterator(raw_); }
  Iterator end() const { return Iterator(Bytes{}); }
  std::uint32_t size() const { return count_; }
  Bytes raw() const { return raw_; }

 private:
  static bool next(Bytes& rest, Item& out);

  Bytes raw_;
  std::uint32_t count_ = 0;
};
template <>
bool FilterList<Subscription>::next(Bytes& rest, Subscription& out);
template <>
bool FilterList<TopicFilter>::next(Bytes& rest, TopicFilter& out);

struct SubscribeView {
  std::uint16_t packet_id = 0;
  Properties properties;  // subscription_identifier(), user_properties()
  FilterList<Subscription> subscriptions;
};

struct UnsubscribeView {
  std::uint16_t packet_id = 0;
  Properties properties;
  FilterList<TopicFilter> filters;
};

/// One reason code for each filter, in order. A SUBACK before version 5 has 0, 1, 2 or 0x80 in it.
struct SubackView {
  std::uint16_t packet_id = 0;
  Properties properties;
  Bytes reason_codes;
};

/// Before version 5 it has no reason codes.
struct UnsubackView {
  std::uint16_t packet_id = 0;
  Properties properties;
  Bytes reason_codes;
};

struct DisconnectView {
  ReasonCode reason = ReasonCode::kNormalDisconnection;
  Properties properties;
};

struct AuthView {
  ReasonCode reason = ReasonCode::kSuccess;
  Properties properties;
};

}  // namespace orrery::mqtt
