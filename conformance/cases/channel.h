// SPDX-License-Identifier: Apache-2.0
// A two-way stream of MQTT bytes, whatever carries it: plain, or in the binary frames of a WebSocket.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "conformance/cases/websocket_link.h"
#include "conformance/driver/target.h"

namespace orrery::conformance {

class Channel {
 public:
  virtual ~Channel() = default;
  virtual bool send(std::string_view bytes) = 0;
  virtual Arrival receive(Octets& into, Nanos deadline) = 0;
  virtual void close(HowToClose how) = 0;
  /// What the carrier's own rules were broken by, each once: pairs of statement and text.
  virtual std::vector<std::pair<std::string, std::string>> take_errors() { return {}; }
};

std::unique_ptr<Channel> plain_channel(std::unique_ptr<Stream> stream);
/// Upgrades at once, with a request for `path`; throws CaseFailed when the server does not.
std::unique_ptr<Channel> websocket_channel(std::unique_ptr<Stream> stream, const std::string& path,
                                           WebSocketLink::Log log, Nanos deadline, Version version);

}  // namespace orrery::conformance
