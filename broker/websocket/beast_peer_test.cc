// SPDX-License-Identifier: Apache-2.0
// Our handshake and codec against a client that is not ours: Beast's websocket::stream over a stream in memory.
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/_experimental/test/stream.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket.hpp>
#include <memory>
#include <string>

#include "base/rng.h"
#include "broker/websocket/frame_decoder.h"
#include "broker/websocket/frame_encoder.h"
#include "broker/websocket/handshake.h"

namespace orrery::websocket {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using boost::system::error_code;

/// An echo server made of the three parts, as broker/node joins them. Messages come back when they are whole.
class EchoServer {
 public:
  EchoServer() : decoder_(heap_), handshake_(std::make_unique<Handshake>(heap_, options_)) {
    decoder_.set_frame_payload_max(1'000'000);
  }

  std::vector<std::uint8_t> out;
  bool closing = false;
  std::string received;  // payload of the current frame or message

  void feed(MutableBytes chunk) {
    if (handshake_ != nullptr) {
      const HandshakeResult result = handshake_->feed(chunk, out);
      if (result.status == HandshakeStatus::kNeedMore) return;
      closing = result.status == HandshakeStatus::kRefused;
      handshake_.reset();
      chunk = chunk.subspan(result.consumed);
    }
    Event event;
    while (decoder_.next(chunk, event)) handle(event);
  }
  void echo() {
    append_header(out, Opcode::kBinary, received.size());
    out.insert(out.end(), received.begin(), received.end());
    received.clear();
  }

 private:
  void handle(const Event& event) {
    if (event.kind == EventKind::kData) received += as_text(event.payload);
    if (event.kind == EventKind::kPing) append_pong(out, event.payload);
    if (event.kind == EventKind::kClose || event.kind == EventKind::kError) {
      append_close(out, event.close_code, event.text);
      closing = true;
    }
  }

  Heap heap_;
  HandshakeOptions options_;
  FrameDecoder decoder_;
  std::unique_ptr<Handshake> handshake_;
};

class BeastPeer : public ::testing::Test {
 protected:
  BeastPeer() : wire_(io_), client_(io_) {
    client_.next_layer().connect(wire_);
    client_.binary(true);
    client_.write_buffer_bytes(4096);
    client_.read_message_max(2'000'000);
  }

  /// Moves bytes between the two, cut at random, until nothing happens any more.
  void run() {
    for (bool moved = true; moved;) {
      io_.restart();
      moved = io_.poll() > 0;
      std::string bytes(wire_.str());
      wire_.clear();
      moved = moved || !bytes.empty();
      for (MutableBytes rest(reinterpret_cast<std::uint8_t*>(bytes.data()), bytes.size()); !rest.empty();) {
        const std::size_t n = 1 + static_cast<std::size_t>(rng_.below(std::min<std::size_t>(rest.size(), 700)));
        server_.feed(rest.first(n));
        rest = rest.subspan(n);
      }
      if (server_.out.empty()) continue;
      asio::write(wire_, asio::buffer(server_.out));
      server_.out.clear();
      if (server_.closing) wire_.close();
      moved = true;
    }
  }

  error_code connect(const std::string& path = "/mqtt", const std::string& protocols = "mqtt") {
    client_.set_option(beast::websocket::stream_base::decorator(
        [protocols](beast::websocket::request_type& request) { request.set("Sec-WebSocket-Protocol", protocols); }));
    error_code outcome = asio::error::would_block;
    client_.async_handshake(response_, "broker.example", path, [&](error_code e) { outcome = e; });
    run();
    return outcome;
  }
  error_code write(std::string payload) {
    error_code outcome = asio::error::would_block;
    client_.async_write(asio::buffer(payload), [&](error_code e, std::size_t) { outcome = e; });
    run();
    return outcome;
  }
  error_code read(std::string& payload) {
    beast::flat_buffer buffer;
    error_code outcome = asio::error::would_block;
    client_.async_read(buffer, [&](error_code e, std::size_t) { outcome = e; });
    run();
    payload = beast::buffers_to_string(buffer.data());
    return outcome;
  }

  asio::io_context io_;
  beast::test::stream wire_;
  beast::websocket::stream<beast::test::stream> client_;
  beast::websocket::response_type response_;
  EchoServer server_;
  Rng rng_{7};
};

TEST_F(BeastPeer, HandshakeWithSubprotocol) {
  ASSERT_EQ(connect("/mqtt", "chat, mqtt"), error_code());
  EXPECT_EQ(response_["Sec-WebSocket-Protocol"], "mqtt");
  EXPECT_EQ(response_.count("Sec-WebSocket-Extensions"), 0u);
}

TEST_F(BeastPeer, ExtensionIsOfferedAndNotTaken) {
  beast::websocket::permessage_deflate deflate;
  deflate.client_enable = true;
  client_.set_option(deflate);
  ASSERT_EQ(connect(), error_code());
  ASSERT_EQ(write("plain"), error_code());
  EXPECT_EQ(server_.received, "plain");
}

TEST_F(BeastPeer, RefusalIsAnHttpAnswer) {
  EXPECT_EQ(connect("/other"), beast::websocket::error::upgrade_declined);
  EXPECT_EQ(response_.result_int(), 404u);
  EXPECT_NE(response_.body().find("usually at /mqtt"), std::string::npos);
}

TEST_F(BeastPeer, EchoOfEverySize) {
  ASSERT_EQ(connect(), error_code());
  for (const bool fragment : {false, true}) {
    client_.auto_fragment(fragment);
    for (const std::size_t size : {0u, 1u, 2u, 125u, 126u, 127u, 4'095u, 65'535u, 65'536u, 300'001u}) {
      std::string payload(size, '\0');
      for (char& c : payload) c = static_cast<char>(rng_.below(256));
      ASSERT_EQ(write(payload), error_code()) << size;
      ASSERT_EQ(server_.received, payload) << size;
      server_.echo();
      std::string back;
      ASSERT_EQ(read(back), error_code()) << size;
      ASSERT_EQ(back, payload) << size;
    }
  }
}

TEST_F(BeastPeer, PingBothWays) {
  ASSERT_EQ(connect(), error_code());
  std::string heard;
  client_.control_callback([&](beast::websocket::frame_type kind, beast::string_view payload) {
    heard += kind == beast::websocket::frame_type::pong ? "pong:" : "ping:";
    heard += std::string(payload) + ";";
  });
  error_code outcome = asio::error::would_block;
  client_.async_ping("from the client", [&](error_code e) { outcome = e; });
  run();
  EXPECT_EQ(outcome, error_code());
  append_ping(server_.out, as_bytes("from the server"));
  server_.received = "end";
  server_.echo();
  std::string back;
  ASSERT_EQ(read(back), error_code());
  EXPECT_EQ(heard, "pong:from the client;ping:from the server;");
}

TEST_F(BeastPeer, CloseIsAnswered) {
  ASSERT_EQ(connect(), error_code());
  error_code outcome = asio::error::would_block;
  client_.async_close({beast::websocket::close_code::going_away, "bye"}, [&](error_code e) { outcome = e; });
  run();
  EXPECT_EQ(outcome, error_code());
  EXPECT_TRUE(server_.closing);
  EXPECT_EQ(client_.reason().code, 1001);
}

TEST_F(BeastPeer, TextIsClosedWithItsCode) {
  ASSERT_EQ(connect(), error_code());
  client_.text(true);
  ASSERT_EQ(write("text"), error_code());
  std::string back;
  EXPECT_EQ(read(back), beast::websocket::error::closed);
  EXPECT_EQ(client_.reason().code, 1003);
  EXPECT_EQ(client_.reason().reason, "MQTT is carried in binary frames only");
}

}  // namespace
}  // namespace orrery::websocket
