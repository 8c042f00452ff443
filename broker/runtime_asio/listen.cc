// SPDX-License-Identifier: Apache-2.0
// See listen.h.
#include "broker/runtime_asio/listen.h"

#include <netinet/tcp.h>

#include <cerrno>
#include <cstring>

#include "broker/runtime_asio/limits.h"

namespace orrery::runtime {
namespace {

std::string bind_error(const Address& address, int error) {
  const std::string where = format_address(address);
  switch (error) {
    case EADDRINUSE:
      return where + " is in use by another process; stop it or choose another port";
    case EADDRNOTAVAIL:
      return where + " is not an address of this machine; 0.0.0.0 or 127.0.0.1 always is";
    case EACCES:
      return where + " may not be bound by this user; ports below 1024 need a privilege";
    default:
      return where + " cannot be bound: " + std::strerror(error);
  }
}

std::string bind_one(const Address& address, bool share_port, Fd& out) {
  out.reset(::socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!out.valid()) return std::string("no socket can be made: ") + std::strerror(errno);
  const int on = 1;
  ::setsockopt(out.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (share_port) ::setsockopt(out.get(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
  ::setsockopt(out.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);  // accepted sockets inherit it
  if (::bind(out.get(), address.get(), address.size) != 0) return bind_error(address, errno);
  return {};
}

}  // namespace

std::string bind_sockets(Address& address, std::size_t count, std::vector<Fd>& out) {
  if (address.port() != 0 && count > 1) {
    Fd probe;
    if (std::string error = bind_one(address, false, probe); !error.empty()) return error;
  }
  for (std::size_t i = 0; i < count; ++i) {
    if (std::string error = bind_one(address, count > 1, out.emplace_back()); !error.empty()) return error;
    if (i == 0) {
      socklen_t size = sizeof address.storage;
      ::getsockname(out.back().get(), address.get(), &size);
    }
  }
  return {};
}

std::string start_listening(const Fd& socket) {
  if (::listen(socket.get(), kListenBacklog) == 0) return {};
  Address address;
  address.size = sizeof address.storage;
  const int error = errno;
  ::getsockname(socket.get(), address.get(), &address.size);
  return bind_error(address, error);
}

}  // namespace orrery::runtime
