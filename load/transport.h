// SPDX-License-Identifier: Apache-2.0
// A stream to the broker: TCP, or WebSocket by Beast (not by the broker's own codec, which is what is under test).
//
// A transport belongs to one io_context and its thread. Its owner keeps it alive until that io_context has ended:
// pending operations refer to it. Calls to the owner come from the io_context, never out of a call to the transport.
#pragma once

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/types.h"

namespace orrery::load {

using Buffer = std::vector<std::uint8_t>;

/// Packets from the broker above this size end the connection.
inline constexpr std::uint32_t kPacketMax = 16 * 1024 * 1024;

/// Where all clients of a run connect to; outlives them.
struct Target {
  std::string address;  // numeric
  std::uint16_t port = 0;
  bool websocket = false;
  std::string host_field;   // WebSocket: "name:port"
  std::string path;         // WebSocket
  std::string subprotocol;  // WebSocket: "mqtt", or "mqttv3.1" for 3.1
  /// Largest message that is sent often: Beast masks in blocks of this size.
  std::size_t usual_write = 512;
};

/// What the transports of one thread share: TCP connections read into one block, so that an idle one holds none.
struct TransportHost {
  explicit TransportHost(const Target& to) : target(to), read_block(64 * 1024) {}
  boost::asio::io_context io{1};
  const Target& target;
  Buffer read_block;
};

class TransportOwner {
 public:
  /// The stream is open, WebSocket's handshake included.
  virtual void transport_open() = 0;
  virtual void transport_bytes(Bytes bytes) = 0;
  /// The stream failed or ended; nothing comes after it. `why` is a few words.
  virtual void transport_closed(std::string_view why) = 0;

 protected:
  ~TransportOwner() = default;
};

class Transport {
 public:
  virtual ~Transport() = default;
  /// `source` is a numeric address to connect from; empty: any.
  virtual void open(const std::string& source) = 0;
  /// Queues bytes; what is queued while a write is under way goes out in one.
  virtual void write(Bytes bytes) = 0;
  /// Bytes that wait for a write under way.
  virtual std::size_t queued() const = 0;
  /// Closes after what is queued; the owner hears no more.
  virtual void close() = 0;
};

std::unique_ptr<Transport> make_tcp_transport(TransportHost& host, TransportOwner& owner);
std::unique_ptr<Transport> make_websocket_transport(TransportHost& host, TransportOwner& owner);
inline std::unique_ptr<Transport> make_transport(TransportHost& host, TransportOwner& owner) {
  return host.target.websocket ? make_websocket_transport(host, owner) : make_tcp_transport(host, owner);
}

}  // namespace orrery::load
