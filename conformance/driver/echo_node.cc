// SPDX-License-Identifier: Apache-2.0
// Each function stands beside the one of the same name in broker/node/transport.cc; where that one has packets this one
// has messages.
#include "conformance/driver/echo_node.h"

#include <memory>
#include <optional>
#include <vector>

#include "broker/base/heap.h"
#include "broker/base/id_table.h"
#include "broker/seam/counters.h"
#include "broker/seam/effects.h"
#include "broker/websocket/frame_decoder.h"
#include "broker/websocket/frame_encoder.h"
#include "broker/websocket/handshake.h"

namespace orrery::conformance {
namespace {

static_assert(kEchoFirstFrameMax == websocket::kFramePayloadBeforeConnectMax);

/// Echoes that a client leaves unread; one that leaves more is disconnected.
constexpr std::size_t kUnreadBytesMax = 16 * 1024 * 1024;

struct Link {
  Link(Heap& heap, const websocket::HandshakeOptions& options) : frames(heap), message(websocket::kServerHeaderMax) {
    handshake.emplace(heap, options);
  }
  std::optional<websocket::Handshake> handshake;  // until the upgrade is answered
  websocket::FrameDecoder frames;
  std::vector<std::uint8_t> message;  // room for a frame header, then what has come of the message
  bool between_frames = true;
  bool last_fragment = false;  // of the frame that is being read
  bool ended = false;          // by us, or by a Close of the client: what still comes is thrown away
};

class EchoShard final : public Shard {
 public:
  explicit EchoShard(Effects& effects) : effects_(effects), links_(heap_) {}

  void start(Nanos) override {}
  void link_open(Nanos, LinkId link, const LinkInfo& info) override {
    counters_.add(Counter::kLinksOpened);
    Link& l = links_.create(link, heap_, options_);
    if (info.kind != LinkKind::kWebSocket) abort(link, l);
  }
  void bytes(Nanos, LinkId link, MutableBytes bytes) override {
    Link& l = links_[link];
    counters_.add(Counter::kBytesIn, bytes.size());
    if (l.ended) return;
    if (l.handshake) return handshake_bytes(link, l, bytes);
    frame_bytes(link, l, bytes);
  }
  void drained(Nanos, LinkId) override {}
  void link_closed(Nanos, LinkId link) override {
    counters_.add(Counter::kLinksClosed);
    links_.destroy(link);
  }
  void dial_failed(Nanos, std::uint32_t) override {}
  void wake(Nanos) override {}
  void posts_taken(Nanos, ShardId) override {}
  void message(Nanos, ShardId, Bytes) override {}
  ShardStats stats() const override {
    ShardStats s;
    for (int i = 0; i < kCounters; ++i) s.counters[i] = counters_.values[i];
    s.memory_bytes = heap_.bytes_in_use();
    return s;
  }

 private:
  void handshake_bytes(LinkId link, Link& l, MutableBytes bytes) {
    control_.clear();
    const websocket::HandshakeResult result = l.handshake->feed(bytes, control_);
    if (result.status == websocket::HandshakeStatus::kNeedMore) return;
    effects_.work(Work::kHttpUpgrade, 1);
    send(link, control_);
    l.handshake.reset();
    if (result.status == websocket::HandshakeStatus::kRefused) {
      l.ended = true;
      return effects_.close(link, CloseHow::kFlush);
    }
    frame_bytes(link, l, bytes.subspan(result.consumed));
  }

  void frame_bytes(LinkId link, Link& l, MutableBytes bytes) {
    websocket::Event event;
    while (!l.ended) {
      // The decoder tells where frames end, since MQTT needs no more. That a frame ends its message is the first bit
      // of its first byte, which is the next one after the frame before.
      if (l.between_frames && !bytes.empty()) {
        l.last_fragment = (bytes[0] & 0x80) != 0;
        l.between_frames = false;
      }
      if (!l.frames.next(bytes, event)) return;
      if (event.frame_end) {
        effects_.work(Work::kWebSocketFrame, 1);
        l.between_frames = true;
      }
      switch (event.kind) {
        case websocket::EventKind::kData:
          message_bytes(link, l, event);
          break;
        case websocket::EventKind::kPing:
          control_.clear();
          websocket::append_pong(control_, event.payload);
          send(link, control_);
          break;
        case websocket::EventKind::kPong:
          break;
        case websocket::EventKind::kClose:
          answer_close(link, l, event.close_code, {});
          break;
        case websocket::EventKind::kError:
          counters_.add(Counter::kProtocolErrors);
          answer_close(link, l, event.close_code, event.text);
          break;
      }
    }
  }

  void message_bytes(LinkId link, Link& l, const websocket::Event& event) {
    if (l.message.size() - websocket::kServerHeaderMax + event.payload.size() > kEchoMessageMax)
      return answer_close(link, l, websocket::kCloseTooBig, {});
    l.message.insert(l.message.end(), event.payload.begin(), event.payload.end());
    if (!event.frame_end || !l.last_fragment) return;
    const std::size_t size = l.message.size() - websocket::kServerHeaderMax;
    const std::size_t begin = websocket::kServerHeaderMax - websocket::header_size(size);
    websocket::write_header(l.message.data() + begin, websocket::Opcode::kBinary, size);
    effects_.work(Work::kWebSocketFrame, 1);
    if (send(link, Bytes(l.message).subspan(begin)) > kUnreadBytesMax) return abort(link, l);
    l.message.resize(websocket::kServerHeaderMax);
    l.frames.set_frame_payload_max(kEchoMessageMax);
  }

  void answer_close(LinkId link, Link& l, websocket::CloseCode code, std::string_view text) {
    control_.clear();
    websocket::append_close(control_, code, text);
    send(link, control_);
    l.ended = true;
    effects_.close(link, CloseHow::kFlush);
  }

  void abort(LinkId link, Link& l) {
    l.ended = true;
    effects_.close(link, CloseHow::kAbort);
  }

  std::size_t send(LinkId link, Bytes bytes) {
    counters_.add(Counter::kBytesOut, bytes.size());
    return effects_.send(link, bytes);
  }

  const websocket::HandshakeOptions options_;
  Effects& effects_;
  Heap heap_;
  Counters counters_;
  IdTable<Link> links_;
  std::vector<std::uint8_t> control_;  // one control frame or HTTP response
};

class EchoNode final : public Node {
 public:
  explicit EchoNode(std::span<Effects* const> effects) {
    for (Effects* e : effects) shards_.push_back(std::make_unique<EchoShard>(*e));
  }
  ShardId shards() const override { return static_cast<ShardId>(shards_.size()); }
  Shard& shard(ShardId id) override { return *shards_[id]; }

 private:
  std::vector<std::unique_ptr<EchoShard>> shards_;
};

}  // namespace

NodeFactory make_echo_node() {
  return [](const NodeSetup&, std::span<Effects* const> effects) { return std::make_unique<EchoNode>(effects); };
}

}  // namespace orrery::conformance
