// SPDX-License-Identifier: Apache-2.0
// What a case talks to: byte streams to a broker, with a clock, whatever the broker is.
//
// A Target is the broker under test and lives for the whole run; a Bench is what one case gets of it: streams, time,
// and the power to stop and start the broker. Calls block: over live connections in real time, over the simulated
// broker by running virtual time until the bytes come or the deadline has passed. A Target may be asked for benches
// from several threads; a Bench and its streams belong to one.
#pragma once

#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "base/types.h"
#include "conformance/wire.h"

namespace orrery::conformance {

/// The target cannot be used (unreachable, will not start): nothing can be said about it.
class TargetError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

enum class Arrival : std::uint8_t { kBytes, kClosed, kNothing };
enum class HowToClose : std::uint8_t { kOrderly, kReset };

class Stream {
 public:
  virtual ~Stream() = default;
  /// Queues bytes. False when the stream has ended.
  virtual bool send(std::string_view bytes) = 0;
  /// Waits for bytes (they are appended), the other side's end, or the deadline. A deadline in the past only looks.
  virtual Arrival receive(Octets& into, Nanos deadline) = 0;
  virtual void close(HowToClose how) = 0;
};

enum class Transport : std::uint8_t { kTcp, kTls, kWebSocket, kSecureWebSocket };
/// tcp, tls, ws, wss: the schemes of addresses.
const char* transport_name(Transport t);
constexpr bool has_websocket(Transport t) { return t == Transport::kWebSocket || t == Transport::kSecureWebSocket; }
constexpr bool has_tls(Transport t) { return t == Transport::kTls || t == Transport::kSecureWebSocket; }

/// For Bench::open: wherever the target likes; with several nodes one after the other.
inline constexpr unsigned kAnyNode = UINT32_MAX;

class Bench {
 public:
  virtual ~Bench() = default;
  /// Throws TargetError when nobody answers.
  virtual std::unique_ptr<Stream> open(unsigned node) = 0;
  /// Nodes of the cluster; 1 for a single broker.
  virtual unsigned nodes() const { return 1; }
  virtual Nanos now() = 0;
  virtual void wait_until(Nanos when) = 0;
  /// Waits until what one node has acknowledged is known to the others: a SUBACK of a cluster promises less.
  virtual void settle() {}
  /// Kills the broker without notice and starts it again, with the same files.
  virtual void kill_and_restart() { throw TargetError("this target cannot be restarted"); }
};

class Target {
 public:
  virtual ~Target() = default;
  /// For reports: "mosquitto 2.0.11 (tcp)".
  virtual std::string name() const = 0;
  virtual Transport transport() const = 0;
  /// What the request of a WebSocket handshake asks for.
  virtual std::string path() const { return "/mqtt"; }
  /// How long to wait for what must come.
  virtual Nanos patience() const = 0;
  /// What may be added to an exact time before it counts as late: scheduling, timers of the broker.
  virtual Nanos slack() const = 0;
  /// True when every bench is a broker of its own that nobody has used; then nothing needs to be cleaned up.
  virtual bool fresh() const = 0;
  /// How many cases may run at once.
  virtual unsigned jobs() const = 0;
  virtual std::unique_ptr<Bench> bench() = 0;
};

}  // namespace orrery::conformance
