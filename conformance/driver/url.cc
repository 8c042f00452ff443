// SPDX-License-Identifier: Apache-2.0
// The few forms of address that the suite takes.
#include "conformance/driver/url.h"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <stdexcept>

namespace orrery::conformance {
namespace {

[[noreturn]] void refuse(std::string_view text, const char* why) {
  throw std::invalid_argument("\"" + std::string(text) + "\" is no broker address: " + why +
                              " (for example tcp://127.0.0.1:1883 or ws://127.0.0.1:8083/mqtt)");
}

}  // namespace

Url parse_url(std::string_view text) {
  Url url;
  const std::size_t scheme_end = text.find("://");
  if (scheme_end == std::string_view::npos) refuse(text, "it has no scheme");
  const std::string_view scheme = text.substr(0, scheme_end);
  struct Scheme {
    std::string_view name;
    Transport transport;
    std::uint16_t port;
  };
  static constexpr Scheme kSchemes[] = {
      {"tcp", Transport::kTcp, 1883},      {"mqtt", Transport::kTcp, 1883},
      {"tls", Transport::kTls, 8883},      {"mqtts", Transport::kTls, 8883},
      {"ws", Transport::kWebSocket, 8083}, {"wss", Transport::kSecureWebSocket, 8084}};
  const Scheme* const known =
      std::find_if(std::begin(kSchemes), std::end(kSchemes), [scheme](const Scheme& s) { return s.name == scheme; });
  if (known == std::end(kSchemes)) refuse(text, "the scheme must be tcp, tls, ws or wss");
  url.transport = known->transport;
  const bool websocket = has_websocket(url.transport);
  std::string_view rest = text.substr(scheme_end + 3);
  const std::size_t slash = rest.find('/');
  url.path = slash == std::string_view::npos ? "/mqtt" : std::string(rest.substr(slash));
  if (slash != std::string_view::npos && !websocket && url.path != "/")
    refuse(text, "only ws and wss addresses have a path");
  rest = rest.substr(0, slash);
  const std::size_t colon = rest.rfind(':');
  url.host = std::string(rest.substr(0, colon));
  if (url.host.size() > 2 && url.host.front() == '[' && url.host.back() == ']')
    url.host = url.host.substr(1, url.host.size() - 2);
  if (url.host.empty()) refuse(text, "it has no host");
  url.port = known->port;
  if (colon != std::string_view::npos) {
    const std::string_view port = rest.substr(colon + 1);
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), url.port);
    if (error != std::errc() || end != port.data() + port.size() || url.port == 0)
      refuse(text, "the port must be a number from 1 to 65535");
  }
  return url;
}

std::string to_text(const Url& url) {
  const bool six = url.host.find(':') != std::string::npos;
  return std::string(transport_name(url.transport)) + "://" + (six ? "[" + url.host + "]" : url.host) + ":" +
         std::to_string(url.port) + (has_websocket(url.transport) ? url.path : "");
}

const char* transport_name(Transport t) {
  switch (t) {
    case Transport::kTcp:
      return "tcp";
    case Transport::kTls:
      return "tls";
    case Transport::kWebSocket:
      return "ws";
    case Transport::kSecureWebSocket:
      return "wss";
  }
  return "";
}

}  // namespace orrery::conformance
