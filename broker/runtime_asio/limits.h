// SPDX-License-Identifier: Apache-2.0
// Every limit of the real runtime, and what happens there.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/types.h"

namespace orrery::runtime {

/// Read from one link before the next one gets its turn. One buffer of this size for each shard.
inline constexpr std::size_t kReadBuffer = 64 * 1024;
/// Events taken from the kernel at once: a batch.
inline constexpr int kBatchEvents = 256;
/// Connections accepted from one listener in a batch; the rest waits for the next.
inline constexpr int kAcceptBatch = 64;
/// Unsent bytes of one link, and of all links, that end the wait for the end of the batch: they are written at once.
inline constexpr std::size_t kLinkBatchBytes = 64 * 1024;
inline constexpr std::size_t kBatchBytes = 1024 * 1024;
/// Posted bytes for one shard that are handed over before the batch ends.
inline constexpr std::size_t kPostBatchBytes = 1024 * 1024;
/// Bytes of batches that one sync of the storage makes safe; what is beyond waits for the next.
inline constexpr std::size_t kStorageGroupBytes = 4 * 1024 * 1024;
/// What a shard's busy share looks back on.
inline constexpr Nanos kBusyWindow = 10 * kMillisecond;
/// How often in a turn a shard takes messages that came while it did another's work, before it looks at its links
/// again.
inline constexpr int kHelpRounds = 4;
/// How long a shard stays with its own epoll set before it lets Asio look at signals and name look-ups.
inline constexpr Nanos kTurn = 10 * kMillisecond;
/// A connection to another member that takes longer has failed.
inline constexpr Nanos kDialTimeout = 3 * kSecond;
/// A link that is closed with kFlush and does not take its bytes for so long is reset.
inline constexpr Nanos kFlushTimeout = 5 * kSecond;
/// After our FIN, how long the peer's bytes are read and thrown away, so that a reset does not overtake what was sent.
inline constexpr Nanos kLingerTimeout = 2 * kSecond;
/// Accepting rests so long when descriptors or memory are short, or the listener is full.
inline constexpr Nanos kAcceptPause = 100 * kMillisecond;
/// Lines of one kind of note that one shard writes within a second; how many more there were is one line at its end.
inline constexpr std::uint32_t kNoteLinesPerSecond = 10;
/// The most plain bytes that one TLS record carries (RFC 8446, 5.1).
inline constexpr std::size_t kTlsRecord = 16 * 1024;
/// At a stop: links with unsent bytes are given up when none of them has taken any for so long, or after the longer
/// time.
inline constexpr Nanos kStopQuiet = 1 * kSecond;
inline constexpr Nanos kStopFlush = 10 * kSecond;
/// Descriptors kept back from clients for listeners, peers, files and the runtime itself.
inline constexpr std::uint32_t kDescriptorReserve = 96;
inline constexpr std::uint32_t kDescriptorReservePerShard = 16;
/// Connections that peers may hold open for each pair of shards: the one that serves, and ones that are being replaced.
inline constexpr std::uint32_t kPeerLinksPerStream = 4;
/// Connections that the kernel completes before we accept them (it caps this at net.core.somaxconn).
inline constexpr int kListenBacklog = 4096;
/// Shards of a node: sets of them are 64-bit masks.
inline constexpr ShardId kShardsMax = 64;

}  // namespace orrery::runtime
