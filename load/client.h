// SPDX-License-Identifier: Apache-2.0
// One MQTT client of a run: connects, subscribes if it is a subscriber, publishes when it is told that a message is
// due.
//
// It lives on its worker's thread and tells the worker (ClientOwner) what happens. It does not reconnect: a connection
// that is lost is a result. All clients of a worker are destroyed after the worker's io_context has ended.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "client/decode.h"
#include "load/options.h"
#include "load/schedule.h"
#include "load/sequence_check.h"
#include "load/transport.h"

namespace orrery::load {

/// A client that is not ready so long after it began to connect is given up.
inline constexpr Nanos kConnectTimeout = 30 * kSecond;
/// A publisher holds back above so many bytes that its socket has not taken.
inline constexpr std::size_t kQueuedBytesMax = 1024 * 1024;

class Client;

class ClientOwner {
 public:
  virtual Nanos now() const = 0;
  virtual void client_ready(Client& client) = 0;
  /// The connection failed or was lost. Exactly once, never after stop().
  virtual void client_failed(Client& client, std::string_view why) = 0;
  virtual void client_sent(Client& client, bool had_waited) = 0;
  virtual void client_acknowledged(Client& client, bool refused) = 0;
  virtual void client_received(Client& client, const client::Packet& publish) = 0;

 protected:
  ~ClientOwner() = default;
};

enum class ClientKind : std::uint8_t { kConnection, kPublisher, kSubscriber };

/// What all clients of a run have in common.
struct ClientSetup {
  const Options& options;
  std::uint32_t run = 0;
  std::string prefix;
};

class Client final : public TransportOwner {
 public:
  /// `index` counts from 0 within the kind; the client's number is the index plus -n.
  Client(ClientOwner& owner, TransportHost& host, const ClientSetup& setup, ClientKind kind, std::uint32_t index);

  void connect(const std::string& source);
  /// One more message of the schedule is due; it goes out at once unless the window is full.
  void publish_due(const Schedule& schedule);
  /// Sends what waits, pings, and gives up what takes too long. Several times a second.
  void housekeeping();
  /// DISCONNECT and close; nothing is told to the owner any more.
  void stop();

  ClientKind kind() const { return kind_; }
  std::uint32_t number() const;
  bool ready() const { return state_ == State::kReady; }
  bool ended() const { return state_ == State::kEnded; }
  Nanos connect_began() const { return connect_began_; }
  std::uint32_t unsent() const { return due_ - sent_; }
  std::uint32_t in_flight() const { return in_flight_; }
  /// For subscribers: the check of one publisher's messages, made when the first is seen.
  SequenceCheck& source(std::uint32_t run, std::uint32_t publisher, std::uint32_t first);
  std::uint64_t missing() const;

 private:
  enum class State : std::uint8_t { kIdle, kOpening, kConnecting, kSubscribing, kReady, kEnded };

  void transport_open() override;
  void transport_bytes(Bytes bytes) override;
  void transport_closed(std::string_view why) override;

  void packet(const client::Packet& packet);
  void connack(const client::Packet& packet);
  void suback(const client::Packet& packet);
  void publish(const client::Packet& packet);
  void acknowledged(const client::Packet& packet);
  void ready_now();
  void send_waiting(bool was_waiting);
  void send_one(bool had_waited);
  void send(const client::Packet& packet);
  std::string reason(const client::Packet& packet) const;
  void fail(std::string_view why);

  ClientOwner& owner_;
  const ClientSetup& setup_;
  std::unique_ptr<Transport> transport_;
  const client::Version version_;
  client::PacketStream stream_{kPacketMax};
  std::string id_;
  std::string topic_;
  Schedule schedule_;
  std::unique_ptr<std::unordered_map<std::uint64_t, SequenceCheck>> sources_;
  Nanos connect_began_ = 0;
  Nanos last_write_ = 0;
  Nanos keep_alive_ = 0;
  std::uint32_t index_;
  std::uint32_t due_ = 0;
  std::uint32_t sent_ = 0;
  std::uint32_t in_flight_ = 0;
  std::uint32_t window_ = 0;
  ClientKind kind_;
  State state_ = State::kIdle;
  bool ping_open_ = false;
};

}  // namespace orrery::load
