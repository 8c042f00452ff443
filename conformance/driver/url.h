// SPDX-License-Identifier: Apache-2.0
// Where a broker listens: tcp://host:port, tls://host:port, ws://host:port/path or wss://host:port/path.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "conformance/driver/target.h"

namespace orrery::conformance {

struct Url {
  Transport transport = Transport::kTcp;
  std::string host;
  std::uint16_t port = 0;
  std::string path;
};

/// Throws std::invalid_argument with a sentence that says what a valid address looks like.
Url parse_url(std::string_view text);
std::string to_text(const Url& url);

}  // namespace orrery::conformance
