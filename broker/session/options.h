// SPDX-License-Identifier: Apache-2.0
// What an operator may set about MQTT itself: limits and capabilities. Defaults are those of a broker that nobody
// configured. Each field's key in the configuration file is in broker/app; what happens at each limit is said here.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/types.h"
#include "broker/session/gate.h"

namespace orrery::session {

/// Which member of a shared subscription's group gets a message (MQTT 5, 4.8.2). Members without a connection get none
/// while another one has one.
enum class SharedStrategy : std::uint8_t {
  kRoundRobin,
  kRandom,
  kSticky,        // always the same one, as long as it stays
  kHashClientId,  // by the publisher's client identifier
  kHashTopic,
  kLocal,  // in turn, of the publisher's shard before its node before others
};

struct MqttOptions {
  /// Larger packets from clients end the connection with 0x95; announced in CONNACK (MQTT 5, 3.2.2.3.6).
  std::uint32_t max_packet_size = 1024 * 1024;
  /// A connection without a CONNECT is closed after this time.
  Nanos connect_timeout = 10 * kSecond;
  /// Keep alives above this are lowered to it and announced as Server Keep Alive; 3.x clients keep theirs. 0: no bound.
  std::uint16_t server_keep_alive = 0;
  /// Session expiry above this is lowered to it and announced; UINT32_MAX: never expires.
  std::uint32_t max_session_expiry = UINT32_MAX;
  /// How long a 3.x session with Clean Session 0 outlives its connection, in seconds.
  std::uint32_t v3_session_expiry = 2 * 60 * 60;
  /// QoS 1 and 2 messages that a client may have unacknowledged towards us; more is 0x93 (MQTT 5, 3.3.4).
  std::uint16_t receive_maximum = 100;
  /// Messages sent to one client and not acknowledged, when the client allows more.
  std::uint16_t max_inflight = 100;
  /// Messages that wait for one session; the next is dropped and counted (kDroppedQueueFull).
  std::uint32_t max_queue = 1000;
  /// Bytes that one link's transport has not taken; above it QoS 0 is dropped (kDroppedSlowConsumer) and QoS 1 and 2
  /// wait.
  std::uint32_t max_link_backlog = 1024 * 1024;
  /// Topic aliases that a client may use towards us, announced in CONNACK.
  std::uint16_t topic_alias_maximum = 16;
  /// Topic aliases that we use towards a client, when it allows more: the first topics of a connection get them.
  std::uint16_t topic_alias_maximum_out = 16;
  /// Subscriptions of one session; the next filter is answered 0x97 (0x80 in 3.x).
  std::uint32_t max_subscriptions = 10'000;
  /// Capabilities: what is off is announced in CONNACK and refused with the standard's code.
  std::uint8_t max_qos = 2;
  bool retain_available = true;
  bool wildcard_subscription = true;
  bool shared_subscription = true;
  SharedStrategy shared_strategy = SharedStrategy::kRoundRobin;
  bool subscription_identifiers = true;
  /// Who comes in and what they may do; null: everybody, everything.
  std::shared_ptr<const Gate> gate = nullptr;
  /// Sent to MQTT 5 clients that ask for Response Information, with their client id after it; empty: none is sent.
  std::string response_information = {};
  /// Not empty: CONNECT is refused with Use another server (0x9C) and this Server Reference.
  std::string server_reference = {};
};

}  // namespace orrery::session
