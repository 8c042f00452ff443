// SPDX-License-Identifier: Apache-2.0
// The suite's WebSocket client against Beast as the server.
#include "conformance/cases/websocket_link.h"

#include <gtest/gtest.h>

#include <boost/asio.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/websocket.hpp>
#include <thread>

#include "conformance/driver/live.h"
#include "conformance/wire.h"

namespace orrery::conformance {
namespace {

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
