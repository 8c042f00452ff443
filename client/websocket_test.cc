// SPDX-License-Identifier: Apache-2.0
// Frames and handshake against themselves and against RFC 6455's examples; Beast as the server is in
// conformance/cases/websocket_link_test.cc.
#include "client/websocket.h"

#include <gtest/gtest.h>

#include "client/handshake.h"

namespace orrery::client {
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

}  // namespace
}  // namespace orrery::client
