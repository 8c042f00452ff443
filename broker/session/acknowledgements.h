// SPDX-License-Identifier: Apache-2.0
// Acknowledgements that publishers wait for until every place that their message went to has accepted it.
//
// They are sent in the order of the PUBLISH packets [MQTT-4.6.0-2, 4.6.0-3], so each session keeps them in a list
// (Session::first_pending) and one that is complete waits for those before it. When the connection ends they are
// forgotten: the client publishes again, and confirmations that still come find a slot without a session.
#pragma once

#include <cstdint>

#include "broker/base/slab.h"
#include "broker/mqtt/types.h"
#include "broker/session/connections.h"
#include "broker/session/store.h"

namespace orrery::session {

struct PendingAcknowledgement {
  std::uint32_t session = kNoSlot;  // kNoSlot: forgotten
  std::uint32_t waiting = 0;        // confirmations still to come
  std::uint32_t next = kNoSlot;
  std::uint16_t packet_id = 0;
  std::uint8_t qos = 0;
  mqtt::ReasonCode reason = mqtt::ReasonCode::kSuccess;
};

class Acknowledgements {
 public:
  /// All arguments outlive it.
  Acknowledgements(Heap& heap, Store& store, Connections& connections)
      : store_(store), connections_(connections), pending_(heap) {}

  /// A slot for a message that is about to be published: what confirmations will name.
  std::uint32_t reserve() { return pending_.emplace(); }
  /// At the end of the session's list; sent at once if nothing is waited for.
  void expect(std::uint32_t slot, std::uint32_t session, const PendingAcknowledgement& what);
  /// One confirmation has come.
  void confirmed(std::uint32_t slot);
  /// Whether the session's client waits for the PUBREC of this packet identifier.
  bool waits_for_pubrec(std::uint32_t session, std::uint16_t packet_id) const;
  /// The session's connection has gone.
  void forget(std::uint32_t session);

 private:
  void settle(std::uint32_t session);

  Store& store_;
  Connections& connections_;
  Slab<PendingAcknowledgement> pending_;
};

}  // namespace orrery::session
