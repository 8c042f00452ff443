// SPDX-License-Identifier: Apache-2.0
// One client of the crowd: 64 bytes, one cache line, in an array by ClientId.
//
// What can be computed (sim/crowd/layout.h) is not in here. A connection's unfinished input is in the side pool
// (carry.h), for the few clients that have any at a time.
#pragma once

#include <cstdint>

#include "broker/seam/node.h"

namespace orrery::sim {

enum class Phase : std::uint8_t {
  kWaiting,      // no connection; `mark` says when to try
  kConnecting,   // until the transport is there; `mark` is the end of patience, also in the next three
  kUpgrading,    // the HTTP request is sent
  kGreeting,     // CONNECT is sent
  kSubscribing,  // SUBSCRIBE is sent
  kLive,         // `mark` is when something was last sent
};

enum ClientFlag : std::uint8_t {
  kIsPublisher = 1,
  kMisbehaves = 2,
  kSubscribed = 4,  // SUBACK has come and the session lives, as far as the client knows
  kAwaitsPong = 8,  // PINGREQ is sent and not answered
  kHasStormed = 16,
  kHasBlocked = 32,  // the transport did not take everything of a former send: wait before the next message
};

/// QoS 1 and 2: message `oldest + i` is unfinished when bit i of `open` is set, and its PUBREC has come when bit i of
/// `released` is. Nothing is known of the fate of doubt_from .. doubt_to - 1: their session was lost with them.
struct PublisherState {
  std::uint32_t next;
  std::uint32_t oldest;
  std::uint32_t open;
  std::uint32_t released;
  std::uint32_t doubt_from;
  std::uint32_t doubt_to;
};

/// QoS 2 packet identifiers that were received and wait for PUBREL; more than kIds go to the side pool.
struct SubscriberState {
  static constexpr int kIds = 10;
  std::uint16_t ids[kIds];
  std::uint8_t id_count;
  std::uint8_t granted_qos;
};

struct Client {
  Nanos mark;
  Nanos timer;           // when the pending timer fires; kNever without one
  std::uint32_t carry;   // entry of the side pool, 0 without one
  std::uint32_t lives;   // connections tried so far
  std::uint32_t frames;  // masks drawn so far
  std::uint16_t group;
  NodeId node;  // of the present or last connection
  std::uint16_t keep_alive_seconds;
  std::uint8_t failures;  // attempts since it was last live
  std::uint8_t in_flight_max;
  Phase phase;
  std::uint8_t flags;
  union {
    PublisherState pub;
    SubscriberState sub;
  };

  bool is(ClientFlag f) const { return flags & f; }
  void set(ClientFlag f, bool on = true) { flags = static_cast<std::uint8_t>(on ? flags | f : flags & ~f); }
};
static_assert(sizeof(Client) == 64);

}  // namespace orrery::sim
