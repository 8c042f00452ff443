// SPDX-License-Identifier: Apache-2.0
// CONNECT (MQTT 5, 3.1.4): checked and its client id claimed; when the registrar has granted it, answered with CONNACK.
#include <algorithm>

#include "broker/mqtt/decode.h"
#include "broker/mqtt/encode.h"
#include "broker/session/sessions.h"

namespace orrery::session {

/// MQTT 3.1, 3.1: "between 1 and 23 characters", or return code 2.
constexpr std::size_t kClientId31Max = 23;

using mqtt::Property;
using mqtt::ReasonCode;
using mqtt::Version;

void Sessions::handle_connect(Nanos now, LinkId link, const mqtt::RawPacket& packet) {
  effects_.work(Work::kMqttConnect, 1);
  Connection& c = at(link);
  if (c.state != Connection::State::kAwaitConnect)
    return protocol_error(now, link, mqtt::protocol_error("a second CONNECT [MQTT-3.1.0-2]"));
  mqtt::ConnectView connect;
  const mqtt::DecodeResult result = mqtt::decode_connect(packet.flags(), packet.body, connect);
  c.version = connect.version;
  if (!result.ok()) {
    // Before version 5 only a return code of 3.1.1's table may be sent; other errors just close (3.1.4).
    const bool answer =
        connect.known_protocol && (connect.version == Version::k5 || mqtt::connack_return_code(result.reason) <= 2);
    if (answer) return refuse_connect(link, connect.version, result.reason, result.what);
    counters_.add(Counter::kConnectsRefused);
    return protocol_error(now, link, result);
  }
  take_connect(now, link, connect);
}

void Sessions::take_connect(Nanos now, LinkId link, const mqtt::ConnectView& connect) {
  const Version version = connect.version;
  Connection& c = at(link);
  c.packet_size_max = connect.properties.maximum_packet_size().value_or(UINT32_MAX);
  if (!options_.server_reference.empty())
    return refuse_connect(link, version, ReasonCode::kUseAnotherServer, "this server takes no clients for now");
  if (version == Version::k31 && connect.client_id.size() > kClientId31Max)
    return refuse_connect(link, version, ReasonCode::kClientIdentifierNotValid, "longer than MQTT 3.1 allows");
  if (connect.will && connect.will->qos > options_.max_qos)
    return refuse_connect(link, version, ReasonCode::kQosNotSupported, "the will's QoS is above Maximum QoS");
  if (connect.will && connect.will->retain && !options_.retain_available)
    return refuse_connect(link, version, ReasonCode::kRetainNotSupported,
                          "the will is retained and retain is not available");

  const std::uint32_t slot = claims_.emplace();
  PendingConnect& pending = claims_[slot];
  pending.link = link;
  pending.request = ++claims_begun_ << 32 | slot;
  pending.client_id = connect.client_id;
  pending.clean_start = connect.clean_start;
  if (connect.client_id.empty()) {
    static constexpr char kHex[] = "0123456789abcdef";
    pending.client_id = "orrery-";
    for (std::uint64_t bits = rng_.next(), i = 0; i < 16; ++i, bits >>= 4) pending.client_id += kHex[bits & 15];
    pending.assigned_client_id = true;
  }
  if (version == Version::k5) {
    const std::uint32_t wanted = connect.properties.session_expiry_interval().value_or(0);
    pending.expiry_seconds = std::min(wanted, options_.max_session_expiry);
    pending.expiry_lowered = pending.expiry_seconds != wanted;
    c.receive_maximum = connect.properties.receive_maximum().value_or(UINT16_MAX);
    c.topic_alias_maximum =
        std::min(connect.properties.topic_alias_maximum().value_or(0), options_.topic_alias_maximum_out);
    pending.response_information = connect.properties.request_response_information().value_or(false);
    c.problem_information = connect.properties.request_problem_information().value_or(true);
  } else {
    pending.expiry_seconds = connect.clean_start ? 0 : options_.v3_session_expiry;
  }
  c.keep_alive = connect.keep_alive;
  const std::uint16_t bound = options_.server_keep_alive;
  if (version == Version::k5 && bound != 0 && (c.keep_alive == 0 || c.keep_alive > bound)) {
    c.keep_alive = bound;
    pending.keep_alive_lowered = true;
  }
  if (connect.will) pending.will = make_will(*connect.will);
  c.request = pending.request;
  authenticate(now, link, connect);
}

Will Sessions::make_will(const mqtt::WillView& will) {
  forwardable_.clear();
  will.properties.append_forwardable(forwardable_);
  MessageView view;
  view.qos = will.qos;
  view.retain = will.retain;
  view.topic = will.topic;
  view.properties = forwardable_;
  view.payload = will.payload;
  Will out;
  out.message = Message::make(heap_, view);
  out.delay_seconds = will.properties.will_delay_interval().value_or(0);
  if (const auto seconds = will.properties.message_expiry_interval()) out.expiry = *seconds * kSecond;
  return out;
}

PendingConnect* Sessions::find_claim(std::uint64_t request) {
  const auto slot = static_cast<std::uint32_t>(request);
  if (!claims_.contains(slot) || claims_[slot].request != request) return nullptr;
  return &claims_[slot];
}

void Sessions::claim_granted(Nanos now, const claims::Grant& grant) {
  PendingConnect* pending = find_claim(grant.request);
  if (pending == nullptr) return;
  std::uint32_t slot = find_session(pending->client_id);
  if (slot != kNoSlot && sessions_[slot].link != kNoLink) {
    // The registrar had forgotten that we hold it: the same as a yield from ourselves.
    const LinkId old = sessions_[slot].link;
    disconnect(now, old, ReasonCode::kSessionTakenOver, "the client identifier connected again", LinkEnd::kNormal);
    slot = find_session(pending->client_id);
  }
  // A ghost whose session has ended elsewhere since, one that the client does not want, or another user's is nothing to
  // resume.
  if (slot != kNoSlot && (pending->clean_start || (sessions_[slot].ghost && !grant.session_present) ||
                          sessions_[slot].user != pending->user)) {
    end_session(now, slot, false);
    slot = kNoSlot;
  }
  pending->session_present = slot != kNoSlot;
  if (slot == kNoSlot) slot = create_session(pending->client_id);
  Session& session = sessions_[slot];
  session.epoch = grant.epoch;
  session.expiry_seconds = pending->expiry_seconds;
  session.user = pending->user;
  if (pending->session_present) {
    session.ghost = false;
    session.moves_until = session.held != nullptr ? session.moves_until : kNever;
    drop_will(session.will);
    session.will_due = kNever;
  }
  if (grant.session_present && !pending->clean_start) {
    const Import import = import_session(now, slot, grant.session, grant.request);
    pending->session_present = pending->session_present || import != Import::kUnreadable;
    if (import == Import::kMoved) return;  // CONNACK when its routes are in force here, so that nothing passes it by
  }
  finish_connect(now, grant.request, slot);
}

void Sessions::finish_connect(Nanos now, std::uint64_t request, std::uint32_t slot) {
  PendingConnect* pending = find_claim(request);
  if (pending == nullptr) return;
  Session& session = sessions_[slot];
  const LinkId link = pending->link;
  session.will = pending->will;
  pending->will = {};
  if (link != kNoLink) {
    attach(now, slot, link);
    answer_connect(link, *pending);
    host_.resume_link(link);
    pump(now, session);
  } else {
    detach(now, slot, false);  // it went before its CONNACK: there was no connection that a will could speak for
  }
  claims_.erase(static_cast<std::uint32_t>(request));
}

void Sessions::claim_failed(Nanos, const claims::Refusal& refusal) {
  refuse_claim(refusal.request, ReasonCode::kServerUnavailable, "no core answered for the client identifier");
}

void Sessions::refuse_claim(std::uint64_t request, ReasonCode reason, const char* what) {
  PendingConnect* pending = find_claim(request);
  if (pending == nullptr) return;
  const LinkId link = pending->link;
  drop_claim(request);
  if (link != kNoLink) refuse_connect(link, at(link).version, reason, what);
}

void Sessions::drop_claim(std::uint64_t request) {
  PendingConnect* pending = find_claim(request);
  if (pending == nullptr) return;
  drop_will(pending->will);
  claims_.erase(static_cast<std::uint32_t>(request));
}

mqtt::ConnackView Sessions::connack_for(LinkId link, const PendingConnect& pending) {
  mqtt::ConnackView connack;
  connack.session_present = pending.session_present;
  const Version version = at(link).version;
  if (version == Version::k5) {
    mqtt::PropertyBuilder properties(section_);
    if (pending.expiry_lowered) properties.four_byte(Property::kSessionExpiryInterval, pending.expiry_seconds);
    properties.two_byte(Property::kReceiveMaximum, options_.receive_maximum);
    if (options_.max_qos < 2) properties.byte(Property::kMaximumQos, options_.max_qos);
    if (!options_.retain_available) properties.byte(Property::kRetainAvailable, 0);
    properties.four_byte(Property::kMaximumPacketSize, options_.max_packet_size);
    if (pending.assigned_client_id) properties.text(Property::kAssignedClientIdentifier, pending.client_id);
    if (options_.topic_alias_maximum > 0)
      properties.two_byte(Property::kTopicAliasMaximum, options_.topic_alias_maximum);
    if (!options_.wildcard_subscription) properties.byte(Property::kWildcardSubscriptionAvailable, 0);
    if (!options_.shared_subscription) properties.byte(Property::kSharedSubscriptionAvailable, 0);
    if (pending.keep_alive_lowered) properties.two_byte(Property::kServerKeepAlive, at(link).keep_alive);
    if (!options_.subscription_identifiers) properties.byte(Property::kSubscriptionIdentifierAvailable, 0);
    if (at(link).authentication != nullptr) {
      properties.text(Property::kAuthenticationMethod, at(link).authentication->method);
      if (!pending.authentication_data.empty())
        properties.binary(Property::kAuthenticationData, pending.authentication_data);
    }
    connack.properties = properties.view();
    if (pending.response_information && !options_.response_information.empty()) {
      const std::string information = options_.response_information + pending.client_id;
      const std::size_t added = 1 + 2 + information.size() + 1;  // the length of the section may grow by a byte, too
      if (mqtt::connack_size(version, connack) + added <= at(link).packet_size_max) {
        properties.text(Property::kResponseInformation, information);
        connack.properties = properties.view();
      }
    }
  }
  return connack;
}

void Sessions::answer_connect(LinkId link, const PendingConnect& pending) {
  counters_.add(Counter::kConnectsAccepted);
  const mqtt::ConnackView connack = connack_for(link, pending);
  mqtt::encode_connack(at(link).version, connack, host_.begin_packet());
  host_.end_packet(link);
}

void Sessions::refuse_connect(LinkId link, Version version, ReasonCode reason, const char* what) {
  counters_.add(Counter::kConnectsRefused);
  mqtt::ConnackView connack;
  connack.reason = reason;
  if (version == Version::k5) {
    mqtt::PropertyBuilder properties(section_);
    if (reason == ReasonCode::kUseAnotherServer)
      properties.text(Property::kServerReference, options_.server_reference);
    else
      properties.text(Property::kReasonString, what);
    connack.properties = properties.view();
    if (mqtt::connack_size(version, connack) > at(link).packet_size_max) connack.properties = {};  // [MQTT-3.2.2-19]
  }
  if (mqtt::connack_size(version, connack) <= at(link).packet_size_max) {
    mqtt::encode_connack(version, connack, host_.begin_packet());
    host_.end_packet(link);
  }
  at(link).state = Connection::State::kClosing;
  host_.end_link(link, LinkEnd::kNormal);
}

}  // namespace orrery::session
