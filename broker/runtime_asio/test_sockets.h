// SPDX-License-Identifier: Apache-2.0
// Plain loopback clients and free ports, for this folder's tests.
#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <chrono>
#include <random>
#include <string>
#include <string_view>
#include <thread>

#include "base/types.h"
#include "broker/runtime_asio/fd.h"

namespace orrery::runtime::test {

inline sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

/// The first of `count` neighbouring ports that were free a moment ago, from below the range that the kernel gives to
/// outgoing connections, so that none of those can take one before the test does.
inline std::uint16_t free_ports(int count) {
  std::random_device random;
  for (;;) {
    const auto first = static_cast<std::uint16_t>(10'000 + random() % 22'000);
    Fd held[64];
    int bound = 0;
    for (; bound < count; ++bound) {
      held[bound].reset(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
      const sockaddr_in address = loopback(static_cast<std::uint16_t>(first + bound));
      if (::bind(held[bound].get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) break;
    }
    if (bound == count) return first;
  }
}

/// "127.0.0.1:1883" -> 1883.
inline std::uint16_t port_of(const std::string& listening) {
  return static_cast<std::uint16_t>(std::stoi(listening.substr(listening.rfind(':') + 1)));
}

/// Asks every millisecond, for `limit` at most.
template <class Done>
bool wait_until(Done&& done, Nanos limit = 20 * kSecond) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::nanoseconds(limit);
  while (!done()) {
    if (std::chrono::steady_clock::now() >= until) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

/// A client that never blocks: service() moves what can be moved.
class RawClient {
 public:
  explicit RawClient(std::uint16_t port, int receive_buffer = 0)
      : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    if (receive_buffer > 0) ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    const sockaddr_in address = loopback(port);
    connected_ = ::connect(fd_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    ::fcntl(fd_.get(), F_SETFL, O_NONBLOCK);
    const int on = 1;
    ::setsockopt(fd_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }

  bool connected() const { return connected_; }
  void send(std::string_view bytes) { out_ += bytes; }
  /// What send() was given and the kernel has not taken.
  std::size_t waiting() const { return out_.size(); }
  void read(bool reads) { reads_ = reads; }
  const std::string& received() const { return received_; }
  bool saw_end() const { return saw_end_; }
  bool saw_reset() const { return saw_reset_; }
  void close(bool reset) {
    if (reset) {
      const linger now{1, 0};
      ::setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
      fd_.reset();
    }
    closing_ = true;
  }

  void service() {
    if (!fd_.valid()) return;
    while (!out_.empty()) {
      const ssize_t n = ::send(fd_.get(), out_.data(), out_.size(), MSG_NOSIGNAL);
      if (n <= 0) {
        if (errno != EAGAIN) out_.clear();
        break;
      }
      out_.erase(0, static_cast<std::size_t>(n));
    }
    if (closing_ && out_.empty() && !shut_) {
      ::shutdown(fd_.get(), SHUT_WR);
      shut_ = true;
    }
    while (reads_ && !saw_end_) {
      char buffer[65536];
      const ssize_t n = ::recv(fd_.get(), buffer, sizeof buffer, 0);
      if (n > 0) {
        received_.append(buffer, static_cast<std::size_t>(n));
        continue;
      }
      if (n < 0 && errno == EAGAIN) break;
      saw_end_ = true;
      saw_reset_ = n < 0;
    }
  }

  /// Services until `done`, for a while.
  template <class Done>
  bool run_until(Done&& done, Nanos limit = 20 * kSecond) {
    return wait_until(
        [&] {
          service();
          return done();
        },
        limit);
  }

 private:
  Fd fd_;
  bool connected_ = false;
  bool reads_ = true;
  bool closing_ = false;
  bool shut_ = false;
  bool saw_end_ = false;
  bool saw_reset_ = false;
  std::string out_;
  std::string received_;
};

}  // namespace orrery::runtime::test
