// SPDX-License-Identifier: Apache-2.0
// The suite's own frames and handshake against themselves, against RFC 6455's examples, and against Beast as the
// server.
#include "conformance/wire/websocket.h"

#include <gtest/gtest.h>

#include <boost/asio.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/websocket.hpp>
#include <thread>

#include "conformance/cases/websocket_link.h"
#include "conformance/driver/live.h"
#include "conformance/wire/handshake.h"

namespace orrery::conformance {
namespace {

TEST(WebSocket, AcceptKeyOfTheStandardsExample) {
  EXPECT_EQ(accept_for("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

TEST(WebSocket, FramesOfTheStandardsExamples) {
  WebSocketFrame hello = make_frame(Opcode::kText, "Hello");
  EXPECT_EQ(hex(encode_frame(hello, 0x37fa213d)), "81 85 37 fa 21 3d 7f 9f 4d 51 58");
  hello.masked = false;
  EXPECT_EQ(hex(encode_frame(hello, 0)), "81 05 48 65 6c 6c 6f");
  hello.payload = std::string(256, 'x');
  hello.opcode = 2;
  EXPECT_EQ(hex(encode_frame(hello, 0).substr(0, 4)), "82 7e 01 00");
  hello.payload = std::string(65'536, 'x');
  EXPECT_EQ(hex(encode_frame(hello, 0).substr(0, 10)), "82 7f 00 00 00 00 00 01 00 00");
}

TEST(WebSocket, FramesComeBackHoweverTheyAreCut) {
  for (const std::size_t n :
       {std::size_t{0}, std::size_t{1}, std::size_t{125}, std::size_t{126}, std::size_t{65'535}, std::size_t{65'536}}) {
    WebSocketFrame f = make_frame(Opcode::kBinary, std::string(n, 'p'));
    f.masked = false;
    const Octets bytes = encode_frame(f, 0) + encode_frame(f, 0);
    for (const std::size_t piece : {std::size_t{1}, std::size_t{3}, std::size_t{4096}}) {
      FrameStream stream;
      std::vector<std::string> errors;
      WebSocketFrame got;
      Octets raw;
      int count = 0;
      for (std::size_t at = 0; at < bytes.size(); at += piece) {
        stream.feed(std::string_view(bytes).substr(at, piece));
        while (stream.next(got, raw, errors)) {
          ++count;
          EXPECT_EQ(got.payload.size(), n);
        }
        if (n > 1000 && piece < 4096 && at > 40) {  // the rest in one piece: byte by byte takes long
          stream.feed(std::string_view(bytes).substr(at + piece));
          while (stream.next(got, raw, errors)) ++count;
          break;
        }
      }
      EXPECT_EQ(count, 2);
      EXPECT_TRUE(errors.empty());
    }
  }
}

TEST(WebSocket, WhatAServerMustNotSendIsSeen) {
  const auto errors_of = [](WebSocketFrame f, LengthForm form = LengthForm::kShortest) {
    FrameStream stream;
    stream.feed(encode_frame(f, 0x01020304, form));
    std::vector<std::string> errors;
    WebSocketFrame got;
    Octets raw;
    EXPECT_TRUE(stream.next(got, raw, errors));
    return errors.size();
  };
  WebSocketFrame good = make_frame(Opcode::kBinary, "x");
  good.masked = false;
  EXPECT_EQ(errors_of(good), 0U);
  WebSocketFrame f = good;
  f.masked = true;
  EXPECT_EQ(errors_of(f), 1U);
  f = good;
  f.rsv = 4;
  EXPECT_EQ(errors_of(f), 1U);
  f = good;
  f.opcode = 5;
  EXPECT_EQ(errors_of(f), 1U);
  f = good;
  f.opcode = static_cast<unsigned>(Opcode::kPing);
  f.fin = false;
  EXPECT_EQ(errors_of(f), 1U);
  f = good;
  f.opcode = static_cast<unsigned>(Opcode::kPing);
  f.payload = std::string(126, 'x');
  EXPECT_EQ(errors_of(f), 1U);
  EXPECT_EQ(errors_of(good, LengthForm::k16), 1U);
  EXPECT_EQ(errors_of(good, LengthForm::k64), 1U);
}

TEST(Handshake, AnswersAreChecked) {
  const UpgradeRequest request;
  const auto errors_of = [&request](const std::string& answer) {
    const auto parsed = parse_response(answer);
    EXPECT_TRUE(parsed.has_value());
    return check_upgrade(request, parsed->first).size();
  };
  const std::string accept = "Sec-WebSocket-Accept: " + accept_for(*request.key) + "\r\n";
  const std::string good =
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: WebSocket\r\nConnection: keep-alive, upgrade\r\n";
  EXPECT_EQ(errors_of(good + accept + "sec-websocket-protocol: mqtt\r\n\r\n"), 0U);
  EXPECT_EQ(errors_of(good + accept + "\r\n"), 0U);
  EXPECT_EQ(errors_of(good + "\r\n"), 1U);
  EXPECT_EQ(errors_of(good + accept + "Sec-WebSocket-Protocol: chat\r\n\r\n"), 1U);
  EXPECT_EQ(errors_of(good + accept + "Sec-WebSocket-Protocol: mqtt\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n"), 1U);
  EXPECT_EQ(errors_of(good + accept + "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n"), 1U);
  EXPECT_EQ(errors_of("HTTP/1.1 400 Bad Request\r\n\r\n"), 4U);
  EXPECT_FALSE(parse_response("HTTP/1.1 101 Switching").has_value());
}

// Beast answers the upgrade, sends back each message it gets, and closes when the client does.
class BeastEcho {
 public:
  BeastEcho() : acceptor_(io_, {boost::asio::ip::make_address("127.0.0.1"), 0}), thread_([this] { run(); }) {}
  ~BeastEcho() { thread_.join(); }
  std::uint16_t port() const { return acceptor_.local_endpoint().port(); }

 private:
  void run() {
    namespace websocket = boost::beast::websocket;
    websocket::stream<boost::asio::ip::tcp::socket> stream(acceptor_.accept());
    stream.set_option(websocket::stream_base::decorator(
        [](websocket::response_type& r) { r.set("Sec-WebSocket-Protocol", "mqtt"); }));
    boost::beast::error_code error;
    stream.accept(error);
    while (!error) {
      boost::beast::flat_buffer buffer;
      stream.read(buffer, error);
      if (error) break;
      stream.binary(stream.got_binary());
      stream.write(buffer.data(), error);
    }
  }

  boost::asio::io_context io_;
  boost::asio::ip::tcp::acceptor acceptor_;
  std::thread thread_;
};

TEST(WebSocketLink, BeastUnderstandsUsAndWeBeast) {
  BeastEcho server;
  Url url;
  url.transport = Transport::kWebSocket;
  url.host = "127.0.0.1";
  url.port = server.port();
  const Nanos patience = 20 * kSecond;
  WebSocketLink link(open_stream(url, patience), [](bool, const std::string&) {});
  const UpgradeRequest request;
  const auto response = link.upgrade(request, live_now() + patience);
  ASSERT_TRUE(response.has_value());
  EXPECT_TRUE(check_upgrade(request, *response).empty());
  WebSocketFrame f;
  for (const std::size_t n :
       {std::size_t{1}, std::size_t{125}, std::size_t{126}, std::size_t{65'535}, std::size_t{70'000}}) {
    Octets payload;
    for (std::size_t i = 0; i < n; ++i) payload += static_cast<char>(i * 7);
    link.send(make_frame(Opcode::kBinary, payload.substr(0, n / 2), false));
    link.send(make_frame(Opcode::kPing, "p"));
    link.send(make_frame(Opcode::kContinuation, payload.substr(n / 2), true));
    Octets echoed;
    while (echoed.size() < n) {
      ASSERT_EQ(link.receive(f, live_now() + patience), Arrival::kBytes);
      if (f.opcode == static_cast<unsigned>(Opcode::kPong)) continue;
      echoed += f.payload;
    }
    EXPECT_EQ(echoed, payload);
  }
  link.send(make_frame(Opcode::kClose, close_payload(1000)));
  do {
    ASSERT_EQ(link.receive(f, live_now() + patience), Arrival::kBytes);
  } while (f.opcode != static_cast<unsigned>(Opcode::kClose));
  EXPECT_EQ(close_code(f.payload), 1000U);
  EXPECT_TRUE(link.errors().empty());
}

}  // namespace
}  // namespace orrery::conformance
