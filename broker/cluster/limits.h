// SPDX-License-Identifier: Apache-2.0
// Every limit and interval of the cluster, with what happens when it is reached.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/types.h"

namespace orrery::cluster {

/// Members of a cluster: sets of nodes are 64-bit masks.
inline constexpr std::size_t kMembersMax = 64;

// Frames and streams.
/// A longer frame is malformed: the stream is refused with a reason and closed.
inline constexpr std::size_t kPeerFrameBytesMax = 16 * 1024 * 1024;
/// A frame before the hello has been accepted may be this long at most.
inline constexpr std::size_t kPeerHelloBytesMax = 256;
/// A stream that has said no valid hello for so long is closed.
inline constexpr Nanos kPeerHelloTimeout = 5 * kSecond;
/// The same refusal of or by the same member is told again after this.
inline constexpr Nanos kRefusalToldEvery = 60 * kSecond;
/// A dial that failed is tried again after the first interval, doubled each time up to the second, with a jitter of a
/// quarter.
inline constexpr Nanos kDialRetryMin = 250 * kMillisecond;
inline constexpr Nanos kDialRetryMax = 4 * kSecond;
/// For control streams the second interval is shorter, and well below kMaskAfter: when all cores return at once, every
/// node must be heard again before anybody's rows are masked.
inline constexpr Nanos kControlRetryMax = 2 * kSecond;

// Lanes.
/// One message on a lane; a larger one is refused.
inline constexpr std::size_t kLaneMessageBytesMax = 8 * 1024 * 1024;
/// Bytes that one lane keeps until its receiver has accepted them; when full, send() refuses.
inline constexpr std::size_t kLaneBufferBytesMax = 16 * 1024 * 1024;
/// The same for all lanes of a shard together.
inline constexpr std::size_t kLanesBufferBytesMax = 128 * 1024 * 1024;
/// Bytes that a lane lets the transport hold; the rest waits in the lane's own buffer for drained().
inline constexpr std::size_t kLaneBacklogBytesMax = 512 * 1024;
/// The receiver acknowledges after so many messages or bytes, or after so long, whichever is first; and at the end of
/// the event when a message asked for it.
inline constexpr std::uint32_t kLaneAckMessages = 256;
inline constexpr std::uint32_t kLaneAckBytes = 64 * 1024;
inline constexpr Nanos kLaneAckAfter = 200 * kMillisecond;
/// A lane that waits for an acknowledgement and hears nothing for so long drops its stream and dials again.
inline constexpr Nanos kLaneStallAfter = 5 * kSecond;
/// Lanes dialled in one batch at start and after a node came back, and the interval between batches.
inline constexpr std::uint32_t kLaneDialBatch = 32;
inline constexpr Nanos kLaneDialEvery = 10 * kMillisecond;

// Control plane.
inline constexpr Nanos kPeerHeartbeat = 500 * kMillisecond;
/// A control stream that was silent for so long is dead.
inline constexpr Nanos kPeerTimeout = 3 * kSecond;
/// A node that nobody has heard for so long, after kPeerTimeout, has its rows masked: nothing is forwarded to it until
/// it is heard again. Until then what is published for it waits in its lanes, so that a cut of some seconds loses
/// nothing.
inline constexpr Nanos kMaskAfter = 15 * kSecond;
/// A node that nobody has heard for so long is gone: its lanes give up what they keep.
inline constexpr Nanos kNodeGoneAfter = 30 * kSecond;
/// Positions in owner logs, and numbers of a lane's messages: one from a peer that is larger is malformed. Nobody gets
/// there by counting, so that the next one always exists.
inline constexpr std::uint64_t kSequenceMax = std::uint64_t{1} << 56;
/// Entries and bytes of each owner's log that are kept for peers that are behind; one further behind gets a full copy.
inline constexpr std::uint32_t kOwnerLogEntriesMax = 65'536;
inline constexpr std::size_t kOwnerLogBytesMax = 4 * 1024 * 1024;
/// A batch of entries or rows is closed when it has grown to this.
inline constexpr std::size_t kBatchBytes = 32 * 1024;
/// Log and copy frames stop while the transport holds more than this for a stream.
inline constexpr std::size_t kControlBacklogBytesMax = 1024 * 1024;
/// Bytes of log and copy frames that one event makes for one stream; the rest follows kPumpEvery later.
inline constexpr std::size_t kPumpBytes = 256 * 1024;
inline constexpr Nanos kPumpEvery = kMillisecond;
/// After a gap or a standstill the same owner's log is asked for again at the earliest after this.
inline constexpr Nanos kAskEvery = kSecond;
/// A node asks its peers for retained values of former lives until one has answered, or for so long after its start.
inline constexpr Nanos kNewbornFor = 30 * kSecond;
/// A replicant goes (back) to the core that it prefers when that one has been up for so long.
inline constexpr Nanos kReattachAfter = 5 * kSecond;
/// One value of a retained message with its topic; the node layer keeps below it.
inline constexpr std::size_t kRetainedBytesMax = 8 * 1024 * 1024;
inline constexpr std::size_t kFilterBytesMax = 65'535;

// Registrar.
inline constexpr std::size_t kClientIdBytesMax = 65'535;
/// A session that is handed over may be this large; a larger one is dropped and the taker begins anew.
inline constexpr std::size_t kSessionBytesMax = 8 * 1024 * 1024;
/// The holder of a client id has so long to yield it; then it is granted without a session.
inline constexpr Nanos kYieldTimeout = 5 * kSecond;
/// A claim that no registrar answers for so long fails.
inline constexpr Nanos kClaimTimeout = 10 * kSecond;
/// After a change of the live cores a registrar waits so long at most for the nodes to tell the client ids they hold.
inline constexpr Nanos kRegistrarSettle = 5 * kSecond;
/// Claims that wait for one client id; a further one makes the oldest fail.
inline constexpr std::size_t kClaimQueueMax = 8;
/// Claims of one node that wait for an answer; a further one fails at once.
inline constexpr std::size_t kClaimsPendingMax = 262'144;
/// How a shard paces the assertion of its client ids after reassert(): so many, then a pause.
inline constexpr std::uint32_t kReassertBatch = 256;
inline constexpr Nanos kReassertEvery = 10 * kMillisecond;
/// Rows that a registrar looks at in one go for those that are not its any more, and the pause.
inline constexpr std::uint32_t kPurgeRows = 1024;
inline constexpr Nanos kPurgeEvery = 10 * kMillisecond;
/// A clock beyond this is not believed: nobody gets there by counting, and an epoch is 64 times the clock. A node whose
/// clock has been set there goes on counting for itself, up to the double, and tells others this value.
inline constexpr std::uint64_t kClockMax = std::uint64_t{1} << 56;
/// Above every epoch, and every stamp of a retained value: those from a peer that are larger are malformed.
inline constexpr std::uint64_t kEpochMax = 2 * kClockMax * kMembersMax;
inline constexpr std::uint64_t kStampMax = 2 * kClockMax;
/// What the clock leaps by when the set of live cores changes, so that a new registrar's epochs are above those of the
/// registrar that died: more than one registrar can grant between two heartbeats and a time-out.
inline constexpr std::uint64_t kClockLeap = 1 << 20;

}  // namespace orrery::cluster
