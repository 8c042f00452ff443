// SPDX-License-Identifier: Apache-2.0
// Where the control plane puts what owner logs say: the node's route table and its retained store, behind two
// interfaces.
//
// The control plane calls them on shard 0 only, and never asks them for what it could know itself. Operations are set
// operations: adding a row that is there or removing one that is not changes nothing.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/types.h"

namespace orrery::cluster {

/// Ends an enumeration: the cursor that for_each_of returns when nothing is left. Enumerations begin at 0.
inline constexpr std::uint64_t kCursorEnd = UINT64_MAX;

class RouteVisitor {
 public:
  virtual ~RouteVisitor() = default;
  /// False: stop after this row, the cursor that is returned continues behind it.
  virtual bool route(std::string_view filter, ShardId shard) = 0;
};

/// The table of (owner, filter, shard), the owner's own rows included.
class RouteSink {
 public:
  virtual ~RouteSink() = default;
  virtual void add(NodeId owner, std::string_view filter, ShardId shard) = 0;
  virtual void remove(NodeId owner, std::string_view filter, ShardId shard) = 0;
  /// All rows of the owner go.
  virtual void remove_node(NodeId owner) = 0;
  /// Rows of a masked owner stay but do not match; rows can be added and removed meanwhile.
  virtual void mask(NodeId owner) = 0;
  virtual void unmask(NodeId owner) = 0;
  /// Visits the owner's rows from a cursor on, masked or not, in any order, until the visitor stops. Rows may come and
  /// go between two calls: every row that was there all the time must be visited, others may be. The visitor changes
  /// nothing.
  virtual std::uint64_t for_each_of(NodeId owner, std::uint64_t cursor, RouteVisitor& visitor) = 0;
};

class RetainedVisitor {
 public:
  virtual ~RetainedVisitor() = default;
  /// False: stop after this value.
  virtual bool retained(Bytes value) = 0;
};

/// Retained messages as opaque values that carry their topic and what decides which of two is newer. apply() keeps the
/// newer and may come several times and in any order; `owner` is who set the value. A value outlives its owner's
/// incarnation. apply() is false for what is no such value: the peer that gave it is refused.
class RetainedSink {
 public:
  virtual ~RetainedSink() = default;
  virtual bool apply(NodeId owner, Bytes value) = 0;
  /// Visits the values that this owner set (tombstones included while they are kept), as RouteSink::for_each_of.
  virtual std::uint64_t for_each_of(NodeId owner, std::uint64_t cursor, RetainedVisitor& visitor) = 0;
};

}  // namespace orrery::cluster
