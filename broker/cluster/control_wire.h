// SPDX-License-Identifier: Apache-2.0
// The control plane's way out: for each node a buffer of frames that leaves in one piece at the end of the event, and
// the Lamport clock that every control frame carries.
//
// What is written for the node itself is given back by take_loopback(): the registrar on this node is spoken to with
// the same frames as one elsewhere. What is written for a node without a stream is dropped; ask up() first where that
// matters.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "base/assert.h"
#include "broker/cluster/cluster_setup.h"
#include "broker/cluster/limits.h"
#include "broker/cluster/peer_frame.h"
#include "broker/cluster/peer_port.h"

namespace orrery::cluster {

class ControlWire {
 public:
  ControlWire(const ClusterSetup& setup, PeerPort& port) : setup_(setup), port_(port) {}

  PeerPort& port() { return port_; }
  std::uint64_t clock() const { return clock_; }
  /// What frames say: never more than others believe.
  std::uint64_t told_clock() const { return std::min(clock_, kClockMax); }
  /// `seen` is at most kClockMax.
  void merge_clock(std::uint64_t seen) {
    ORRERY_ASSERT(seen <= kClockMax);
    clock_ = std::max(clock_, seen);
  }
  std::uint64_t advance_clock(std::uint64_t by = 1) {
    clock_ += by;
    ORRERY_ASSERT(clock_ < 2 * kClockMax);  // 2^56 steps, or 2^36 leaps, from wherever a peer can set it
    return clock_;
  }

  PeerStream* stream(NodeId node) const { return peers_[node].stream; }
  bool up(NodeId node) const { return peers_[node].stream != nullptr; }
  /// The transport holds much of what was sent, or the buffer has grown: log and copy frames have to wait.
  bool blocked(NodeId node) const { return peers_[node].blocked; }
  void stream_up(NodeId node, PeerStream& stream);
  void stream_down(NodeId node);
  void drained(NodeId node) { peers_[node].blocked = false; }

  ByteWriter::Buffer& buffer(NodeId node) { return peers_[node].buffer; }
  /// Sends what was written, node by node.
  void flush();
  /// Exchanges the frames written for this node itself with an empty buffer; false when there were none.
  bool take_loopback(ByteWriter::Buffer& out);

  std::uint64_t memory_bytes() const;

 private:
  struct Peer {
    PeerStream* stream = nullptr;
    bool blocked = false;
    ByteWriter::Buffer buffer;
  };
  static constexpr std::size_t kBufferKeptBytes = 16 * 1024;

  const ClusterSetup& setup_;
  PeerPort& port_;
  std::array<Peer, kMembersMax> peers_;
  std::uint64_t clock_ = 0;
};

/// A frame of the control plane to a node: begins with the clock.
class ControlFrame : public FrameWriter {
 public:
  ControlFrame(ControlWire& wire, NodeId to, FrameType type) : FrameWriter(wire.buffer(to), type) {
    u64(wire.told_clock());
  }
};

}  // namespace orrery::cluster
