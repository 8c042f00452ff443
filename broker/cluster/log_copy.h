// SPDX-License-Identifier: Apache-2.0
// A full copy of what one owner has, for a peer that is behind the tail of the log: the sender's and the receiver's
// end.
//
// The sender enumerates the sinks in pieces while the log goes on. So a copy is fuzzy: it has everything that stood at
// its position and did not change since; what changed comes again as entries after that position. All operations are
// set operations, hence the end is exact. The receiver adds rows as they come and only at the end removes those that
// the copy did not have: at no moment is a route missing that both before and after have.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "broker/base/heap.h"
#include "broker/cluster/control_frames.h"
#include "broker/cluster/control_wire.h"
#include "broker/cluster/route_sink.h"

namespace orrery::cluster {

class CopySender {
 public:
  bool active() const { return active_; }
  NodeId owner() const { return owners_.front(); }
  Position at() const { return at_; }
  CopyKind kind() const { return kind_; }

  /// Begins a copy of one owner's rows and values at this position.
  void begin_whole(NodeId owner, Position at, ControlWire& wire, NodeId to);
  /// Begins a copy of the retained values of several owners. `newborn`: this node may not have all of them itself yet.
  void begin_retained(std::vector<NodeId> owners, bool newborn, ControlWire& wire, NodeId to);
  /// Writes the next piece; after the last one active() is false. Returns the bytes written.
  std::size_t write_piece(ControlWire& wire, NodeId to, RouteSink& routes, RetainedSink& retained);
  void abort() { active_ = false; }

 private:
  void write_head(FrameType type, ControlWire& wire, NodeId to) const;

  bool active_ = false;
  bool routes_done_ = false;
  CopyKind kind_ = CopyKind::kWhole;
  std::vector<NodeId> owners_;  // those still to be sent
  Position at_;
  std::uint64_t cursor_ = 0;
};

class CopyReceiver {
 public:
  explicit CopyReceiver(Heap& heap) : seen_(HeapAllocator<std::uint64_t>(heap)) {}

  bool active() const { return active_; }
  const CopyHead& head() const { return head_; }
  /// Rows are read and dropped: the copy is not wanted any more.
  bool ignored() const { return ignored_; }

  /// `reconcile`: there may be rows that the copy does not have.
  void begin(const CopyHead& head, bool ignore, bool reconcile);
  void ignore() { ignored_ = true; }
  void note(const Entry& row);
  /// Ends the copy; removes the owner's rows that it did not have, and returns how many.
  std::uint32_t finish(RouteSink& routes);
  void abort();
  std::size_t memory_bytes() const { return seen_.capacity() * sizeof(std::uint64_t); }

 private:
  static std::uint64_t key_of(std::string_view filter, ShardId shard);
  std::uint32_t remove_unseen(RouteSink& routes);

  bool active_ = false;
  bool ignored_ = false;
  bool reconcile_ = false;
  CopyHead head_;
  HeapVector<std::uint64_t> seen_;
};

}  // namespace orrery::cluster
