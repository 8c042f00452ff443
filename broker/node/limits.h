// SPDX-License-Identifier: Apache-2.0
// Every limit of broker/node, and what happens there.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/types.h"

namespace orrery::node {

/// How often places without members pass a shared group's message on: it is dropped then (kDroppedNoSubscriber).
inline constexpr std::uint8_t kGroupHopsMax = 3;

/// Acknowledgements of one shard that wait for other nodes to accept a message: 16 bytes each. The next message is
/// dropped as if the lane were full (kDroppedPeerUnreachable). Below what the lanes keep
/// (cluster::kLanesBufferBytesMax) only for the smallest messages.
inline constexpr std::size_t kAwaitedMax = std::size_t{1} << 20;

/// SUBSCRIBEs of a node that wait for their routes to be in force, in bytes of filters and records. When they pass it
/// the oldest is answered at once (kSubacksEarly): its routes work on this node already.
inline constexpr std::size_t kWaitingRoomBytesMax = std::size_t{16} * 1024 * 1024;

/// Retained messages that have expired are dropped no more often than this, as many at a time as one event may; the
/// rest goes on at once.
inline constexpr Nanos kSweepEvery = 100 * kMillisecond;

/// Retained messages of one answer to a session's pull: so many, and so many bytes and one more. What a session asks
/// for goes out whatever its link has not taken, so this bounds how far it goes beyond max_link_backlog.
inline constexpr std::uint32_t kRetainedPageMessages = 32;
inline constexpr std::size_t kRetainedPageBytes = std::size_t{64} * 1024;

/// Shards without events hold up what the route table has retired; above this many bytes they get an empty one, not
/// more often than this.
inline constexpr std::size_t kNudgeAboveBytes = 1024 * 1024;
inline constexpr Nanos kNudgeEvery = 100 * kMillisecond;

/// Bytes of one client's link (answers, pongs, deliveries) that the transport has not taken. Above it the link is not
/// read, until all of them have been taken: who does not take answers cannot ask for more. Well below max_send_backlog,
/// which bounds deliveries.
inline constexpr std::size_t kUnsentStopsReading = 256 * 1024;

/// What handling a packet costs beside its deliveries, in units of WorkBudget.
inline constexpr std::uint32_t kPacketUnits = 1;
/// So many bytes of what is sent to clients are one unit more.
inline constexpr std::uint32_t kBytesPerUnit = 8 * 1024;

}  // namespace orrery::node
