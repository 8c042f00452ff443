// SPDX-License-Identifier: Apache-2.0
// UNSUBSCRIBE (MQTT 5, 3.10): out of the shard's index at once, answered at once; routes follow.
#include <string>

#include "broker/mqtt/decode.h"
#include "broker/mqtt/encode.h"
#include "broker/session/route_rows.h"
#include "broker/session/sessions.h"

namespace orrery::session {

using mqtt::ReasonCode;

void Sessions::handle_unsubscribe(Nanos now, LinkId link, const mqtt::RawPacket& packet) {
  Connection& c = connections_[link];
  mqtt::UnsubscribeView unsubscribe;
  const mqtt::DecodeResult result = mqtt::decode_unsubscribe(c.version, packet.flags(), packet.body, unsubscribe);
  if (!result.ok()) return protocol_error(now, link, result);
  effects_.work(Work::kMqttSubscribe, unsubscribe.filters.size());

  const std::uint32_t slot = c.session;
  std::vector<std::uint8_t> codes;
  removed_.clear();
  for (const mqtt::TopicFilter& topic : unsubscribe.filters) {
    const auto removed = store_.unsubscribe(slot, topic.full);
    codes.push_back(
        static_cast<std::uint8_t>(removed.existed ? ReasonCode::kSuccess : ReasonCode::kNoSubscriptionExisted));
    if (removed.existed) append_row(removed_, topic.full, removed.members + 1);
  }
  if (!removed_.empty()) {
    const std::vector<std::string_view> gone(removed_.begin(), removed_.end());
    RouteRequest request;
    request.removed = gone;
    host_.change_routes(now, request);
  }
  mqtt::UnsubackView unsuback;
  unsuback.packet_id = unsubscribe.packet_id;
  unsuback.reason_codes = codes;
  mqtt::encode_unsuback(c.version, unsuback, connections_.begin_packet());
  connections_.end_packet(link);
}

}  // namespace orrery::session
