// SPDX-License-Identifier: Apache-2.0
// A SUBSCRIBE between its arrival and the answer of the control plane: what SUBACK will say, and whose retained
// messages to send after it. Also stands for a session that was taken over and waits for its routes (former holder
// set).
#pragma once

#include <cstdint>

#include "base/types.h"
#include "broker/base/heap.h"

namespace orrery::session {

struct PendingSubscribe {
  explicit PendingSubscribe(Heap& heap)
      : reason_codes(HeapAllocator<std::uint8_t>(heap)), retained(HeapAllocator<Retained>(heap)) {}

  struct Retained {
    std::uint8_t qos = 0;
    std::uint32_t identifier = 0;
    bool no_local = false;
  };
  std::uint32_t session = 0;
  std::uint64_t epoch = 0;  // of that session: another one in the same slot is not meant
  LinkId link = 0;
  std::uint64_t connection = 0;  // Connection::request of the connection that asked
  std::uint16_t packet_id = 0;
  HeapVector<std::uint8_t> reason_codes;
  HeapVector<Retained> retained;  // one for each position of RouteRequest::retained_wanted
  bool handover = false;          // no SUBACK: CONNACK for `claim`, and the former holder gives the rest
  std::uint64_t claim = 0;
  Place former;
};

}  // namespace orrery::session
