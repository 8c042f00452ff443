// SPDX-License-Identifier: Apache-2.0
// HTTP/1.0 and 1.1 requests out of a stream (RFC 9112), by Beast's parser, without I/O: bytes in, whole requests out.
//
// Bytes come in chunks cut anywhere; what is cut (a header, a body) is kept in the shard's Heap until the request is
// whole. Limits are those of limits.h: a request that goes beyond them, or is none, is refused as soon as that is seen,
// with the status to answer; the stream cannot be read on then. Header fields are looked at as they pass and not kept:
// this reader knows the few that decide how to answer.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/types.h"
#include "broker/base/heap.h"

namespace orrery::admin {

/// Views into the reader, until its next feed() or reset() (a request is reset when it has been answered).
struct HttpRequest {
  std::string_view method;
  /// The target without scheme, host and query. Not percent-decoded.
  std::string_view path;
  std::string_view query;
  Bytes body;
  bool http_1_1 = true;
  bool keep_alive = true;
};

/// Why a request is not taken. `code` is for programs, `message` says what would be right. Static storage.
struct HttpRefusal {
  std::uint16_t status = 400;
  const char* code = "BAD_REQUEST";
  const char* message = "";
};

class HttpRequestReader {
 public:
  enum class Status : std::uint8_t {
    kNeedMore,
    kContinue,  // as kNeedMore, and the client waits for "100 Continue" before it sends the body
    kRequest,   // request() is whole; reset() before the next feed()
    kRefused,   // refusal() says why; nothing more can be read
  };

  explicit HttpRequestReader(Heap& heap);
  ~HttpRequestReader();
  HttpRequestReader(const HttpRequestReader&) = delete;
  HttpRequestReader& operator=(const HttpRequestReader&) = delete;

  /// Takes bytes; `consumed` of them belonged to the request so far, the whole chunk unless the status is kRequest.
  Status feed(Bytes chunk, std::size_t& consumed);
  const HttpRequest& request() const { return request_; }
  HttpRefusal refusal() const { return refusal_; }
  /// Forgets the request and gives its memory back.
  void reset();

  /// Whether a part of a request has come.
  bool begun() const { return parser_ != nullptr || !buffer_.empty(); }
  /// Bytes that are held for it.
  std::size_t buffered() const { return buffer_.size() + body_.size() + target_.size() + method_.size(); }

 private:
  class Parser;
  friend class Parser;
  using Buffer = HeapVector<std::uint8_t>;

  std::optional<Status> take_header(Bytes chunk, std::size_t& consumed);
  std::optional<Status> parse_header();
  Status take_body(Bytes chunk, std::size_t& consumed);
  Status refuse(HttpRefusal why);
  void finish();

  Heap& heap_;
  Parser* parser_ = nullptr;
  Buffer buffer_;                 // a header that is not whole
  std::uint8_t end_matched_ = 0;  // how much of CR LF CR LF its last bytes were
  Buffer method_, target_, body_;
  HttpRequest request_;
  HttpRefusal refusal_;
};

}  // namespace orrery::admin
