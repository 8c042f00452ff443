// SPDX-License-Identifier: Apache-2.0
// The third of a shard's four machines: a message to the sessions that want it: matching, one copy for each session,
// the window, the queue, which member of a group, the PUBLISH packet.
//
// A session whose subscriptions overlap gets one copy, at the highest QoS of those that match and with all their
// identifiers (MQTT 5, 3.3.4). At QoS 0 a copy goes out now or never; at QoS 1 and 2 it goes through the store.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/rng.h"
#include "broker/base/heap.h"
#include "broker/seam/counters.h"
#include "broker/seam/effects.h"
#include "broker/session/connections.h"
#include "broker/session/message.h"
#include "broker/session/options.h"
#include "broker/session/session_host.h"
#include "broker/session/store.h"

namespace orrery::session {

class Deliveries {
 public:
  /// All arguments outlive it. `rng` is the shard's.
  Deliveries(const MqttOptions& options, Heap& heap, Effects& effects, Counters& counters, SessionHost& host, Rng& rng,
             Store& store, Connections& connections);

  /// To every session here with a matching subscription that is not shared; whether there is any.
  bool deliver(Nanos now, const MessageView& message);
  /// To one member of a group; false when none is left here.
  bool deliver_to_group(Nanos now, std::string_view share_filter, const MessageView& message);
  /// To one session. `kept` is the message as a block once one had to be made: the caller releases it.
  void deliver_to(Nanos now, std::uint32_t slot, const MessageView& message, Message*& kept, std::uint8_t qos,
                  bool retain, std::span<const std::uint32_t> identifiers);
  /// A retained message that the session has pulled: it came a few at a time, so it waits whatever waits before it, and
  /// at QoS 0 goes out whatever the link has not taken.
  void deliver_retained(Nanos now, std::uint32_t slot, const MessageView& message, std::uint8_t qos,
                        std::span<const std::uint32_t> identifiers);
  /// Sends what the window, the queue and the link allow.
  void pump(Nanos now, std::uint32_t slot);
  /// The first delivery of a session that has ended is dropped; as a member of a group's it goes to another one.
  void redistribute_first(Nanos now, std::uint32_t slot);

 private:
  struct Match {
    std::uint32_t session;
    std::uint8_t options;
    std::uint32_t identifier;
    std::uint32_t order;
  };
  struct Member {
    std::uint32_t session = kNoSlot;
    std::uint8_t options = 0;
    std::uint32_t identifier = 0;
  };

  bool has_room(Nanos now, std::uint32_t slot);
  std::uint32_t window(const Connection& connection) const;
  void send_qos0(Nanos now, const Session& session, const MessageView& message, bool retain,
                 std::span<const std::uint32_t> identifiers);
  void end_packet(const Session& session);
  void drop(Counter why, const Session& session, std::uint64_t number = 0, std::uint32_t count = 1);
  bool encode(Nanos now, Connection& connection, const MessageView& message, std::uint8_t qos, bool retain, bool dup,
              std::uint16_t packet_id, std::span<const std::uint32_t> identifiers);
  // shared.cc
  Member choose_member(std::string_view share_filter, const MessageView& message);
  Member next_connected_member(std::string_view share_filter);

  const MqttOptions& options_;
  Heap& heap_;
  Effects& effects_;
  Counters& counters_;
  SessionHost& host_;
  Rng& rng_;
  Store& store_;
  Connections& connections_;
  // Scratch of deliver(), to allocate once; deliver() is not entered again before it has returned.
  std::vector<Match> matches_;
  std::vector<std::uint32_t> identifiers_;
  bool delivering_ = false;
};

/// Of a publishing client's identifier, the same on every node and never 0: what No Local compares.
std::uint64_t publisher_hash(std::string_view client_id);

}  // namespace orrery::session
