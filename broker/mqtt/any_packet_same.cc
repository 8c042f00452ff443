// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "broker/mqtt/any_packet.h"

namespace orrery::mqtt {
namespace {

bool equal(Bytes a, Bytes b) { return std::equal(a.begin(), a.end(), b.begin(), b.end()); }
bool equal(const Properties& a, const Properties& b) { return equal(a.raw(), b.raw()); }

bool equal(const WillView& a, const WillView& b) {
  return a.topic == b.topic && equal(a.payload, b.payload) && a.qos == b.qos && a.retain == b.retain &&
         equal(a.properties, b.properties);
}

template <class T>
bool equal(const std::optional<T>& a, const std::optional<T>& b) {
  if (a.has_value() != b.has_value()) return false;
  return !a || equal(*a, *b);
}

bool equal(const PingView& a, const PingView& b) { return a.type == b.type; }

bool equal(const ConnectView& a, const ConnectView& b) {
  return a.version == b.version && a.clean_start == b.clean_start && a.keep_alive == b.keep_alive &&
         a.client_id == b.client_id && equal(a.will, b.will) && a.user_name == b.user_name &&
         equal(a.password, b.password) && equal(a.properties, b.properties);
}

bool equal(const ConnackView& a, const ConnackView& b) {
  return a.session_present == b.session_present && a.reason == b.reason && equal(a.properties, b.properties);
}

bool equal(const PublishView& a, const PublishView& b) {
  return a.dup == b.dup && a.qos == b.qos && a.retain == b.retain && a.topic == b.topic && a.packet_id == b.packet_id &&
         equal(a.properties, b.properties) && equal(a.payload, b.payload);
}

bool equal(const AckView& a, const AckView& b) {
  return a.type == b.type && a.packet_id == b.packet_id && a.reason == b.reason && equal(a.properties, b.properties);
}

bool equal(const SubscribeView& a, const SubscribeView& b) {
  return a.packet_id == b.packet_id && equal(a.properties, b.properties) &&
         a.subscriptions.size() == b.subscriptions.size() && equal(a.subscriptions.raw(), b.subscriptions.raw());
}

bool equal(const UnsubscribeView& a, const UnsubscribeView& b) {
  return a.packet_id == b.packet_id && equal(a.properties, b.properties) && a.filters.size() == b.filters.size() &&
         equal(a.filters.raw(), b.filters.raw());
}

template <class Reply>
bool equal_reply(const Reply& a, const Reply& b) {
  return a.packet_id == b.packet_id && equal(a.properties, b.properties) && equal(a.reason_codes, b.reason_codes);
}
bool equal(const SubackView& a, const SubackView& b) { return equal_reply(a, b); }
bool equal(const UnsubackView& a, const UnsubackView& b) { return equal_reply(a, b); }

bool equal(const DisconnectView& a, const DisconnectView& b) {
  return a.reason == b.reason && equal(a.properties, b.properties);
}
bool equal(const AuthView& a, const AuthView& b) { return a.reason == b.reason && equal(a.properties, b.properties); }

}  // namespace

bool same(const AnyView& a, const AnyView& b) {
  if (a.index() != b.index()) return false;
  return std::visit(
      [&](const auto& view) {
        using View = std::decay_t<decltype(view)>;
        return equal(view, std::get<View>(b));
      },
      a);
}

}  // namespace orrery::mqtt
