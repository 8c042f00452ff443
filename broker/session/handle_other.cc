// SPDX-License-Identifier: Apache-2.0
// The short ones: PINGREQ (MQTT 5, 3.12) and DISCONNECT (3.14).
#include <algorithm>

#include "broker/mqtt/decode.h"
#include "broker/mqtt/encode.h"
#include "broker/session/sessions.h"

namespace orrery::session {

using mqtt::ReasonCode;

void Sessions::handle_pingreq(Nanos now, LinkId link, const mqtt::RawPacket& packet) {
  effects_.work(Work::kMqttOther, 1);
  const mqtt::DecodeResult result = mqtt::decode_ping(connections_[link].version, packet.flags(), packet.body);
  if (!result.ok()) return protocol_error(now, link, result);
  mqtt::encode_pingresp(connections_.begin_packet());
  connections_.end_packet(link);
}

void Sessions::handle_disconnect(Nanos now, LinkId link, const mqtt::RawPacket& packet) {
  effects_.work(Work::kMqttOther, 1);
  Connection& c = connections_[link];
  mqtt::DisconnectView view;
  const mqtt::DecodeResult result =
      mqtt::decode_disconnect(c.version, mqtt::Sender::kClient, packet.flags(), packet.body, view);
  if (!result.ok()) return protocol_error(now, link, result);
  if (c.state == Connection::State::kAuthenticating) {
    connections_.drop_claim(c.request);
    leave(now, link, false, "it sent DISCONNECT");
    return host_.end_link(link, LinkEnd::kNormal);
  }
  if (const auto expiry = view.properties.session_expiry_interval()) {
    if (store_[c.session].expiry_seconds() == 0 && *expiry != 0)
      return protocol_error(now, link,
                            mqtt::protocol_error("a session expiry in DISCONNECT after none in CONNECT (3.14.2.2.2)"));
    store_.set_expiry(c.session, std::min(*expiry, options_.max_session_expiry));
  }
  leave(now, link, view.reason != ReasonCode::kNormalDisconnection, "it sent DISCONNECT");
  host_.end_link(link, LinkEnd::kNormal);
}

}  // namespace orrery::session
