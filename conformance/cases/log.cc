// SPDX-License-Identifier: Apache-2.0
// Wire logs as text. What we sent may be malformed on purpose, so whatever cannot be cut into packets is shown in hex.
#include "conformance/cases/log.h"

#include <cstdio>

#include "conformance/wire.h"

namespace orrery::conformance {
namespace {

constexpr std::size_t kEntriesMax = 4000;

void add_lines(const LogEntry& e, Version version, const std::string& prefix, std::vector<std::string>& out) {
  if (e.kind == LogKind::kEvent) {
    out.push_back(prefix + " -- " + e.bytes);
    return;
  }
  if (e.kind == LogKind::kSentFrame || e.kind == LogKind::kReceivedFrame) {
    out.push_back(prefix + (e.kind == LogKind::kSentFrame ? " -> [" : " <- [") + e.bytes + "]");
    return;
  }
  const bool sent = e.kind == LogKind::kSent;
  const std::string arrow = prefix + (sent ? " -> " : " <- ");
  PacketStream stream;
  stream.feed(e.bytes);
  Octets packet;
  std::size_t done = 0;
  while (stream.next(packet)) {
    done += packet.size();
    out.push_back(arrow + describe(packet, version, sent ? Sender::kClient : Sender::kServer) + "   | " +
                  hex(packet, 32));
  }
  if (done < e.bytes.size()) out.push_back(arrow + "bytes " + hex(std::string_view(e.bytes).substr(done)));
}

}  // namespace

void WireLog::add(Nanos at, std::string_view client, LogKind kind, std::string_view bytes) {
  if (entries_.size() < kEntriesMax) entries_.push_back({at, std::string(client), kind, Octets(bytes)});
}

std::vector<std::string> WireLog::lines(Version version) const {
  std::vector<std::string> out;
  for (const LogEntry& e : entries_) {
    char time[32];
    std::snprintf(time, sizeof time, "%12.3f ms  ", static_cast<double>(e.at - entries_.front().at) / 1e6);
    add_lines(e, version, time + e.client, out);
  }
  if (entries_.size() == kEntriesMax) out.push_back("(the log ends here: it has its limit)");
  return out;
}

}  // namespace orrery::conformance
