// SPDX-License-Identifier: Apache-2.0
// Frames in, frames out; what the server's frames break is a violation of the case.
#include "conformance/cases/websocket_client.h"

#include <algorithm>

namespace orrery::conformance {

WebSocketClient::WebSocketClient(Context& context, std::string name)
    : context_(context),
      name_(std::move(name)),
      link_(context.open_stream(), [this](bool sent, const std::string& text) {
        context_.log().add(context_.now(), name_, sent ? LogKind::kSentFrame : LogKind::kReceivedFrame, text);
      }) {}

WebSocketClient::~WebSocketClient() { link_.close(HowToClose::kReset); }

std::optional<HttpResponse> WebSocketClient::request(UpgradeRequest request) {
  request.path = context_.path();
  return link_.upgrade(request, context_.now() + context_.patience());
}

void WebSocketClient::close() { link_.close(HowToClose::kOrderly); }

HttpResponse WebSocketClient::upgrade(const UpgradeRequest& request) {
  const auto response = this->request(request);
  if (!response) context_.fail("the handshake got no answer");
  for (const std::string& e : check_upgrade(request, *response)) context_.fail("handshake: " + e);
  return *response;
}

Packet WebSocketClient::good_connect() const {
  Connect c;
  c.client_id = context_.id(name_);
  c.keep_alive = 300;
  return connect_packet(std::move(c));
}

void WebSocketClient::connect() {
  upgrade();
  send_binary(conformance::encode(good_connect(), context_.version()));
  if (expect_packet(Type::kConnack).code != 0) context_.fail("a good CONNECT was refused");
}

void WebSocketClient::send(const WebSocketFrame& frame, LengthForm form) {
  if (keep_data_)
    link_.send_raw(link_.encode(frame, form), describe_frame(frame));
  else
    link_.send(frame, form);
}

void WebSocketClient::send_binary(std::string_view payload) {
  context_.log().add(context_.now(), name_, LogKind::kSent, payload);
  link_.send(make_frame(Opcode::kBinary, payload));
}

void WebSocketClient::send_raw(std::string_view bytes) { link_.send_raw(bytes, "raw bytes " + hex(bytes, 24)); }

void WebSocketClient::check_errors() {
  for (const std::string& e : link_.errors()) context_.violation("WS-5.2", e);
}

// One more frame; false when the deadline passed or the connection has ended.
bool WebSocketClient::pump(Nanos deadline) {
  if (ended_) return false;
  WebSocketFrame frame;
  const Arrival arrival = link_.receive(frame, deadline);
  check_errors();
  if (arrival == Arrival::kClosed) {
    ended_ = true;
    context_.log().add(context_.now(), name_, LogKind::kEvent, "the broker has closed the connection");
  }
  if (arrival != Arrival::kBytes) return false;
  if (frame.opcode == static_cast<unsigned>(Opcode::kText))
    context_.violation("MQTT-6.0.0-1", "the server sends a text frame");
  const bool data = frame.opcode == static_cast<unsigned>(Opcode::kBinary) ||
                    frame.opcode == static_cast<unsigned>(Opcode::kContinuation);
  for (const WebSocketFrame& f : frames_)
    if (data && f.opcode == static_cast<unsigned>(Opcode::kClose))
      context_.violation("WS-5.5.1", "data follows the server's Close");
  if (keep_data_ && frame.opcode == static_cast<unsigned>(Opcode::kBinary))
    context_.log().add(context_.now(), name_, LogKind::kReceivedFrame, describe_frame(frame));
  if (!data || keep_data_) {
    frames_.push_back(std::move(frame));
    return true;
  }
  mqtt_.feed(frame.payload);
  Octets packet;
  while (mqtt_.next(packet)) {
    context_.log().add(context_.now(), name_, LogKind::kReceived, packet);
    packets_.push_back(decode(packet, context_.version(), Sender::kServer).packet);
  }
  return true;
}

WebSocketFrame WebSocketClient::expect_frame(Opcode opcode) {
  const Nanos deadline = context_.now() + context_.patience();
  while (frames_.empty() && pump(deadline)) continue;
  WebSocketFrame wanted;
  wanted.opcode = static_cast<unsigned>(opcode);
  const std::string name = describe_frame(wanted).substr(0, describe_frame(wanted).find(' '));
  if (frames_.empty())
    context_.fail(name + " was expected" + (ended_ ? "; the broker closed the connection" : "; nothing came"));
  WebSocketFrame got = std::move(frames_.front());
  frames_.erase(frames_.begin());
  if (got.opcode != wanted.opcode) context_.fail(name + " was expected; there came " + describe_frame(got));
  return got;
}

Packet WebSocketClient::expect_packet(Type type) { return expect_any({type}); }

Packet WebSocketClient::expect_any(std::initializer_list<Type> types) {
  const Nanos deadline = context_.now() + context_.patience();
  while (packets_.empty() && pump(deadline)) continue;
  const std::string name = type_name(*types.begin());
  if (packets_.empty())
    context_.fail(name + " was expected" + (ended_ ? "; the broker closed the connection" : "; nothing came"));
  Packet got = std::move(packets_.front());
  packets_.erase(packets_.begin());
  if (std::find(types.begin(), types.end(), got.type) == types.end())
    context_.fail(name + " was expected; there came " + describe(got, context_.version()));
  return got;
}

void WebSocketClient::expect_alive() {
  send_binary(conformance::frame(0xc0, ""));
  expect_packet(Type::kPingresp);
}

bool WebSocketClient::ended() {
  const Nanos deadline = context_.now() + context_.patience();
  while (!ended_ && pump(deadline)) {
    // A server waits for the answer to its Close before it ends the connection.
    if (!frames_.empty() && frames_.back().opcode == static_cast<unsigned>(Opcode::kClose))
      link_.send(make_frame(Opcode::kClose, frames_.back().payload));
  }
  return ended_;
}

std::optional<unsigned> WebSocketClient::expect_end() {
  if (!ended()) context_.fail("the connection should be closed and is still open");
  const auto it = std::find_if(frames_.begin(), frames_.end(), [](const WebSocketFrame& f) {
    return f.opcode == static_cast<unsigned>(Opcode::kClose);
  });
  if (it == frames_.end()) return std::nullopt;
  return close_code(it->payload);
}

std::optional<unsigned> WebSocketClient::end_or_packet() {
  const Nanos deadline = context_.now() + context_.patience();
  while (packets_.empty() && frames_.empty() && pump(deadline)) continue;
  if (!frames_.empty() && frames_.front().opcode == static_cast<unsigned>(Opcode::kPong)) {
    frames_.clear();
    return end_or_packet();
  }
  if (packets_.empty()) return expect_end().value_or(0);
  packets_.clear();
  return std::nullopt;
}

void WebSocketClient::expect_closed(std::initializer_list<unsigned> codes) {
  const auto code = expect_end();
  if (!code)
    return context_.should(false,
                           "a Close frame with " + std::to_string(*codes.begin()) + " before the end (RFC 6455 7.1.7)");
  if (std::find(codes.begin(), codes.end(), *code) == codes.end())
    context_.fail("the Close frame says " + std::to_string(*code) + ", expected " + std::to_string(*codes.begin()));
}

}  // namespace orrery::conformance
