// SPDX-License-Identifier: Apache-2.0
#include "broker/mqtt/properties.h"

#include <array>

#include "base/assert.h"
#include "broker/mqtt/limits.h"
#include "broker/mqtt/utf8.h"
#include "broker/mqtt/variable_byte_integer.h"

namespace orrery::mqtt {
namespace {

constexpr unsigned at(PacketType type) { return 1u << static_cast<int>(type); }
constexpr unsigned kWill = 1u << static_cast<int>(PropertyPlace::kWill);
constexpr unsigned kConnect = at(PacketType::kConnect);
constexpr unsigned kConnack = at(PacketType::kConnack);
constexpr unsigned kPublish = at(PacketType::kPublish);
constexpr unsigned kSubscribe = at(PacketType::kSubscribe);
constexpr unsigned kDisconnect = at(PacketType::kDisconnect);
constexpr unsigned kAuth = at(PacketType::kAuth);
constexpr unsigned kAcknowledgements = at(PacketType::kPuback) | at(PacketType::kPubrec) | at(PacketType::kPubrel) |
                                       at(PacketType::kPubcomp) | at(PacketType::kSuback) | at(PacketType::kUnsuback);
constexpr unsigned kReasonPlaces = kConnack | kAcknowledgements | kDisconnect | kAuth;
constexpr unsigned kUserPlaces =
    kReasonPlaces | kConnect | kPublish | kWill | kSubscribe | at(PacketType::kUnsubscribe);

/// Which values can be.
enum class Values : std::uint8_t { kAny, kZeroOrOne, kNotZero, kAlias, kTopicName };

struct Rule {
  PropertyType type = PropertyType::kNone;
  Values values = Values::kAny;
  std::uint16_t places = 0;  // one bit for each PropertyPlace
};

// Section 2.2.2.2, table 2-4.
constexpr auto kRules = [] {
  using enum Property;
  using T = PropertyType;
  using V = Values;
  std::array<Rule, kPropertyIdMax + 1> rules{};
  const auto set = [&](Property id, T type, V values, unsigned places) {
    rules[static_cast<std::size_t>(id)] = {type, values, static_cast<std::uint16_t>(places)};
  };
  set(kPayloadFormatIndicator, T::kByte, V::kZeroOrOne, kPublish | kWill);
  set(kMessageExpiryInterval, T::kFourByte, V::kAny, kPublish | kWill);
  set(kContentType, T::kString, V::kAny, kPublish | kWill);
  set(kResponseTopic, T::kString, V::kTopicName, kPublish | kWill);
  set(kCorrelationData, T::kBinary, V::kAny, kPublish | kWill);
  set(kSubscriptionIdentifier, T::kVariable, V::kNotZero, kPublish | kSubscribe);
  set(kSessionExpiryInterval, T::kFourByte, V::kAny, kConnect | kConnack | kDisconnect);
  set(kAssignedClientIdentifier, T::kString, V::kAny, kConnack);
  set(kServerKeepAlive, T::kTwoByte, V::kAny, kConnack);
  set(kAuthenticationMethod, T::kString, V::kAny, kConnect | kConnack | kAuth);
  set(kAuthenticationData, T::kBinary, V::kAny, kConnect | kConnack | kAuth);
  set(kRequestProblemInformation, T::kByte, V::kZeroOrOne, kConnect);
  set(kWillDelayInterval, T::kFourByte, V::kAny, kWill);
  set(kRequestResponseInformation, T::kByte, V::kZeroOrOne, kConnect);
  set(kResponseInformation, T::kString, V::kAny, kConnack);
  set(kServerReference, T::kString, V::kAny, kConnack | kDisconnect);
  set(kReasonString, T::kString, V::kAny, kReasonPlaces);
  set(kReceiveMaximum, T::kTwoByte, V::kNotZero, kConnect | kConnack);
  set(kTopicAliasMaximum, T::kTwoByte, V::kAny, kConnect | kConnack);
  set(kTopicAlias, T::kTwoByte, V::kAlias, kPublish);
  set(kMaximumQos, T::kByte, V::kZeroOrOne, kConnack);
  set(kRetainAvailable, T::kByte, V::kZeroOrOne, kConnack);
  set(kUserProperty, T::kStringPair, V::kAny, kUserPlaces);
  set(kMaximumPacketSize, T::kFourByte, V::kNotZero, kConnect | kConnack);
  set(kWildcardSubscriptionAvailable, T::kByte, V::kZeroOrOne, kConnack);
  set(kSubscriptionIdentifierAvailable, T::kByte, V::kZeroOrOne, kConnack);
  set(kSharedSubscriptionAvailable, T::kByte, V::kZeroOrOne, kConnack);
  return rules;
}();

constexpr std::uint64_t bit(Property id) { return std::uint64_t{1} << static_cast<int>(id); }
/// What a server passes on with a message (3.3.2.3).
constexpr std::uint64_t kForwardable = bit(Property::kPayloadFormatIndicator) | bit(Property::kContentType) |
                                       bit(Property::kResponseTopic) | bit(Property::kCorrelationData) |
                                       bit(Property::kUserProperty);

/// One property, its value in the member that its type calls for.
struct Item {
  std::uint8_t id = 0;
  std::uint32_t number = 0;
  Bytes bytes;   // binary, string, a pair's name
  Bytes second;  // a pair's value
};

/// Takes one property off the front of a section that has at least one byte; null, or what is wrong with its form.
const char* take(ByteReader& in, Item& item) {
  item.id = in.u8();
  switch (property_type(item.id)) {
    case PropertyType::kNone:
      return "unknown property identifier";
    case PropertyType::kByte:
      item.number = in.u8();
      break;
    case PropertyType::kTwoByte:
      item.number = in.u16();
      break;
    case PropertyType::kFourByte:
      item.number = in.u32();
      break;
    case PropertyType::kVariable: {
      const VariableByteInteger integer = read_variable_byte_integer(ByteReader(in).rest());
      if (integer.status != VariableStatus::kOk) return "property with a wrong variable byte integer";
      item.number = integer.value;
      in.take(integer.size);
      break;
    }
    case PropertyType::kBinary:
    case PropertyType::kString:
      item.bytes = in.take_u16_prefixed();
      break;
    case PropertyType::kStringPair:
      item.bytes = in.take_u16_prefixed();
      item.second = in.take_u16_prefixed();
      break;
  }
  return in.failed() ? "property cut short" : nullptr;
}

DecodeResult check_value(const Rule& rule, const Item& item) {
  if (rule.type == PropertyType::kString || rule.type == PropertyType::kStringPair) {
    if (!valid_utf8(as_text(item.bytes))) return malformed("property text is not UTF-8");
    if (!valid_utf8(as_text(item.second))) return malformed("property text is not UTF-8");
  }
  switch (rule.values) {
    case Values::kAny:
      return {};
    case Values::kZeroOrOne:
      return item.number <= 1 ? DecodeResult{} : protocol_error("property value is neither 0 nor 1");
    case Values::kNotZero:
      return item.number != 0 ? DecodeResult{} : protocol_error("property value is 0");
    case Values::kAlias:
      return item.number != 0 ? DecodeResult{} : DecodeResult{ReasonCode::kTopicAliasInvalid, "topic alias is 0"};
    case Values::kTopicName:
      if (item.bytes.empty()) return protocol_error("response topic is empty");
      return scan_topic(as_text(item.bytes)).has_wildcard ? malformed("response topic has a wildcard") : DecodeResult{};
  }
  return {};
}

/// Finds the first `id` in a validated section.
bool find(Bytes raw, Property id, Item& item) {
  ByteReader in(raw);
  while (in.remaining() != 0) {
    if (take(in, item) != nullptr) return false;
    if (item.id == static_cast<std::uint8_t>(id)) return true;
  }
  return false;
}

template <class Number>
std::optional<Number> number(const Properties& properties, Property id) {
  Item item;
  if (!properties.has(id)) return std::nullopt;
  if (!find(properties.raw(), id, item)) return std::nullopt;
  return static_cast<Number>(item.number);
}

std::optional<Bytes> binary(const Properties& properties, Property id) {
  Item item;
  if (!properties.has(id)) return std::nullopt;
  if (!find(properties.raw(), id, item)) return std::nullopt;
  return item.bytes;
}

std::optional<std::string_view> text(const Properties& properties, Property id) {
  const std::optional<Bytes> bytes = binary(properties, id);
  if (!bytes) return std::nullopt;
  return as_text(*bytes);
}

/// Calls `each` with the bytes of every forwardable property, in order.
template <class Each>
void for_each_forwardable(Bytes raw, Each each) {
  ByteReader in(raw);
  while (in.remaining() != 0) {
    const std::size_t start = raw.size() - in.remaining();
    Item item;
    if (take(in, item) != nullptr) return;
    const std::size_t end = raw.size() - in.remaining();
    if ((kForwardable >> item.id & 1) != 0) each(raw.subspan(start, end - start));
  }
}

}  // namespace

PropertyType property_type(std::uint8_t id) { return id <= kPropertyIdMax ? kRules[id].type : PropertyType::kNone; }

DecodeResult parse_properties(PropertyPlace place, Bytes section, Properties& out) {
  out = Properties();
  std::uint64_t present = 0;
  std::uint64_t repeatable = bit(Property::kUserProperty);
  if (place == property_place(PacketType::kPublish)) repeatable |= bit(Property::kSubscriptionIdentifier);
  std::uint32_t user_properties = 0;

  ByteReader in(section);
  while (in.remaining() != 0) {
    Item item;
    if (const char* what = take(in, item)) return malformed(what);
    const Rule& rule = kRules[item.id];
    if ((rule.places >> static_cast<int>(place) & 1) == 0) return malformed("property not allowed in this packet");
    const std::uint64_t mine = std::uint64_t{1} << item.id;
    if ((present & mine & ~repeatable) != 0) return protocol_error("property given twice");
    present |= mine;
    if (const DecodeResult result = check_value(rule, item); !result.ok()) return result;
    if (rule.type == PropertyType::kStringPair && ++user_properties > kUserPropertiesMax)
      return {ReasonCode::kQuotaExceeded, "too many user properties"};
  }
  out = Properties(section, present);
  return {};
}

std::size_t Properties::encoded_size() const {
  return variable_byte_integer_size(static_cast<std::uint32_t>(raw_.size())) + raw_.size();
}

bool Properties::next(Bytes& rest, UserProperty& out) {
  ByteReader in(rest);
  while (in.remaining() != 0) {
    Item item;
    if (take(in, item) != nullptr) break;
    if (item.id != static_cast<std::uint8_t>(Property::kUserProperty)) continue;
    out = {as_text(item.bytes), as_text(item.second)};
    rest = rest.last(in.remaining());
    return true;
  }
  rest = {};
  return false;
}

bool Properties::next(Bytes& rest, std::uint32_t& out) {
  ByteReader in(rest);
  while (in.remaining() != 0) {
    Item item;
    if (take(in, item) != nullptr) break;
    if (item.id != static_cast<std::uint8_t>(Property::kSubscriptionIdentifier)) continue;
    out = item.number;
    rest = rest.last(in.remaining());
    return true;
  }
  rest = {};
  return false;
}

bool Properties::all_forwardable() const { return (present_ & ~kForwardable) == 0; }

std::size_t Properties::forwardable_size() const {
  if (all_forwardable()) return raw_.size();
  std::size_t size = 0;
  for_each_forwardable(raw_, [&](Bytes property) { size += property.size(); });
  return size;
}

void Properties::append_forwardable(ByteWriter::Buffer& out) const {
  for_each_forwardable(raw_, [&](Bytes property) { out.insert(out.end(), property.begin(), property.end()); });
}

#define ORRERY_NUMBER(Type, getter, id) \
  std::optional<Type> Properties::getter() const { return number<Type>(*this, Property::id); }
#define ORRERY_TEXT(getter, id) \
  std::optional<std::string_view> Properties::getter() const { return text(*this, Property::id); }
#define ORRERY_BINARY(getter, id) \
  std::optional<Bytes> Properties::getter() const { return binary(*this, Property::id); }

ORRERY_NUMBER(std::uint8_t, payload_format_indicator, kPayloadFormatIndicator)
ORRERY_NUMBER(std::uint32_t, message_expiry_interval, kMessageExpiryInterval)
ORRERY_TEXT(content_type, kContentType)
ORRERY_TEXT(response_topic, kResponseTopic)
ORRERY_BINARY(correlation_data, kCorrelationData)
ORRERY_NUMBER(std::uint32_t, subscription_identifier, kSubscriptionIdentifier)
ORRERY_NUMBER(std::uint32_t, session_expiry_interval, kSessionExpiryInterval)
ORRERY_TEXT(assigned_client_identifier, kAssignedClientIdentifier)
ORRERY_NUMBER(std::uint16_t, server_keep_alive, kServerKeepAlive)
ORRERY_TEXT(authentication_method, kAuthenticationMethod)
ORRERY_BINARY(authentication_data, kAuthenticationData)
ORRERY_NUMBER(bool, request_problem_information, kRequestProblemInformation)
ORRERY_NUMBER(std::uint32_t, will_delay_interval, kWillDelayInterval)
ORRERY_NUMBER(bool, request_response_information, kRequestResponseInformation)
ORRERY_TEXT(response_information, kResponseInformation)
ORRERY_TEXT(server_reference, kServerReference)
ORRERY_TEXT(reason_string, kReasonString)
ORRERY_NUMBER(std::uint16_t, receive_maximum, kReceiveMaximum)
ORRERY_NUMBER(std::uint16_t, topic_alias_maximum, kTopicAliasMaximum)
ORRERY_NUMBER(std::uint16_t, topic_alias, kTopicAlias)
ORRERY_NUMBER(std::uint8_t, maximum_qos, kMaximumQos)
ORRERY_NUMBER(bool, retain_available, kRetainAvailable)
ORRERY_NUMBER(std::uint32_t, maximum_packet_size, kMaximumPacketSize)
ORRERY_NUMBER(bool, wildcard_subscription_available, kWildcardSubscriptionAvailable)
ORRERY_NUMBER(bool, subscription_identifier_available, kSubscriptionIdentifierAvailable)
ORRERY_NUMBER(bool, shared_subscription_available, kSharedSubscriptionAvailable)

#undef ORRERY_NUMBER
#undef ORRERY_TEXT
#undef ORRERY_BINARY

}  // namespace orrery::mqtt
