// SPDX-License-Identifier: Apache-2.0
#include "broker/mqtt/packet_compare.h"

#include <algorithm>

namespace orrery::mqtt {
namespace {

bool same(Bytes a, Bytes b) { return std::equal(a.begin(), a.end(), b.begin(), b.end()); }
bool same(const Properties& a, const Properties& b) { return same(a.raw(), b.raw()); }

bool same(const WillView& a, const WillView& b) {
  return a.topic == b.topic && same(a.payload, b.payload) && a.qos == b.qos && a.retain == b.retain &&
         same(a.properties, b.properties);
}

template <class T>
bool same(const std::optional<T>& a, const std::optional<T>& b) {
  if (a.has_value() != b.has_value()) return false;
  return !a || same(*a, *b);
}

template <class Reply>
bool same_reply(const Reply& a, const Reply& b) {
  return a.packet_id == b.packet_id && same(a.properties, b.properties) && same(a.reason_codes, b.reason_codes);
}

}  // namespace

bool same(const ConnectView& a, const ConnectView& b) {
  return a.version == b.version && a.clean_start == b.clean_start && a.keep_alive == b.keep_alive &&
         a.client_id == b.client_id && same(a.will, b.will) && a.user_name == b.user_name &&
         same(a.password, b.password) && same(a.properties, b.properties);
}

bool same(const ConnackView& a, const ConnackView& b) {
  return a.session_present == b.session_present && a.reason == b.reason && same(a.properties, b.properties);
}

bool same(const PublishView& a, const PublishView& b) {
  return a.dup == b.dup && a.qos == b.qos && a.retain == b.retain && a.topic == b.topic && a.packet_id == b.packet_id &&
         same(a.properties, b.properties) && same(a.payload, b.payload);
}

bool same(const AckView& a, const AckView& b) {
  return a.type == b.type && a.packet_id == b.packet_id && a.reason == b.reason && same(a.properties, b.properties);
}

bool same(const SubscribeView& a, const SubscribeView& b) {
  return a.packet_id == b.packet_id && same(a.properties, b.properties) &&
         a.subscriptions.size() == b.subscriptions.size() && same(a.subscriptions.raw(), b.subscriptions.raw());
}

bool same(const SubackView& a, const SubackView& b) { return same_reply(a, b); }

bool same(const UnsubscribeView& a, const UnsubscribeView& b) {
  return a.packet_id == b.packet_id && same(a.properties, b.properties) && a.filters.size() == b.filters.size() &&
         same(a.filters.raw(), b.filters.raw());
}

bool same(const UnsubackView& a, const UnsubackView& b) { return same_reply(a, b); }

bool same(const DisconnectView& a, const DisconnectView& b) {
  return a.reason == b.reason && same(a.properties, b.properties);
}

bool same(const AuthView& a, const AuthView& b) { return a.reason == b.reason && same(a.properties, b.properties); }

}  // namespace orrery::mqtt
