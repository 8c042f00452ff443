// SPDX-License-Identifier: Apache-2.0
#include "broker/cluster/control_wire.h"

namespace orrery::cluster {

void ControlWire::stream_up(NodeId node, PeerStream& stream) {
  peers_[node].stream = &stream;
  peers_[node].blocked = false;
  peers_[node].buffer.clear();
}

void ControlWire::stream_down(NodeId node) {
  peers_[node].stream = nullptr;
  peers_[node].blocked = false;
  ByteWriter::Buffer().swap(peers_[node].buffer);
}

void ControlWire::flush() {
  for (NodeId n = 0; n < setup_.nodes(); ++n) {
    Peer& peer = peers_[n];
    if (n == setup_.self || peer.buffer.empty()) continue;
    if (peer.stream != nullptr && !peer.stream->closing)
      peer.blocked = port_.send(*peer.stream, peer.buffer) > kControlBacklogBytesMax;
    peer.buffer.clear();
    if (peer.buffer.capacity() > kBufferKeptBytes) peer.buffer.shrink_to_fit();
  }
}

bool ControlWire::take_loopback(ByteWriter::Buffer& out) {
  out.clear();
  out.swap(peers_[setup_.self].buffer);
  return !out.empty();
}

std::uint64_t ControlWire::memory_bytes() const {
  std::uint64_t total = sizeof(*this);
  for (const Peer& peer : peers_) total += peer.buffer.capacity();
  return total;
}

}  // namespace orrery::cluster
