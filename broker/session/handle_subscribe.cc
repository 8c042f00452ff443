// SPDX-License-Identifier: Apache-2.0
// SUBSCRIBE (MQTT 5, 3.8). Granted at once in the shard's index; SUBACK when the routes are in force (ARCHITECTURE.md,
// SUBSCRIBE), and after it the retained messages.
#include <algorithm>

#include "broker/mqtt/decode.h"
#include "broker/mqtt/encode.h"
#include "broker/session/route_rows.h"
#include "broker/session/sessions.h"
#include "broker/session/subscription_byte.h"

namespace orrery::session {

using mqtt::ReasonCode;
using mqtt::Version;

void Sessions::handle_subscribe(Nanos now, LinkId link, const mqtt::RawPacket& packet) {
  Connection& c = connections_[link];
  mqtt::SubscribeView subscribe;
  const mqtt::DecodeResult result = mqtt::decode_subscribe(c.version, packet.flags(), packet.body, subscribe);
  if (!result.ok()) return protocol_error(now, link, result);
  effects_.work(Work::kMqttSubscribe, subscribe.subscriptions.size());
  const std::uint32_t identifier = subscribe.properties.subscription_identifier().value_or(0);
  if (c.version == Version::k5)
    if (const ReasonCode off = switched_off(subscribe, identifier); off != ReasonCode::kSuccess)
      return protocol_error(now, link, {off, "CONNACK said that this is not available"});

  const std::uint32_t slot = c.session;
  const std::uint32_t token = subscribes_.emplace(heap_);
  PendingSubscribe& pending = subscribes_[token];
  pending.session = slot;
  pending.epoch = store_[slot].epoch();
  pending.link = link;
  pending.connection = c.request;
  pending.packet_id = subscribe.packet_id;
  added_.clear();
  retained_wanted_.clear();
  for (const mqtt::Subscription& subscription : subscribe.subscriptions) {
    const ReasonCode code = subscribe_one(slot, c.principal.get(), subscription, identifier, pending);
    pending.reason_codes.push_back(static_cast<std::uint8_t>(code));
  }
  const std::vector<std::string_view> added(added_.begin(), added_.end());
  const std::vector<std::string_view> retained(retained_wanted_.begin(), retained_wanted_.end());
  RouteRequest request;
  request.token = token + 1;
  request.added = added;
  request.retained_wanted = retained;
  host_.change_routes(now, request);
}

/// The code of a capability that the packet needs and that is off: in MQTT 5 an error of the whole packet (3.2.2.3.11
/// to 13).
ReasonCode Sessions::switched_off(const mqtt::SubscribeView& subscribe, std::uint32_t identifier) const {
  if (identifier != 0 && !options_.subscription_identifiers) return ReasonCode::kSubscriptionIdentifiersNotSupported;
  for (const mqtt::Subscription& subscription : subscribe.subscriptions) {
    if (subscription.topic.wildcard && !options_.wildcard_subscription)
      return ReasonCode::kWildcardSubscriptionsNotSupported;
    if (subscription.topic.shared() && !options_.shared_subscription)
      return ReasonCode::kSharedSubscriptionsNotSupported;
  }
  return ReasonCode::kSuccess;
}

ReasonCode Sessions::subscribe_one(std::uint32_t slot, const Principal* principal,
                                   const mqtt::Subscription& subscription, std::uint32_t identifier,
                                   PendingSubscribe& pending) {
  const mqtt::TopicFilter& topic = subscription.topic;
  if (topic.wildcard && !options_.wildcard_subscription) return ReasonCode::kWildcardSubscriptionsNotSupported;
  if (topic.shared() && !options_.shared_subscription) return ReasonCode::kSharedSubscriptionsNotSupported;
  if (principal != nullptr && !principal->may_subscribe(topic.filter)) {
    counters_.add(Counter::kNotAuthorized);
    return ReasonCode::kNotAuthorized;
  }
  const std::uint8_t qos = std::min(subscription.options.qos, options_.max_qos);
  const std::uint32_t filter_id = store_.index().find(topic.full);
  const bool known = filter_id != routing::kNoFilter && store_.index().subscriber(filter_id, slot) != nullptr;
  if (!known && store_[slot].subscriptions().size() >= options_.max_subscriptions) return ReasonCode::kQuotaExceeded;

  mqtt::SubscriptionOptions granted = subscription.options;
  granted.qos = qos;
  const auto added = store_.subscribe(slot, topic.full, subscription_byte(granted), identifier);
  if (added.filter_id == routing::kNoFilter) return ReasonCode::kQuotaExceeded;
  if (!added.replaced) append_row(added_, topic.full, added.members);
  // Retained messages go to new subscriptions, or also to renewed ones, or never (3.8.3.1); not to shared ones (4.8.2).
  const std::uint8_t handling = subscription.options.retain_handling;
  if (!topic.shared() && (handling == 0 || (handling == 1 && !added.replaced))) {
    retained_wanted_.emplace_back(topic.filter);
    pending.retained.push_back({qos, identifier, subscription.options.no_local});
  }
  return static_cast<ReasonCode>(qos);
}

void Sessions::routes_in_force(Nanos now, std::uint32_t token) {
  const PendingSubscribe& pending = subscribes_[token - 1];
  if (pending.handover) {
    const std::uint32_t slot = pending.session;
    if (!store_.contains(slot) || store_[slot].epoch() != pending.epoch || store_[slot].ghost())
      return refuse_claim(pending.claim, ReasonCode::kServerBusy, "the client identifier connected again meanwhile");
    host_.fetch_rest(now, pending.former, store_[slot].client_id(), pending.epoch);
    return finish_connect(now, pending.claim, slot);
  }
  const LinkId link = pending.link;
  if (!connections_.contains(link) || connections_[link].request != pending.connection ||
      connections_[link].state != Connection::State::kOpen)
    return;
  mqtt::SubackView suback;
  suback.packet_id = pending.packet_id;
  suback.reason_codes = pending.reason_codes;
  mqtt::encode_suback(connections_[link].version, suback, connections_.begin_packet());
  connections_.end_packet(link);
}

void Sessions::retained(Nanos now, std::uint32_t token, std::uint32_t position, const MessageView& message) {
  const PendingSubscribe& pending = subscribes_[token - 1];
  if (position >= pending.retained.size()) return;
  const std::uint32_t slot = pending.session;
  if (!store_.contains(slot) || store_[slot].epoch() != pending.epoch || store_[slot].ghost()) return;
  if (message.expired(now)) return;
  const PendingSubscribe::Retained& wanted = pending.retained[position];
  if (wanted.no_local && message.publisher == publisher_hash(store_[slot].client_id())) return;  // [MQTT-3.8.3-3]
  Message* kept = nullptr;
  deliveries_.deliver_to(now, slot, message, kept, std::min(message.qos, wanted.qos), true,
                         {&wanted.identifier, wanted.identifier != 0 ? 1u : 0u});
  if (kept != nullptr) Message::release(heap_, kept);
}

void Sessions::subscribed(std::uint32_t token) { subscribes_.erase(token - 1); }

}  // namespace orrery::session
