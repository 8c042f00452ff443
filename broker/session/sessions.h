// SPDX-License-Identifier: Apache-2.0
// A shard's MQTT: what each packet does to connections, sessions and deliveries. The four machines, wired together.
//
//   connections.h   link -> connection: states, claims, aliases, keep alive, packets out
//   store.h         client id -> session: every durable change is one of its operations
//   delivery.h      a message to those who want it: window, queue, groups
//   handover.h      a session on its way to another shard: a snapshot of the store's entry
//
// and two smaller ones beside them: subscriptions.h (SUBSCRIBE and UNSUBSCRIBE under way), acknowledgements.h.
//
// The transport (broker/node) cuts the stream into packets and gives them in order; everything that leaves goes through
// SessionHost. Handlers are one file for each packet type (handle_connect.cc, handle_publish.cc, ...), who a client is
// in authenticate.cc, the life of a session in lifetime.cc, its move in takeover.cc. Nothing here blocks, throws on
// what a client sent, or iterates a hash table. Memory is the shard's heap's, but for scratch buffers that are kept and
// what an authenticator makes for a connection (Principal, Exchange).
#pragma once

#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/rng.h"
#include "broker/base/slab.h"
#include "broker/base/timer_wheel.h"
#include "broker/mqtt/encode.h"
#include "broker/mqtt/limits.h"
#include "broker/mqtt/packet.h"
#include "broker/mqtt/result.h"
#include "broker/mqtt/stream_decoder.h"
#include "broker/seam/counters.h"
#include "broker/seam/effects.h"
#include "broker/session/acknowledgements.h"
#include "broker/session/connections.h"
#include "broker/session/delivery.h"
#include "broker/session/handover.h"
#include "broker/session/options.h"
#include "broker/session/pending_move.h"
#include "broker/session/session_host.h"
#include "broker/session/store.h"
#include "broker/session/subscriptions.h"

namespace orrery::session {

class Sessions {
 public:
  /// All arguments outlive it. `place` is this shard's own, `seed` of its table and of assigned client ids.
  Sessions(const MqttOptions& options, Place place, std::uint64_t seed, Heap& heap, Effects& effects,
           Counters& counters, SessionHost& host);

  // The transport.
  void connection_open(Nanos now, LinkId link);
  void connection_closed(Nanos now, LinkId link);
  void packet(Nanos now, LinkId link, const mqtt::RawPacket& packet);
  /// The stream cannot be cut into packets; says so to the client as its version allows and ends the connection.
  void bad_stream(Nanos now, LinkId link, const mqtt::DecodeResult& what);
  void drained(Nanos now, LinkId link);
  /// As if a packet had come: the link is read again, and its client was not silent meanwhile.
  void heard(Nanos now, LinkId link) { connections_.heard(now, link); }
  /// What the next packet may be, and how large.
  mqtt::Expect expected(LinkId link) {
    return connections_[link].state == Connection::State::kAwaitConnect ? mqtt::Expect::kConnect
                                                                        : mqtt::Expect::kAnyPacket;
  }
  std::uint32_t packet_size_max(LinkId link);
  /// The client id is being claimed, or packets before the next one are still under way: hold bytes back until
  /// SessionHost::resume_link.
  bool holding(LinkId link) {
    const Connection& c = connections_[link];
    return c.state == Connection::State::kClaiming || (c.state == Connection::State::kOpen && (c.working || c.crowded));
  }
  /// The connection has been ended: throw away what still comes.
  bool closing(LinkId link) { return connections_[link].state == Connection::State::kClosing; }

  // Answers and requests of the cluster.
  void claim_granted(Nanos now, const claims::Grant& grant);
  void claim_failed(Nanos now, const claims::Refusal& refusal);
  /// SessionHost::yielded answers.
  void yield(Nanos now, const claims::Yield& yield);
  void rest_wanted(Nanos now, Place present, std::string_view client_id, std::uint64_t epoch);
  void rest(Nanos now, std::string_view client_id, Bytes deliveries);
  /// Client ids held here, from a slot on: visit(client_id, epoch) for at most `most`; the slot to go on from, or
  /// kNoSlot.
  template <class Visitor>
  std::uint32_t for_each_client_id(std::uint32_t from, std::uint32_t most, Visitor&& visit) {
    for (; from < store_.end() && most > 0; ++from) {
      if (!store_.contains(from) || store_[from].ghost() || store_[from].ended()) continue;
      visit(store_[from].client_id(), store_[from].epoch());
      --most;
    }
    return from < store_.end() ? from : kNoSlot;
  }

  // Messages.
  /// What comes from elsewhere: to every session here with a matching subscription; whether there is any.
  bool deliver(Nanos now, const MessageView& message) { return deliveries_.deliver(now, message); }
  /// To one member of a shared subscription's group; false when none is left here.
  bool deliver_to_group(Nanos now, std::string_view share_filter, const MessageView& message) {
    return deliveries_.deliver_to_group(now, share_filter, message);
  }
  /// One of the confirmations that SessionHost::route or retain announced.
  void confirmed(Nanos, std::uint32_t owed) { acknowledgements_.confirmed(owed); }
  void routes_in_force(Nanos now, std::uint32_t token);
  /// One of the messages that RetainedPull asked for.
  void retained(Nanos now, std::uint32_t token, const MessageView& message) {
    subscriptions_.retained(now, token, message);
  }
  /// Those were all for now: `cursor` is where it goes on, 0 at the end.
  void retained_page(Nanos now, std::uint32_t token, std::uint64_t cursor, bool more) {
    subscriptions_.retained_page(now, token, cursor, more);
  }

  // Time.
  void tick(Nanos now);
  Nanos next_wake() const { return wheel_.next_wake(); }
  /// Goes on with what was too much for one event (packets of many filters, ends of sessions); true while more is left.
  bool work(Nanos now, WorkBudget& budget);
  bool work_left() const { return subscriptions_.work_left() || !ending_.empty() || !expiring_.empty(); }

  std::uint64_t memory_bytes() const { return store_.memory_bytes(); }
  std::uint32_t shared_subscriptions() const { return store_.index().shared_subscriptions(); }

 private:
  enum class TimerKind : std::uint32_t { kConnection = 0, kSession = 1u << 31 };

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
  void refuse_connect(LinkId link, mqtt::Version version, std::string_view client_id, mqtt::ReasonCode reason,
                      const char* what);
  void take_connect(Nanos now, LinkId link, const mqtt::ConnectView& connect);
  Will make_will(const mqtt::WillView& will, std::string_view client_id);
  void finish_connect(Nanos now, std::uint64_t request, std::uint32_t slot);
  void refuse_claim(std::uint64_t request, mqtt::ReasonCode reason, const char* what);
  // connack.cc
  /// An accepting CONNACK, as small as the client wants it if that can be. Valid until the next property section.
  mqtt::ConnackView connack_for(LinkId link, const PendingConnect& pending);
  void answer_connect(LinkId link, const PendingConnect& pending);

  // handle_publish.cc
  void deny_publish(LinkId link, std::uint8_t qos, std::uint16_t packet_id, mqtt::ReasonCode reason);
  void publish_will(Nanos now, std::uint32_t slot);
  std::uint32_t publish(Nanos now, const MessageView& message, std::uint32_t owed, bool& matched);
  std::uint64_t next_message_id() { return message_ids_ + next_message_number_++; }

  // lifetime.cc
  void attach(Nanos now, std::uint32_t slot, LinkId link, Will will);
  void detach(Nanos now, std::uint32_t slot, bool with_will);
  void end_session(Nanos now, std::uint32_t slot, bool release);
  void expire(Nanos now, std::uint32_t slot);
  bool take_leave(Nanos now, std::uint32_t slot, WorkBudget& budget);
  void arm_session(std::uint32_t slot);
  void session_timer(Nanos now, std::uint32_t slot, TimerWheel::Tick tick, WorkBudget& budget);
  void connection_timer(Nanos now, LinkId link, TimerWheel::Tick tick);
  /// Ends a connection from our side, with DISCONNECT where the version has it.
  void disconnect(Nanos now, LinkId link, mqtt::ReasonCode reason, const char* what, LinkEnd how);
  void protocol_error(Nanos now, LinkId link, const mqtt::DecodeResult& what);
  void leave(Nanos now, LinkId link, bool with_will, const char* why);
  void check_books() const;
  /// Of the session that a connection serves, or of its CONNECT; empty before that. Valid until either changes.
  std::string_view client_of(LinkId link);
  void note(NoteKind kind, LinkId link, const char* what, std::uint64_t number = 0);

  // takeover.cc
  void await_routes(Nanos now, std::uint32_t slot, std::uint64_t claim, Place former);
  void end_hold(Nanos now, std::uint32_t slot, Bytes rest);

  // handle_subscribe.cc
  mqtt::ReasonCode switched_off(const mqtt::SubscribeView& subscribe) const;

  const MqttOptions& options_;
  Heap& heap_;
  Effects& effects_;
  Counters& counters_;
  SessionHost& host_;
  Rng rng_;
  TimerWheel wheel_;
  Connections connections_;
  Store store_;
  Deliveries deliveries_;
  Handover handover_;
  Acknowledgements acknowledgements_;
  Subscriptions subscriptions_;
  Slab<PendingMove> moves_;
  std::deque<std::uint32_t> ending_;    // sessions that have ended and take leave
  std::deque<std::uint32_t> expiring_;  // sessions whose time is over, when too many were at once
  std::uint64_t message_ids_;           // the high half of our messages' ids
  std::uint32_t next_message_number_ = 0;
  // Scratch, to allocate once. None is in use across a call that could use it again.
  std::vector<std::uint8_t> section_;              // a property section that is built
  std::vector<std::uint8_t> forwardable_;          // what of a section goes on
  std::vector<std::uint8_t> authentication_data_;  // of one step of an exchange
  std::vector<std::string> rows_;                  // of one route request
};

}  // namespace orrery::session
