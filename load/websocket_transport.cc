// SPDX-License-Identifier: Apache-2.0
// MQTT over WebSocket by Beast's stream, without compression.
#include <boost/beast/websocket.hpp>

#include "load/socket.h"
#include "load/transport.h"

namespace orrery::load {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using asio::ip::tcp;
using boost::system::error_code;

/// Bytes of one read: at first, and at most. It doubles whenever a read fills it, so that only who gets much holds
/// much.
constexpr std::size_t kReadBlockFirst = 1024;
constexpr std::size_t kReadBlockMax = 64 * 1024;

class WebSocketTransport final : public Transport {
 public:
  WebSocketTransport(TransportHost& host, TransportOwner& owner)
      : stream_(host.io), target_(host.target), owner_(owner) {
    stream_.binary(true);
    stream_.auto_fragment(false);
    stream_.write_buffer_bytes(target_.usual_write);
    stream_.read_message_max(kPacketMax);
    stream_.set_option(beast::websocket::stream_base::decorator([this](beast::websocket::request_type& request) {
      request.set(beast::http::field::sec_websocket_protocol, target_.subprotocol);
    }));
  }

  void open(const std::string& source) override {
    error_code error;
    const tcp::endpoint to(asio::ip::make_address(target_.address, error), target_.port);
    open_socket(stream_.next_layer(), to, source, error);
    if (error) {
      asio::post(stream_.get_executor(), [this, error] { fail(error); });
      return;
    }
    stream_.next_layer().async_connect(to, [this](error_code e) {
      if (e) return fail(e);
      upgrade();
    });
  }

  void write(Bytes bytes) override {
    queued_.insert(queued_.end(), bytes.begin(), bytes.end());
    if (!writing_) write_queued();
  }

  std::size_t queued() const override { return queued_.size(); }

  void close() override {
    closing_ = true;
    if (!writing_) shut();
  }

 private:
  void upgrade() {
    response_ = std::make_unique<beast::websocket::response_type>();
    stream_.async_handshake(*response_, target_.host_field, target_.path, [this](error_code e) {
      const std::unique_ptr<beast::websocket::response_type> response = std::move(response_);
      if (e == beast::websocket::error::upgrade_declined)
        return fail("WebSocket upgrade refused with HTTP status " + std::to_string(response->result_int()));
      if (e) return fail(e);
      if ((*response)[beast::http::field::sec_websocket_protocol] != target_.subprotocol)
        return fail("the broker did not select the subprotocol " + target_.subprotocol);
      owner_.transport_open();
      read();
    });
  }

  void read() {
    if (closing_) return;
    stream_.async_read_some(asio::buffer(block_), [this](error_code e, std::size_t size) {
      if (e) return fail(e);
      if (size > 0 && !closing_) owner_.transport_bytes({block_.data(), size});
      if (size == block_.size() && size < kReadBlockMax) block_.resize(2 * size);
      read();
    });
  }

  void write_queued() {
    writing_ = true;
    sending_.swap(queued_);
    stream_.async_write(asio::buffer(sending_), [this](error_code e, std::size_t) {
      writing_ = false;
      sending_ = Buffer();  // an idle connection holds no buffer
      if (e) return fail(e);
      if (!queued_.empty()) return write_queued();
      if (closing_) shut();
    });
  }

  void shut() {
    if (!stream_.is_open()) {
      error_code ignored;
      stream_.next_layer().close(ignored);
      return;
    }
    stream_.async_close(beast::websocket::close_code::normal, [](error_code) {});
  }

  void fail(error_code error) { fail(error == beast::websocket::error::closed ? closed_by_broker() : describe(error)); }

  std::string closed_by_broker() const {
    const beast::websocket::close_reason& reason = stream_.reason();
    std::string text = "closed by the broker with code " + std::to_string(reason.code);
    if (!reason.reason.empty()) text += ": " + std::string(reason.reason.c_str());
    return text;
  }

  void fail(const std::string& why) {
    if (closing_) return;
    closing_ = true;
    error_code ignored;
    stream_.next_layer().close(ignored);
    owner_.transport_closed(why);
  }

  beast::websocket::stream<tcp::socket, false> stream_;
  const Target& target_;
  TransportOwner& owner_;
  std::unique_ptr<beast::websocket::response_type> response_;
  Buffer queued_;
  Buffer sending_;
  Buffer block_ = Buffer(kReadBlockFirst);
  bool writing_ = false;
  bool closing_ = false;
};

}  // namespace

std::unique_ptr<Transport> make_websocket_transport(TransportHost& host, TransportOwner& owner) {
  return std::make_unique<WebSocketTransport>(host, owner);
}

}  // namespace orrery::load
