// SPDX-License-Identifier: Apache-2.0
// Three steps: find the end of the header (scan), judge what it asks for (judge), write the answer (accept, refuse).
#include "broker/websocket/handshake.h"

#include <algorithm>
#include <cstring>

#include "base/assert.h"
#include "base/base64.h"
#include "broker/websocket/limits.h"
#include "broker/websocket/sha1.h"
#include "broker/websocket/upgrade_request.h"

namespace orrery::websocket {
namespace {

using Buffer = std::vector<std::uint8_t>;

void append(Buffer& out, std::string_view text) { out.insert(out.end(), text.begin(), text.end()); }

struct Verdict {
  std::uint16_t status;
  std::string_view reason;
};
constexpr Verdict kAccept = {101, {}};

/// The path of the target: without the query, and without scheme and host if it has them.
std::string_view path_of(std::string_view target) {
  const std::size_t scheme = target.find("://");
  if (scheme != std::string_view::npos && target.front() != '/') {
    target.remove_prefix(scheme + 3);
    target.remove_prefix(std::min(target.find_first_of("/?"), target.size()));
    if (target.empty() || target.front() != '/') return "/";
  }
  return target.substr(0, target.find('?'));
}

/// RFC 6455 section 4.2.1 in the order in which a person would want to hear of it: first what is not HTTP, then what is
/// not meant for us, then what makes it no upgrade, then what is wrong with the upgrade.
Verdict judge(const UpgradeRequest& r, const HandshakeOptions& options) {
  if (r.malformed != nullptr) return {400, r.malformed};
  if (!r.get) return {405, "Only GET is served here: this is a WebSocket endpoint."};
  if (!r.http_1_1) return {400, "HTTP/1.1 is needed."};
  if (r.hosts != 1) return {400, "Exactly one Host field is needed."};
  if (r.has_body) return {400, "The request must not have a body."};
  const std::string_view path = path_of(r.target);
  if (std::find(options.paths.begin(), options.paths.end(), path) == options.paths.end())
    return {404, "Nothing is served under this path; MQTT over WebSocket is usually at /mqtt."};
  if (!r.upgrade_websocket) return {426, "This is a WebSocket endpoint: Upgrade must name websocket."};
  if (!r.connection_upgrade) return {400, "Connection must name upgrade."};
  if (r.versions != 1 || !r.version_13) return {426, "Sec-WebSocket-Version must be 13."};
  if (r.keys != 1 || !r.key_good) return {400, "Exactly one Sec-WebSocket-Key of 16 bytes in base64 is needed."};
  if (r.origins > 1) return {400, "Origin was given twice."};
  if (!r.origin_allowed) return {403, "This Origin is not allowed here."};
  if (r.protocol.empty() && options.require_subprotocol)
    return {400, r.protocol_offered ? "None of the subprotocols in Sec-WebSocket-Protocol is served; offer mqtt."
                                    : "Sec-WebSocket-Protocol is missing; offer mqtt."};
  return kAccept;
}

std::string_view phrase(std::uint16_t status) {
  switch (status) {
    case 403:
      return "403 Forbidden";
    case 404:
      return "404 Not Found";
    case 405:
      return "405 Method Not Allowed";
    case 426:
      return "426 Upgrade Required";
    case 431:
      return "431 Request Header Fields Too Large";
    default:
      return "400 Bad Request";
  }
}

void refuse(Buffer& out, Verdict verdict) {
  append(out, "HTTP/1.1 ");
  append(out, phrase(verdict.status));
  append(out, "\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: ");
  append(out, std::to_string(verdict.reason.size() + 1));
  if (verdict.status == 405) append(out, "\r\nAllow: GET");
  if (verdict.status == 426)
    append(out, "\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nConnection: Upgrade, close\r\n\r\n");
  else
    append(out, "\r\nConnection: close\r\n\r\n");
  append(out, verdict.reason);
  append(out, "\n");
}

void accept(Buffer& out, const UpgradeRequest& request) {
  static constexpr std::string_view kGuid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  std::uint8_t proof[kKeyTextSize + kGuid.size()];
  std::copy(request.key.begin(), request.key.end(), proof);
  std::copy(kGuid.begin(), kGuid.end(), proof + kKeyTextSize);

  append(out,
         "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ");
  append(out, base64_encode(sha1(proof)));
  if (!request.protocol.empty()) {
    append(out, "\r\nSec-WebSocket-Protocol: ");
    append(out, request.protocol);
  }
  append(out, "\r\n\r\n");
}

}  // namespace

static_assert(kRequestBytesMax == 8 * 1024 && kRequestFieldsMax == 64, "two refusals below say so in words");

Handshake::~Handshake() {
  if (block_ != nullptr) heap_->free(block_, capacity_);
}

/// Looks at each byte once, wherever the chunks were cut. `used` is how many of the chunk belong to the header.
Handshake::Scan Handshake::scan(Bytes chunk, std::size_t& used) {
  static constexpr std::uint8_t kEnd[4] = {'\r', '\n', '\r', '\n'};
  const std::size_t room = kRequestBytesMax - size_;
  const std::size_t size = std::min(chunk.size(), room);
  if (size_ == 0 && size > 0 && (chunk[0] < 'A' || chunk[0] > 'Z')) return Scan::kBadByte;
  for (std::size_t i = 0; i < size; ++i) {
    const std::uint8_t byte = chunk[i];
    const bool after_cr = end_matched_ % 2 == 1;
    if (((byte >= 0x20 && byte != 0x7F) || byte == '\t') && !after_cr) {
      end_matched_ = 0;
      continue;
    }
    // What is left is CR, LF, and bytes that no header has; LF comes after CR and nowhere else.
    if (byte != kEnd[after_cr]) return Scan::kBadByte;
    ++end_matched_;
    if (byte == '\n' && ++lines_ > kRequestFieldsMax + 2) return Scan::kTooManyFields;
    if (end_matched_ == 4) {
      used = i + 1;
      return Scan::kEnd;
    }
  }
  return chunk.size() < room ? Scan::kMore : Scan::kTooLong;
}

void Handshake::keep(Bytes chunk) {
  const std::size_t needed = size_ + chunk.size();
  if (needed > capacity_) {
    std::size_t capacity = std::max<std::size_t>(capacity_, kRequestBlockFirst);
    while (capacity < needed) capacity *= 2;
    auto* block = static_cast<std::uint8_t*>(heap_->allocate(capacity));
    if (block_ != nullptr) {
      std::memcpy(block, block_, size_);
      heap_->free(block_, capacity_);
    }
    block_ = block;
    capacity_ = static_cast<std::uint16_t>(capacity);
  }
  if (!chunk.empty()) std::memcpy(block_ + size_, chunk.data(), chunk.size());
  size_ = static_cast<std::uint16_t>(needed);
}

HandshakeResult Handshake::feed(Bytes chunk, std::vector<std::uint8_t>& response) {
  ORRERY_ASSERT(end_matched_ < 4);
  std::size_t used = chunk.size();
  Verdict verdict = kAccept;
  UpgradeRequest request;
  switch (scan(chunk, used)) {
    case Scan::kMore:
      keep(chunk);
      return {HandshakeStatus::kNeedMore, 0, used, {}, {}};
    case Scan::kBadByte:
      verdict = {400, "This is not an HTTP request; MQTT over WebSocket begins with one."};
      break;
    case Scan::kTooLong:
      verdict = {431, "The request header is larger than 8 KiB."};
      break;
    case Scan::kTooManyFields:
      verdict = {431, "The request has more than 64 header fields."};
      break;
    case Scan::kEnd:
      if (size_ > 0) keep(chunk.first(used));
      request = read_upgrade_request(size_ > 0 ? Bytes(block_, size_) : chunk.first(used), *options_);
      verdict = judge(request, *options_);
      break;
  }
  if (verdict.status != 101) {
    refuse(response, verdict);
    return {HandshakeStatus::kRefused, verdict.status, chunk.size(), {}, verdict.reason};
  }
  accept(response, request);
  return {HandshakeStatus::kAccepted, 101, used, request.protocol, {}};
}

}  // namespace orrery::websocket
