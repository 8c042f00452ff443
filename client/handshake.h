// SPDX-License-Identifier: Apache-2.0
// The opening handshake from the client's side (RFC 6455 section 4): a request that can be bent, and a check of the
// answer.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "client/octets.h"

namespace orrery::client {

/// An answer longer than this is given up.
inline constexpr std::size_t kResponseBytesMax = 64 * 1024;

/// The request line and the fields, each as it will be sent. Absent fields are left out.
struct UpgradeRequest {
  std::string method = "GET";
  std::string path = "/mqtt";
  std::string http = "HTTP/1.1";
  std::optional<std::string> host = "127.0.0.1";
  std::optional<std::string> upgrade = "websocket";
  std::optional<std::string> connection = "Upgrade";
  std::optional<std::string> key = "b3JyZXJ5LWNvbmZvcm1hbg==";
  std::optional<std::string> version = "13";
  std::optional<std::string> protocol = "mqtt";
  std::optional<std::string> extensions;
  std::vector<std::pair<std::string, std::string>> more;
};
Octets encode_request(const UpgradeRequest& request);

struct HttpResponse {
  int status = 0;
  std::string status_line;
  /// Names in lower case, values trimmed, in order.
  std::vector<std::pair<std::string, std::string>> fields;
  std::vector<std::string> all(std::string_view name) const;
};

/// The response at the front of `bytes` without its body, and how long it is; nothing while the empty line is missing.
std::optional<std::pair<HttpResponse, std::size_t>> parse_response(std::string_view bytes);

/// Sec-WebSocket-Accept for a key (RFC 6455 4.2.2).
std::string accept_for(std::string_view key);

/// What is wrong with a 101 answer to this request; empty when nothing is.
std::vector<std::string> check_upgrade(const UpgradeRequest& request, const HttpResponse& response);

}  // namespace orrery::client
