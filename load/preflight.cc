// SPDX-License-Identifier: Apache-2.0
#include "load/preflight.h"

#include <sys/resource.h>

#include <algorithm>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <fstream>

#include "load/payload.h"
#include "load/socket.h"

namespace orrery::load {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

/// Beside the clients: standard streams, epoll, eventfd and timerfd of each thread, the report's file.
constexpr std::uint64_t kOtherDescriptors = 64;
/// Beast keeps a block of the usual size for each connection that writes.
constexpr std::size_t kUsualWriteMax = 64 * 1024;
constexpr auto kProbeTimeout = std::chrono::seconds(5);

std::uint64_t descriptors_allowed(std::uint64_t wanted) {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  if (limit.rlim_cur < wanted && limit.rlim_cur < limit.rlim_max) {
    limit.rlim_cur = std::min<rlim_t>(wanted, limit.rlim_max);
    setrlimit(RLIMIT_NOFILE, &limit);
    getrlimit(RLIMIT_NOFILE, &limit);
  }
  return limit.rlim_cur;
}

std::uint64_t ephemeral_ports() {
  std::uint64_t low = 32'768;
  std::uint64_t high = 60'999;
  std::ifstream file("/proc/sys/net/ipv4/ip_local_port_range");
  file >> low >> high;
  return high >= low ? high - low + 1 : 0;
}

std::uint64_t descriptors_needed(const Options& o) { return o.connections() + kOtherDescriptors; }

}  // namespace

std::optional<std::string> resources_missing(const Options& o, std::uint64_t descriptors, std::uint64_t ports) {
  const std::uint64_t needed = descriptors_needed(o);
  if (descriptors < needed)
    return std::to_string(o.connections()) + " connections need " + std::to_string(needed) +
           " open files, but the limit is " + std::to_string(descriptors) + "; raise it with: ulimit -n " +
           std::to_string(needed);
  const std::uint64_t addresses = std::max<std::uint64_t>(1, o.source_addresses.size());
  const std::uint64_t addresses_needed = ports == 0 ? addresses : (o.connections() + ports - 1) / ports;
  if (addresses < addresses_needed)
    return std::to_string(o.connections()) + " connections need " + std::to_string(addresses_needed) +
           " source addresses with " + std::to_string(ports) + " ephemeral ports each, but there is only " +
           std::to_string(addresses) + "; give more with --ifaddr";
  return std::nullopt;
}

std::optional<std::string> check_resources(const Options& options) {
  return resources_missing(options, descriptors_allowed(descriptors_needed(options)), ephemeral_ports());
}

std::optional<std::string> find_target(const Options& o, Target& target) {
  asio::io_context io;
  const std::string port = std::to_string(o.port_or_default());
  error_code error;
  asio::ip::tcp::resolver resolver(io);
  const auto found = resolver.resolve(o.host, port, error);
  if (error) return "cannot find the host " + o.host + ": " + error.message();

  asio::ip::tcp::socket socket(io);
  asio::ip::tcp::endpoint chosen;
  error = asio::error::timed_out;
  asio::async_connect(socket, found, [&](error_code e, const asio::ip::tcp::endpoint& endpoint) {
    error = e;
    chosen = endpoint;
  });
  io.run_for(kProbeTimeout);
  if (error) return "cannot connect to " + o.url() + ": " + describe(error);

  target.address = chosen.address().to_string();
  target.port = chosen.port();
  target.websocket = o.websocket;
  target.host_field = o.host + ":" + port;
  target.path = o.path;
  target.subprotocol = o.version == 3 ? "mqttv3.1" : "mqtt";
  if (o.publishes())
    target.usual_write = std::clamp<std::size_t>(o.payload_size + 256, target.usual_write, kUsualWriteMax);
  return std::nullopt;
}

}  // namespace orrery::load
