// SPDX-License-Identifier: Apache-2.0
// What the handshake must know of an HTTP request, read from a whole header in one pass.
//
// Reading and judging are apart: this half knows HTTP's syntax (by Beast's parser, a pure function of bytes here) and
// collects what RFC 6455 section 4.2.1 asks about; handshake.cc decides what to answer. Nothing is allocated; `target`
// is a view into the header.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "base/types.h"
#include "broker/websocket/handshake.h"

namespace orrery::websocket {

/// Length of the base64 text of a 16-byte key.
inline constexpr std::size_t kKeyTextSize = 24;

struct UpgradeRequest {
  /// Why the header is not HTTP, for the refusal; null if it is.
  const char* malformed = nullptr;
  bool get = false;
  bool http_1_1 = false;
  bool has_body = false;            // Transfer-Encoding, or a Content-Length above 0
  bool upgrade_websocket = false;   // a token of Upgrade
  bool connection_upgrade = false;  // a token of Connection
  bool version_13 = false;
  bool key_good = false;
  bool origin_allowed = true;
  bool protocol_offered = false;  // there was a Sec-WebSocket-Protocol
  // How often the fields came that may come only once, counted to 255.
  std::uint8_t hosts = 0;
  std::uint8_t keys = 0;
  std::uint8_t versions = 0;
  std::uint8_t origins = 0;
  std::array<char, kKeyTextSize> key{};
  std::string_view target;
  /// The offered subprotocol to answer; empty if none is ours. Static storage.
  std::string_view protocol;
};

/// `header` ends with its empty line and is at most kRequestBytesMax.
UpgradeRequest read_upgrade_request(Bytes header, const HandshakeOptions& options);

}  // namespace orrery::websocket
