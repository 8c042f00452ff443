// SPDX-License-Identifier: Apache-2.0
// The upgrade and frames over a stream. Masks are a plain sequence: they guard proxies against browsers, not the suite.
#include "conformance/cases/websocket_link.h"

namespace orrery::conformance {

WebSocketLink::WebSocketLink(std::unique_ptr<Stream> stream, Log log)
    : stream_(std::move(stream)), log_(std::move(log)) {}

std::optional<HttpResponse> WebSocketLink::upgrade(const UpgradeRequest& request, Nanos deadline) {
  log_(true, request.method + " " + request.path + " " + request.http +
                 (request.protocol ? ", protocol " + *request.protocol : ", no protocol"));
  if (!stream_->send(encode_request(request))) return std::nullopt;
  Octets bytes;
  while (bytes.size() < kResponseBytesMax) {
    if (auto parsed = parse_response(bytes)) {
      frames_.feed(std::string_view(bytes).substr(parsed->second));
      std::string line = parsed->first.status_line;
      for (const std::string& p : parsed->first.all("sec-websocket-protocol")) line += ", protocol " + p;
      log_(false, line);
      return std::move(parsed->first);
    }
    if (stream_->receive(bytes, deadline) != Arrival::kBytes) break;
  }
  log_(false, bytes.empty() ? "no answer" : "no whole answer");
  return std::nullopt;
}

Octets WebSocketLink::encode(const WebSocketFrame& frame, LengthForm form) {
  mask_ = mask_ * 1'664'525 + 1'013'904'223;
  return encode_frame(frame, mask_, form);
}

bool WebSocketLink::send(const WebSocketFrame& frame, LengthForm form) {
  if (frame.opcode != static_cast<unsigned>(Opcode::kBinary) || !frame.fin || frame.rsv != 0 || !frame.masked)
    log_(true, describe_frame(frame));
  return stream_->send(encode(frame, form));
}

bool WebSocketLink::send_raw(std::string_view bytes, const std::string& note) {
  if (!note.empty()) log_(true, note);
  return stream_->send(bytes);
}

Arrival WebSocketLink::receive(WebSocketFrame& frame, Nanos deadline) {
  Octets raw;
  for (;;) {
    const std::size_t before = errors_.size();
    if (frames_.next(frame, raw, errors_)) {
      for (std::size_t i = before; i < errors_.size(); ++i) log_(false, errors_[i]);
      if (frame.opcode != static_cast<unsigned>(Opcode::kBinary)) log_(false, describe_frame(frame));
      return Arrival::kBytes;
    }
    Octets bytes;
    const Arrival arrival = stream_->receive(bytes, deadline);
    if (arrival != Arrival::kBytes) return arrival;
    frames_.feed(bytes);
  }
}

}  // namespace orrery::conformance
