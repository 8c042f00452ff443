// SPDX-License-Identifier: Apache-2.0
// The two carriers. Over a WebSocket every send is one binary frame; pings are answered, a Close ends the channel.
#include "conformance/cases/channel.h"

#include <utility>

#include "conformance/cases/case.h"

namespace orrery::conformance {
namespace {

class PlainChannel : public Channel {
 public:
  explicit PlainChannel(std::unique_ptr<Stream> stream) : stream_(std::move(stream)) {}
  bool send(std::string_view bytes) override { return stream_->send(bytes); }
  Arrival receive(Octets& into, Nanos deadline) override { return stream_->receive(into, deadline); }
  void close(HowToClose how) override { stream_->close(how); }

 private:
  std::unique_ptr<Stream> stream_;
};

class WebSocketChannel : public Channel {
 public:
  WebSocketChannel(std::unique_ptr<Stream> stream, WebSocketLink::Log log) : link_(std::move(stream), std::move(log)) {}

  void upgrade(const std::string& path, Nanos deadline, Version version) {
    UpgradeRequest request;
    request.path = path;
    if (version == Version::k31) request.protocol = "mqttv3.1";
    const auto response = link_.upgrade(request, deadline);
    if (!response) throw CaseFailed("the WebSocket handshake got no answer");
    for (const std::string& e : check_upgrade(request, *response)) throw CaseFailed("WebSocket handshake: " + e);
    if (response->all("sec-websocket-protocol").empty())
      errors_.emplace_back("MQTT-6.0.0-4", "the handshake's answer selects no subprotocol");
  }

  bool send(std::string_view bytes) override { return link_.send(make_frame(Opcode::kBinary, bytes)); }

  Arrival receive(Octets& into, Nanos deadline) override {
    for (;;) {
      WebSocketFrame frame;
      const Arrival arrival = link_.receive(frame, deadline);
      for (; reported_ < link_.errors().size(); ++reported_)
        errors_.emplace_back("X-ws-frame", link_.errors()[reported_]);
      if (arrival != Arrival::kBytes) return arrival;
      if (closed_) errors_.emplace_back("WS-5.5.1", "a frame follows the server's Close");
      switch (static_cast<Opcode>(frame.opcode)) {
        case Opcode::kBinary:
        case Opcode::kContinuation:
          into += frame.payload;
          if (frame.payload.empty()) continue;
          return Arrival::kBytes;
        case Opcode::kText:
          errors_.emplace_back("MQTT-6.0.0-1", "the server sends a text frame");
          continue;
        case Opcode::kPing:
          link_.send(make_frame(Opcode::kPong, frame.payload));
          continue;
        case Opcode::kClose:
          closed_ = true;
          link_.send(make_frame(Opcode::kClose, frame.payload));
          continue;
        case Opcode::kPong:
          continue;
      }
    }
  }

  void close(HowToClose how) override {
    if (how == HowToClose::kOrderly && !closed_) link_.send(make_frame(Opcode::kClose, close_payload(1000)));
    link_.close(how);
  }

  std::vector<std::pair<std::string, std::string>> take_errors() override { return std::exchange(errors_, {}); }

 private:
  WebSocketLink link_;
  std::vector<std::pair<std::string, std::string>> errors_;
  std::size_t reported_ = 0;
  bool closed_ = false;
};

}  // namespace

std::unique_ptr<Channel> plain_channel(std::unique_ptr<Stream> stream) {
  return std::make_unique<PlainChannel>(std::move(stream));
}

std::unique_ptr<Channel> websocket_channel(std::unique_ptr<Stream> stream, const std::string& path,
                                           WebSocketLink::Log log, Nanos deadline, Version version) {
  auto channel = std::make_unique<WebSocketChannel>(std::move(stream), std::move(log));
  channel->upgrade(path, deadline, version);
  return channel;
}

}  // namespace orrery::conformance
