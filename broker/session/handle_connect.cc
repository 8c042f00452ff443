// SPDX-License-Identifier: Apache-2.0
// CONNECT (MQTT 5, 3.1.4): checked and its client id claimed; when the registrar has granted it, answered with CONNACK.
#include <algorithm>
#include <utility>

#include "broker/mqtt/decode.h"
#include "broker/mqtt/encode.h"
#include "broker/session/sessions.h"

namespace orrery::session {

/// MQTT 3.1, 3.1: "between 1 and 23 characters", or return code 2.
constexpr std::size_t kClientId31Max = 23;

using mqtt::Property;
using mqtt::ReasonCode;
using mqtt::Version;

namespace {

/// Whether a client is refused for who it is, or does not prove to be.
bool about_the_user(ReasonCode reason) {
  return reason == ReasonCode::kBadUserNameOrPassword || reason == ReasonCode::kNotAuthorized ||
         reason == ReasonCode::kBadAuthenticationMethod || reason == ReasonCode::kBanned;
}

}  // namespace

void Sessions::handle_connect(Nanos now, LinkId link, const mqtt::RawPacket& packet) {
  effects_.work(Work::kMqttConnect, 1);
  Connection& c = connections_[link];
  if (c.state != Connection::State::kAwaitConnect)
    return protocol_error(now, link, mqtt::protocol_error("a second CONNECT [MQTT-3.1.0-2]"));
  mqtt::ConnectView connect;
  const mqtt::DecodeResult result = mqtt::decode_connect(packet.flags(), packet.body, connect);
  c.version = connect.version;
  if (!result.ok()) {
    // Before version 5 only a return code of 3.1.1's table may be sent; other errors just close (3.1.4).
    const bool answer =
        connect.known_protocol && (connect.version == Version::k5 || mqtt::connack_return_code(result.reason) <= 2);
    if (answer) return refuse_connect(link, connect.version, connect.client_id, result.reason, result.what);
    counters_.add(Counter::kConnectsRefused);
    return protocol_error(now, link, result);
  }
  take_connect(now, link, connect);
}

void Sessions::take_connect(Nanos now, LinkId link, const mqtt::ConnectView& connect) {
  const Version version = connect.version;
  Connection& c = connections_[link];
  c.packet_size_max = connect.properties.maximum_packet_size().value_or(UINT32_MAX);
  if (!options_.server_reference.empty())
    return refuse_connect(link, version, connect.client_id, ReasonCode::kUseAnotherServer,
                          "this server takes no clients for now");
  if (version == Version::k31 && connect.client_id.size() > kClientId31Max)
    return refuse_connect(link, version, connect.client_id, ReasonCode::kClientIdentifierNotValid,
                          "longer than MQTT 3.1 allows");
  if (connect.will && connect.will->qos > options_.max_qos)
    return refuse_connect(link, version, connect.client_id, ReasonCode::kQosNotSupported,
                          "the will's QoS is above Maximum QoS");
  if (connect.will && connect.will->retain && !options_.retain_available)
    return refuse_connect(link, version, connect.client_id, ReasonCode::kRetainNotSupported,
                          "the will is retained and retain is not available");

  PendingConnect& pending = connections_.begin_claim(link);
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
  if (connect.will) pending.will = make_will(*connect.will, pending.client_id);
  authenticate(now, link, connect);
}

Will Sessions::make_will(const mqtt::WillView& will, std::string_view client_id) {
  forwardable_.clear();
  will.properties.append_forwardable(forwardable_);
  MessageView view;
  view.publisher = publisher_hash(client_id);
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

void Sessions::finish_connect(Nanos now, std::uint64_t request, std::uint32_t slot) {
  PendingConnect* pending = connections_.find_claim(request);
  if (pending == nullptr) return;
  const LinkId link = pending->link;
  if (link != kNoLink) {
    attach(now, slot, link, std::exchange(pending->will, {}));
    answer_connect(link, *pending);
    host_.resume_link(link);
    deliveries_.pump(now, slot);
    subscriptions_.pull(now, slot);
  } else {
    detach(now, slot, false);  // it went before its CONNACK: there was no connection that a will could speak for
  }
  connections_.drop_claim(request);
}

void Sessions::claim_failed(Nanos, const claims::Refusal& refusal) {
  refuse_claim(refusal.request, ReasonCode::kServerUnavailable, "no core answered for the client identifier");
}

void Sessions::refuse_claim(std::uint64_t request, ReasonCode reason, const char* what) {
  PendingConnect* pending = connections_.find_claim(request);
  if (pending == nullptr) return;
  const LinkId link = pending->link;
  const HeapString client_id = std::move(pending->client_id);
  connections_.drop_claim(request);
  if (link != kNoLink) refuse_connect(link, connections_[link].version, client_id, reason, what);
}

void Sessions::refuse_connect(LinkId link, Version version, std::string_view client_id, ReasonCode reason,
                              const char* what) {
  counters_.add(Counter::kConnectsRefused);
  effects_.note({.kind = NoteKind::kConnectRefused,
                 .link = link,
                 .client = client_id,
                 .text = what,
                 .numbers = {static_cast<std::uint64_t>(reason)}});
  if (about_the_user(reason)) counters_.add(Counter::kConnectsNotAuthorized);
  mqtt::ConnackView connack;
  connack.reason = reason;
  if (version == Version::k5) {
    mqtt::PropertyBuilder properties(section_);
    if (reason == ReasonCode::kUseAnotherServer)
      properties.text(Property::kServerReference, options_.server_reference);
    else
      properties.text(Property::kReasonString, what);
    connack.properties = properties.view();
    if (mqtt::connack_size(version, connack) > connections_[link].packet_size_max)
      connack.properties = {};  // [MQTT-3.2.2-19]
  }
  if (mqtt::connack_size(version, connack) <= connections_[link].packet_size_max) {
    mqtt::encode_connack(version, connack, connections_.begin_packet());
    host_.end_packet(link);
  }
  connections_.closing(link);
  host_.end_link(link, LinkEnd::kNormal);
}

}  // namespace orrery::session
