// SPDX-License-Identifier: Apache-2.0
// An acknowledgement that is owed to a publisher until every place that its message went to has accepted it.
//
// They are sent in the order of the PUBLISH packets [MQTT-4.6.0-2, 4.6.0-3], so each session keeps them in a list
// (Session::first_owed) and one that is complete waits for those before it. When the connection ends they are
// forgotten: the client publishes again, and confirmations that still come find a slot without a session.
#pragma once

#include <cstdint>

#include "broker/base/slab.h"
#include "broker/mqtt/types.h"

namespace orrery::session {

struct Owed {
  std::uint32_t session = kNoSlot;  // kNoSlot: forgotten
  std::uint32_t waiting = 0;        // confirmations still to come
  std::uint32_t next = kNoSlot;
  std::uint16_t packet_id = 0;
  std::uint8_t qos = 0;
  mqtt::ReasonCode reason = mqtt::ReasonCode::kSuccess;
};

}  // namespace orrery::session
