// SPDX-License-Identifier: Apache-2.0
// Who is who and what happens when: everything about a client that can be computed from its number is computed here,
// not stored.
//
// Clients are numbered group after group, in each the subscribers first and then the publishers. The connect ramp goes
// through all groups' subscribers, then through all publishers. Message k of a publisher is due at
//   steady_begin + drawn phase below its period + k * period
// and there are as many as are due before steady_end.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/crowd/spec.h"
#include "sim/kernel/keyed_rng.h"
#include "sim/world/client_host.h"

namespace orrery::sim {

/// What a keyed draw of the crowd is for.
enum class Stream : std::uint64_t {
  kPhase = 0x43524f57,
  kHome,
  kOtherNode,
  kBackoff,
  kKeyHigh,
  kKeyLow,
  kMask,
  kMisbehave,
  kStorm,
  kHalfPacket,
};

struct Group {
  GroupSpec spec;
  ClientId first = 0;                   // its first client
  std::uint32_t order_subscribers = 0;  // position of its first subscriber in the ramp
  std::uint32_t order_publishers = 0;
  std::uint64_t first_flow = 0;
  std::string topic_head, topic_tail, filter_head, filter_tail;
  bool topic_numbered = false;
  bool filter_numbered = false;
  bool filter_has_wildcard = false;
  std::uint32_t clients() const { return spec.publishers + spec.subscribers; }
};

class Layout {
 public:
  explicit Layout(const CrowdSpec& spec);

  std::uint32_t clients() const { return clients_; }
  std::uint64_t flows() const { return flows_; }
  const std::vector<Group>& groups() const { return groups_; }
  const CrowdSpec& spec() const { return spec_; }
  std::uint16_t group_of(ClientId client) const;

  bool is_publisher(const Group& g, ClientId c) const { return c - g.first >= g.spec.subscribers; }
  /// Its number among the publishers or the subscribers of its group.
  std::uint32_t number(const Group& g, ClientId c) const {
    const std::uint32_t n = c - g.first;
    return n >= g.spec.subscribers ? n - g.spec.subscribers : n;
  }
  ClientId subscriber(const Group& g, std::uint32_t number) const { return g.first + number; }
  ClientId publisher(const Group& g, std::uint32_t number) const { return g.first + g.spec.subscribers + number; }
  /// The flow from a publisher to a subscriber of the group that gets its messages.
  std::uint64_t flow(const Group& g, std::uint32_t publisher, std::uint32_t subscriber) const {
    if (g.spec.shape == Shape::kPairs) return g.first_flow + subscriber;
    return g.first_flow + static_cast<std::uint64_t>(publisher) * g.spec.subscribers + subscriber;
  }

  std::uint8_t publish_qos(const Group& g, std::uint32_t number) const {
    return g.spec.qos[number % g.spec.qos.size()];
  }
  std::uint8_t subscribe_qos(const Group& g, std::uint32_t number) const;

  bool misbehaves(const Group& g, ClientId c) const;
  /// Whether a broker may drop what such a client sends or should get. A client that only reconnects is owed
  /// everything.
  bool forfeits(const Group& g) const {
    const Misbehaviour kind = g.spec.misbehave.kind;
    return kind == Misbehaviour::kSlowReader || kind == Misbehaviour::kFlood;
  }
  Nanos connect_time(const Group& g, ClientId c) const;
  NodeId home(const Group& g, ClientId c) const;
  Nanos period(const Group& g, ClientId c) const;
  Nanos due(const Group& g, ClientId c, std::uint32_t number) const {
    const Nanos every = period(g, c);
    const std::uint64_t phase = below(drawn(c, Stream::kPhase, 0), static_cast<std::uint64_t>(every));
    return steady_begin_ + static_cast<Nanos>(phase) + static_cast<Nanos>(number) * every;
  }
  /// The number of the first message that is due at or after `when`.
  std::uint32_t first_due_at(const Group& g, ClientId c, Nanos when) const;

  Nanos ramp_end() const { return ramp_end_; }
  Nanos steady_begin() const { return steady_begin_; }
  Nanos steady_end() const { return steady_end_; }
  Nanos end() const { return steady_end_ + spec_.drain; }

  std::uint64_t drawn(ClientId c, Stream stream, std::uint64_t index) const {
    return draw(spec_.seed, c, static_cast<std::uint64_t>(stream), index);
  }
  /// Writes the topic or filter over `out` (which is reused) and returns it.
  std::string_view topic(const Group& g, std::uint32_t publisher, std::string& out) const;
  std::string_view filter(const Group& g, std::uint32_t subscriber, std::string& out) const;
  std::string_view client_id(const Group& g, ClientId c, std::string& out) const;
  /// The same as topic() == text and filter_matches(filter(), text), without composing a text on the hot path.
  bool is_topic(const Group& g, std::uint32_t publisher, std::string_view text) const;
  bool filter_catches(const Group& g, std::uint32_t subscriber, std::string_view text, std::string& scratch) const;

 private:
  CrowdSpec spec_;
  std::vector<Group> groups_;
  std::uint32_t clients_ = 0;
  std::uint64_t flows_ = 0;
  Nanos ramp_end_ = 0;
  Nanos steady_begin_ = 0;
  Nanos steady_end_ = 0;
};

}  // namespace orrery::sim
