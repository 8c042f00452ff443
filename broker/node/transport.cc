// SPDX-License-Identifier: Apache-2.0
#include "broker/node/transport.h"

#include <memory>
#include <new>

#include "broker/websocket/frame_encoder.h"

namespace orrery::node {

using session::LinkEnd;

namespace {
/// Bytes that may follow a CONNECT before its CONNACK; a client that sends more is disconnected.
constexpr std::size_t kHeldBytesMax = 2 * 1024 * 1024;
}  // namespace

Transport::Transport(const websocket::HandshakeOptions& options, Heap& heap, Effects& effects, Counters& counters,
                     session::Sessions& sessions)
    : options_(options), heap_(heap), effects_(effects), counters_(counters), sessions_(sessions), links_(heap) {}

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
  if (l.held != nullptr) {
    std::destroy_at(l.held);
    heap_.free(l.held, sizeof(*l.held));
    l.held = nullptr;
  }
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
  if (l.kind != LinkKind::kWebSocket) return packet_bytes(now, link, bytes);
  if (l.handshake != nullptr) return handshake_bytes(now, link, bytes);
  frame_bytes(now, link, bytes);
}

void Transport::handshake_bytes(Nanos now, LinkId link, MutableBytes bytes) {
  Link& l = links_[link];
  control_.clear();
  const websocket::HandshakeResult result = l.handshake->feed(bytes, control_);
  if (result.status == websocket::HandshakeStatus::kNeedMore) return;
  effects_.work(Work::kHttpUpgrade, 1);
  counters_.add(Counter::kBytesOut, control_.size());
  effects_.send(link, control_);
  l.handshake->~Handshake();
  heap_.free(l.handshake, sizeof(websocket::Handshake));
  l.handshake = nullptr;
  if (result.status == websocket::HandshakeStatus::kRefused) {
    l.ended = true;
    effects_.close(link, CloseHow::kFlush);
    return;
  }
  frame_bytes(now, link, bytes.subspan(result.consumed));
}

void Transport::frame_bytes(Nanos now, LinkId link, MutableBytes bytes) {
  Link& l = links_[link];
  websocket::Event event;
  while (!l.ended && l.frames.next(bytes, event)) {
    if (event.frame_end) effects_.work(Work::kWebSocketFrame, 1);
    switch (event.kind) {
      case websocket::EventKind::kData:
        packet_bytes(now, link, event.payload);
        break;
      case websocket::EventKind::kPing:
        control_.clear();
        websocket::append_pong(control_, event.payload);
        counters_.add(Counter::kBytesOut, control_.size());
        effects_.send(link, control_);
        break;
      case websocket::EventKind::kPong:
        break;
      case websocket::EventKind::kClose:
        answer_close(link, event.close_code, {});
        break;
      case websocket::EventKind::kError:
        counters_.add(Counter::kProtocolErrors);
        answer_close(link, event.close_code, event.text);
        break;
    }
  }
}

void Transport::answer_close(LinkId link, websocket::CloseCode code, std::string_view text) {
  control_.clear();
  websocket::append_close(control_, code, text);
  counters_.add(Counter::kBytesOut, control_.size());
  effects_.send(link, control_);
  links_[link].ended = true;
  effects_.close(link, CloseHow::kFlush);
}

void Transport::packet_bytes(Nanos now, LinkId link, Bytes bytes) {
  Link& l = links_[link];
  while (!l.ended) {
    if (sessions_.holding(link)) return hold(now, link, bytes);
    if (bytes.empty()) return;
    mqtt::RawPacket packet;
    const auto status = l.packets.next(heap_, bytes, packet, sessions_.packet_size_max(link), sessions_.expected(link));
    if (status == mqtt::StreamDecoder::Status::kNeedMore) return;
    if (status == mqtt::StreamDecoder::Status::kError) {
      const mqtt::DecodeResult error = l.packets.error();
      l.packets.reset(heap_);
      return sessions_.bad_stream(now, link, error);
    }
    sessions_.packet(now, link, packet);
  }
}

void Transport::hold(Nanos now, LinkId link, Bytes bytes) {
  if (bytes.empty()) return;
  Link& l = links_[link];
  if (l.held == nullptr)
    l.held = new (heap_.allocate(sizeof(HeapVector<std::uint8_t>)))
        HeapVector<std::uint8_t>(HeapAllocator<std::uint8_t>(heap_));
  if (l.held->size() + bytes.size() > kHeldBytesMax)
    return sessions_.bad_stream(now, link, {mqtt::ReasonCode::kQuotaExceeded, "too much before CONNACK"});
  l.held->insert(l.held->end(), bytes.begin(), bytes.end());
}

bool Transport::run_resumed(Nanos now) {
  if (resumed_.empty()) return false;
  std::vector<LinkId> links;
  links.swap(resumed_);
  for (const LinkId link : links) {
    Link& l = links_[link];
    l.frames.set_frame_payload_max(websocket::kFramePayloadMax);
    if (l.held == nullptr) continue;
    HeapVector<std::uint8_t>* held = l.held;
    l.held = nullptr;
    packet_bytes(now, link, *held);
    std::destroy_at(held);
    heap_.free(held, sizeof(*held));
  }
  links.clear();
  if (resumed_.empty()) resumed_.swap(links);  // keep the capacity
  return true;
}

std::vector<std::uint8_t>& Transport::begin_packet() {
  packet_.resize(websocket::kServerHeaderMax);
  return packet_;
}

std::size_t Transport::end_packet(LinkId link) {
  std::size_t begin = websocket::kServerHeaderMax;
  const std::size_t size = packet_.size() - begin;
  if (links_[link].kind == LinkKind::kWebSocket) {
    begin -= websocket::header_size(size);
    websocket::write_header(packet_.data() + begin, websocket::Opcode::kBinary, size);
    effects_.work(Work::kWebSocketFrame, 1);
  }
  const Bytes out(packet_.data() + begin, packet_.size() - begin);
  counters_.add(Counter::kBytesOut, out.size());
  return effects_.send(link, out);
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
