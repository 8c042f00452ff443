// SPDX-License-Identifier: Apache-2.0
// Clients' links: from the bytes of a stream to MQTT packets for Sessions, and back.
//
// A TCP link carries MQTT packets; a WebSocket link an HTTP upgrade, then frames whose payload is the same stream of
// packets. Nothing is buffered but what is cut: the front of a request, of a control frame, of a packet, each by its
// decoder. While a client id is claimed the stream is held back (at most kHeldBytesMax), for CONNECT may be followed at
// once.
#pragma once

#include <cstdint>
#include <vector>

#include "broker/base/heap.h"
#include "broker/base/id_table.h"
#include "broker/mqtt/stream_decoder.h"
#include "broker/seam/counters.h"
#include "broker/seam/effects.h"
#include "broker/seam/link_user.h"
#include "broker/session/session_host.h"
#include "broker/session/sessions.h"
#include "broker/websocket/frame_decoder.h"
#include "broker/websocket/handshake.h"

namespace orrery::node {

class Transport final : public LinkUser {
 public:
  /// All arguments outlive it.
  Transport(const websocket::HandshakeOptions& options, Heap& heap, Effects& effects, Counters& counters,
            session::Sessions& sessions);
  ~Transport() override;

  void link_open(Nanos now, LinkId link, const LinkInfo& info) override;
  void bytes(Nanos now, LinkId link, MutableBytes bytes) override;
  void drained(Nanos now, LinkId link) override { sessions_.drained(now, link); }
  void link_closed(Nanos now, LinkId link) override;

  // For Sessions, through SessionHost.
  std::vector<std::uint8_t>& begin_packet();
  std::size_t end_packet(LinkId link);
  void end_link(LinkId link, session::LinkEnd how);
  /// The packets that were held back come at the next run_resumed().
  void resume_link(LinkId link) { resumed_.push_back(link); }
  /// True when it had something to do.
  bool run_resumed(Nanos now);

 private:
  struct Link {
    Link(Heap& heap, LinkKind k) : frames(heap), kind(k) {}
    websocket::FrameDecoder frames;
    mqtt::StreamDecoder packets;
    websocket::Handshake* handshake = nullptr;  // until the upgrade is answered
    HeapVector<std::uint8_t>* held = nullptr;
    LinkKind kind;
    bool ended = false;  // by us, or by a Close of the client: what still comes is thrown away
  };

  void free_buffers(Link& link);
  void handshake_bytes(Nanos now, LinkId link, MutableBytes bytes);
  void frame_bytes(Nanos now, LinkId link, MutableBytes bytes);
  void packet_bytes(Nanos now, LinkId link, Bytes bytes);
  void hold(Nanos now, LinkId link, Bytes bytes);
  void answer_close(LinkId link, websocket::CloseCode code, std::string_view text);

  const websocket::HandshakeOptions& options_;
  Heap& heap_;
  Effects& effects_;
  Counters& counters_;
  session::Sessions& sessions_;
  IdTable<Link> links_;
  std::vector<LinkId> resumed_;
  std::vector<std::uint8_t> packet_;   // room for a frame header, then one packet
  std::vector<std::uint8_t> control_;  // one control frame or HTTP response
};

}  // namespace orrery::node
