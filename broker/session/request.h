// SPDX-License-Identifier: Apache-2.0
// One SUBSCRIBE or UNSUBSCRIBE under way, from its packet to the last retained message that it asked for.
#pragma once

#include <cstdint>

#include "broker/base/heap.h"
#include "broker/base/slab.h"
#include "broker/session/connection.h"

namespace orrery::session {

/// A new subscription's retained messages: what to ask the retained store, and how to deliver what comes.
struct RetainedWalk {
  HeapString filter;
  std::uint32_t identifier = 0;
  std::uint8_t qos = 0;
  bool no_local = false;
};

struct Request {
  enum class Kind : std::uint8_t { kSubscribe, kUnsubscribe };

  explicit Request(Heap& heap)
      : filters(HeapAllocator<std::uint8_t>(heap)),
        reason_codes(HeapAllocator<std::uint8_t>(heap)),
        walks(HeapAllocator<RetainedWalk>(heap)) {}

  Kind kind = Kind::kSubscribe;
  bool queued : 1 = false;    // in the queue of those whose filters are worked through in later events
  bool ready : 1 = false;     // every filter is done, and a SUBSCRIBE's routes are in force
  bool answered : 1 = false;  // SUBACK or UNSUBACK has been sent, or nobody is there to take it
  bool pulling : 1 = false;   // the retained store has been asked for the next few
  std::uint16_t packet_id = 0;
  std::uint32_t identifier = 0;
  std::uint32_t session = kNoSlot;  // kNoSlot: it has ended; this waits for the last answer of the host
  std::uint32_t next = kNoSlot;     // of the same session, in the order of the packets
  LinkId link = kNoLink;
  std::uint64_t connection = 0;      // Connection::request of the connection that asked
  HeapVector<std::uint8_t> filters;  // as in the packet
  std::size_t filters_done = 0;      // bytes of them
  HeapVector<std::uint8_t> reason_codes;
  HeapVector<RetainedWalk> walks;
  std::size_t walk = 0;      // the present one
  std::uint64_t cursor = 0;  // where it goes on (RetainedPull)

  std::size_t bytes() const {
    return sizeof(*this) + filters.size() + reason_codes.size() + walks.size() * sizeof(RetainedWalk) + walk_text_bytes;
  }
  std::size_t walk_text_bytes = 0;  // of filters too long for their place in RetainedWalk
};

}  // namespace orrery::session
