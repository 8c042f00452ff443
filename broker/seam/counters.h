// SPDX-License-Identifier: Apache-2.0
// Everything a shard counts, by name: an array of plain numbers that only its own thread touches.
//
// Messages balance. For every shard at any time
//   matched + taken over = out + queued + handed over + the dropped ones that say "matched" or "queued" below,
// and over all nodes, when nothing is on its way, forwarded = received. The oracles of the simulator check both.
#pragma once

#include <cstdint>

namespace orrery {

enum class Counter : std::uint8_t {
  kLinksOpened,
  kLinksClosed,
  kConnectsAccepted,
  kConnectsRefused,
  kTakeovers,
  kSubscriptions,        // a gauge: subscriptions that exist now
  kSessions,             // a gauge: sessions that exist now, connected or not
  kMessagesIn,           // PUBLISH packets accepted from clients (a QoS 2 repeat is not one), and wills
  kMessagesMatched,      // deliveries asked for: one for each session with a matching subscription, and each retained
                         // message for a new one; in the end each is out, queued, handed over or dropped
  kMessagesOut,          // PUBLISH packets sent to clients, repeats after a resume not counted
  kMessagesQueued,       // a gauge: deliveries that wait for a session or a window
  kMessagesHandedOver,   // queued deliveries that left with a session for another shard or node
  kMessagesTakenOver,    // queued deliveries that came with a session from another shard or node
  kMessagesForwarded,    // messages sent to other shards and nodes, one for each destination
  kMessagesReceived,     // messages taken from other shards and nodes
  kDroppedNoSubscriber,  // accepted, and no subscription anywhere matched
  kDroppedQueueFull,     // matched, and the session's queue was full
  kDroppedSlowConsumer,  // matched at QoS 0, and the link's output was above its limit
  kDroppedTooLarge,      // matched, and larger than the client's Maximum Packet Size
  kDroppedExpired,       // matched, and the Message Expiry Interval passed while it waited
  kDroppedOffline,       // matched at QoS 0 while the session had no connection
  kDroppedDuplicate,     // matched at two places while its session moved from one to the other
  kDroppedSessionEnded,  // was queued when its session ended
  kDroppedPeerUnreachable,  // a destination's lane was full or its node gone
  kBytesIn,
  kBytesOut,
  kProtocolErrors,        // links closed because the client broke the protocol
  kDroppedNotAuthorized,  // from a client that may not publish to the topic
  kNotAuthorized,         // subscriptions denied, and exchanges of enhanced authentication that failed
  kCount
};
inline constexpr int kCounters = static_cast<int>(Counter::kCount);
const char* counter_name(Counter c);

struct Counters {
  std::uint64_t values[kCounters] = {};
  void add(Counter c, std::uint64_t n = 1) { values[static_cast<int>(c)] += n; }
  void subtract(Counter c, std::uint64_t n = 1) { values[static_cast<int>(c)] -= n; }
  std::uint64_t operator[](Counter c) const { return values[static_cast<int>(c)]; }
};

}  // namespace orrery
