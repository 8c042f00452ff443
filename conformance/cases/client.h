// SPDX-License-Identifier: Apache-2.0
// A client as cases write it: blocking calls that send one thing and expect one thing, each with a deadline.
//
// Whatever arrives is checked (wire/decode.h, observer.h), acknowledged unless `auto_ack` is off, and kept until the
// case takes it; expect_quiet() proves with a PINGREQ that nothing else came. Every expectation that is not met throws
// CaseFailed with the packets that came instead. A Client belongs to its Context.
#pragma once

#include <deque>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "conformance/cases/channel.h"
#include "conformance/cases/observer.h"
#include "conformance/wire.h"

namespace orrery::conformance {

class Context;

/// How a good CONNECT differs from the usual one.
struct ConnectOptions {
  bool clean = true;
  /// The session outlives the connection: Clean Session 0 in 3.1.1 (which overrides `clean`), an expiry in 5.
  bool persistent = false;
  std::uint16_t keep_alive = 300;
  std::optional<std::string> client_id = {};
  std::optional<Will> will = {};
  std::optional<std::string> user_name = {};
  std::optional<std::string> password = {};
  Properties properties = {};
  unsigned node = kAnyNode;
};

struct PublishOptions {
  unsigned qos = 0;
  bool retain = false;
  Properties properties = {};
};

/// The reason code that MQTT 5 asks for, and whether the standard leaves room for a neighbour: a malformed packet and
/// a protocol error often overlap, so 0x80 to 0x83 are then accepted, and recorded.
struct Reason {
  unsigned code;
  bool exact = true;
  /// A second code that fits as well; 0: none.
  unsigned also = 0;
};
inline constexpr Reason kMalformed{0x81, false};
inline constexpr Reason kProtocolError{0x82, false};
inline constexpr Reason kBadTopic{0x81, false, 0x90};
inline constexpr Reason kBadFilter{0x81, false, 0x8f};

class Client {
 public:
  Client(Context& context, std::string name);

  // ---- connecting ----
  /// Opens the transport and nothing more.
  void open(unsigned node = kAnyNode);
  /// The CONNECT that connect() would send.
  Packet connect_packet_for(const ConnectOptions& options) const;
  /// Opens, sends CONNECT, expects an accepting CONNACK and returns it.
  Packet connect(const ConnectOptions& options = {});
  /// The same for a CONNECT that the broker may refuse: returns whatever CONNACK comes; nothing when it just closes.
  std::optional<Packet> try_connect(const Packet& connect);
  /// DISCONNECT and the end of the connection. Waits for a moment for the broker to close it [MQTT-3.14.4-3], so that
  /// it has read the DISCONNECT before the case goes on.
  void disconnect(unsigned code = 0, Properties properties = {});
  /// The connection breaks without a DISCONNECT. What was sent just before may be lost with it: ping() first when the
  /// broker must have had it.
  void drop();

  // ---- sending ----
  void send(const Packet& packet);
  void send_raw(std::string_view bytes);
  std::uint16_t next_id();
  /// Sends and, for QoS 1 and 2, completes the handshake. Returns PUBACK or PUBREC (QoS 0: an empty packet).
  Packet publish(std::string_view topic, std::string_view payload, const PublishOptions& options = {});
  Packet publish(std::string_view topic, std::string_view payload, unsigned qos);
  /// Expects that the filter is granted with at least the QoS of the options.
  Packet subscribe(std::string_view filter, unsigned options = 0, Properties properties = {});
  /// Sends SUBSCRIBE and returns SUBACK without a look at its codes.
  Packet subscribe_all(std::vector<Filter> filters, Properties properties = {});
  Packet unsubscribe(const std::vector<std::string>& filters);

  // ---- expecting ----
  /// The first packet of this type that came or comes before the deadline (kNever: patience).
  Packet take(Type type, Nanos within = kNever);
  Packet take_id(Type type, unsigned id);
  std::optional<Packet> try_take(Type type, Nanos within);
  /// The next PUBLISH must be this one.
  Packet expect_publish(std::string_view topic, std::string_view payload, Nanos within = kNever);
  /// Round trip by PINGREQ: nothing came that nobody took. Needs a connection.
  void expect_quiet(const char* why = "nothing more should arrive");
  /// Round trip by PINGREQ that leaves in the inbox whatever comes.
  void ping();
  /// The broker ends the connection. Before CONNACK a refusing CONNACK may come first, afterwards in MQTT 5 a
  /// DISCONNECT; their code must be the reason's.
  void expect_closed(Reason reason);
  /// The same without an opinion about codes; returns the CONNACK or DISCONNECT that came. `within` counts from now.
  std::optional<Packet> expect_end(Nanos within = kNever);
  /// True when the broker has ended the connection or does so within the time.
  bool ended(Nanos within);

  // ---- state ----
  /// Acknowledge what comes at QoS 1 and 2 at once. On by default.
  bool auto_ack = true;
  /// What may still arrive at the end of the case does not matter.
  bool ignore_rest = false;
  bool is_open() const { return channel_ != nullptr; }
  bool accepted() const { return is_open() && observer_->accepted(); }
  const Packet& connack() const { return connack_; }
  const std::string& name() const { return name_; }
  const std::string& client_id() const { return client_id_; }
  /// What came and was not taken.
  std::deque<Packet>& inbox() { return inbox_; }
  std::string topic_of(const Packet& publish) const { return observer_->topic_of(publish); }

 private:
  bool pump(Nanos deadline);
  void arrived(std::string_view packet);
  void acknowledge(const Packet& packet);
  void transmit(std::string_view bytes);
  void note_sent(const Packet& packet);
  void note_errors();
  std::string inbox_text() const;
  std::optional<Packet> take_if_there(Type type, unsigned id, bool any_id);
  [[noreturn]] void missing(const std::string& what);
  void check_reason(const Packet& last, Reason reason);

  Context& context_;
  std::string name_;
  std::string client_id_;
  std::unique_ptr<Channel> channel_;
  std::unique_ptr<Observer> observer_;
  PacketStream received_;
  PacketStream sent_;
  std::deque<Packet> inbox_;
  Packet connack_;
  std::uint16_t last_id_ = 0;
  bool ended_ = false;
};

}  // namespace orrery::conformance
