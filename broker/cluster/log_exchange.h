// SPDX-License-Identifier: Apache-2.0
// The owner logs of all nodes as this node knows them, and their exchange with the peers on control streams.
//
// What goes where: a replicant gives its own log to the core that it is attached to. A core gives every attached
// replicant everything; to other cores it gives what comes from the owner itself (its own log, those of replicants
// attached to it); what came through another core it does not pass on to cores. A kHave sets where the giving goes on.
// Whoever sees in a peer's heartbeats that he stays behind it, asks that peer; so a cut, a restart, or a core that went
// away at the wrong moment heals without anybody knowing what was missed. Entries that are known are skipped by their
// sequence; a gap is asked for. Only an owner's own entries, or its newer incarnation, ever remove rows of it.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "broker/base/heap.h"
#include "broker/cluster/control_frames.h"
#include "broker/cluster/control_wire.h"
#include "broker/cluster/log_copy.h"
#include "broker/cluster/owner_log.h"
#include "broker/cluster/route_sink.h"

namespace orrery::cluster {

class LogExchange {
 public:
  LogExchange(const ClusterSetup& setup, Heap& heap, ControlWire& wire, RouteSink& routes, RetainedSink& retained);
  ~LogExchange();

  void start(Nanos now) { newborn_until_ = now + kNewbornFor; }
  /// Applies to the sinks, appends to the own log.
  std::uint64_t append(const Entry& entry);
  /// What of the own log is in force: all of it on a core, what a core has acknowledged on a replicant.
  std::uint64_t in_force() const;

  void peer_up(NodeId peer);
  void peer_down(NodeId peer);
  /// On a replicant: from now on this core is given the own log and gives the others'. kNoNode: none.
  void attach(NodeId core);
  NodeId attached_to() const { return attached_to_; }

  /// False when the body is malformed. The clock has been read from it.
  bool handle(Nanos now, NodeId from, FrameType type, ByteReader& body);
  bool handle_positions(Nanos now, NodeId from, const std::vector<OwnerPosition>& positions);
  /// The node lives as this incarnation; an older one's rows go.
  void observe_incarnation(NodeId node, std::uint64_t incarnation);
  std::vector<OwnerPosition> positions() const;
  Position position_of(NodeId owner) const { return owners_[owner]->log.position(); }
  /// Owners of which a new incarnation was seen since the last call.
  NodeMask take_renewed();

  /// Writes what the peers are behind, within kPumpBytes for each; true when there is more that could go at once.
  bool pump(Nanos now);

  std::uint64_t memory_bytes() const;

 private:
  struct Owner {
    explicit Owner(Heap& heap) : log(heap) {}
    OwnerLog log;
    NodeId copied_from = kNoNode;
    /// Rows may be there that the log at its position does not have: a copy was broken off.
    bool uncertain = false;
    Nanos ask_again_at = 0;
    std::uint8_t asked_in_vain = 0;
  };
  /// What a peer is given of one owner's log, and what its heartbeats say that it could give.
  struct Feed {
    Position at;               // given up to here
    std::uint64_t offset = 0;  // of the next entry in the log's tail
    bool known = false;        // the peer has said where it stands
    bool offset_known = false;
    bool repair = false;      // give until it has caught up, even what is not its usual share
    std::uint8_t behind = 0;  // heartbeats in a row in which the peer was ahead and we stood still,
    Position compared;        // here
  };
  struct Peer {
    explicit Peer(Heap& heap) : in(heap) {}
    std::array<Feed, kMembersMax> feeds;
    bool attached = false;  // to this core
    bool wants_retained = false;
    bool newborn = false;  // a core that has just started
    bool owes_ack = false;
    CopySender out;
    CopyReceiver in;
  };

  bool serves(NodeId peer, NodeId owner) const;
  bool has_work(NodeId peer, NodeId owner);
  bool direct(NodeId owner) const;
  bool pump_peer(NodeId peer);
  std::size_t write_entries(NodeId to, NodeId owner);
  void begin_retained_copy(NodeId to);
  void set_feed(NodeId peer, const OwnerPosition& position, bool repair);
  void write_have(NodeId to, FrameType type, const Have& have);
  void became_direct(NodeId owner);
  void ask(Nanos now, NodeId peer, NodeId owner);
  bool may_ask_retained(NodeId replicant) const;
  void reset(NodeId owner, Position at);
  bool apply(NodeId owner, const Entry& entry);
  bool ahead_of_us(const OwnerPosition& position) const;

  bool handle_have(NodeId from, bool attaching, ByteReader& body);
  bool handle_entries(Nanos now, NodeId from, ByteReader& body);
  bool handle_ack(NodeId from, ByteReader& body);
  bool handle_copy_begin(NodeId from, ByteReader& body);
  bool handle_copy_rows(NodeId from, ByteReader& body);
  bool handle_copy_end(NodeId from, ByteReader& body);
  void acknowledged(Position at);
  void drop_copy_from(NodeId peer);

  const ClusterSetup& setup_;
  ControlWire& wire_;
  RouteSink& routes_;
  RetainedSink& retained_;
  std::vector<std::unique_ptr<Owner>> owners_;
  std::vector<std::unique_ptr<Peer>> peers_;
  NodeId attached_to_ = kNoNode;
  std::uint64_t acknowledged_ = 0;
  NodeMask renewed_ = 0;
  /// Until a peer, or time, has told that there are no retained values of former lives left to be had.
  bool newborn_ = true;
  Nanos newborn_until_ = 0;
  NodeId newborn_asked_ = kNoNode;  // the replicant that this core asked for them
};

}  // namespace orrery::cluster
