// SPDX-License-Identifier: Apache-2.0
// A session (MQTT 5, 4.1): what must outlive a connection. One slot in its shard's store; about 200 bytes when idle.
//
// What must survive is private: everybody reads it, and only Store's operations write it. What is public ends with the
// connection, or with a move between shards.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/types.h"
#include "broker/base/heap.h"
#include "broker/base/slab.h"
#include "broker/base/timer_wheel.h"
#include "broker/session/connection.h"
#include "broker/session/outbox.h"
#include "broker/session/will.h"

namespace orrery::session {

/// A subscription as its session keeps it: the filter's text and the options are in the subscription index.
struct OwnSubscription {
  std::uint32_t filter_id;
};

/// The packet identifier of a QoS 2 message that came in and was not released by PUBREL.
struct ReceivedId {
  std::uint16_t packet_id;
  /// Sent on the present connection, and so in its Connection::receiving; the rest survives, this does not.
  bool counted;
};

class Session {
 public:
  explicit Session(Heap& heap)
      : outbox_(heap),
        subscriptions_(HeapAllocator<OwnSubscription>(heap)),
        received_(HeapAllocator<ReceivedId>(heap)) {}

  std::string_view client_id() const { return {client_id_bytes_, client_id_size_}; }
  /// Of the claim under which this shard holds the client id.
  std::uint64_t epoch() const { return epoch_; }
  /// user_hash() of who made it: nobody else resumes it.
  std::uint64_t user() const { return user_; }
  std::uint32_t expiry_seconds() const { return expiry_seconds_; }
  /// Given up to another holder, but still subscribed until that one's routes are in force: matches wait in the outbox.
  bool ghost() const { return ghost_; }
  /// It has ended and only takes leave of its filters and its deliveries: nobody finds it any more.
  bool ended() const { return ended_; }
  /// To be published unless the client says goodbye; while disconnected, when.
  const Will& will() const { return will_; }
  Nanos will_due() const { return will_due_; }
  /// While disconnected: when it ends.
  Nanos expires_at() const { return expires_at_; }
  const Outbox& outbox() const { return outbox_; }
  std::uint16_t last_packet_id() const { return last_packet_id_; }
  const HeapVector<OwnSubscription>& subscriptions() const { return subscriptions_; }
  /// In ascending order.
  const HeapVector<ReceivedId>& received() const { return received_; }

  LinkId link = kNoLink;
  TimerWheel::Tick timer = TimerWheel::kNotArmed;
  /// While it moves, at its new place: what matches here waits here until the ghost's rest has come.
  Outbox* held = nullptr;
  /// While a ghost, or with `held`: when waiting for the other side ends.
  Nanos moves_until = kNever;
  /// SUBSCRIBEs and UNSUBSCRIBEs under way, in the order of the packets (Subscriptions' slots).
  std::uint32_t first_request = kNoSlot;
  std::uint32_t last_request = kNoSlot;
  /// Acknowledgements that the client waits for, in the order of its PUBLISH packets (Acknowledgements' slots).
  std::uint32_t first_pending = kNoSlot;
  std::uint32_t last_pending = kNoSlot;

 private:
  friend class Store;

  char* client_id_bytes_ = nullptr;  // a heap block
  std::uint32_t client_id_size_ = 0;
  std::uint32_t expiry_seconds_ = 0;
  std::uint64_t epoch_ = 0;
  std::uint64_t user_ = 0;
  std::uint16_t last_packet_id_ = 0;
  bool ghost_ = false;
  bool ended_ = false;
  Will will_;
  Nanos will_due_ = kNever;
  Nanos expires_at_ = kNever;
  Outbox outbox_;
  HeapVector<OwnSubscription> subscriptions_;
  HeapVector<ReceivedId> received_;
};

}  // namespace orrery::session
