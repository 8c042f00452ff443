// SPDX-License-Identifier: Apache-2.0
// A shard's MQTT: its connections and sessions, and what each packet does to them.
//
// The transport (broker/node) cuts the stream into packets and gives them in order; everything that leaves goes through
// SessionHost. Handlers are one file for each packet type (handle_connect.cc, handle_publish.cc, ...), who a client is in authenticate.cc, deliveries in
// deliver.cc, shared subscriptions in shared.cc, the life of a session in lifetime.cc, its move between shards in handover.cc. Nothing here blocks, throws on what a client sent, or
// iterates a hash table. All memory is the shard's heap's.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/rng.h"
#include "broker/base/id_set.h"
#include "broker/base/id_table.h"
#include "broker/base/slab.h"
#include "broker/base/timer_wheel.h"
#include "broker/mqtt/encode.h"
#include "broker/mqtt/limits.h"
#include "broker/mqtt/packet.h"
#include "broker/mqtt/result.h"
#include "broker/mqtt/stream_decoder.h"
#include "broker/routing/subscription_index.h"
#include "broker/seam/counters.h"
#include "broker/seam/effects.h"
#include "broker/session/connection.h"
#include "broker/session/options.h"
#include "broker/session/owed.h"
#include "broker/session/pending_subscribe.h"
#include "broker/session/session.h"
#include "broker/session/session_host.h"

namespace orrery::session {

class Sessions {
 public:
  /// All arguments outlive it. `place` is this shard's own, `seed` of its table and of assigned client ids.
  Sessions(const MqttOptions& options, Place place, std::uint64_t seed, Heap& heap, Effects& effects,
           Counters& counters, SessionHost& host);
  ~Sessions();

  // The transport.
  void connection_open(Nanos now, LinkId link);
  void connection_closed(Nanos now, LinkId link);
  void packet(Nanos now, LinkId link, const mqtt::RawPacket& packet);
  /// The stream cannot be cut into packets; says so to the client as its version allows and ends the connection.
  void bad_stream(Nanos now, LinkId link, const mqtt::DecodeResult& what);
  void drained(Nanos now, LinkId link);
  /// What the next packet may be, and how large.
  mqtt::Expect expected(LinkId link) {
    return at(link).state == Connection::State::kAwaitConnect ? mqtt::Expect::kConnect : mqtt::Expect::kAnyPacket;
  }
  std::uint32_t packet_size_max(LinkId link);
  /// The client id is being claimed: hold bytes back until SessionHost::resume_link.
  bool holding(LinkId link) { return at(link).state == Connection::State::kClaiming; }
  /// The connection has been ended: throw away what still comes.
  bool closing(LinkId link) { return at(link).state == Connection::State::kClosing; }

  // Answers and requests of the cluster.
  void claim_granted(Nanos now, const claims::Grant& grant);
  void claim_failed(Nanos now, const claims::Refusal& refusal);
  /// SessionHost::yielded answers.
  void yield(Nanos now, const claims::Yield& yield);
  void rest_wanted(Nanos now, Place present, std::string_view client_id, std::uint64_t epoch);
  void rest(Nanos now, std::string_view client_id, Bytes deliveries);
  /// Client ids held here, from a slot on: visit(client_id, epoch) for at most `most`; the slot to go on from, or kNoSlot.
  template <class Visitor>
  std::uint32_t for_each_client_id(std::uint32_t from, std::uint32_t most, Visitor&& visit) {
    for (; from < sessions_.end() && most > 0; ++from) {
      if (!sessions_.contains(from) || sessions_[from].ghost) continue;
      visit(sessions_[from].client_id(), sessions_[from].epoch);
      --most;
    }
    return from < sessions_.end() ? from : kNoSlot;
  }

  // Messages.
  /// To every session here with a matching subscription.
  void deliver(Nanos now, const MessageView& message);
  /// To one member of a shared subscription's group.
  /// False when none is left here.
  bool deliver_to_group(Nanos now, std::string_view share_filter, const MessageView& message);
  /// One of the confirmations that SessionHost::route or retain announced.
  void confirmed(Nanos now, std::uint32_t owed);
  void routes_in_force(Nanos now, std::uint32_t token);
  /// A retained message that matches the filter at this position of RouteRequest::retained_wanted; after routes_in_force.
  void retained(Nanos now, std::uint32_t token, std::uint32_t position, const MessageView& message);
  /// The request is done with: the token may be used again.
  void subscribed(std::uint32_t token);

  // Time.
  void tick(Nanos now);
  Nanos next_wake() const { return wheel_.next_wake(); }

  std::uint64_t memory_bytes() const { return index_.memory_bytes(); }

 private:
  enum class TimerKind : std::uint32_t { kConnection = 0, kSession = 1u << 31 };

  Connection& at(LinkId link) { return connections_[link]; }

  // handle_*.cc
  void handle_connect(Nanos now, LinkId link, const mqtt::RawPacket& packet);
  void handle_publish(Nanos now, LinkId link, const mqtt::RawPacket& packet);
  void handle_ack(Nanos now, LinkId link, const mqtt::RawPacket& packet);
  void handle_subscribe(Nanos now, LinkId link, const mqtt::RawPacket& packet);
  void handle_unsubscribe(Nanos now, LinkId link, const mqtt::RawPacket& packet);
  void handle_pingreq(Nanos now, LinkId link, const mqtt::RawPacket& packet);
  void handle_disconnect(Nanos now, LinkId link, const mqtt::RawPacket& packet);
  void handle_auth(Nanos now, LinkId link, const mqtt::RawPacket& packet);

  // authenticate.cc
  void authenticate(Nanos now, LinkId link, const mqtt::ConnectView& connect);
  void admitted(Nanos now, LinkId link);
  void step_exchange(Nanos now, LinkId link, Bytes data);
  void send_auth(Nanos now, LinkId link, mqtt::ReasonCode reason);
  static std::uint64_t user_hash(std::string_view user_name);

  // handle_connect.cc
  void refuse_connect(LinkId link, mqtt::Version version, mqtt::ReasonCode reason, const char* what);
  void take_connect(Nanos now, LinkId link, const mqtt::ConnectView& connect);
  Will make_will(const mqtt::WillView& will);
  /// An accepting CONNACK, as small as the client wants it if that can be. Valid until the next property section.
  mqtt::ConnackView connack_for(LinkId link, const PendingConnect& pending);
  void answer_connect(LinkId link, const PendingConnect& pending);
  void finish_connect(Nanos now, std::uint64_t request, std::uint32_t slot);
  void refuse_claim(std::uint64_t request, mqtt::ReasonCode reason, const char* what);
  void drop_claim(std::uint64_t request);
  PendingConnect* find_claim(std::uint64_t request);

  // handle_publish.cc
  void deny_publish(LinkId link, std::uint8_t qos, std::uint16_t packet_id);
  bool resolve_alias(Nanos now, LinkId link, Connection& connection, mqtt::PublishView& publish);
  static std::uint64_t publisher_hash(std::string_view client_id);
  void publish_will(Nanos now, Session& session);
  std::uint32_t publish(Nanos now, const MessageView& message, std::uint32_t owed, bool& matched);
  std::uint64_t next_message_id() { return message_ids_ + next_message_number_++; }

  // owed.cc: acknowledgements for what clients published
  void owe(std::uint32_t slot, std::uint32_t owed);
  void settle(std::uint32_t slot);
  void send_ack(LinkId link, mqtt::PacketType type, std::uint16_t packet_id, mqtt::ReasonCode reason);
  void forget_owed(Session& session);

  // shared.cc
  struct Member {
    std::uint32_t session = kNoSlot;
    std::uint8_t options = 0;
    std::uint32_t identifier = 0;
  };
  Member choose_member(std::string_view share_filter, const MessageView& message);
  Member next_connected_member(std::string_view share_filter);
  /// The row of the route table that stands for this many subscribers of the filter here, if there is one.
  static void append_row(std::vector<std::string>& rows, std::string_view filter, std::uint32_t members);
  void redistribute(Nanos now, Outbox& outbox);

  // deliver.cc
  struct Match {
    std::uint32_t session;
    std::uint8_t options;
    std::uint32_t identifier;
    std::uint32_t order;
  };
  void deliver_to(Nanos now, std::uint32_t slot, const MessageView& message, Message*& kept, std::uint8_t qos,
                  bool retain, std::span<const std::uint32_t> identifiers);
  void send_qos0(Nanos now, Session& session, const MessageView& message, bool retain,
                 std::span<const std::uint32_t> identifiers);
  void pump(Nanos now, Session& session);
  bool encode_delivery(Nanos now, Connection& connection, const MessageView& message, std::uint8_t qos, bool retain,
                       bool dup, std::uint16_t packet_id, std::span<const std::uint32_t> identifiers);
  void use_alias(Connection& connection, mqtt::PublishOut& out);
  std::uint16_t take_packet_id(Session& session);
  void note_backlog(LinkId link, std::size_t backlog);

  // lifetime.cc
  std::uint32_t find_session(std::string_view client_id) const;
  std::uint32_t create_session(std::string_view client_id);
  void attach(Nanos now, std::uint32_t slot, LinkId link);
  void detach(Nanos now, std::uint32_t slot, bool with_will);
  void end_session(Nanos now, std::uint32_t slot, bool release);
  void unsubscribe_all(Nanos now, std::uint32_t slot);
  void drop_will(Will& will);
  void drop_aliases(Connection& connection);
  void arm_session(std::uint32_t slot);
  void session_timer(Nanos now, std::uint32_t slot, TimerWheel::Tick tick);
  void connection_timer(Nanos now, LinkId link, TimerWheel::Tick tick);
  void arm_connection(LinkId link, Nanos when);
  /// Ends a connection from our side, with DISCONNECT where the version has it.
  void disconnect(Nanos now, LinkId link, mqtt::ReasonCode reason, const char* what, LinkEnd how);
  void protocol_error(Nanos now, LinkId link, const mqtt::DecodeResult& what);
  void leave(Nanos now, LinkId link, bool with_will);

  // handover.cc
  void export_session(Nanos now, Session& session, std::vector<std::uint8_t>& out);
  enum class Import : std::uint8_t { kUnreadable, kRevived, kMoved };
  Import import_session(Nanos now, std::uint32_t slot, Bytes handover, std::uint64_t claim);
  void end_hold(Nanos now, std::uint32_t slot, Bytes rest);
  void append_deliveries(Nanos now, const Outbox& outbox, std::vector<std::uint8_t>& out) const;
  bool take_deliveries(Nanos now, Session& session, ByteReader& in, std::vector<std::uint64_t>* ids);
  void end_hold_now(Session& session);
  void end_ghost(Nanos now, std::uint32_t slot);

  // handle_subscribe.cc
  mqtt::ReasonCode switched_off(const mqtt::SubscribeView& subscribe, std::uint32_t identifier) const;
  mqtt::ReasonCode subscribe_one(Session& session, std::uint32_t slot, const Principal* principal,
                                 const mqtt::Subscription& subscription, std::uint32_t identifier,
                                 PendingSubscribe& pending);

  const MqttOptions& options_;
  const Place place_;
  const std::uint64_t seed_;
  Heap& heap_;
  Effects& effects_;
  Counters& counters_;
  SessionHost& host_;
  Rng rng_;
  TimerWheel wheel_;
  IdTable<Connection> connections_;
  Slab<Session> sessions_;
  IdSet by_client_id_;
  routing::SubscriptionIndex index_;
  Slab<Owed> owed_;
  Slab<PendingConnect> claims_;
  Slab<PendingSubscribe> subscribes_;
  std::uint64_t claims_begun_ = 0;
  std::uint64_t message_ids_;  // the high half of our messages' ids
  std::uint32_t next_message_number_ = 0;
  // Scratch, to allocate once. None is in use across a call that could use it again.
  std::vector<Match> matches_;                     // deliver
  std::vector<std::uint32_t> identifiers_;         // deliver
  std::vector<std::uint8_t> section_;              // a property section that is built
  std::vector<std::uint8_t> forwardable_;          // what of a section goes on
  std::vector<std::uint8_t> handover_;             // an exported session
  std::vector<std::uint8_t> authentication_data_;  // of one step of an exchange
  std::vector<std::string> added_;                 // rows of one route request
  std::vector<std::string> removed_;               // the same
  std::vector<std::string> retained_wanted_;
};

}  // namespace orrery::session
