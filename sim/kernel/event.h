// SPDX-License-Identifier: Apache-2.0
// What the simulator's queue holds: sixteen bytes, ordered by content.
//
// An event says when, which entity, and one number that the entity alone understands (the sequence number of an item on
// a link, the generation of a timer). What happens is kept with the entity. The order is (time, entity, arg), never the
// order of insertion, so it does not depend on how a queue is built nor on which entity was handled first. Events
// cannot be cancelled: an entity that changed its mind raises its generation and ignores what comes with an old one.
#pragma once

#include <cstdint>

#include "base/types.h"

namespace orrery::sim {

/// The kind is the first thing that orders events of the same nanosecond: faults come before what they disturb.
enum class EventKind : std::uint8_t {
  kFault,        // index: position in the plan
  kBoot,         // index: node; its shards start
  kArrival,      // index: link * 2 + direction; arg: sequence number of the first item under way in it
  kDrained,      // index: link * 2 + end; the transport has taken what that end queued
  kEndClosed,    // index: link * 2 + end; a close() of that end has come to its end
  kTimeout,      // index: link * 2 + direction; arg: sequence number of an item that may be stalled still
  kPost,         // index: pair of shards of one node; arg: sequence number of the first message under way
  kWake,         // index: shard; arg: generation
  kClientTimer,  // index: client; arg: generation
  kGiveUp,       // index: node; arg: the low bits of the incarnation that cannot go on
  kPostsTaken,   // index: pair of shards of one node; arg: the pair's generation
  kDisk,         // index: node; arg: generation; a group of batches is stored, or the next one begins
};
inline constexpr std::uint32_t kEntityIndexMax = (1u << 28) - 1;

constexpr std::uint32_t entity_of(EventKind kind, std::uint32_t index) {
  return static_cast<std::uint32_t>(kind) << 28 | index;
}

struct Event {
  Nanos time = 0;
  std::uint32_t entity = 0;
  std::uint32_t arg = 0;

  EventKind kind() const { return static_cast<EventKind>(entity >> 28); }
  std::uint32_t index() const { return entity & kEntityIndexMax; }
  std::uint64_t minor() const { return static_cast<std::uint64_t>(entity) << 32 | arg; }

  friend bool operator<(const Event& a, const Event& b) {
    return a.time != b.time ? a.time < b.time : a.minor() < b.minor();
  }
  friend bool operator==(const Event& a, const Event& b) { return a.time == b.time && a.minor() == b.minor(); }
};
static_assert(sizeof(Event) == 16);

/// Which of the two queues a run uses. Both give the same order; the heap is the obvious twin of the wheel.
enum class QueueKind : std::uint8_t { kWheel, kHeap };

}  // namespace orrery::sim
