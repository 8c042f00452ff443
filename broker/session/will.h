// SPDX-License-Identifier: Apache-2.0
// A will (MQTT 5, 3.1.2.5): the message that is published when its client goes without saying goodbye.
#pragma once

#include <cstdint>

#include "base/types.h"
#include "broker/session/message.h"

namespace orrery::session {

struct Will {
  Message* message = nullptr;  // one hold; its view says whether to retain
  std::uint32_t delay_seconds = 0;
  Nanos expiry = kNever;  // its Message Expiry Interval, which begins when it is published
};

inline void drop_will(Heap& heap, Will& will) {
  if (will.message != nullptr) Message::release(heap, will.message);
  will = {};
}

}  // namespace orrery::session
