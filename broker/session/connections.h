// SPDX-License-Identifier: Apache-2.0
// The first of a shard's four machines: link -> connection. States, claims under way, aliases, timers, and packets out.
//
// It knows nothing of sessions but the slot that an open connection serves. A connection goes
//   await CONNECT -> (authenticating) -> claiming -> open -> closing
// and may skip to closing from everywhere; each step is a call here and asserts where it comes from.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "broker/base/heap.h"
#include "broker/base/id_table.h"
#include "broker/base/slab.h"
#include "broker/base/timer_wheel.h"
#include "broker/mqtt/encode.h"
#include "broker/mqtt/packet.h"
#include "broker/mqtt/result.h"
#include "broker/session/connection.h"
#include "broker/session/options.h"
#include "broker/session/session_host.h"

namespace orrery::session {

class Connections {
 public:
  /// All arguments outlive it. Its timers are those of `wheel` whose payload is a link.
  Connections(const MqttOptions& options, Heap& heap, TimerWheel& wheel, SessionHost& host);
  ~Connections();

  bool contains(LinkId link) const { return connections_.contains(link); }
  Connection& operator[](LinkId link) { return connections_[link]; }

  // Its life.
  void open(Nanos now, LinkId link);
  /// The link is gone: frees what the connection had.
  void closed(LinkId link);
  /// CONNECT came: what it said waits here until the claim is answered.
  PendingConnect& begin_claim(LinkId link);
  void authenticating(LinkId link, std::unique_ptr<Authentication> authentication);
  void claiming(LinkId link);
  /// It serves a session from now on.
  void serve(Nanos now, LinkId link, std::uint32_t session);
  /// Nothing that still comes counts; returns the session that it served, or kNoSlot.
  std::uint32_t closing(LinkId link);

  // Claims.
  PendingConnect* find_claim(std::uint64_t request);
  /// Forgets a claim, and its will.
  void drop_claim(std::uint64_t request);

  // Packets out. Between begin_packet() and end_packet() nothing else is sent.
  std::vector<std::uint8_t>& begin_packet() { return host_.begin_packet(); }
  /// True when the link has just become slow: what is sent from now on waits.
  bool end_packet(LinkId link);
  void send_ack(LinkId link, mqtt::PacketType type, std::uint16_t packet_id, mqtt::ReasonCode reason);
  /// False when no DISCONNECT goes: before version 5, before CONNACK, or none fits the client's Maximum Packet Size.
  bool send_disconnect(LinkId link, mqtt::ReasonCode reason, const char* what);

  // Receive Maximum towards us (MQTT 5, 4.9), which begins anew with each connection.
  /// A PUBLISH above QoS 0 counts from its arrival on; false when that is one too many.
  bool receive(LinkId link);
  /// Its PUBACK, PUBCOMP or refusing PUBREC goes out.
  void received_done(LinkId link);

  // Topic aliases (MQTT 5, 3.3.2.3.4).
  /// Sets or uses the alias of a PUBLISH from the client.
  mqtt::DecodeResult resolve_alias(LinkId link, mqtt::PublishView& publish);
  /// Uses an alias for a PUBLISH to the client, or names the one that this PUBLISH will set.
  void use_alias(Connection& connection, mqtt::PublishOut& out);
  /// The PUBLISH will be sent: what it sets is set.
  void alias_sent(Connection& connection, const mqtt::PublishOut& out);

  // Time.
  void heard(Nanos now, LinkId link) {
    connections_[link].heard = static_cast<TimerWheel::Tick>(now >> TimerWheel::kTickBits);
  }
  /// Its keep alive begins anew.
  void excuse(Nanos now, LinkId link) {
    heard(now, link);
    arm(link, now + keep_alive_limit(connections_[link].keep_alive));
  }
  void arm(LinkId link, Nanos when) { connections_[link].timer = wheel_.arm(when, link); }
  enum class Due : std::uint8_t { kNothing, kConnect, kAuth, kKeepAlive };
  /// A timer of this link has fired: what is too late.
  Due timer(Nanos now, LinkId link, TimerWheel::Tick tick);

 private:
  AliasTable& make_aliases(AliasTable*& table);
  void drop_aliases(Connection& connection);

  const MqttOptions& options_;
  Heap& heap_;
  TimerWheel& wheel_;
  SessionHost& host_;
  IdTable<Connection> connections_;
  Slab<PendingConnect> claims_;
  std::uint64_t claims_begun_ = 0;
  std::vector<std::uint8_t> section_;  // scratch: the properties of DISCONNECT
};

}  // namespace orrery::session
