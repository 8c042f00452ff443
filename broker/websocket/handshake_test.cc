// SPDX-License-Identifier: Apache-2.0
// RFC 6455 section 4.2 row by row, MQTT chapter 6, and the public defects of other servers' handshakes (41 to 51 in the
// order of the tests' names).
#include "broker/websocket/handshake.h"

#include <gtest/gtest.h>

#include <string>

#include "broker/websocket/limits.h"
#include "broker/websocket/test_frames.h"

namespace orrery::websocket {
namespace {

using test::request;

struct Answer {
  HandshakeResult result;
  std::string response;
};

Answer ask(std::string_view bytes, const HandshakeOptions& options = {}) {
  Heap heap;
  Handshake handshake(heap, options);
  std::vector<std::uint8_t> out;
  Answer answer;
  answer.result = handshake.feed(as_bytes(bytes), out);
  answer.response = as_text(out);
  return answer;
}

int status_of(std::string_view bytes, const HandshakeOptions& options = {}) {
  const Answer answer = ask(bytes, options);
  EXPECT_EQ(answer.result.status, answer.result.http_status == 101 ? HandshakeStatus::kAccepted
                                  : answer.result.http_status == 0 ? HandshakeStatus::kNeedMore
                                                                   : HandshakeStatus::kRefused);
  return answer.result.http_status;
}

/// The ordinary request with one line replaced (or removed, if `with` is empty).
std::string with_line(std::string_view start, std::string_view with) {
  std::string text = request();
  const std::size_t from = text.find(start);
  EXPECT_NE(from, std::string::npos) << start;
  const std::size_t to = text.find("\r\n", from) + 2;
  return text.replace(from, to - from, with.empty() ? "" : std::string(with) + "\r\n");
}

TEST(Handshake, AcceptsAnOrdinaryClient) {
  const Answer answer = ask(request());
  EXPECT_EQ(answer.result.status, HandshakeStatus::kAccepted);
  EXPECT_EQ(answer.result.subprotocol, "mqtt");
  EXPECT_EQ(answer.result.consumed, request().size());
  EXPECT_EQ(answer.response,
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n");
}

TEST(Handshake, FramesBehindTheRequestAreLeftAlone) {
  const std::string frames = test::frame("\x10");
  const Answer answer = ask(request() + frames);
  EXPECT_EQ(answer.result.status, HandshakeStatus::kAccepted);
  EXPECT_EQ(answer.result.consumed, request().size());
}

TEST(Handshake, SplitAtEveryByteEqualsWhole) {
  const HandshakeOptions options;
  const std::string bytes = request("chat, mqtt") + test::frame("abc");
  const Answer whole = ask(bytes);
  for (std::size_t cut = 0; cut < request("chat, mqtt").size(); ++cut) {
    Heap heap;
    std::vector<std::uint8_t> out;
    {
      Handshake handshake(heap, options);
      ASSERT_EQ(handshake.feed(as_bytes(bytes).first(cut), out).status, HandshakeStatus::kNeedMore) << cut;
      ASSERT_TRUE(out.empty());
      const HandshakeResult result = handshake.feed(as_bytes(bytes).subspan(cut), out);
      ASSERT_EQ(result.status, HandshakeStatus::kAccepted) << cut;
      ASSERT_EQ(result.consumed + cut, whole.result.consumed) << cut;
      ASSERT_EQ(as_text(out), whole.response);
    }
    ASSERT_EQ(heap.bytes_in_use(), 0u);
  }
}

TEST(Handshake, WholeRequestInOneChunkTakesNoMemory) {
  Heap heap;
  const HandshakeOptions options;
  Handshake handshake(heap, options);
  std::vector<std::uint8_t> out;
  EXPECT_EQ(handshake.feed(as_bytes(request()), out).status, HandshakeStatus::kAccepted);
  EXPECT_EQ(handshake.buffered(), 0u);
  EXPECT_EQ(heap.bytes_reserved(), 0u);
}

// Defect 44: the request comes byte by byte; what is kept is what came, and each byte is looked at once.
TEST(Handshake, LongRequestByteByByte) {
  const std::string bytes = request("mqtt", "X-Filler: " + std::string(7'500, 'f') + "\r\n");
  Heap heap;
  const HandshakeOptions options;
  Handshake handshake(heap, options);
  std::vector<std::uint8_t> out;
  for (std::size_t i = 0; i + 1 < bytes.size(); ++i) {
    ASSERT_EQ(handshake.feed(as_bytes(bytes).subspan(i, 1), out).status, HandshakeStatus::kNeedMore);
    ASSERT_EQ(handshake.buffered(), i + 1);
  }
  EXPECT_LE(heap.bytes_in_use(), kRequestBytesMax);
  EXPECT_EQ(handshake.feed(as_bytes(bytes).last(1), out).status, HandshakeStatus::kAccepted);
}

TEST(Handshake, RefusalSaysWhyAndCloses) {
  const Answer answer = ask(with_line("GET", "GET /nowhere HTTP/1.1"));
  EXPECT_EQ(answer.result.status, HandshakeStatus::kRefused);
  EXPECT_EQ(answer.result.http_status, 404);
  EXPECT_EQ(answer.response,
            "HTTP/1.1 404 Not Found\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 76\r\n"
            "Connection: close\r\n\r\nNothing is served under this path; MQTT over WebSocket is usually at /mqtt.\n");
  const std::size_t body = answer.response.find("\r\n\r\n") + 4;
  EXPECT_EQ(answer.response.size() - body, 76u);
  EXPECT_EQ(answer.response.substr(body), std::string(answer.result.reason) + "\n");
}

TEST(Handshake, RequestLine) {
  EXPECT_EQ(status_of(with_line("GET", "GET / HTTP/1.1")), 101);
  EXPECT_EQ(status_of(with_line("GET", "GET /mqtt?token=a/b HTTP/1.1")), 101);
  EXPECT_EQ(status_of(with_line("GET", "GET http://broker.example/mqtt HTTP/1.1")), 101);
  EXPECT_EQ(status_of(with_line("GET", "GET http://broker.example HTTP/1.1")), 101);
  EXPECT_EQ(status_of(with_line("GET", "GET http://broker.example/other HTTP/1.1")), 404);
  EXPECT_EQ(status_of(with_line("GET", "GET /MQTT HTTP/1.1")), 404);
  EXPECT_EQ(status_of(with_line("GET", "GET /mqtt/ HTTP/1.1")), 404);
  EXPECT_EQ(status_of(with_line("GET", "GET /x?http://h/mqtt HTTP/1.1")), 404);
  EXPECT_EQ(status_of(with_line("GET", "POST /mqtt HTTP/1.1")), 405);
  EXPECT_EQ(status_of(with_line("GET", "HEAD /mqtt HTTP/1.1")), 405);
  EXPECT_EQ(status_of(with_line("GET", "get /mqtt HTTP/1.1")), 400);
  EXPECT_EQ(status_of(with_line("GET", "GET /mqtt HTTP/1.0")), 400);
  EXPECT_EQ(status_of(with_line("GET", "GET /mqtt HTTP/2.0")), 400);
  EXPECT_EQ(status_of(with_line("GET", "GET /mqtt")), 400);
  EXPECT_EQ(status_of(with_line("GET", "GET  /mqtt HTTP/1.1")), 400);
  EXPECT_NE(ask(with_line("GET", "POST /mqtt HTTP/1.1")).response.find("\r\nAllow: GET\r\n"), std::string::npos);
  HandshakeOptions options;
  options.paths = {"/broker"};
  EXPECT_EQ(status_of(with_line("GET", "GET /broker HTTP/1.1"), options), 101);
  EXPECT_EQ(status_of(request(), options), 404);
}

TEST(Handshake, Host) {
  EXPECT_EQ(status_of(with_line("Host", "")), 400);
  EXPECT_EQ(status_of(with_line("Host", "Host: a\r\nHost: a")), 400);
  EXPECT_EQ(status_of(with_line("Host", "hOST:a")), 101);
}

TEST(Handshake, UpgradeAndConnectionAreTokensInLists) {
  EXPECT_EQ(status_of(with_line("Upgrade", "Upgrade: WebSocket")), 101);
  EXPECT_EQ(status_of(with_line("Upgrade", "Upgrade: h2c, websocket")), 101);
  EXPECT_EQ(status_of(with_line("Upgrade", "Upgrade: h2c\r\nUpgrade: websocket")), 101);
  EXPECT_EQ(status_of(with_line("Upgrade", "Upgrade: websockets")), 426);
  EXPECT_EQ(status_of(with_line("Upgrade", "Upgrade: web, socket")), 426);
  EXPECT_EQ(status_of(with_line("Upgrade", "")), 426);
  EXPECT_EQ(status_of(with_line("Connection", "Connection: keep-alive, Upgrade")), 101);
  EXPECT_EQ(status_of(with_line("Connection", "Connection:keep-alive\t,\tUPGRADE")), 101);
  EXPECT_EQ(status_of(with_line("Connection", "Connection: keep-alive\r\nConnection: upgrade")), 101);
  EXPECT_EQ(status_of(with_line("Connection", "Connection: keep-alive")), 400);
  EXPECT_EQ(status_of(with_line("Connection", "Connection: upgraded")), 400);
  EXPECT_EQ(status_of(with_line("Connection", "")), 400);
}

TEST(Handshake, KeyStandsForSixteenBytes) {
  EXPECT_EQ(status_of(with_line("Sec-WebSocket-Key", "")), 400);
  EXPECT_EQ(status_of(with_line("Sec-WebSocket-Key", "Sec-WebSocket-Key:")), 400);
  EXPECT_EQ(status_of(with_line("Sec-WebSocket-Key", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==")), 101);
  EXPECT_EQ(status_of(with_line("Sec-WebSocket-Key", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAAA=")), 400) << "17";
  EXPECT_EQ(status_of(with_line("Sec-WebSocket-Key", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAAAA")), 400) << "18";
  EXPECT_EQ(status_of(with_line("Sec-WebSocket-Key", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAA")), 400) << "15";
  EXPECT_EQ(status_of(with_line("Sec-WebSocket-Key", "Sec-WebSocket-Key: AAAAAAAAAA*AAAAAAAAAAA==")), 400);
  const std::string line = "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==";
  EXPECT_EQ(status_of(with_line("Sec-WebSocket-Key", line + "\r\n" + line)), 400);
}

TEST(Handshake, VersionThirteenOrAnAnswerThatNamesIt) {
  for (const char* line : {"", "Sec-WebSocket-Version: 8", "Sec-WebSocket-Version: 013", "Sec-WebSocket-Version: 13, 8",
                           "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Version: 13"}) {
    const Answer answer = ask(with_line("Sec-WebSocket-Version", line));
    EXPECT_EQ(answer.result.http_status, 426) << line;
    EXPECT_NE(answer.response.find("\r\nSec-WebSocket-Version: 13\r\n"), std::string::npos);
    EXPECT_NE(answer.response.find("\r\nUpgrade: websocket\r\n"), std::string::npos);
  }
}

TEST(Handshake, OneOfTheOfferedSubprotocols) {
  const auto chosen = [](std::string_view offer) { return std::string(ask(request(offer)).result.subprotocol); };
  EXPECT_EQ(chosen("mqtt"), "mqtt");
  EXPECT_EQ(chosen("mqttv3.1"), "mqttv3.1");
  EXPECT_EQ(chosen("mqtt-v3"), "mqtt-v3");
  EXPECT_EQ(chosen("mqtt-v3.1.1"), "mqtt-v3.1.1");
  EXPECT_EQ(chosen("mqtt-v5"), "mqtt-v5");
  EXPECT_EQ(chosen("chat, mqtt"), "mqtt");
  EXPECT_EQ(chosen("chat,mqtt-v5 ,mqttv3.1"), "mqtt-v5") << "the client's order";
  EXPECT_EQ(chosen("mqttv3.1, mqtt"), "mqtt") << "what the standard names, if it was offered";
  EXPECT_EQ(chosen("chat\r\nSec-WebSocket-Protocol: mqtt"), "mqtt") << "two fields are one list";
  EXPECT_EQ(chosen(",, mqtt ,"), "mqtt");
  const std::string response = ask(request("mqttv3.1, mqtt")).response;
  EXPECT_EQ(response.find("Sec-WebSocket-Protocol"), response.rfind("Sec-WebSocket-Protocol"));
}

TEST(Handshake, NoneOfOurSubprotocols) {
  for (const std::string_view offer : {"MQTT", "chat", "mqttx", "mqtt;q=1", "mq tt", ","})
    EXPECT_EQ(status_of(request(offer)), 400) << offer;
  EXPECT_EQ(ask(request("")).result.reason, "Sec-WebSocket-Protocol is missing; offer mqtt.");
  HandshakeOptions lenient;
  lenient.require_subprotocol = false;
  for (const std::string_view offer : {"", "chat", "MQTT"}) {
    const Answer answer = ask(request(offer), lenient);
    EXPECT_EQ(answer.result.status, HandshakeStatus::kAccepted);
    EXPECT_EQ(answer.result.subprotocol, "");
    EXPECT_EQ(answer.response.find("Sec-WebSocket-Protocol"), std::string::npos);
  }
  EXPECT_EQ(ask(request("mqtt"), lenient).result.subprotocol, "mqtt");
}

TEST(Handshake, ExtensionsAreNeverNegotiated) {
  const Answer answer =
      ask(request("mqtt", "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n"));
  EXPECT_EQ(answer.result.status, HandshakeStatus::kAccepted);
  EXPECT_EQ(answer.response.find("Extensions"), std::string::npos);
}

TEST(Handshake, Origins) {
  HandshakeOptions options;
  options.allowed_origins = {"https://a.example", "http://localhost:3000"};
  EXPECT_EQ(status_of(request("mqtt", "Origin: https://a.example\r\n"), options), 101);
  EXPECT_EQ(status_of(request("mqtt", "Origin: http://localhost:3000\r\n"), options), 101);
  EXPECT_EQ(status_of(request("mqtt", "Origin: https://a.example.evil\r\n"), options), 403);
  EXPECT_EQ(status_of(request("mqtt", "Origin: null\r\n"), options), 403);
  EXPECT_EQ(status_of(request("mqtt", "Origin: null\r\nOrigin: https://a.example\r\n"), options), 400);
  EXPECT_EQ(status_of(request(), options), 101) << "not a browser";
  EXPECT_EQ(status_of(request("mqtt", "Origin: https://anything\r\n")), 101);
}

TEST(Handshake, BodiesAreRefused) {
  EXPECT_EQ(status_of(request("mqtt", "Content-Length: 0\r\n")), 101);
  EXPECT_EQ(status_of(request("mqtt", "Content-Length: 5\r\n") + "hello"), 400);
  EXPECT_EQ(status_of(request("mqtt", "Transfer-Encoding: chunked\r\n") + "0\r\n\r\n"), 400);
}

TEST(Handshake, WhatIsNotHttpIsRefusedAtItsFirstByte) {
  EXPECT_EQ(status_of("\x10"), 400) << "a CONNECT sent to the wrong port";
  EXPECT_EQ(status_of("\x16"), 400) << "a TLS ClientHello";
  EXPECT_EQ(status_of("\r\n"), 400);
  EXPECT_EQ(status_of(std::string("GET \0", 5)), 400);
  EXPECT_EQ(status_of("GET / HTTP/1.1\n"), 400) << "a bare LF";
  EXPECT_EQ(status_of("GET / HTTP/1.1\rX"), 400) << "a bare CR";
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\r"), 400);
  EXPECT_EQ(status_of("GET"), 0);
}

TEST(Handshake, BrokenFields) {
  EXPECT_EQ(status_of(request("mqtt", "No colon here\r\n")), 400);
  EXPECT_EQ(status_of(request("mqtt", ": no name\r\n")), 400);
  EXPECT_EQ(status_of(request("mqtt", "Space : before\r\n")), 400);
  EXPECT_EQ(status_of(request("mqtt", "Content-Length: x\r\n")), 400);
  EXPECT_EQ(status_of(request("mqtt", "X-Any: h\xC3\xA4\ttab\r\n")), 101);
}

// A line that begins with a blank continues the one before; the end of the header must not be missed after it.
TEST(Handshake, FoldedLines) {
  EXPECT_EQ(status_of(request("chat,\r\n\tmqtt")), 101);
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\n\t\r\n"), 0);
}

TEST(Handshake, SizeLimitIsExact) {
  const std::size_t filler = kRequestBytesMax - request("mqtt", "X: \r\n").size();
  const std::string just = request("mqtt", "X: " + std::string(filler, 'f') + "\r\n");
  ASSERT_EQ(just.size(), kRequestBytesMax);
  EXPECT_EQ(status_of(just), 101);
  EXPECT_EQ(status_of(request("mqtt", "X: " + std::string(filler + 1, 'f') + "\r\n")), 431);
  EXPECT_EQ(status_of("GET /" + std::string(kRequestBytesMax, 'a')), 431);
  EXPECT_EQ(status_of("GET /" + std::string(kRequestBytesMax - 5, 'a')), 431) << "no room for the end";
  EXPECT_EQ(status_of("GET /" + std::string(kRequestBytesMax - 6, 'a')), 0);
}

// Defect 45: more fields than anyone sends.
TEST(Handshake, FieldLimitIsExact) {
  std::string more;
  for (std::size_t i = 6; i < kRequestFieldsMax; ++i) more += "X: y\r\n";
  EXPECT_EQ(status_of(request("mqtt", more)), 101);
  EXPECT_EQ(status_of(request("mqtt", more + "X: y\r\n")), 431);
  std::string endless = "GET / HTTP/1.1\r\n";
  for (int i = 0; i < 100; ++i) endless += "a:b\r\n";
  EXPECT_EQ(status_of(endless), 431) << "without waiting for the end";
}

// Defect 46: many blanks and commas in the list of subprotocols cost no more than their number.
TEST(Handshake, BlanksInTheSubprotocols) {
  EXPECT_EQ(status_of(request("mqtt" + std::string(7'000, ' ') + "x")), 400);
  EXPECT_EQ(status_of(request(std::string(7'000, ' ') + "mqtt")), 101);
  EXPECT_EQ(status_of(request(std::string(3'500, ',') + "mqtt")), 101);
}

}  // namespace
}  // namespace orrery::websocket
