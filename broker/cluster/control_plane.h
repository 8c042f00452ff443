// SPDX-License-Identifier: Apache-2.0
// The control plane of a node, on its shard 0: owner logs, what the cores know of each other's liveness, the registrar.
//
// Every node has a control stream to every core (cores among themselves one for each pair, the lower id dials). Over it
// run heartbeats with positions, entries of owner logs, full copies, and the registrar's messages. A replicant is
// attached to one core, gives it its own log and is given all others'; its streams to the other cores are warm. See
// ARCHITECTURE.md for why, docs/peer-protocol.md for the frames. The parts are machines of their own: log_exchange.h,
// membership.h, registrar.h, settling.h, claim_table.h; here they are connected to streams, time and the node.
//
// No method but end_of_event(), tick() and the stream events makes an upcall: append_*, claim, yielded, release and
// hold only queue. A node alone goes the same way, with itself as its only core.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "broker/base/heap.h"
#include "broker/claims/claims.h"
#include "broker/cluster/cluster_setup.h"
#include "broker/cluster/control_host.h"
#include "broker/cluster/peer_port.h"
#include "broker/cluster/route_sink.h"

namespace orrery::cluster {

class ControlPlane final : public StreamUser {
 public:
  /// Registers itself at the port (of shard 0). All arguments outlive it. The list has at least one core.
  ControlPlane(const ClusterSetup& setup, PeerPort& port, Heap& heap, ControlHost& host, RouteSink& routes,
               RetainedSink& retained);
  ~ControlPlane() override;

  void start(Nanos now);
  /// Sends what the event queued and makes the upcalls that are due; call it at the end of every event of shard 0.
  void end_of_event(Nanos now);
  void tick(Nanos now);
  Nanos next_deadline() const;

  // The own log. Each call applies the operation to the sinks, appends it, and returns its sequence for in_force().
  std::uint64_t append_route_add(Nanos now, std::string_view filter, ShardId shard);
  std::uint64_t append_route_remove(Nanos now, std::string_view filter, ShardId shard);
  /// `value` as RetainedSink takes it, at most kRetainedBytesMax.
  std::uint64_t append_retained(Nanos now, Bytes value);

  // Client ids: what a shard says (claims.h).
  /// ControlHost::granted or refused follows.
  void claim(Nanos now, ShardId shard, const claims::Request& request);
  void yielded(Nanos now, const claims::Yielded& yielded);
  void release(Nanos now, const claims::Release& release);
  void hold(Nanos now, ShardId shard, const claims::Hold& hold);
  /// The shard has told all of the round of ControlHost::reassert with these cores as `after`. A registrar grants
  /// nothing that might be held elsewhere until all nodes are through, or kRegistrarSettle has passed.
  void held_all(Nanos now, ShardId shard, const claims::HeldAll& all);

  /// A stamp above all stamps and epochs this node has seen from others: which of two retained values is newer.
  std::uint64_t next_stamp();
  NodeMask live_cores() const;
  bool masked(NodeId node) const;
  /// The core that this replicant is attached to; kNoNode when there is none, and on a core.
  NodeId attached_to() const;
  /// Entries of this owner's log that are known here.
  std::uint64_t sequence_of(NodeId owner) const;
  /// Rows in this node's part of the registrar.
  std::size_t registrar_rows() const;
  std::uint64_t memory_bytes() const;

  bool stream_up(Nanos now, PeerStream& stream) override;
  bool stream_frame(Nanos now, PeerStream& stream, FrameType type, Bytes body) override;
  void stream_drained(Nanos now, PeerStream& stream) override;
  void stream_down(Nanos now, PeerStream& stream) override;
  void stream_failed(Nanos now, Place to) override;

 private:
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace orrery::cluster
