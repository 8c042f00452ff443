// SPDX-License-Identifier: Apache-2.0
// A session (MQTT 5, 4.1): what must outlive a connection. One slot in its shard's slab; about 200 bytes when idle.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

#include "base/types.h"
#include "broker/base/heap.h"
#include "broker/base/slab.h"
#include "broker/base/timer_wheel.h"
#include "broker/session/connection.h"
#include "broker/session/outbox.h"

namespace orrery::session {

/// A subscription as its session keeps it: the filter's text and the options are in the subscription index.
struct OwnSubscription {
  std::uint32_t filter_id;
};

/// No connection has this id.
inline constexpr LinkId kNoLink = UINT32_MAX;

struct Session {
  explicit Session(Heap& heap)
      : outbox(heap),
        subscriptions(HeapAllocator<OwnSubscription>(heap)),
        unreleased(HeapAllocator<std::uint16_t>(heap)) {}

  std::string_view client_id() const { return {client_id_bytes, client_id_size}; }

  char* client_id_bytes = nullptr;  // a heap block of the owner's
  std::uint32_t client_id_size = 0;
  LinkId link = kNoLink;
  std::uint64_t epoch = 0;  // of the claim under which this shard holds the client id
  std::uint64_t user = 0;   // Sessions::user_hash of who made it: nobody else resumes it
  std::uint32_t expiry_seconds = 0;
  std::uint16_t last_packet_id = 0;
  /// Given up to another holder, but still subscribed until that one's routes are in force: matches wait in the outbox.
  bool ghost = false;
  /// The other side of that: what matches here waits in `held` until the ghost's rest has come.
  Outbox* held = nullptr;
  TimerWheel::Tick timer = TimerWheel::kNotArmed;
  Will will;                   // to be published unless the client says goodbye
  Nanos will_due = kNever;     // while disconnected: when it is
  Nanos expires_at = kNever;   // while disconnected: when it ends
  Nanos moves_until = kNever;  // while a ghost, or with `held`: when waiting for the other side ends
  Outbox outbox;
  HeapVector<OwnSubscription> subscriptions;
  /// Packet identifiers of QoS 2 messages that came in and were not released by PUBREL.
  HeapVector<std::uint16_t> unreleased;
  /// Acknowledgements owed to the client, in the order of its PUBLISH packets (Acknowledgements' slots).
  std::uint32_t first_owed = kNoSlot;
  std::uint32_t last_owed = kNoSlot;
  std::uint32_t owed_qos1 = 0;  // those of QoS 1 in the list; those of QoS 2 are in `unreleased` too
};

}  // namespace orrery::session
