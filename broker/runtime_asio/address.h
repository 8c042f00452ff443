// SPDX-License-Identifier: Apache-2.0
// Addresses as people write them: "127.0.0.1:1883", "[::1]:1883", "localhost:1883", ":1883" (every address), "1883".
//
// Errors are sentences; an empty one means success. resolve() may ask a name server and block: it is for the start of a
// process. Inside a running shard names are looked up by IoWait (broker/runtime_asio/io_wait.h).
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace orrery::runtime {

struct HostPort {
  std::string host;  // empty: every address of this machine
  std::uint16_t port = 0;
};

struct Address {
  sockaddr_storage storage{};
  socklen_t size = 0;

  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
  std::uint16_t port() const;
  void set_port(std::uint16_t port);
};

std::string parse_host_port(std::string_view text, HostPort& out);
/// False when the host is a name and not an address.
bool numeric_address(const HostPort& from, Address& out);
std::string resolve(const HostPort& from, Address& out);

/// The longest text that format_address makes, its final 0 included.
inline constexpr std::size_t kAddressTextMax = 64;
/// "address:port", written into `buffer`.
std::string_view format_address(const Address& address, char (&buffer)[kAddressTextMax]);
std::string format_address(const Address& address);

}  // namespace orrery::runtime
