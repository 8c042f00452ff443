// SPDX-License-Identifier: Apache-2.0
// The rules with history. Statement numbers stand beside each; where a resumed session hides history, the rule rests.
#include "conformance/cases/observer.h"

#include <algorithm>

namespace orrery::conformance {
namespace {

bool has_code(const Packet& p) { return p.code >= 0x80; }

std::vector<std::string> levels(std::string_view text) {
  std::vector<std::string> out(1);
  for (const char c : text) {
    if (c == '/')
      out.emplace_back();
    else
      out.back() += c;
  }
  return out;
}

}  // namespace

bool topic_matches(std::string_view filter, std::string_view topic) {
  if (filter.rfind("$share/", 0) == 0) {
    const std::size_t group_end = filter.find('/', 7);
    if (group_end == std::string_view::npos) return false;
    filter.remove_prefix(group_end + 1);
  }
  if (topic.rfind('$', 0) == 0 && (filter.rfind('+', 0) == 0 || filter.rfind('#', 0) == 0)) return false;
  const std::vector<std::string> f = levels(filter);
  const std::vector<std::string> t = levels(topic);
  for (std::size_t i = 0; i < f.size(); ++i) {
    if (f[i] == "#") return true;
    if (i >= t.size() || (f[i] != "+" && f[i] != t[i])) return false;
  }
  return f.size() == t.size();
}

void Observer::sent(const Packet& p) {
  switch (p.type) {
    case Type::kConnect:
      if (phase_ == Phase::kNew && p.connect) {
        connect_ = *p.connect;
        connect_properties_ = p.properties;
      }
      break;
    case Type::kPublish:
      if (p.qos == 1) waiting_[Type::kPuback].insert(p.id);
      if (p.qos == 2) waiting_[Type::kPubrec].insert(p.id);
      break;
    case Type::kPubrel:
      waiting_[Type::kPubcomp].insert(p.id);
      break;
    case Type::kPuback:
    case Type::kPubcomp:
      in_flight_.erase(p.id);
      break;
    case Type::kPubrec:
      if (has_code(p))
        in_flight_.erase(p.id);
      else if (in_flight_.count(p.id) != 0)
        in_flight_[p.id] = Stage::kReceived;
      break;
    case Type::kSubscribe:
      waiting_[Type::kSuback].insert(p.id);
      asked_[p.id] = p.filters;
      for (const Filter& f : p.filters) filters_[f.filter].qos = std::max(filters_[f.filter].qos, f.options & 3);
      for (const Property& x : p.properties)
        if (x.id == static_cast<std::uint32_t>(PropertyId::kSubscriptionId)) subscription_ids_.insert(x.number);
      break;
    case Type::kUnsubscribe:
      waiting_[Type::kUnsuback].insert(p.id);
      asked_[p.id] = p.filters;
      break;
    case Type::kPingreq:
      ++pings_;
      break;
    case Type::kAuth:
      if (phase_ == Phase::kConnected && p.code == 0x19) authenticating_again_ = true;
      break;
    default:
      break;
  }
}

void Observer::received(const Packet& p, std::vector<Violation>& out) {
  check_phase(p, out);
  check_limits(p, out);
  switch (p.type) {
    case Type::kConnack:
      return connack(p, out);
    case Type::kPublish:
      return publish(p, out);
    case Type::kPuback:
    case Type::kPubrec:
    case Type::kPubcomp:
      return acknowledged(p, out);
    case Type::kPubrel: {
      const auto it = in_flight_.find(p.id);
      if (it != in_flight_.end() && it->second != Stage::kPublished1)
        it->second = Stage::kReleased;
      else if (!resumed_)
        violate(out, "MQTT-4.3.3-1", "MQTT-4.3.3-4", "PUBREL for an identifier that is not in a QoS 2 delivery");
      return;
    }
    case Type::kSuback:
    case Type::kUnsuback:
      return suback(p, out);
    case Type::kPingresp:
      if (--pings_ < 0) violate(out, "X-pingresp-unasked", "X-pingresp-unasked", "PINGRESP without a PINGREQ");
      return;
    case Type::kDisconnect:
      phase_ = Phase::kDisconnected;
      return;
    case Type::kAuth:
      return auth(p, out);
    default:
      return;
  }
}

void Observer::check_phase(const Packet& p, std::vector<Violation>& out) {
  const std::string name = type_name(p.type);
  if (phase_ == Phase::kNew && p.type == Type::kDisconnect)
    violate(out, "MQTT-3.2.0-1", "MQTT-3.14.0-1", "DISCONNECT before a successful CONNACK");
  else if (phase_ == Phase::kNew && p.type != Type::kConnack && p.type != Type::kAuth)
    violate(out, "MQTT-3.2.0-1", "MQTT-3.2.0-1", name + " before CONNACK");
  else if (phase_ == Phase::kConnected && p.type == Type::kConnack)
    violate(out, "X-connack-twice", "MQTT-3.2.0-2", "a second CONNACK");
  else if (phase_ == Phase::kRefused)
    violate(out, "MQTT-3.2.2-5", "MQTT-3.2.2-7", name + " after a CONNACK that refused");
  else if (phase_ == Phase::kDisconnected)
    violate(out, "", "MQTT-3.14.4-1", name + " after the server's DISCONNECT");
}

void Observer::check_limits(const Packet& p, std::vector<Violation>& out) const {
  if (version_ != Version::k5) return;
  const std::uint32_t largest = number_of(connect_properties_, PropertyId::kMaximumPacketSize, UINT32_MAX);
  if (largest != 0 && p.size > largest)
    violate(out, "", "MQTT-3.1.2-24",
            std::string(type_name(p.type)) + " of " + std::to_string(p.size) +
                " bytes is larger than the client's Maximum Packet Size " + std::to_string(largest));
  const bool always = p.type == Type::kPublish || p.type == Type::kConnack || p.type == Type::kDisconnect;
  if (!always && number_of(connect_properties_, PropertyId::kRequestProblemInfo, 1) == 0 &&
      (find(p.properties, PropertyId::kReasonString) != nullptr || !user_properties(p.properties).empty()))
    violate(out, "", "MQTT-3.1.2-29",
            std::string(type_name(p.type)) + " carries problem information that was not asked for");
}

void Observer::connack(const Packet& p, std::vector<Violation>& out) {
  if (phase_ == Phase::kNew) phase_ = p.code == 0 ? Phase::kConnected : Phase::kRefused;
  resumed_ = p.session_present;
  if (p.session_present && connect_.clean)
    violate(out, "MQTT-3.2.2-1", "MQTT-3.2.2-2", "session present although the client asked for a clean one");
  const Property* asked = find(connect_properties_, PropertyId::kAuthMethod);
  const Property* method = find(p.properties, PropertyId::kAuthMethod);
  if (asked == nullptr && method != nullptr)
    violate(out, "", "MQTT-4.12.0-6", "CONNACK names an authentication method and CONNECT did not");
  if (asked != nullptr && p.code == 0 && (method == nullptr || method->text != asked->text))
    violate(out, "", "MQTT-4.12.0-5", "CONNACK accepts without the authentication method of CONNECT");
  if (number_of(connect_properties_, PropertyId::kRequestResponseInfo, 0) == 0 &&
      find(p.properties, PropertyId::kResponseInfo) != nullptr)
    violate(out, "", "MQTT-3.1.2-28", "Response Information that was not asked for");
  const bool assigned = find(p.properties, PropertyId::kAssignedClientId) != nullptr;
  if (version_ == Version::k5 && p.code == 0 && connect_.client_id.empty() && !assigned)
    violate(out, "", "MQTT-3.2.2-16", "the server accepts an empty client identifier and assigns none");
  if (assigned && !connect_.client_id.empty())
    violate(out, "", "X-assigned-unasked", "a client identifier is assigned although the client gave one");
}

void Observer::auth(const Packet& p, std::vector<Violation>& out) {
  const Property* asked = find(connect_properties_, PropertyId::kAuthMethod);
  if (asked == nullptr)
    return violate(out, "", "MQTT-4.12.0-6", "AUTH although CONNECT named no authentication method");
  const Property* method = find(p.properties, PropertyId::kAuthMethod);
  if (method == nullptr || method->text != asked->text)
    violate(out, "", "MQTT-4.12.0-5", "AUTH without the authentication method of CONNECT");
  if (phase_ == Phase::kNew && p.code != 0x18)
    violate(out, "", "MQTT-4.12.0-2",
            "AUTH before CONNACK has " + code_name(version_, Type::kAuth, p.code) + ", not 0x18");
  if (phase_ == Phase::kConnected && !authenticating_again_)
    violate(out, "", "X-auth-unbegun", "AUTH although the client has not begun to authenticate again");
  if (p.code == 0) authenticating_again_ = false;
}

void Observer::publish(const Packet& p, std::vector<Violation>& out) {
  check_alias(p, out);
  check_subscription(p, out);
  if (p.qos == 0) return;
  const auto it = in_flight_.find(p.id);
  if (it == in_flight_.end()) {
    if (p.dup && !resumed_)
      violate(out, "MQTT-3.3.1-3", "MQTT-3.3.1-3", "DUP is set on a message that was never sent to this client");
    in_flight_[p.id] = p.qos == 1 ? Stage::kPublished1 : Stage::kPublished2;
  } else if (!p.dup) {
    violate(out, "MQTT-2.3.1-4", "MQTT-2.2.1-4", "packet identifier " + std::to_string(p.id) + " is still in use");
  } else if (it->second == Stage::kReleased) {
    violate(out, "MQTT-4.3.3-1", "MQTT-4.3.3-6", "PUBLISH is sent again after its PUBREL");
  } else if (version_ == Version::k5) {
    violate(out, "", "MQTT-4.4.0-1", "PUBLISH is sent again on the same connection");
  }
  const std::uint32_t window = number_of(connect_properties_, PropertyId::kReceiveMaximum, 65535);
  if (version_ == Version::k5 && in_flight_.size() > window)
    violate(out, "", "MQTT-3.3.4-9",
            std::to_string(in_flight_.size()) + " PUBLISH packets wait for acknowledgement, the window is " +
                std::to_string(window));
}

void Observer::check_alias(const Packet& p, std::vector<Violation>& out) {
  const Property* alias = find(p.properties, PropertyId::kTopicAlias);
  if (alias == nullptr) return;
  const std::uint32_t most = number_of(connect_properties_, PropertyId::kTopicAliasMaximum, 0);
  if (most == 0)
    violate(out, "", "MQTT-3.1.2-27", "a topic alias although the client allows none");
  else if (alias->number > most)
    violate(out, "", "MQTT-3.1.2-26",
            "topic alias " + std::to_string(alias->number) + " is above the client's " + std::to_string(most));
  if (!p.topic.empty())
    aliases_[alias->number] = p.topic;
  else if (aliases_.count(alias->number) == 0)
    violate(out, "", "MQTT-3.3.2-7",
            "topic alias " + std::to_string(alias->number) + " has no topic on this connection");
}

std::string Observer::topic_of(const Packet& p) const {
  const auto it = aliases_.find(number_of(p.properties, PropertyId::kTopicAlias, 0));
  return p.topic.empty() && it != aliases_.end() ? it->second : p.topic;
}

void Observer::check_subscription(const Packet& p, std::vector<Violation>& out) const {
  if (resumed_) return;
  const std::string topic = topic_of(p);
  bool matched = false;
  unsigned qos = 0;
  for (const auto& [filter, wanted] : filters_) {
    if (!topic_matches(filter, topic)) continue;
    matched = true;
    qos = std::max(qos, wanted.qos);
  }
  if (!matched)
    violate(out, "MQTT-3.3.2-3", "MQTT-3.3.2-3", "\"" + printable(topic) + "\" matches no subscription of this client");
  else if (p.qos > qos)
    violate(out, "MQTT-3.8.4-6", "MQTT-3.8.4-8",
            "delivered at QoS " + std::to_string(p.qos) + ", subscribed at most at " + std::to_string(qos));
  for (const Property& x : p.properties)
    if (x.id == static_cast<std::uint32_t>(PropertyId::kSubscriptionId) && subscription_ids_.count(x.number) == 0)
      violate(out, "", "MQTT-3.3.4-3",
              "subscription identifier " + std::to_string(x.number) + " was never given by this client");
}

void Observer::acknowledged(const Packet& p, std::vector<Violation>& out) {
  auto& ids = waiting_[p.type];
  const auto it = ids.find(p.id);
  if (it == ids.end()) {
    if (!resumed_)
      violate(out, "MQTT-2.3.1-6", "MQTT-2.2.1-5",
              std::string(type_name(p.type)) + " for identifier " + std::to_string(p.id) + ", which waits for none");
    return;
  }
  ids.erase(it);
}

void Observer::suback(const Packet& p, std::vector<Violation>& out) {
  auto& ids = waiting_[p.type];
  const auto it = ids.find(p.id);
  if (it == ids.end())
    return violate(
        out, "MQTT-2.3.1-7", "MQTT-2.2.1-6",
        std::string(type_name(p.type)) + " for identifier " + std::to_string(p.id) + ", which waits for none");
  ids.erase(it);
  const std::size_t filters = asked_[p.id].size();
  const bool has_codes = p.type == Type::kSuback || version_ == Version::k5;
  if (has_codes && p.codes.size() != filters)
    violate(out, "MQTT-3.8.4-5", p.type == Type::kSuback ? "MQTT-3.8.4-6" : "MQTT-3.11.3-1",
            std::string(type_name(p.type)) + " has " + std::to_string(p.codes.size()) + " codes for " +
                std::to_string(filters) + " filters");
}

}  // namespace orrery::conformance
