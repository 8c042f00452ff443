// SPDX-License-Identifier: Apache-2.0
#include "broker/mqtt/packet_from_text.h"

#include <charconv>
#include <deque>
#include <vector>

#include "broker/mqtt/properties.h"

namespace orrery::mqtt {
namespace {

/// One item: a bare word or number, key=value, or a group in braces or brackets with the text in it.
struct Item {
  std::string_view key;
  std::string value;
  bool has_value = false;
  char group = 0;  // '{' or '['
};

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  bool next(Item& out) {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
    if (at_ == text_.size() || failed()) return false;
    out = {};
    if (text_[at_] == '"') {
      out.value = quoted();
      out.has_value = true;
      if (at_ < text_.size() && text_[at_] == ':') take_pair(out);
      return !failed();
    }
    if (text_[at_] == '{' || text_[at_] == '[') return group(out);
    const std::size_t begin = at_;
    while (at_ < text_.size() && text_[at_] != ' ' && text_[at_] != '=') ++at_;
    out.key = text_.substr(begin, at_ - begin);
    if (at_ == text_.size() || text_[at_] != '=') return true;
    ++at_;
    out.has_value = true;
    if (at_ < text_.size() && text_[at_] == '{') return group(out);
    out.value = at_ < text_.size() && text_[at_] == '"' ? quoted() : word();
    if (at_ < text_.size() && text_[at_] == ':') take_pair(out);
    return !failed();
  }

  bool failed() const { return !error.empty(); }
  std::string error;

 private:
  /// A user property: name and value with a NUL between them.
  void take_pair(Item& out) {
    ++at_;
    out.value += '\0';
    out.value += quoted();
  }

  std::string word() {
    const std::size_t begin = at_;
    while (at_ < text_.size() && text_[at_] != ' ') ++at_;
    return std::string(text_.substr(begin, at_ - begin));
  }

  bool group(Item& out) {
    out.group = text_[at_];
    const char open = out.group;
    const char close = open == '{' ? '}' : ']';
    const std::size_t begin = ++at_;
    bool in_text = false;
    int depth = 1;
    for (; at_ < text_.size(); ++at_) {
      if (text_[at_] == '"') in_text = !in_text;
      if (in_text) continue;
      if (text_[at_] == open) ++depth;
      if (text_[at_] == close && --depth == 0) break;
    }
    if (at_ == text_.size()) {
      error = std::string("no closing ") + close;
      return false;
    }
    out.value = text_.substr(begin, at_++ - begin);
    return true;
  }

  std::string quoted() {
    std::string out;
    if (at_ == text_.size() || text_[at_] != '"') return error = "a text in quotes is missing", out;
    for (++at_; at_ < text_.size() && text_[at_] != '"'; ++at_) {
      if (text_[at_] == '\\' && text_.substr(at_).size() > 4 && text_[at_ + 1] == 'x') {
        std::uint8_t byte = 0;
        std::from_chars(text_.data() + at_ + 2, text_.data() + at_ + 4, byte, 16);
        out += static_cast<char>(byte);
        at_ += 3;
      } else {
        out += text_[at_];
      }
    }
    if (at_ == text_.size()) return error = "a text without its closing quote", out;
    ++at_;
    if (at_ < text_.size() && text_[at_] == '*') {
      std::uint32_t times = 0;
      const auto end = std::from_chars(text_.data() + at_ + 1, text_.data() + text_.size(), times).ptr;
      at_ = static_cast<std::size_t>(end - text_.data());
      std::string many;
      for (; times > 0; --times) many += out;
      return many;
    }
    return out;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

struct Word {
  std::string_view name;
  Property id;
};
constexpr Word kProperties[] = {
    {"payload_format_indicator", Property::kPayloadFormatIndicator},
    {"message_expiry_interval", Property::kMessageExpiryInterval},
    {"content_type", Property::kContentType},
    {"response_topic", Property::kResponseTopic},
    {"correlation_data", Property::kCorrelationData},
    {"subscription_identifier", Property::kSubscriptionIdentifier},
    {"session_expiry_interval", Property::kSessionExpiryInterval},
    {"assigned_client_identifier", Property::kAssignedClientIdentifier},
    {"server_keep_alive", Property::kServerKeepAlive},
    {"authentication_method", Property::kAuthenticationMethod},
    {"authentication_data", Property::kAuthenticationData},
    {"request_problem_information", Property::kRequestProblemInformation},
    {"will_delay_interval", Property::kWillDelayInterval},
    {"request_response_information", Property::kRequestResponseInformation},
    {"response_information", Property::kResponseInformation},
    {"server_reference", Property::kServerReference},
    {"reason_string", Property::kReasonString},
    {"receive_maximum", Property::kReceiveMaximum},
    {"topic_alias_maximum", Property::kTopicAliasMaximum},
    {"topic_alias", Property::kTopicAlias},
    {"maximum_qos", Property::kMaximumQos},
    {"retain_available", Property::kRetainAvailable},
    {"user_property", Property::kUserProperty},
    {"maximum_packet_size", Property::kMaximumPacketSize},
    {"wildcard_subscription_available", Property::kWildcardSubscriptionAvailable},
    {"subscription_identifier_available", Property::kSubscriptionIdentifierAvailable},
    {"shared_subscription_available", Property::kSharedSubscriptionAvailable},
};

/// Reads one packet's items; texts live in here until it is encoded.
class PacketReader {
 public:
  bool read(std::string_view text, AnyView& out) {
    Reader reader(text);
    Item item;
    if (!reader.next(item)) return fail("no packet");
    type_ = item.key;
    if (!begin(out)) return false;
    while (reader.next(item))
      if (!take(item, out)) return false;
    return reader.failed() ? fail(reader.error) : true;
  }
  std::string error;

 private:
  bool fail(std::string what) {
    error = std::move(what);
    return false;
  }
  bool begin(AnyView& out) {
    const auto ack = [&](PacketType t) { return out.emplace<AckView>().type = t, true; };
    if (type_ == "CONNECT") return out.emplace<ConnectView>().clean_start = false, true;
    if (type_ == "CONNACK") return out.emplace<ConnackView>(), true;
    if (type_ == "PUBLISH") return out.emplace<PublishView>(), true;
    if (type_ == "PUBACK") return ack(PacketType::kPuback);
    if (type_ == "PUBREC") return ack(PacketType::kPubrec);
    if (type_ == "PUBREL") return ack(PacketType::kPubrel);
    if (type_ == "PUBCOMP") return ack(PacketType::kPubcomp);
    if (type_ == "SUBSCRIBE") return out.emplace<SubscribeView>(), true;
    if (type_ == "SUBACK") return out.emplace<SubackView>(), true;
    if (type_ == "UNSUBSCRIBE") return out.emplace<UnsubscribeView>(), true;
    if (type_ == "UNSUBACK") return out.emplace<UnsubackView>(), true;
    if (type_ == "PINGREQ") return out.emplace<PingView>(), true;
    if (type_ == "PINGRESP") return out.emplace<PingView>().type = PacketType::kPingresp, true;
    if (type_ == "DISCONNECT") return out.emplace<DisconnectView>(), true;
    if (type_ == "AUTH") return out.emplace<AuthView>(), true;
    return fail("no packet is called " + std::string(type_));
  }

  std::string_view keep(std::string text) { return texts_.emplace_back(std::move(text)); }

  template <class Number>
  bool number(std::string_view text, Number& out, int base = 10) {
    if (base == 10 && text.starts_with("0x")) return number(text.substr(2), out, 16);
    const auto result = std::from_chars(text.data(), text.data() + text.size(), out, base);
    if (result.ec == std::errc() && result.ptr == text.data() + text.size()) return true;
    return fail("not a number that fits: " + std::string(text));
  }

  bool reason(std::string_view text, ReasonCode& out) {
    std::uint8_t code = 0;
    if (!number(text, code)) return false;
    out = static_cast<ReasonCode>(code);
    return true;
  }

  bool properties(std::string_view text, Properties& out) {
    PropertyBuilder builder(sections_.emplace_back());
    Reader reader(text);
    for (Item item; reader.next(item);) {
      const Word* word = nullptr;
      for (const Word& w : kProperties)
        if (w.name == item.key) word = &w;
      if (word == nullptr) return fail("no property is called " + std::string(item.key));
      std::uint32_t n = 0;
      switch (property_type(static_cast<std::uint8_t>(word->id))) {
        case PropertyType::kByte:
          if (!number(item.value, n)) return false;
          builder.byte(word->id, static_cast<std::uint8_t>(n));
          break;
        case PropertyType::kTwoByte:
          if (!number(item.value, n)) return false;
          builder.two_byte(word->id, static_cast<std::uint16_t>(n));
          break;
        case PropertyType::kFourByte:
          if (!number(item.value, n)) return false;
          builder.four_byte(word->id, n);
          break;
        case PropertyType::kVariable:
          if (!number(item.value, n)) return false;
          builder.variable(word->id, n);
          break;
        case PropertyType::kStringPair: {
          const std::size_t middle = item.value.find('\0');
          if (middle == std::string::npos) return fail("user_property=\"name\":\"value\"");
          const std::string_view pair = item.value;
          builder.user_property(pair.substr(0, middle), pair.substr(middle + 1));
          break;
        }
        case PropertyType::kBinary:
          builder.binary(word->id, as_bytes(item.value));
          break;
        case PropertyType::kString:
        case PropertyType::kNone:
          builder.text(word->id, item.value);
          break;
      }
    }
    out = builder.view();
    return reader.failed() ? fail(reader.error) : true;
  }

  bool message(const Item& item, std::string_view& topic, std::uint8_t& qos, bool& retain, Bytes& payload,
               bool& known) {
    known = true;
    if (item.key == "topic") return topic = keep(item.value), true;
    if (item.key == "qos") return number(item.value, qos);
    if (item.key == "retain") return retain = true;
    if (item.key == "payload") return payload = as_bytes(keep(item.value)), true;
    known = false;
    return true;
  }

  bool will(std::string_view text, WillView& out) {
    Reader reader(text);
    for (Item item; reader.next(item);) {
      bool known = false;
      if (item.group == '[') {
        if (!properties(item.value, out.properties)) return false;
        continue;
      }
      if (!message(item, out.topic, out.qos, out.retain, out.payload, known)) return false;
      if (!known) return fail("a will has no " + std::string(item.key));
    }
    return reader.failed() ? fail(reader.error) : true;
  }

  bool filter(std::string_view text, bool with_options) {
    Reader reader(text);
    SubscriptionOptions options;
    std::string name, share;
    for (Item item; reader.next(item);) {
      if (item.key.empty()) {
        name = item.value;
      } else if (item.key == "share") {
        share = item.value;
      } else if (item.key == "qos" && with_options) {
        if (!number(item.value, options.qos)) return false;
      } else if (item.key == "no_local") {
        options.no_local = true;
      } else if (item.key == "retain_as_published") {
        options.retain_as_published = true;
      } else if (item.key == "retain_handling") {
        if (!number(item.value, options.retain_handling)) return false;
      } else if (item.key != "wildcard") {
        return fail("a filter has no " + std::string(item.key));
      }
    }
    if (reader.failed()) return fail(reader.error);
    if (!share.empty()) name = "$share/" + share + "/" + name;
    ++filters_;
    with_options ? append_subscription(name, options, list_) : append_filter(name, list_);
    return true;
  }

  bool take(const Item& item, AnyView& out) {
    return std::visit([&](auto& view) { return take_in(item, view); }, out);
  }
  bool unknown(const Item& item) {
    return fail(std::string(type_) + " has no " + (item.key.empty() ? item.value : std::string(item.key)));
  }

  bool take_in(const Item& item, PingView&) { return unknown(item); }
  bool take_in(const Item& item, ConnectView& v) {
    if (item.group == '[') return properties(item.value, v.properties);
    if (item.key == "clean_start") return v.clean_start = true;
    if (item.key == "keep_alive") return number(item.value, v.keep_alive);
    if (item.key == "client_id") return v.client_id = keep(item.value), true;
    if (item.key == "user_name") return v.user_name = keep(item.value), true;
    if (item.key == "password") return v.password = as_bytes(keep(item.value)), true;
    if (item.key == "will") return will(keep(item.value), v.will.emplace());
    std::uint8_t level = 0;
    if (item.key != "version") return unknown(item);
    if (!number(item.value, level)) return false;
    v.version = static_cast<Version>(level);
    return true;
  }
  bool take_in(const Item& item, ConnackView& v) {
    if (item.group == '[') return properties(item.value, v.properties);
    if (item.key == "session_present") return v.session_present = true;
    return reason(item.key, v.reason);
  }
  bool take_in(const Item& item, PublishView& v) {
    if (item.group == '[') return properties(item.value, v.properties);
    if (item.key == "dup") return v.dup = true;
    if (item.key == "id") return number(item.value, v.packet_id);
    bool known = false;
    if (!message(item, v.topic, v.qos, v.retain, v.payload, known)) return false;
    return known || unknown(item);
  }
  bool take_in(const Item& item, AckView& v) {
    if (item.group == '[') return properties(item.value, v.properties);
    if (item.key == "id") return number(item.value, v.packet_id);
    return reason(item.key, v.reason);
  }
  bool take_in(const Item& item, SubscribeView& v) {
    if (item.group == '[') return properties(item.value, v.properties);
    if (item.key == "id") return number(item.value, v.packet_id);
    if (item.group != '{' || !filter(item.value, true)) return error.empty() ? unknown(item) : false;
    v.subscriptions = {list_, filters_};
    return true;
  }
  bool take_in(const Item& item, UnsubscribeView& v) {
    if (item.group == '[') return properties(item.value, v.properties);
    if (item.key == "id") return number(item.value, v.packet_id);
    if (item.group != '{' || !filter(item.value, false)) return error.empty() ? unknown(item) : false;
    v.filters = {list_, filters_};
    return true;
  }
  template <class Reply>
  bool reply(const Item& item, Reply& v) {
    if (item.group == '[') return properties(item.value, v.properties);
    if (item.key == "id") return number(item.value, v.packet_id);
    std::uint8_t code = 0;
    if (!number(item.key, code)) return false;
    list_.push_back(code);
    v.reason_codes = list_;
    return true;
  }
  bool take_in(const Item& item, SubackView& v) { return reply(item, v); }
  bool take_in(const Item& item, UnsubackView& v) { return reply(item, v); }
  bool take_in(const Item& item, DisconnectView& v) {
    return item.group == '[' ? properties(item.value, v.properties) : reason(item.key, v.reason);
  }
  bool take_in(const Item& item, AuthView& v) {
    return item.group == '[' ? properties(item.value, v.properties) : reason(item.key, v.reason);
  }

  std::string_view type_;
  std::deque<std::string> texts_;
  std::deque<Buffer> sections_;
  Buffer list_;
  std::uint32_t filters_ = 0;
};

}  // namespace

bool packet_from_text(Version version, std::string_view text, Buffer& out, std::string& error) {
  PacketReader reader;
  AnyView view;
  if (!reader.read(text, view)) {
    error = reader.error;
    return false;
  }
  encode_any(version, view, out);
  return true;
}

}  // namespace orrery::mqtt
