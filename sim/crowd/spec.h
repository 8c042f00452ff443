// SPDX-License-Identifier: Apache-2.0
// What a crowd is told to be: groups of clients, and the phases of the run. sim/scenario reads it from a file.
//
// A group has subscribers and publishers. In the shape `pairs` publisher i and subscriber i are alone with each other;
// in `all` every subscriber gets what every publisher of the group sends (one publisher: fan-out; one subscriber:
// fan-in).
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "broker/seam/node.h"
#include "sim/crowd/mqtt_wire.h"

namespace orrery::sim {

inline constexpr std::uint32_t kCrowdMax = 100'000'000;
/// Flows (publisher, subscriber) of one run, 16 bytes each.
inline constexpr std::uint64_t kFlowsMax = 200'000'000;
inline constexpr std::uint32_t kPayloadBytesMin = 20;
inline constexpr std::uint32_t kPayloadBytesMax = 256 * 1024;
/// QoS 1 and 2 messages of one publisher that may be unfinished at a time; it waits with the next, as a queueing client
/// does.
inline constexpr std::uint32_t kInFlightMax = 32;

enum class Shape : std::uint8_t { kPairs, kAll };

enum class Misbehaviour : std::uint8_t {
  kNone,
  kSlowReader,      // a subscriber that reads nothing for `period`, then reads for `period`, and so on
  kFlood,           // a publisher that sends `factor` times as often
  kHalfPacket,      // a publisher that resets its connection in the middle of one PUBLISH of four
  kReconnectStorm,  // resets its connection at `at` plus a drawn part of `period` after the steady phase began
};

struct MisbehaviourSpec {
  Misbehaviour kind = Misbehaviour::kNone;
  std::uint32_t share_per_mille = 1000;  // of the group's clients of that role
  Nanos period = kSecond;
  Nanos at = 0;
  std::uint32_t factor = 10;
};

struct GroupSpec {
  std::string name;
  Shape shape = Shape::kPairs;
  std::uint32_t publishers = 0;
  std::uint32_t subscribers = 0;
  std::string topic = "t/%i";        // %i: the publisher's number
  std::string filter = "t/%i";       // %i: the subscriber's number
  std::vector<std::uint8_t> qos{1};  // publisher i uses number i modulo the length; so does subscriber i of a pair
  int subscribe_qos = -1;            // -1: as the publisher's in pairs, the highest of the list in `all`
  std::uint32_t payload_bytes = 256;
  Nanos every = 10 * kSecond;
  LinkKind transport = LinkKind::kWebSocket;
  MqttVersion version = MqttVersion::k311;
  std::uint16_t keep_alive_seconds = 300;
  bool clean_start = true;
  std::uint32_t session_expiry_seconds = 0;
  bool retain = false;
  bool will = false;
  MisbehaviourSpec misbehave;
};

enum class Placement : std::uint8_t {
  kPaired,  // clients of equal number on the same node: a pair's messages never cross
  kRandom,  // each client's node is drawn
};

struct CrowdSpec {
  std::uint64_t seed = 1;
  std::vector<GroupSpec> groups;
  Placement placement = Placement::kPaired;
  std::vector<NodeId> carriers;  // nodes that clients connect to, at least one
  std::uint32_t connects_per_second = 10'000;
  Nanos settle = 5 * kSecond;  // from the last connect of the ramp to the first message
  Nanos steady = 60 * kSecond;
  Nanos drain = 5 * kSecond;
  /// A message sent within this time after a SUBACK is not owed yet: routes to other nodes are on their way.
  Nanos route_grace = kSecond;
  /// Times in which faults are at work: what is lost in them is counted apart.
  std::vector<std::pair<Nanos, Nanos>> fault_windows;
};

}  // namespace orrery::sim
