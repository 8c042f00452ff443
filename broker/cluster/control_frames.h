// SPDX-License-Identifier: Apache-2.0
// Layouts of the control plane's frames, without the clock that every one of them begins with. See
// docs/peer-protocol.md.
//
// Reading gives false for what does not parse, and for names of nodes that are not in the member list.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "broker/cluster/cluster_setup.h"
#include "broker/cluster/owner_log.h"

namespace orrery::cluster {

// Owner logs ----------------------------------------------------------------------------------------------------------

struct OwnerPosition {
  NodeId owner = 0;
  Position at;
};
/// kHave: `full` says that owners not listed are at nothing. `newborn` asks for the retained values that no log will
/// bring.
struct Have {
  bool full = false;
  bool newborn = false;
  std::vector<OwnerPosition> positions;
};
void write(ByteWriter& w, const Have& have);
bool read(ByteReader& r, const ClusterSetup& setup, Have& have);

struct Heartbeat {
  NodeMask hears = 0;
  std::vector<OwnerPosition> positions;
};
void write(ByteWriter& w, const Heartbeat& beat);
bool read(ByteReader& r, const ClusterSetup& setup, Heartbeat& beat);

/// kEntries: `count` entries follow, the first has sequence `first`.
struct EntriesHead {
  NodeId owner = 0;
  std::uint64_t incarnation = 0;
  std::uint64_t first = 0;
  std::uint32_t count = 0;
};
inline constexpr std::size_t kEntriesCountBack = 4;  // the count is the last field of the head, to be patched
void write(ByteWriter& w, const EntriesHead& head);
bool read(ByteReader& r, const ClusterSetup& setup, EntriesHead& head);

/// In the position of a kRetainedOnly copy, as its sequence (the incarnation is 0): the sender has been there long
/// enough to have all values.
inline constexpr std::uint64_t kFromSettled = 1;
/// kCopyBegin and kCopyEnd; kAck without the kind.
enum class CopyKind : std::uint8_t { kWhole = 0, kRetainedOnly = 1 };
struct CopyHead {
  CopyKind kind = CopyKind::kWhole;
  OwnerPosition of;
};
void write(ByteWriter& w, const CopyHead& head);
bool read(ByteReader& r, const ClusterSetup& setup, CopyHead& head);

void write(ByteWriter& w, const OwnerPosition& position);
bool read(ByteReader& r, const ClusterSetup& setup, OwnerPosition& position);

// The registrar -------------------------------------------------------------------------------------------------------

/// Every frame of the registrar begins with this: it may be passed on by a node between the two. Then comes the holder,
/// and then one of the structs of claims.h.
struct Envelope {
  NodeId from = 0;
  NodeId to = 0;
  std::uint8_t hops = 0;
};
inline constexpr std::uint8_t kHopsMax = 3;
void write(ByteWriter& w, const Envelope& envelope);
bool read(ByteReader& r, const ClusterSetup& setup, Envelope& envelope);

/// A shard in one life of its node: of the node that claims, holds, or is asked to yield. Zero in frames about none.
struct HolderShard {
  ShardId shard = 0;
  std::uint64_t incarnation = 0;
};
void write(ByteWriter& w, const HolderShard& holder);
bool read(ByteReader& r, HolderShard& holder);

}  // namespace orrery::cluster
