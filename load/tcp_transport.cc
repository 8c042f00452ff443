// SPDX-License-Identifier: Apache-2.0
// MQTT over TCP. An idle connection waits without a read buffer: all transports of a thread read into one.
#include <boost/asio/write.hpp>

#include "load/socket.h"
#include "load/transport.h"

namespace orrery::load {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

class TcpTransport final : public Transport {
 public:
  TcpTransport(TransportHost& host, TransportOwner& owner) : host_(host), socket_(host.io), owner_(owner) {}

  void open(const std::string& source) override {
    error_code error;
    const tcp::endpoint to(asio::ip::make_address(host_.target.address, error), host_.target.port);
    open_socket(socket_, to, source, error);
    if (error) {
      asio::post(socket_.get_executor(), [this, error] { fail(error); });
      return;
    }
    socket_.async_connect(to, [this](error_code e) {
      if (e) return fail(e);
      socket_.non_blocking(true, e);
      owner_.transport_open();
      wait();
    });
  }

  void write(Bytes bytes) override {
    queued_.insert(queued_.end(), bytes.begin(), bytes.end());
    if (!writing_) write_queued();
  }

  std::size_t queued() const override { return queued_.size(); }

  void close() override {
    closing_ = true;
    if (!writing_) finish_sending();
  }

 private:
  void wait() {
    socket_.async_wait(tcp::socket::wait_read, [this](error_code e) {
      if (e) return fail(e);
      read();
    });
  }

  void read() {
    error_code error;
    const std::size_t size = socket_.read_some(asio::buffer(host_.read_block), error);
    if (error && error != asio::error::would_block) return fail(error);
    if (size > 0 && !closing_) owner_.transport_bytes({host_.read_block.data(), size});
    wait();
  }

  void write_queued() {
    writing_ = true;
    sending_.swap(queued_);
    asio::async_write(socket_, asio::buffer(sending_), [this](error_code e, std::size_t) {
      writing_ = false;
      sending_ = Buffer();  // an idle connection holds no buffer
      if (e) return fail(e);
      if (!queued_.empty()) return write_queued();
      if (closing_) finish_sending();
    });
  }

  /// What still comes is read and dropped until the broker closes too: closing with unread bytes would send a reset,
  /// and that can overtake the DISCONNECT.
  void finish_sending() {
    error_code ignored;
    socket_.shutdown(tcp::socket::shutdown_send, ignored);
  }

  void fail(error_code error) {
    error_code ignored;
    socket_.close(ignored);
    if (closing_) return;
    closing_ = true;
    owner_.transport_closed(describe(error));
  }

  TransportHost& host_;
  tcp::socket socket_;
  TransportOwner& owner_;
  Buffer queued_;
  Buffer sending_;
  bool writing_ = false;
  bool closing_ = false;
};

}  // namespace

std::unique_ptr<Transport> make_tcp_transport(TransportHost& host, TransportOwner& owner) {
  return std::make_unique<TcpTransport>(host, owner);
}

}  // namespace orrery::load
