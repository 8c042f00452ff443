// SPDX-License-Identifier: Apache-2.0
// The server's half of the opening handshake (RFC 6455 section 4.2): HTTP request in, 101 or a refusal out.
//
// Bytes come in chunks cut anywhere. A request that is whole in its first chunk, which is the rule, is parsed where it
// lies; otherwise its bytes are collected in a block of the shard's Heap that lives until the answer. The end of the
// header is searched for byte by byte as it comes and the header is parsed once, so one byte at a time costs the same
// (no quadratic re-parsing). What cannot become a request (a first byte that is no letter, a control byte, too long,
// too many fields) is refused as soon as it is seen.
//
// Extensions are never negotiated. The Handshake is of no use after it has answered: destroy it and give what is left
// of the chunk to a FrameDecoder. Heap and options must outlive it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/types.h"
#include "broker/base/heap.h"

namespace orrery::websocket {

struct HandshakeOptions {
  /// Request paths that are served, without the query; any other gets 404.
  std::vector<std::string> paths = {"/mqtt", "/"};
  /// Origins that may connect, compared as text ("https://example.org"); empty: any. A request without an Origin does
  /// not come from a browser and passes. Another origin gets 403.
  std::vector<std::string> allowed_origins;
  /// Refuse (400) a client that offers none of MQTT's subprotocols, as [MQTT-6.0.0-3] demands of it. If false such a
  /// client is accepted without a subprotocol.
  bool require_subprotocol = true;
};

enum class HandshakeStatus : std::uint8_t { kNeedMore, kAccepted, kRefused };

struct HandshakeResult {
  HandshakeStatus status = HandshakeStatus::kNeedMore;
  /// HTTP status that was answered: 101, or 400, 403, 404, 405, 426, 431; 0 while more is needed.
  std::uint16_t http_status = 0;
  /// Bytes of this chunk that belonged to the request; what follows them is frames. The whole chunk unless accepted.
  std::size_t consumed = 0;
  /// The subprotocol that was answered ("mqtt" if it was offered, else an alias); empty if none. Static storage.
  std::string_view subprotocol;
  /// For logs: why it was refused, one sentence; empty unless refused. Static storage.
  std::string_view reason;
};

class Handshake {
 public:
  Handshake(Heap& heap, const HandshakeOptions& options) : heap_(&heap), options_(&options) {}
  ~Handshake();
  Handshake(const Handshake&) = delete;
  Handshake& operator=(const Handshake&) = delete;

  /// Takes the next chunk. When the status is not kNeedMore the whole HTTP response has been appended to `response`:
  /// send it, and if refused close the link with kFlush. Must not be called again after that.
  HandshakeResult feed(Bytes chunk, std::vector<std::uint8_t>& response);

  /// Bytes of an unfinished request that are held.
  std::size_t buffered() const { return size_; }

 private:
  enum class Scan : std::uint8_t { kMore, kEnd, kBadByte, kTooLong, kTooManyFields };
  Scan scan(Bytes chunk, std::size_t& used);
  void keep(Bytes chunk);

  Heap* heap_;
  const HandshakeOptions* options_;
  std::uint8_t* block_ = nullptr;
  std::uint16_t capacity_ = 0;
  std::uint16_t size_ = 0;        // bytes of the request so far, all of them in block_
  std::uint8_t lines_ = 0;        // lines that have ended
  std::uint8_t end_matched_ = 0;  // how much of CR LF CR LF the last bytes were
};

}  // namespace orrery::websocket
