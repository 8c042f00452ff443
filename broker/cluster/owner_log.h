// SPDX-License-Identifier: Apache-2.0
// One node's owner log as another node (or itself) holds it: a position, and the tail of entries that led to it.
//
// An entry is u8 operation, u32 length, body; the tail keeps entries in this form, which is also the wire's, so that
// sending them is copying. A position is (incarnation, sequence); incarnation 0 means that nothing is known. When the
// tail passes its limits the oldest entries go: a peer that is behind the tail needs a full copy.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/bytes.h"
#include "base/types.h"
#include "broker/base/heap.h"
#include "broker/cluster/byte_queue.h"
#include "broker/cluster/cluster_setup.h"

namespace orrery::cluster {

struct Position {
  std::uint64_t incarnation = 0;
  std::uint64_t sequence = 0;
  auto operator<=>(const Position&) const = default;
};

enum class Operation : std::uint8_t { kRouteAdd = 1, kRouteRemove = 2, kRetained = 3 };

/// A row of the route table or a retained value: what an entry does, and what a full copy consists of.
struct Entry {
  Operation operation = Operation::kRouteAdd;
  ShardId shard = 0;        // of routes
  std::string_view filter;  // of routes
  Bytes value;              // of a retained message
};
void encode(const Entry& entry, ByteWriter& out);
/// Reads one; false when it does not parse or passes a limit.
bool decode(ByteReader& in, Entry& entry);
/// A route whose filter can be a row of the table, for a shard that its owner has. Others' entries must be that.
bool plausible(const Entry& entry, const ClusterSetup& setup, NodeId owner);

class OwnerLog {
 public:
  explicit OwnerLog(Heap& heap) : tail_(heap) {}

  Position position() const { return {incarnation_, last_}; }
  std::uint64_t incarnation() const { return incarnation_; }
  std::uint64_t last() const { return last_; }
  /// The first sequence in the tail; last() + 1 when the tail is empty.
  std::uint64_t first() const { return first_; }

  /// Forgets everything and stands at the position, with an empty tail.
  void reset(Position at);
  /// The entry becomes last() + 1. `keep` false: nobody will ever ask for it.
  void append(Bytes encoded, bool keep);
  /// Where in the tail the entry with this sequence begins (first() to last() + 1).
  std::uint64_t offset_of(std::uint64_t sequence) const;
  /// Copies entries from `sequence` at `offset` on until `max_bytes` are reached (at least one), moves both behind
  /// them, and returns how many there were.
  std::uint32_t copy(std::uint64_t& sequence, std::uint64_t& offset, std::size_t max_bytes, ByteWriter& out) const;

  std::size_t memory_bytes() const { return tail_.memory_bytes(); }

 private:
  std::size_t entry_size(std::uint64_t offset) const;

  std::uint64_t incarnation_ = 0;
  std::uint64_t first_ = 1;
  std::uint64_t last_ = 0;
  ByteQueue tail_;
};

}  // namespace orrery::cluster
