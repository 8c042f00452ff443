// SPDX-License-Identifier: Apache-2.0
// The network model's parameters. How it behaves is described in sim/models/README.md; in short:
//
// A link is two ordered byte streams. What one event sends on one link leaves as one train of segments, each an arrival
// of its own; a segment takes the latency of its path class, drawn for it by key, and never overtakes the one before
// it. A node's interface has a bandwidth in each direction with a queue of unlimited length; clients have none. A
// stream holds at most `window_bytes` that the receiver has not taken; what is sent beyond waits at the sender
// (back-pressure). Loss shows as delay, as it does above TCP.
#pragma once

#include <array>
#include <cstdint>

#include "base/types.h"

namespace orrery::sim {

/// What a node's interface counts for each packet beside the payload: Ethernet with preamble and gap is not in it, as
/// the counters of a real interface do not have it: 14 Ethernet, 20 IPv4, 20 TCP, 12 timestamps.
inline constexpr std::uint32_t kPacketOverheadBytes = 66;
/// Payload of a full TCP segment over an Ethernet frame of 1500 bytes, with timestamps.
inline constexpr std::uint32_t kMssBytes = 1448;
/// An acknowledgement without data is sent for every second packet; it is counted, not simulated.
inline constexpr std::uint32_t kPacketsPerAck = 2;
/// Kernel memory of one open, idle TCP socket with its file and epoll entry.
inline constexpr std::uint32_t kKernelSocketBytes = 4096;
/// The largest piece of a stream that arrives as one event.
inline constexpr std::uint32_t kSegmentBytesMax = 16 * 1024;

/// Latency one way: base plus a tail that is exponential with mean `tail_mean` (cut at 16 means), from an integer
/// table.
struct Latency {
  Nanos base = 0;
  Nanos tail_mean = 0;
};
Nanos sample(const Latency& latency, std::uint64_t drawn);

struct PathModel {
  Latency latency;
  /// Share of segments that are lost once and arrive `retransmit_delay` later.
  std::uint32_t loss_per_million = 0;
  Nanos retransmit_delay = 200 * kMillisecond;
  /// Bytes in flight or unread in one direction before the sender is told to wait.
  std::uint32_t window_bytes = 256 * 1024;
  /// A train is cut into pieces of at most this many bytes (1 to kSegmentBytesMax) ...
  std::uint32_t segment_bytes = kMssBytes;
  /// ... and so many pieces of a million are cut once more, at a byte drawn by key.
  std::uint32_t cut_per_million = 0;
};

struct NetworkModel {
  PathModel client{.latency = {.base = 100 * kMicrosecond, .tail_mean = 20 * kMicrosecond}};
  PathModel peer{.latency = {.base = 40 * kMicrosecond, .tail_mean = 10 * kMicrosecond},
                 .window_bytes = 4 * 1024 * 1024,
                 .segment_bytes = kSegmentBytesMax};
  /// Between shards of one node.
  Latency post{.base = 2 * kMicrosecond, .tail_mean = 500};
  /// A dial or a connect that got no answer fails after this.
  Nanos connect_timeout = 10 * kSecond;
  /// A stream whose bytes cannot be delivered for so long is reset at its sender.
  Nanos give_up = 120 * kSecond;
};

}  // namespace orrery::sim
