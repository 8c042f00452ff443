// SPDX-License-Identifier: Apache-2.0
// See address.h.
#include "broker/runtime_asio/address.h"

#include <arpa/inet.h>
#include <netdb.h>

#include <charconv>
#include <cstdio>
#include <cstring>

namespace orrery::runtime {
namespace {

sockaddr_in& v4(sockaddr_storage& storage) { return reinterpret_cast<sockaddr_in&>(storage); }
sockaddr_in6& v6(sockaddr_storage& storage) { return reinterpret_cast<sockaddr_in6&>(storage); }
const sockaddr_in& v4(const sockaddr_storage& storage) { return reinterpret_cast<const sockaddr_in&>(storage); }
const sockaddr_in6& v6(const sockaddr_storage& storage) { return reinterpret_cast<const sockaddr_in6&>(storage); }

}  // namespace

std::uint16_t Address::port() const {
  return ntohs(storage.ss_family == AF_INET6 ? v6(storage).sin6_port : v4(storage).sin_port);
}

void Address::set_port(std::uint16_t port) {
  (storage.ss_family == AF_INET6 ? v6(storage).sin6_port : v4(storage).sin_port) = htons(port);
}

std::string parse_host_port(std::string_view text, HostPort& out) {
  const std::string shown = "\"" + std::string(text) + "\"";
  const char* const valid = " is not an address such as \"127.0.0.1:1883\", \"[::1]:1883\" or \":1883\"";
  std::string_view host;
  std::string_view port = text;
  if (const auto colon = text.rfind(':'); colon != std::string_view::npos) {
    host = text.substr(0, colon);
    port = text.substr(colon + 1);
  }
  if (host.size() >= 2 && host.front() == '[' && host.back() == ']')
    host = host.substr(1, host.size() - 2);
  else if (host.find(':') != std::string_view::npos)
    return shown + valid;
  unsigned number = 0;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
  if (error != std::errc() || end != port.data() + port.size()) return shown + valid;
  if (number > 65535) return shown + ": the port must be from 0 to 65535";
  out = {std::string(host), static_cast<std::uint16_t>(number)};
  return {};
}

bool numeric_address(const HostPort& from, Address& out) {
  out = Address();
  const char* host = from.host.empty() ? "0.0.0.0" : from.host.c_str();
  if (::inet_pton(AF_INET, host, &v4(out.storage).sin_addr) == 1) {
    out.storage.ss_family = AF_INET;
    out.size = sizeof(sockaddr_in);
  } else if (::inet_pton(AF_INET6, host, &v6(out.storage).sin6_addr) == 1) {
    out.storage.ss_family = AF_INET6;
    out.size = sizeof(sockaddr_in6);
  } else {
    return false;
  }
  out.set_port(from.port);
  return true;
}

std::string resolve(const HostPort& from, Address& out) {
  if (numeric_address(from, out)) return {};
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int error = ::getaddrinfo(from.host.c_str(), nullptr, &hints, &found);
  if (error != 0) return "the name \"" + from.host + "\" has no address: " + ::gai_strerror(error);
  std::memcpy(&out.storage, found->ai_addr, found->ai_addrlen);
  out.size = found->ai_addrlen;
  out.set_port(from.port);
  ::freeaddrinfo(found);
  return {};
}

std::string_view format_address(const Address& address, char (&buffer)[kAddressTextMax]) {
  char host[INET6_ADDRSTRLEN] = "?";
  const bool six = address.storage.ss_family == AF_INET6;
  if (six)
    ::inet_ntop(AF_INET6, &v6(address.storage).sin6_addr, host, sizeof host);
  else
    ::inet_ntop(AF_INET, &v4(address.storage).sin_addr, host, sizeof host);
  const int size = std::snprintf(buffer, sizeof buffer, six ? "[%s]:%u" : "%s:%u", host, unsigned{address.port()});
  return {buffer, static_cast<std::size_t>(size)};
}

std::string format_address(const Address& address) {
  char buffer[kAddressTextMax];
  return std::string(format_address(address, buffer));
}

}  // namespace orrery::runtime
