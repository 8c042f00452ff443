// SPDX-License-Identifier: Apache-2.0
// A WebSocket connection as a client that can also misbehave: any request, any frame, and a strict eye on what comes
// back.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "conformance/driver/target.h"
#include "conformance/wire.h"

namespace orrery::conformance {

class WebSocketLink {
 public:
  /// `log(sent, text)` hears of every frame and of the handshake.
  using Log = std::function<void(bool sent, const std::string& text)>;
  WebSocketLink(std::unique_ptr<Stream> stream, Log log);

  /// Sends the request and waits for the head of the answer; nothing when the connection closes or the time is over.
  std::optional<HttpResponse> upgrade(const UpgradeRequest& request, Nanos deadline);
  bool send(const WebSocketFrame& frame, LengthForm form = LengthForm::kShortest);
  bool send_raw(std::string_view bytes, const std::string& note);
  /// The frame's bytes, masked with the next key, for those who cut them up themselves.
  Octets encode(const WebSocketFrame& frame, LengthForm form = LengthForm::kShortest);
  /// The next whole frame.
  Arrival receive(WebSocketFrame& frame, Nanos deadline);
  void close(HowToClose how) { stream_->close(how); }

  /// What the server's frames broke so far.
  const std::vector<std::string>& errors() const { return errors_; }

 private:
  std::unique_ptr<Stream> stream_;
  Log log_;
  FrameStream frames_;
  std::uint32_t mask_ = 0x2a17c0de;
  std::vector<std::string> errors_;
};

}  // namespace orrery::conformance
