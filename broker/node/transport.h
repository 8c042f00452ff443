// SPDX-License-Identifier: Apache-2.0
// Clients' links: from the bytes of a stream to MQTT packets for Sessions, and back.
//
// A TCP link carries MQTT packets; a WebSocket link an HTTP upgrade, then frames whose payload is the same stream of
// packets. Nothing is buffered but what is cut: the front of a request, of a control frame, of a packet, each by its
// decoder.
//
// A link is not read while its client does not take what was sent (kUnsentStopsReading), while its client id is
// claimed, and while something that was read of it waits for its turn: an event handles packets within a WorkBudget.
// What of a read is left is held, at most one read of the world's; nothing more comes until it has been handled, in
// order. transport.cc is the way of the bytes, transport_hold.cc what stops it.
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "broker/base/heap.h"
#include "broker/base/id_table.h"
#include "broker/base/work_budget.h"
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
            session::Sessions& sessions, WorkBudget& budget);
  ~Transport() override;

  void link_open(Nanos now, LinkId link, const LinkInfo& info) override;
  void bytes(Nanos now, LinkId link, MutableBytes bytes) override;
  void drained(Nanos now, LinkId link) override;
  void link_closed(Nanos now, LinkId link) override;

  /// Handles what waits for its turn, link after link, within the event's budget. Call it at a wake-up.
  void work(Nanos now);
  /// Whether something waits for work().
  bool work_left() const { return !turns_.empty(); }

  // For Sessions, through SessionHost.
  std::vector<std::uint8_t>& begin_packet();
  std::size_t end_packet(LinkId link);
  void end_link(LinkId link, session::LinkEnd how);
  /// The packets that were held back come at the next run_resumed().
  void resume_link(LinkId link) { resumed_.push_back(link); }
  bool excused(LinkId link);
  /// True when it had something to do.
  bool run_resumed(Nanos now);

 private:
  /// What was read of a link and is not handled yet: the rest of a frame's payload, then the stream as it came.
  struct Held {
    explicit Held(Heap& heap) : bytes(HeapAllocator<std::uint8_t>(heap)) {}
    HeapVector<std::uint8_t> bytes;
    std::size_t at = 0;
    std::size_t payload = 0;
    // For excused(): what would be unsent if the client had taken nothing since it was asked last.
    std::size_t untaken = 0;
    bool asked = false;
  };
  /// Why a link is not read. Bits of Link::stops.
  enum Stop : std::uint8_t {
    kUnsent = 1,  // its client does not take what was sent
    kClaim = 2,   // its client id is being claimed
    kTurn = 4,    // something is held that waits for its turn
  };
  struct Link {
    Link(Heap& heap, LinkKind k) : frames(heap), kind(k) {}
    websocket::FrameDecoder frames;
    mqtt::StreamDecoder packets;
    websocket::Handshake* handshake = nullptr;  // until the upgrade is answered
    Held* held = nullptr;                       // while it is not read
    LinkKind kind;
    std::uint8_t stops = 0;
    bool ended : 1 = false;  // by us, or by a Close of the client: what still comes is thrown away
    bool in_turns : 1 = false;
  };
  /// How far a stretch of bytes was handled, and how much of what is left is payload of a frame that was begun.
  struct Progress {
    std::size_t handled = 0;
    std::size_t payload = 0;
  };

  void free_buffers(Link& link);
  void drop_held(Link& link);
  std::size_t handshake_bytes(LinkId link, MutableBytes bytes);
  Progress stream_bytes(Nanos now, LinkId link, MutableBytes bytes, std::size_t payload);
  void frame_event(LinkId link, const websocket::Event& event);
  void packet_bytes(Nanos now, LinkId link, Bytes& bytes);
  std::size_t send(LinkId link, Bytes bytes);
  void answer_close(LinkId link, websocket::CloseCode code, std::string_view text);

  // transport_hold.cc
  bool must_wait(const Link& link) const { return link.stops != 0 || budget_.spent(); }
  void stop(LinkId link, Stop why);
  void hold(LinkId link, Bytes rest, std::size_t payload);
  void go_on(Nanos now, LinkId link);
  void wait_for_turn(LinkId link);
  std::uint64_t work_so_far() const;

  const websocket::HandshakeOptions& options_;
  Heap& heap_;
  Effects& effects_;
  Counters& counters_;
  session::Sessions& sessions_;
  WorkBudget& budget_;
  IdTable<Link> links_;
  std::vector<LinkId> resumed_;
  std::deque<LinkId> turns_;           // links with kTurn, the next first; perhaps some that have gone
  std::vector<std::uint8_t> packet_;   // room for a frame header, then one packet
  std::vector<std::uint8_t> control_;  // one control frame or HTTP response
};

}  // namespace orrery::node
