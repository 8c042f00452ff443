// SPDX-License-Identifier: Apache-2.0
#include "broker/node/transport.h"

#include <memory>
#include <new>

#include "base/assert.h"
#include "broker/node/limits.h"
#include "broker/websocket/frame_encoder.h"

namespace orrery::node {

using session::LinkEnd;

Transport::Transport(const websocket::HandshakeOptions& options, Heap& heap, Effects& effects, Counters& counters,
                     session::Sessions& sessions, WorkBudget& budget)
    : options_(options),
      heap_(heap),
      effects_(effects),
      counters_(counters),
      sessions_(sessions),
      budget_(budget),
      links_(heap) {}

Transport::~Transport() {
  links_.for_each([&](LinkId, Link& l) { free_buffers(l); });
}

void Transport::free_buffers(Link& l) {
  l.packets.reset(heap_);
  if (l.handshake != nullptr) {
    l.handshake->~Handshake();
    heap_.free(l.handshake, sizeof(websocket::Handshake));
    l.handshake = nullptr;
  }
  drop_held(l);
}

void Transport::link_open(Nanos now, LinkId link, const LinkInfo& info) {
  counters_.add(Counter::kLinksOpened);
  Link& l = links_.create(link, heap_, info.kind);
  if (info.kind == LinkKind::kWebSocket)
    l.handshake = new (heap_.allocate(sizeof(websocket::Handshake))) websocket::Handshake(heap_, options_);
  sessions_.connection_open(now, link);
}

void Transport::link_closed(Nanos now, LinkId link) {
  counters_.add(Counter::kLinksClosed);
  sessions_.connection_closed(now, link);
  free_buffers(links_[link]);
  links_.destroy(link);
}

void Transport::bytes(Nanos now, LinkId link, MutableBytes bytes) {
  Link& l = links_[link];
  counters_.add(Counter::kBytesIn, bytes.size());
  if (l.ended) return;
  ORRERY_ASSERT(l.held == nullptr);  // the world delivers nothing of a link that is not read
  if (l.handshake != nullptr) bytes = bytes.subspan(handshake_bytes(link, bytes));
  if (l.handshake != nullptr || l.ended) return;
  const Progress progress = stream_bytes(now, link, bytes, 0);
  if (!l.ended) hold(link, bytes.subspan(progress.handled), progress.payload);
}

/// How many of the bytes belong to the handshake.
std::size_t Transport::handshake_bytes(LinkId link, MutableBytes bytes) {
  Link& l = links_[link];
  control_.clear();
  const websocket::HandshakeResult result = l.handshake->feed(bytes, control_);
  if (result.status == websocket::HandshakeStatus::kNeedMore) return bytes.size();
  effects_.work(Work::kHttpUpgrade, 1);
  send(link, control_);
  l.handshake->~Handshake();
  heap_.free(l.handshake, sizeof(websocket::Handshake));
  l.handshake = nullptr;
  if (result.status == websocket::HandshakeStatus::kRefused) {
    l.ended = true;
    effects_.note({.kind = NoteKind::kUpgradeRefused, .link = link, .text = result.reason});
    effects_.close(link, CloseHow::kFlush);
  }
  return result.consumed;
}

/// The first `payload` bytes are the rest of a piece of a frame's payload; on a TCP link everything is.
Transport::Progress Transport::stream_bytes(Nanos now, LinkId link, MutableBytes bytes, std::size_t payload) {
  Link& l = links_[link];
  std::size_t at = 0;
  if (l.kind != LinkKind::kWebSocket) payload = bytes.size();
  for (;;) {
    if (payload > 0) {
      Bytes piece = bytes.subspan(at, payload);
      packet_bytes(now, link, piece);
      at += payload - piece.size();
      payload = piece.size();
    }
    if (l.ended || payload > 0 || at == bytes.size() || must_wait(l)) return {at, payload};
    MutableBytes rest = bytes.subspan(at);
    websocket::Event event;
    const bool got = l.frames.next(rest, event);
    at = bytes.size() - rest.size();
    if (!got) return {at, 0};
    budget_.charge(kPacketUnits);
    if (event.frame_end) effects_.work(Work::kWebSocketFrame, 1);
    if (event.kind != websocket::EventKind::kData) {
      frame_event(link, event);
      continue;
    }
    payload = event.payload.size();  // it lies in `bytes`, right before what is left
    at -= payload;
  }
}

void Transport::frame_event(LinkId link, const websocket::Event& event) {
  switch (event.kind) {
    case websocket::EventKind::kData:
    case websocket::EventKind::kPong:
      return;
    case websocket::EventKind::kPing:
      control_.clear();
      websocket::append_pong(control_, event.payload);
      send(link, control_);
      return;
    case websocket::EventKind::kClose:
      return answer_close(link, event.close_code, {});
    case websocket::EventKind::kError:
      counters_.add(Counter::kProtocolErrors);
      effects_.note({.kind = NoteKind::kWebSocketError,
                     .link = link,
                     .text = event.text,
                     .numbers = {static_cast<std::uint64_t>(event.close_code)}});
      return answer_close(link, event.close_code, event.text);
  }
}

/// Takes packets off the front of `bytes` until the rest has to wait.
void Transport::packet_bytes(Nanos now, LinkId link, Bytes& bytes) {
  Link& l = links_[link];
  while (!l.ended && !bytes.empty() && !must_wait(l)) {
    mqtt::RawPacket packet;
    const auto status = l.packets.next(heap_, bytes, packet, sessions_.packet_size_max(link), sessions_.expected(link));
    if (status == mqtt::StreamDecoder::Status::kNeedMore) return;
    if (status == mqtt::StreamDecoder::Status::kError) {
      const mqtt::DecodeResult error = l.packets.error();
      l.packets.reset(heap_);
      bytes = {};
      return sessions_.bad_stream(now, link, error);
    }
    counters_.add(packet_in(packet.first));
    const std::uint64_t before = work_so_far();
    sessions_.packet(now, link, packet);
    budget_.charge(kPacketUnits + static_cast<std::uint32_t>(work_so_far() - before));
    if (sessions_.holding(link)) stop(link, kClaim);
  }
}

void Transport::answer_close(LinkId link, websocket::CloseCode code, std::string_view text) {
  control_.clear();
  websocket::append_close(control_, code, text);
  send(link, control_);
  links_[link].ended = true;
  effects_.close(link, CloseHow::kFlush);
}

std::vector<std::uint8_t>& Transport::begin_packet() {
  packet_.resize(websocket::kServerHeaderMax);
  return packet_;
}

std::size_t Transport::end_packet(LinkId link) {
  std::size_t begin = websocket::kServerHeaderMax;
  const std::size_t size = packet_.size() - begin;
  counters_.add(packet_out(packet_[begin]));
  if (links_[link].kind == LinkKind::kWebSocket) {
    begin -= websocket::header_size(size);
    websocket::write_header(packet_.data() + begin, websocket::Opcode::kBinary, size);
    effects_.work(Work::kWebSocketFrame, 1);
  }
  return send(link, Bytes(packet_.data() + begin, packet_.size() - begin));
}

/// All that goes to clients, and all that is counted as unsent.
std::size_t Transport::send(LinkId link, Bytes bytes) {
  counters_.add(Counter::kBytesOut, bytes.size());
  const std::size_t unsent = effects_.send(link, bytes);
  if (unsent == 0) return 0;
  if (unsent > kUnsentStopsReading) stop(link, kUnsent);
  if (Held* held = links_[link].held; held != nullptr) held->untaken += bytes.size();
  return unsent;
}

void Transport::end_link(LinkId link, LinkEnd how) {
  Link& l = links_[link];
  if (l.ended) return;
  if (how == LinkEnd::kAbort) {
    l.ended = true;
    return effects_.close(link, CloseHow::kAbort);
  }
  if (l.kind == LinkKind::kWebSocket && l.handshake == nullptr) {
    return answer_close(link,
                        how == LinkEnd::kTooLarge        ? websocket::kCloseTooBig
                        : how == LinkEnd::kProtocolError ? websocket::kCloseProtocolError
                                                         : websocket::kCloseNormal,
                        {});
  }
  l.ended = true;
  effects_.close(link, CloseHow::kFlush);
}

}  // namespace orrery::node
