// SPDX-License-Identifier: Apache-2.0
// What went over the wires of one case, in order, kept as bytes and turned into text only when somebody wants to read
// it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/types.h"
#include "conformance/wire.h"

namespace orrery::conformance {

enum class LogKind : std::uint8_t {
  kSent,       // MQTT bytes of any shape, from us
  kReceived,   // one MQTT packet from the broker
  kSentFrame,  // a WebSocket frame or HTTP bytes that carry no MQTT of their own
  kReceivedFrame,
  kEvent,  // opened, closed, reset, waited
};

struct LogEntry {
  Nanos at = 0;
  std::string client;
  LogKind kind = LogKind::kEvent;
  /// Bytes for the first two kinds, text for the others.
  Octets bytes;
};

class WireLog {
 public:
  void add(Nanos at, std::string_view client, LogKind kind, std::string_view bytes);
  const std::vector<LogEntry>& entries() const { return entries_; }
  /// Lines such as "   1.204 ms  a -> CONNECT ..."; times count from the first entry.
  std::vector<std::string> lines(Version version) const;

 private:
  std::vector<LogEntry> entries_;
};

}  // namespace orrery::conformance
