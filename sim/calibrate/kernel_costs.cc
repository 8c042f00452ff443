// SPDX-License-Identifier: Apache-2.0
// Loopback sockets, timed in batches.
#include "sim/calibrate/kernel_costs.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <stdexcept>
#include <thread>
#include <vector>

namespace orrery::sim {
namespace {

constexpr int kPairs = 64;
constexpr int kSocketBuffer = 1 << 20;

double cpu_nanos() {
  timespec t{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) * 1e9 + static_cast<double>(t.tv_nsec);
}

/// Caught in this file alone.
struct Failure : std::runtime_error {
  explicit Failure(const char* what) : std::runtime_error(std::string(what) + ": " + std::strerror(errno)) {}
};
int checked(int result, const char* what) {
  if (result < 0) throw Failure(what);
  return result;
}
std::size_t checked(ssize_t result, const char* what) {
  if (result < 0) throw Failure(what);
  return static_cast<std::size_t>(result);
}

class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(other.fd_) { other.fd_ = -1; }
  Fd& operator=(Fd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Fd() { reset(); }
  void reset() {
    if (fd_ >= 0) close(fd_);
    fd_ = -1;
  }
  int get() const { return fd_; }

 private:
  int fd_ = -1;
};

class Bench {
 public:
  Bench()
      : epoll_(checked(epoll_create1(0), "epoll_create1")),
        listener_(checked(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), "socket")) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    checked(bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), "bind");
    checked(listen(listener_.get(), kPairs), "listen");
    socklen_t size = sizeof address_;
    checked(getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address_), &size), "getsockname");
  }

  void round(KernelCosts& best) {
    connections(best);
    transfers(best);
    sleeping(best);
    ends(best);
    bells(best);
    timers(best);
  }

 private:
  static void keep(double& best, double nanos, int times) {
    const double each = nanos / times;
    if (best == 0 || each < best) best = each;
  }
  void watch(int fd, int operation, std::uint32_t events) {
    epoll_event e{};
    e.events = events;
    e.data.fd = fd;
    checked(epoll_ctl(epoll_.get(), operation, fd, &e), "epoll_ctl");
  }

  void connections(KernelCosts& best) {
    clients_.clear();
    servers_.clear();
    double begin = cpu_nanos();
    for (int i = 0; i < kPairs; ++i) {
      Fd fd(checked(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), "socket"));
      if (connect(fd.get(), reinterpret_cast<sockaddr*>(&address_), sizeof address_) < 0 && errno != EINPROGRESS)
        throw Failure("connect");
      watch(fd.get(), EPOLL_CTL_ADD, EPOLLIN | EPOLLOUT | EPOLLET);
      int error = 0;
      socklen_t size = sizeof error;
      checked(getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &error, &size), "getsockopt");
      clients_.push_back(std::move(fd));
    }
    keep(best.dial, cpu_nanos() - begin, kPairs);
    for (const Fd& fd : clients_) watch(fd.get(), EPOLL_CTL_DEL, 0);
    begin = cpu_nanos();
    for (int i = 0; i < kPairs; ++i) {
      Fd fd(checked(accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK), "accept4"));
      const int on = 1;
      checked(setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on), "setsockopt");
      watch(fd.get(), EPOLL_CTL_ADD, EPOLLIN | EPOLLRDHUP | EPOLLET);
      servers_.push_back(std::move(fd));
    }
    keep(best.link_open, cpu_nanos() - begin, kPairs);
    for (const auto* side : {&clients_, &servers_})
      for (const Fd& fd : *side)
        for (const int buffer : {SO_SNDBUF, SO_RCVBUF})
          checked(setsockopt(fd.get(), SOL_SOCKET, buffer, &kSocketBuffer, sizeof kSocketBuffer), "setsockopt");
    begin = cpu_nanos();
    for (const Fd& fd : servers_) {
      watch(fd.get(), EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET);
      watch(fd.get(), EPOLL_CTL_MOD, EPOLLIN | EPOLLRDHUP | EPOLLET);
    }
    keep(best.drained, cpu_nanos() - begin, kPairs);
  }

  void write_all(const std::vector<Fd>& side, std::size_t bytes) {
    for (const Fd& fd : side)
      for (std::size_t at = 0; at < bytes;) at += checked(write(fd.get(), buffer_.data() + at, bytes - at), "write");
  }
  void read_all(const std::vector<Fd>& side, std::size_t bytes) {
    for (const Fd& fd : side)
      for (std::size_t got = 0; got < bytes;) got += checked(read(fd.get(), buffer_.data(), buffer_.size()), "read");
  }

  void transfers(KernelCosts& best) {
    for (std::size_t c = 0; c < kSizeClasses.size(); ++c) {
      // In the middle of the class: a class stands for all sizes up to its bound.
      const std::size_t bytes = (kSizeClasses[c] + (c == 0 ? 0 : kSizeClasses[c - 1])) / 2;
      write_all(clients_, bytes);
      double begin = cpu_nanos();
      read_all(servers_, bytes);
      keep(best.receive[c], cpu_nanos() - begin, kPairs);
      begin = cpu_nanos();
      write_all(servers_, bytes);
      keep(best.send[c], cpu_nanos() - begin, kPairs);
      read_all(clients_, bytes);
    }
  }

  /// The other end of an accepted connection: they need not be accepted in the order of connecting.
  const Fd& client_of(const Fd& server) const {
    const auto port = [](int fd, auto* name) {
      sockaddr_in address{};
      socklen_t size = sizeof address;
      checked(name(fd, reinterpret_cast<sockaddr*>(&address), &size), "the address of a socket");
      return address.sin_port;
    };
    const auto theirs = port(server.get(), getpeername);
    for (const Fd& fd : clients_)
      if (port(fd.get(), getsockname) == theirs) return fd;
    throw Failure("a connection of nobody's");
  }

  // One event at a time with a sleep before each, as a shard with little to do has them: a second thread writes, waits
  // for the answer and writes again. The read and the answer have their own rows and are taken out.
  void sleeping(KernelCosts& best) {
    constexpr int kEvents = 500;
    std::array<epoll_event, 64> events;
    while (epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), 0) > 0) {
    }
    const Fd& server = servers_[0];
    const Fd& client = client_of(server);
    std::thread writer([&] {
      std::uint8_t byte = 0;
      for (int i = 0; i < kEvents; ++i) {
        usleep(50);
        while (write(client.get(), &byte, 1) != 1) usleep(50);
      }
    });
    std::array<std::uint8_t, kEvents> buffer;  // room for all: one read takes what there is
    const double begin = cpu_nanos();
    int handled = 0;
    for (int got = 0; got < kEvents;) {
      checked(epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), -1), "epoll_wait");
      ++handled;
      if (const ssize_t n = read(server.get(), buffer.data(), buffer.size()); n > 0) got += static_cast<int>(n);
    }
    const double nanos = cpu_nanos() - begin;
    writer.join();
    keep(best.event, std::max(1.0, nanos - handled * best.receive[0]), handled);
  }

  void ends(KernelCosts& best) {
    clients_.clear();
    std::uint8_t byte = 0;
    const double begin = cpu_nanos();
    for (Fd& fd : servers_) {
      if (read(fd.get(), &byte, 1) != 0) throw Failure("read of an end");
      fd.reset();
    }
    keep(best.link_closed, cpu_nanos() - begin, kPairs);
    servers_.clear();
  }

  void bells(KernelCosts& best) {
    const Fd bell(checked(eventfd(0, EFD_NONBLOCK), "eventfd"));
    watch(bell.get(), EPOLL_CTL_ADD, EPOLLIN | EPOLLET);
    std::uint64_t count = 1;
    double ringing = 0;
    double answering = 0;
    for (int i = 0; i < kPairs; ++i) {
      const double begin = cpu_nanos();
      checked(write(bell.get(), &count, sizeof count), "write to an eventfd");
      const double rung = cpu_nanos();
      checked(read(bell.get(), &count, sizeof count), "read of an eventfd");
      answering += cpu_nanos() - rung;
      ringing += rung - begin;
    }
    keep(best.post, ringing, kPairs);
    keep(best.message, answering, kPairs);
  }

  void timers(KernelCosts& best) {
    const Fd timer(checked(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK), "timerfd_create"));
    const itimerspec soon{{0, 0}, {0, 1}};
    std::uint64_t count = 0;
    const double begin = cpu_nanos();
    for (int i = 0; i < kPairs; ++i) {
      checked(timerfd_settime(timer.get(), 0, &soon, nullptr), "timerfd_settime");
      if (read(timer.get(), &count, sizeof count) < 0 && errno != EAGAIN) throw Failure("read of a timerfd");
    }
    keep(best.wake, cpu_nanos() - begin, kPairs);
  }

  Fd epoll_;
  Fd listener_;
  sockaddr_in address_{};
  std::vector<Fd> clients_;
  std::vector<Fd> servers_;
  std::vector<std::uint8_t> buffer_ = std::vector<std::uint8_t>(kSizeClasses.back());
};

}  // namespace

std::string measure_kernel(int rounds, KernelCosts& out) {
  try {
    Bench bench;
    for (int i = 0; i < rounds; ++i) bench.round(out);
    // Fewer bytes cannot cost more: where the least of a class is above that of a larger one, it was disturbed in every
    // round.
    for (auto* sizes : {&out.receive, &out.send})
      for (std::size_t c = sizes->size() - 1; c-- > 0;) (*sizes)[c] = std::min((*sizes)[c], (*sizes)[c + 1]);
    return {};
  } catch (const Failure& failure) {
    return failure.what();
  }
}

}  // namespace orrery::sim
