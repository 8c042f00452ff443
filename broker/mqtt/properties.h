// SPDX-License-Identifier: Apache-2.0
// The property section of a packet (2.2.2): a validated view, read by typed getters, and a builder that makes one.
//
// parse_properties() checks everything that the standard says about a section: each property allowed in this packet,
// none given twice but those that may be, every value possible, every text valid UTF-8. After that the getters cannot
// fail. A view is 24 bytes, allocates nothing and lives as long as the bytes it was parsed from. A getter scans the
// section once (sections are short, and a set of those present answers the common case at once).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "base/types.h"
#include "broker/mqtt/result.h"
#include "broker/mqtt/types.h"

namespace orrery::mqtt {

/// Property identifiers, section 2.2.2.2.
enum class Property : std::uint8_t {
  kPayloadFormatIndicator = 1,
  kMessageExpiryInterval = 2,
  kContentType = 3,
  kResponseTopic = 8,
  kCorrelationData = 9,
  kSubscriptionIdentifier = 11,
  kSessionExpiryInterval = 17,
  kAssignedClientIdentifier = 18,
  kServerKeepAlive = 19,
  kAuthenticationMethod = 21,
  kAuthenticationData = 22,
  kRequestProblemInformation = 23,
  kWillDelayInterval = 24,
  kRequestResponseInformation = 25,
  kResponseInformation = 26,
  kServerReference = 28,
  kReasonString = 31,
  kReceiveMaximum = 33,
  kTopicAliasMaximum = 34,
  kTopicAlias = 35,
  kMaximumQos = 36,
  kRetainAvailable = 37,
  kUserProperty = 38,
  kMaximumPacketSize = 39,
  kWildcardSubscriptionAvailable = 40,
  kSubscriptionIdentifierAvailable = 41,
  kSharedSubscriptionAvailable = 42,
};
inline constexpr std::uint8_t kPropertyIdMax = 42;

/// How a property's value is written.
enum class PropertyType : std::uint8_t { kNone, kByte, kTwoByte, kFourByte, kVariable, kBinary, kString, kStringPair };
/// kNone when the standard defines no such identifier.
PropertyType property_type(std::uint8_t id);

/// Where a section stands: in a packet of this type, or with the will inside a CONNECT.
enum class PropertyPlace : std::uint8_t { kWill = 0 };
constexpr PropertyPlace property_place(PacketType type) { return static_cast<PropertyPlace>(type); }

struct UserProperty {
  std::string_view name;
  std::string_view value;
  bool operator==(const UserProperty&) const = default;
};

class Properties {
 public:
  Properties() = default;

  bool empty() const { return raw_.empty(); }
  bool has(Property id) const { return (present_ >> static_cast<int>(id) & 1) != 0; }
  /// The section without its length, as it was on the wire.
  Bytes raw() const { return raw_; }
  /// Bytes of the section with its length in front: what it adds to a packet of MQTT 5.
  std::size_t encoded_size() const;

  std::optional<std::uint8_t> payload_format_indicator() const;
  std::optional<std::uint32_t> message_expiry_interval() const;
  std::optional<std::string_view> content_type() const;
  std::optional<std::string_view> response_topic() const;
  std::optional<Bytes> correlation_data() const;
  /// The first one; a PUBLISH from the server may have more: subscription_identifiers().
  std::optional<std::uint32_t> subscription_identifier() const;
  std::optional<std::uint32_t> session_expiry_interval() const;
  std::optional<std::string_view> assigned_client_identifier() const;
  std::optional<std::uint16_t> server_keep_alive() const;
  std::optional<std::string_view> authentication_method() const;
  std::optional<Bytes> authentication_data() const;
  std::optional<bool> request_problem_information() const;
  std::optional<std::uint32_t> will_delay_interval() const;
  std::optional<bool> request_response_information() const;
  std::optional<std::string_view> response_information() const;
  std::optional<std::string_view> server_reference() const;
  std::optional<std::string_view> reason_string() const;
  std::optional<std::uint16_t> receive_maximum() const;
  std::optional<std::uint16_t> topic_alias_maximum() const;
  std::optional<std::uint16_t> topic_alias() const;
  std::optional<std::uint8_t> maximum_qos() const;
  std::optional<bool> retain_available() const;
  std::optional<std::uint32_t> maximum_packet_size() const;
  std::optional<bool> wildcard_subscription_available() const;
  std::optional<bool> subscription_identifier_available() const;
  std::optional<bool> shared_subscription_available() const;

  /// Values of a repeatable property in the order of the packet; a range for `for`.
  template <class Value>
  class Range {
   public:
    class Iterator {
     public:
      explicit Iterator(Bytes rest) : rest_(rest) { ++*this; }
      const Value& operator*() const { return value_; }
      Iterator& operator++() {
        more_ = next(rest_, value_);
        return *this;
      }
      /// Compares with end() only.
      bool operator!=(const Iterator&) const { return more_; }

     private:
      Bytes rest_;
      Value value_{};
      bool more_ = false;
    };
    explicit Range(Bytes raw) : raw_(raw) {}
    Iterator begin() const { return Iterator(raw_); }
    Iterator end() const { return Iterator(Bytes{}); }

   private:
    Bytes raw_;
  };
  Range<UserProperty> user_properties() const {
    return Range<UserProperty>(has(Property::kUserProperty) ? raw_ : Bytes{});
  }
  Range<std::uint32_t> subscription_identifiers() const {
    return Range<std::uint32_t>(has(Property::kSubscriptionIdentifier) ? raw_ : Bytes{});
  }

  /// The part of a PUBLISH's or a will's section that a server passes on unchanged and in order: payload format,
  /// content type, response topic, correlation data and user properties. What belongs to one hop (expiry, alias,
  /// subscription identifiers, will delay) is left out.
  std::size_t forwardable_size() const;
  /// Set when that part is the whole section: then raw() is it, without a copy. True for an empty section.
  bool all_forwardable() const;
  /// Appends that part to `out`.
  void append_forwardable(ByteWriter::Buffer& out) const;

 private:
  friend DecodeResult parse_properties(PropertyPlace place, Bytes section, Properties& out);
  friend class PropertyBuilder;
  Properties(Bytes raw, std::uint64_t present) : raw_(raw), present_(present) {}
  static bool next(Bytes& rest, UserProperty& out);
  static bool next(Bytes& rest, std::uint32_t& out);

  Bytes raw_;
  std::uint64_t present_ = 0;  // one bit for each identifier
};

/// Validates a section (without its length) and sets `out` to view it. On an error `out` is empty. Malformed Packet: an
/// identifier unknown or not allowed here, a value cut short, text that is not UTF-8, a Response Topic with a wildcard.
/// Protocol Error: a property given twice, a value that is not possible. Topic Alias invalid: an alias of 0. Quota
/// exceeded: more than kUserPropertiesMax.
DecodeResult parse_properties(PropertyPlace place, Bytes section, Properties& out);

/// Makes a section, in a buffer that the caller owns and may reuse (it is cleared first). Values are the programmer's
/// promise: they are not checked. view() is valid until the next call that adds, or until the buffer changes.
class PropertyBuilder {
 public:
  explicit PropertyBuilder(ByteWriter::Buffer& buffer) : buffer_(buffer) { buffer_.clear(); }

  PropertyBuilder& byte(Property id, std::uint8_t value);
  PropertyBuilder& two_byte(Property id, std::uint16_t value);
  PropertyBuilder& four_byte(Property id, std::uint32_t value);
  PropertyBuilder& variable(Property id, std::uint32_t value);
  PropertyBuilder& text(Property id, std::string_view value);
  PropertyBuilder& binary(Property id, Bytes value);
  PropertyBuilder& user_property(std::string_view name, std::string_view value);

  Properties view() const { return Properties(buffer_, present_); }
  std::size_t size() const { return buffer_.size(); }

 private:
  void begin(Property id, PropertyType type);
  void prefixed(Bytes bytes);

  ByteWriter::Buffer& buffer_;
  std::uint64_t present_ = 0;
};

}  // namespace orrery::mqtt
