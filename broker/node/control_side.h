// SPDX-License-Identifier: Apache-2.0
// What shard 0 does for the whole node: the control plane, the route table's writer, the retained store.
//
// Other shards reach it by messages (shard_message.h), shard 0's own sessions too. Answers go back by ShardPost. The
// retained store holds encoded messages without their expiry, which is the store's; on the wire a retained value is
// stamp u64, writer u16, message (with what is left of its expiry).
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "broker/base/heap.h"
#include "broker/cluster/control_host.h"
#include "broker/cluster/control_plane.h"
#include "broker/cluster/route_sink.h"
#include "broker/node/node_tables.h"
#include "broker/node/shard_message.h"
#include "broker/routing/retained_store.h"
#include "broker/seam/counters.h"
#include "broker/session/message.h"

namespace orrery::node {

/// To a shard of the same node, the sender included.
class ShardPost {
 public:
  virtual ~ShardPost() = default;
  virtual void post(ShardId to, Bytes message) = 0;
};

class ControlSide final : private cluster::ControlHost, private cluster::RouteSink, private cluster::RetainedSink {
 public:
  ControlSide(NodeTables& tables, cluster::PeerPort& port, Heap& heap, ShardPost& post);

  void start(Nanos now);
  void tick(Nanos now);
  void end_of_event(Nanos now);
  Nanos next_deadline() const { return std::min(plane_.next_deadline(), sweep_at_); }
  std::uint64_t memory_bytes() const;

  // Requests of the shards, in the layouts of shard_message.h.
  void route_change(Nanos now, ShardId from, ByteReader& in);
  void retain(Nanos now, ShardId from, ByteReader& in);
  void claim(Nanos now, ShardId from, ByteReader& in);
  void yielded(Nanos now, ByteReader& in);
  void release(Nanos now, ByteReader& in);
  void hold(Nanos now, ShardId from, ByteReader& in);
  void held_all(Nanos now, ShardId from, ByteReader& in) { plane_.held_all(now, from, in.u64()); }

 private:
  /// A SUBSCRIBE that waits until the own log is in force up to a sequence.
  struct Waiting {
    std::uint64_t sequence;
    ShardId shard;
    std::uint32_t token;
    std::vector<std::string> retained_wanted;
  };

  void answer(Nanos now, const Waiting& waiting);
  void set_retained(Nanos now, Bytes value);

  // ControlHost
  void in_force(Nanos now, std::uint64_t up_to) override;
  void claim_granted(Nanos now, ShardId shard, std::uint64_t request, std::uint64_t epoch, Bytes session,
                     bool present) override;
  void claim_failed(Nanos now, ShardId shard, std::uint64_t request) override;
  void yield(Nanos now, ShardId shard, std::string_view client_id, std::uint64_t epoch, bool discard) override;
  void reassert(Nanos now, cluster::NodeMask before, cluster::NodeMask after) override;
  void node_gone(Nanos now, NodeId node) override;
  void node_back(Nanos now, NodeId node, std::uint64_t incarnation) override;
  void to_all_shards(Bytes message);

  // RouteSink
  void add(NodeId owner, std::string_view filter, ShardId shard) override;
  void remove(NodeId owner, std::string_view filter, ShardId shard) override;
  void remove_node(NodeId owner) override;
  void mask(NodeId owner) override;
  void unmask(NodeId owner) override;
  std::uint64_t for_each_of(NodeId owner, std::uint64_t cursor, cluster::RouteVisitor& visitor) override;

  // RetainedSink
  void apply(NodeId owner, Bytes value) override;
  std::uint64_t for_each_of(NodeId owner, std::uint64_t cursor, cluster::RetainedVisitor& visitor) override;

  NodeTables& tables_;
  ShardPost& post_;
  routing::RetainedStore retained_;
  cluster::ControlPlane plane_;
  Nanos now_ = 0;  // of the present event, for the sinks
  std::uint64_t appended_ = 0;
  std::uint64_t in_force_ = 0;
  std::deque<Waiting> waiting_;
  Nanos sweep_at_ = kNever;
  Nanos nudged_at_ = 0;
  std::vector<std::uint8_t> message_;  // scratch: one message to a shard
  std::vector<std::uint8_t> value_;    // scratch: one retained value
};

}  // namespace orrery::node
