// SPDX-License-Identifier: Apache-2.0
// Sending and comparing; a payload that differs is told by its first wrong byte, since it may have a million.
#include "conformance/cases/echo_client.h"

#include <algorithm>

namespace orrery::conformance {

Octets echo_sample(std::size_t size) {
  // Rows of 256 bytes, each of which begins elsewhere in the same sequence.
  static const Octets sequence = [] {
    Octets s(512, '\0');
    for (std::size_t i = 0; i < s.size(); ++i) s[i] = static_cast<char>(i * 7 + 1);
    return s;
  }();
  Octets out;
  for (std::size_t row = 0; row < size; row += 256)
    out.append(sequence, ((row >> 8) * 31 + (row >> 16) * 13 + size) & 255, 256);
  out.resize(size);
  return out;
}

EchoClient::EchoClient(Context& context, Begin begin) : WebSocketClient(context, "a"), context_(context) {
  keep_data();
  upgrade();
  if (begin == Begin::kGreeted) expect_echo("hello");
}

Octets EchoClient::message(std::string_view payload, std::size_t piece) {
  Octets out;
  std::size_t at = 0;
  do {
    const std::string_view part = payload.substr(at, piece);
    const Opcode opcode = at == 0 ? Opcode::kBinary : Opcode::kContinuation;
    at += part.size();
    out += encode(make_frame(opcode, part, at == payload.size()));
  } while (at < payload.size());
  return out;
}

void EchoClient::send_cut(std::string_view bytes, std::size_t piece) {
  for (std::size_t at = 0; at < bytes.size(); at += piece) send_raw(bytes.substr(at, piece));
}

void EchoClient::expect_message(std::string_view payload) {
  WebSocketFrame frame = expect_frame(Opcode::kBinary);
  Octets got = frame.payload;
  while (!frame.fin) {
    frame = expect_frame(Opcode::kContinuation);
    got += frame.payload;
  }
  if (got == payload) return;
  const auto at = std::mismatch(got.begin(), got.end(), payload.begin(), payload.end()).first - got.begin();
  context_.fail("the echo has " + std::to_string(got.size()) + " bytes of " + std::to_string(payload.size()) +
                " and differs from byte " + std::to_string(at) + " on");
}

void EchoClient::expect_echo(std::string_view payload) {
  send(make_frame(Opcode::kBinary, payload));
  expect_message(payload);
}

void EchoClient::expect_pong(std::string_view payload) {
  context_.equal(expect_frame(Opcode::kPong).payload, std::string(payload), "payload of the Pong");
}

void EchoClient::expect_close(std::initializer_list<unsigned> codes) {
  const Octets payload = expect_frame(Opcode::kClose).payload;
  const unsigned code = close_code(payload);
  if (std::find(codes.begin(), codes.end(), code) == codes.end())
    context_.fail("the Close frame says " + std::to_string(code) + ", expected " + std::to_string(*codes.begin()));
  if (payload.size() > 2 && text_error(payload.substr(2)) != nullptr)
    context_.violation("WS-8.1", "the reason of the server's Close is not UTF-8");
  if (!ended()) context_.fail("after the Close frame the server does not end the TCP connection");
  if (!unread().empty()) context_.fail("after its Close the server sends " + describe_frame(unread().front()));
}

void add_echo(Cases& cases, const std::string& id, const char* statements, std::string what, std::string expect,
              std::function<void(Context&, EchoClient&)> body, Level level) {
  Case c;
  c.id = "echo-" + id;
  c.v311 = statements;
  c.what = std::move(what);
  c.expect = std::move(expect);
  c.level = level;
  c.versions = kOnly311;  // no MQTT is spoken: once is enough
  c.needs = bit(Capability::kEcho);
  c.over = Over::kOnlyWebSocket;
  c.body = [body = std::move(body)](Context& t) {
    EchoClient client(t);
    body(t, client);
  };
  cases.push_back(std::move(c));
}

}  // namespace orrery::conformance
