// SPDX-License-Identifier: Apache-2.0
// TCP by plain non-blocking sockets and poll, so that resets and half-open ends are seen exactly as they come.
#include "conformance/driver/live.h"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <random>
#include <thread>

#include "conformance/driver/tls_stream.h"

namespace orrery::conformance {
namespace {

// Waits for an event on one socket; false when the deadline passed.
bool wait_for(int fd, short events, Nanos deadline) {
  for (;;) {
    const Nanos left = std::max<Nanos>(deadline - live_now(), 0);
    pollfd p{fd, events, 0};
    const int n = ::poll(&p, 1, static_cast<int>(std::min<Nanos>((left + kMillisecond - 1) / kMillisecond, 60'000)));
    if (n > 0) return true;
    if (n == 0 && left == 0) return false;
  }
}

class TcpStream : public Stream {
 public:
  TcpStream(int fd, Nanos patience) : fd_(fd), patience_(patience) {}
  ~TcpStream() override { close(HowToClose::kOrderly); }

  bool send(std::string_view bytes) override {
    const Nanos deadline = live_now() + patience_;
    while (!bytes.empty() && fd_ >= 0) {
      const ssize_t n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n > 0) {
        bytes.remove_prefix(static_cast<std::size_t>(n));
      } else if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
        if (!wait_for(fd_, POLLOUT, deadline)) return false;
      } else if (n < 0 && errno != EINTR) {
        return false;
      }
    }
    return fd_ >= 0;
  }

  Arrival receive(Octets& into, Nanos deadline) override {
    char buffer[16384];
    while (fd_ >= 0) {
      const ssize_t n = ::recv(fd_, buffer, sizeof buffer, 0);
      if (n > 0) {
        into.append(buffer, static_cast<std::size_t>(n));
        return Arrival::kBytes;
      }
      if (n == 0) return Arrival::kClosed;
      if (errno == EINTR) continue;
      if (errno != EAGAIN && errno != EWOULDBLOCK) return Arrival::kClosed;
      if (!wait_for(fd_, POLLIN, deadline)) return Arrival::kNothing;
    }
    return Arrival::kClosed;
  }

  void close(HowToClose how) override {
    if (fd_ < 0) return;
    if (how == HowToClose::kReset) {
      const linger at_once{1, 0};
      ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    }
    ::close(fd_);
    fd_ = -1;
  }

 private:
  int fd_;
  Nanos patience_;
};

class LiveBench : public Bench {
 public:
  LiveBench(Url url, Nanos patience) : url_(std::move(url)), patience_(patience) {}
  std::unique_ptr<Stream> open(unsigned) override { return open_stream(url_, patience_); }
  Nanos now() override { return live_now(); }
  void wait_until(Nanos when) override { live_wait_until(when); }

 private:
  Url url_;
  Nanos patience_;
};

// A connected socket, or -1 with errno set.
int connect_socket(const addrinfo& address, Nanos deadline) {
  const int fd = ::socket(address.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  int error = 0;
  if (::connect(fd, address.ai_addr, address.ai_addrlen) != 0) error = errno;
  if (error == EINPROGRESS) {
    error = ETIMEDOUT;
    socklen_t size = sizeof error;
    if (wait_for(fd, POLLOUT, deadline)) ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
  }
  if (error != 0) {
    ::close(fd);
    errno = error;
    return -1;
  }
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return fd;
}

}  // namespace

Nanos live_now() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

void live_wait_until(Nanos when) {
  const Nanos left = when - live_now();
  if (left > 0) std::this_thread::sleep_for(std::chrono::nanoseconds(left));
}

std::unique_ptr<Stream> open_stream(const Url& url, Nanos patience) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int error = ::getaddrinfo(url.host.c_str(), std::to_string(url.port).c_str(), &hints, &found);
  if (error != 0) throw TargetError("the host of " + to_text(url) + " cannot be found: " + ::gai_strerror(error));
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> list(found, ::freeaddrinfo);
  const Nanos deadline = live_now() + patience;
  for (const addrinfo* a = found; a != nullptr; a = a->ai_next) {
    const int fd = connect_socket(*a, deadline);
    if (fd < 0) continue;
    auto tcp = std::make_unique<TcpStream>(fd, patience);
    if (!has_tls(url.transport)) return tcp;
    std::string why;
    if (auto tls = start_tls(std::move(tcp), url.host, deadline, why)) return tls;
    throw TargetError("no TLS with " + to_text(url) + ": " + why);
  }
  throw TargetError("cannot connect to " + to_text(url) + ": " + std::strerror(errno));
}

// From below the range that the kernel gives to outgoing connections, so that none of those can take it before the
// broker does.
std::uint16_t free_port() {
  constexpr std::uint16_t kFirst = 10'000, kLast = 32'000;
  std::random_device random;
  for (int tries = 0; tries < 1000; ++tries) {
    const auto port = static_cast<std::uint16_t>(kFirst + random() % (kLast - kFirst));
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    const bool ok = fd >= 0 && ::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
    if (fd >= 0) ::close(fd);
    if (ok) return port;
  }
  throw TargetError("no free port on the loopback address");
}

LiveTarget::LiveTarget(std::string name, Url url) : name_(std::move(name)), url_(std::move(url)) {}

std::unique_ptr<Bench> LiveTarget::bench() { return std::make_unique<LiveBench>(url_, patience()); }

}  // namespace orrery::conformance
