// SPDX-License-Identifier: Apache-2.0
// Who a client is: the gate's answer to CONNECT, and enhanced authentication (MQTT 5, 4.12) by AUTH (3.15), when
// connecting and again later. Without a gate everybody comes in.
#include <algorithm>

#include "base/hash.h"
#include "broker/mqtt/decode.h"
#include "broker/mqtt/encode.h"
#include "broker/session/sessions.h"

namespace orrery::session {

using mqtt::Property;
using mqtt::ReasonCode;

void Sessions::authenticate(Nanos now, LinkId link, const mqtt::ConnectView& connect) {
  Connection& c = connections_[link];
  const std::string_view client_id = connections_.find_claim(c.request)->client_id;
  const Gate* const gate = options_.gate.get();
  if (const auto method = connect.properties.authentication_method()) {
    std::unique_ptr<Exchange> exchange;
    if (gate != nullptr) exchange = gate->begin(*method, client_id, rng_.next());
    if (exchange == nullptr)
      return refuse_claim(c.request, ReasonCode::kBadAuthenticationMethod, "no such authentication method");
    connections_.authenticating(
        link, std::make_unique<Authentication>(Authentication{std::string(*method), std::move(exchange)}));
    return step_exchange(now, link, connect.properties.authentication_data().value_or(Bytes{}));
  }
  if (gate != nullptr) {
    Verdict verdict = gate->admit({client_id, connect.user_name, connect.password});
    if (verdict.reason != ReasonCode::kSuccess) return refuse_claim(c.request, verdict.reason, verdict.what);
    c.principal = std::move(verdict.principal);
  }
  admitted(now, link);
}

/// The client is who it says: its client id is claimed.
void Sessions::admitted(Nanos now, LinkId link) {
  Connection& c = connections_[link];
  PendingConnect& pending = *connections_.find_claim(c.request);
  if (pending.will.message != nullptr && mqtt::is_sys_topic(pending.will.message->view().topic))
    return refuse_claim(c.request, ReasonCode::kNotAuthorized, "clients do not publish to $SYS");
  if (c.principal != nullptr) {
    if (pending.will.message != nullptr && !c.principal->may_publish(pending.will.message->view().topic))
      return refuse_claim(c.request, ReasonCode::kNotAuthorized, "not allowed to publish the will");
    pending.user = user_hash(c.principal->user_name());
  }
  if (c.packet_size_max != UINT32_MAX && mqtt::connack_size(c.version, connack_for(link, pending)) > c.packet_size_max)
    return refuse_claim(c.request, ReasonCode::kPacketTooLarge, "the client takes no CONNACK of the needed size");
  connections_.claiming(link);
  host_.claim(now, {pending.request, pending.clean_start, pending.client_id});
}

void Sessions::step_exchange(Nanos now, LinkId link, Bytes data) {
  Connection& c = connections_[link];
  const bool connecting = c.state == Connection::State::kAuthenticating;
  authentication_data_.clear();
  Verdict verdict = c.authentication->exchange->step(data, authentication_data_);
  if (verdict.reason == ReasonCode::kContinueAuthentication) {
    if (connecting) {  // the next step has to come in its own time
      const Nanos limit = c.keep_alive == 0 ? kNever : keep_alive_limit(c.keep_alive);
      connections_.arm(link, now + std::min(options_.connect_timeout, limit));
    }
    return send_auth(now, link, verdict.reason);
  }
  c.authentication->exchange.reset();
  // Another user may not go on with this one's session.
  if (verdict.reason == ReasonCode::kSuccess && !connecting &&
      verdict.principal->user_name() != c.principal->user_name())
    verdict = {ReasonCode::kNotAuthorized, "re-authentication as another user", nullptr};
  if (verdict.reason != ReasonCode::kSuccess) {
    counters_.add(Counter::kNotAuthorized);
    if (connecting) return refuse_claim(c.request, verdict.reason, verdict.what);
    return disconnect(now, link, verdict.reason, verdict.what, LinkEnd::kNormal);
  }
  c.principal = std::move(verdict.principal);
  if (!connecting) return send_auth(now, link, ReasonCode::kSuccess);
  connections_.find_claim(c.request)->authentication_data.assign(authentication_data_.begin(),
                                                                 authentication_data_.end());
  admitted(now, link);
}

void Sessions::send_auth(Nanos now, LinkId link, ReasonCode reason) {
  mqtt::AuthView auth;
  auth.reason = reason;
  mqtt::PropertyBuilder properties(section_);
  properties.text(Property::kAuthenticationMethod, connections_[link].authentication->method);
  if (!authentication_data_.empty()) properties.binary(Property::kAuthenticationData, authentication_data_);
  auth.properties = properties.view();
  if (mqtt::auth_size(auth) > connections_[link].packet_size_max)
    return disconnect(now, link, ReasonCode::kPacketTooLarge, "the client takes no AUTH of the needed size",
                      LinkEnd::kNormal);
  mqtt::encode_auth(auth, connections_.begin_packet());
  connections_.end_packet(link);
}

void Sessions::handle_auth(Nanos now, LinkId link, const mqtt::RawPacket& packet) {
  effects_.work(Work::kMqttOther, 1);
  Connection& c = connections_[link];
  mqtt::AuthView view;
  const mqtt::DecodeResult result =
      mqtt::decode_auth(c.version, mqtt::Sender::kClient, packet.flags(), packet.body, view);
  if (!result.ok()) return protocol_error(now, link, result);
  if (c.authentication == nullptr)
    return protocol_error(now, link, mqtt::protocol_error("AUTH without an authentication method in CONNECT (4.12)"));
  if (view.properties.authentication_method() != c.authentication->method)
    return protocol_error(now, link, mqtt::protocol_error("AUTH with another method than CONNECT [MQTT-4.12.0-5]"));
  const bool going_on = c.authentication->exchange != nullptr;
  if (going_on != (view.reason == ReasonCode::kContinueAuthentication))
    return protocol_error(
        now, link,
        mqtt::protocol_error(going_on ? "AUTH does not continue what was begun" : "AUTH continues what was not begun"));
  if (!going_on) {
    const std::string_view client_id = store_[c.session].client_id();
    c.authentication->exchange = options_.gate->begin(c.authentication->method, client_id, rng_.next());
  }
  step_exchange(now, link, view.properties.authentication_data().value_or(Bytes{}));
}

/// Of a session's user, the same on every node; 0 for none.
std::uint64_t Sessions::user_hash(std::string_view user_name) {
  return user_name.empty() ? 0 : hash_text(user_name, 1) | 1;
}

}  // namespace orrery::session
