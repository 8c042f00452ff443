// SPDX-License-Identifier: Apache-2.0
// A small MQTT broker: one node with one shard, made to be read. The second opinion that keeps the plug honest.
//
// It holds links (a transport and what it has said so far) and sessions (what outlives a link). Everything is an event
// with the time and answers through orrery_effects. Containers that produce effects are ordered (std::map), so a run is
// a function of its events. Limits: input of 1 MiB a packet, kQueueMax messages wait for one session, then the newest
// is dropped and counted. The virtual functions are the points where sim/plug/broken puts its defects; the good broker
// overrides none.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "sim/plug/abi.h"
#include "sim/plug/small_broker/packet.h"
#include "sim/plug/small_broker/websocket.h"

namespace orrery::sim::small {

using Nanos = std::int64_t;
inline constexpr Nanos kSecond = 1'000'000'000;
inline constexpr std::uint32_t kNoLink = UINT32_MAX;
inline constexpr std::size_t kQueueMax = 1000;
/// A QoS 0 message is dropped for a client that has more than this much unsent output.
inline constexpr std::size_t kOutputMax = 256 * 1024;
inline constexpr Nanos kConnectTimeout = 10 * kSecond;

using SharedMessage = std::shared_ptr<const Message>;

/// A message on its way to one session.
struct Delivery {
  SharedMessage message;
  std::uint8_t qos = 0;
  bool retain = false;
  std::uint32_t subscription_identifier = 0;
  Nanos expires = ORRERY_NEVER;
};

/// Sent at QoS 1 or 2 and not finished.
struct InFlight {
  std::uint16_t packet_id = 0;
  bool released = false;  // PUBREL was sent
  Delivery delivery;
};

struct Subscription {
  FilterRequest request;
  std::uint32_t identifier = 0;
};

struct Session {
  std::uint32_t number = 0;
  std::string client_id;
  std::uint8_t version = 4;
  std::uint32_t link = kNoLink;
  std::uint32_t expiry_seconds = 0;  // UINT32_MAX: never
  std::uint16_t receive_maximum = 65535;
  std::uint32_t packet_bytes_max = UINT32_MAX;
  std::uint16_t last_packet_id = 0;
  std::uint32_t will_delay = 0;
  std::uint64_t generation = 0;  // of the timer that ends it
  std::optional<Message> will;
  std::map<std::string, Subscription> subscriptions;
  std::vector<Delivery> queue;
  std::vector<InFlight> in_flight;
  std::set<std::uint16_t> received;  // QoS 2 packet ids that wait for PUBREL
};

struct Link {
  bool websocket = false;
  bool closing = false;
  std::size_t unsent = 0;
  Nanos heard = 0;
  Nanos silence_max = kConnectTimeout;
  Session* session = nullptr;
  std::unique_ptr<WebSocket> frames;
  std::string input;
};

class Broker {
 public:
  Broker(const orrery_effects& effects, std::uint64_t incarnation) : effects_(effects), incarnation_(incarnation) {}
  virtual ~Broker() = default;

  void link_open(Nanos now, std::uint32_t link, bool websocket);
  void bytes(Nanos now, std::uint32_t link, std::string_view bytes);
  void drained(Nanos now, std::uint32_t link);
  void link_closed(Nanos now, std::uint32_t link);
  void wake(Nanos now);
  virtual void stats(orrery_stats& out) const;

 protected:
  /// A message has been accepted from `publisher` (null for a will); it may be a QoS 2 repeat no more.
  virtual void route(const Session* publisher, const SharedMessage& message);
  /// One matching subscription of one session.
  virtual void deliver(Session& session, const Delivery& delivery);
  /// Sends a PUBLISH at once: `packet_id` is 0 for QoS 0.
  virtual void send_publish(Session& session, const Delivery& delivery, std::uint16_t packet_id, bool duplicate);
  /// The first PUBLISH with this QoS 2 packet id; false when it is a repeat.
  virtual bool first_seen(Session& session, std::uint16_t packet_id);

  /// A message with RETAIN has been accepted: takes the place of its topic's retained one, or removes it when it is
  /// empty.
  virtual void retain(const SharedMessage& message);

  /// Deliveries wait behind this many unfinished ones.
  virtual std::size_t window(const Session& session) const { return session.receive_maximum; }

  void forward_to(Session& session, const Subscription& subscription, const Session* publisher,
                  const SharedMessage& message);
  std::uint16_t next_packet_id(Session& session);
  /// False when the link is gone or going.
  bool send(std::uint32_t link, const std::string& mqtt);
  void work(orrery_work kind) { effects_.work(effects_.world, static_cast<std::uint8_t>(kind), 1); }
  std::uint64_t& count(orrery_counter c) { return counters_[c]; }
  Nanos now() const { return now_; }
  std::map<std::uint32_t, std::unique_ptr<Session>>& sessions() { return sessions_; }

 private:
  enum class Timer : std::uint8_t { kSilence, kSessionEnd, kWill };
  struct Due {
    Nanos when;
    Timer what;
    std::uint32_t id;          // link or session number
    std::uint64_t generation;  // of the session, or 0
    auto operator<=>(const Due&) const = default;
  };
  using Subscribers = std::map<std::uint32_t, Session*>;  // by session number

  void handle(std::uint32_t link, std::string_view packet);
  void handle_connect(std::uint32_t link, const Packet& p);
  void handle_publish(std::uint32_t link, Packet& p);
  void handle_subscribe(std::uint32_t link, const Packet& p);
  void handle_unsubscribe(std::uint32_t link, const Packet& p);
  void handle_acknowledge(std::uint32_t link, const Packet& p);
  void handle_disconnect(std::uint32_t link, const Packet& p);
  std::uint8_t subscribe(Session& session, const FilterRequest& request, std::uint32_t identifier,
                         bool& wants_retained);
  void send_retained(Session& session, const Subscription& subscription);

  Session& open_session(const Packet& p, std::uint32_t link, bool& present);
  void attach(Session& session, const Packet& p, std::uint32_t link);
  void detach(Session& session, bool with_will);
  void end_session(Session& session);
  void publish_will(Session& session);
  void remove_filter(Session& session, const std::string& filter);
  void resume(Session& session);
  void pump(Session& session);

  void refuse(std::uint32_t link, std::uint8_t reason);
  void close(std::uint32_t link);
  void arm(const Due& due);
  void rearm();
  void fire(const Due& due);
  Link* find_link(std::uint32_t id);

  const orrery_effects& effects_;
  std::uint64_t incarnation_;
  Nanos now_ = 0;
  std::uint32_t next_session_ = 1;
  std::unordered_map<std::uint32_t, Link> links_;               // looked up only
  std::map<std::uint32_t, std::unique_ptr<Session>> sessions_;  // by number
  std::unordered_map<std::string, Session*> by_client_id_;      // looked up only
  std::unordered_map<std::string, Subscribers> exact_;          // filters without wildcards, looked up only
  std::map<std::string, Subscribers> wild_;                     // filters with wildcards, walked
  std::map<std::string, SharedMessage> retained_;
  std::set<Due> due_;
  std::uint64_t counters_[ORRERY_COUNTERS] = {};
};

}  // namespace orrery::sim::small
