// SPDX-License-Identifier: Apache-2.0
// What a shard knows of one client connection between its link_open and its link_closed.
//
// A connection ends with its link; what must outlive it (subscriptions, deliveries, packet identifiers) is in Session.
// Between CONNECT and CONNACK the client id is being claimed (ARCHITECTURE.md, CONNECT): what CONNECT said waits in
// PendingConnect, and the link holds further bytes back.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "broker/base/heap.h"
#include "broker/base/slab.h"
#include "broker/base/timer_wheel.h"
#include "broker/mqtt/types.h"
#include "broker/session/gate.h"
#include "broker/session/will.h"

namespace orrery::session {

/// A text on the shard's heap.
using HeapString = std::basic_string<char, std::char_traits<char>, HeapAllocator<char>>;

/// No connection has this id.
inline constexpr LinkId kNoLink = UINT32_MAX;

struct PendingConnect {
  explicit PendingConnect(Heap& heap)
      : client_id(HeapAllocator<char>(heap)), authentication_data(HeapAllocator<std::uint8_t>(heap)) {}

  LinkId link = kNoLink;  // kNoLink when the connection has gone meanwhile
  std::uint64_t request = 0;
  HeapString client_id;
  bool assigned_client_id = false;
  bool clean_start = true;
  bool session_present = false;  // once it is granted
  std::uint32_t expiry_seconds = 0;
  bool expiry_lowered = false;
  bool keep_alive_lowered = false;
  bool response_information = false;  // it asked for it
  Will will;
  std::uint64_t user = 0;                        // Session::user
  HeapVector<std::uint8_t> authentication_data;  // for CONNACK, of an exchange that has succeeded
};

/// Of a connection whose CONNECT named an authentication method.
struct Authentication {
  std::string method;
  std::unique_ptr<Exchange> exchange;  // null when none is going on
};

/// Topics that have been given an alias in one direction (MQTT 5, 3.3.2.3.4): position alias - 1; empty text is not
/// set.
using AliasTable = HeapVector<HeapString>;

/// One and a half times the keep alive without a packet [MQTT-3.1.2-22].
constexpr Nanos keep_alive_limit(std::uint16_t seconds) { return seconds * (kSecond * 3 / 2); }

struct Connection {
  enum class State : std::uint8_t {
    kAwaitConnect,
    kAuthenticating,  // AUTH packets go to and fro; the client id is not claimed yet
    kClaiming,        // CONNECT was fine, the registrar has not answered
    kOpen,
    kClosing,  // we have ended it; nothing that still comes counts
  };

  State state = State::kAwaitConnect;
  mqtt::Version version = mqtt::Version::k311;
  bool problem_information = true;  // MQTT 5, 3.1.2.11.7
  bool blocked = false;             // the transport has more than max_link_backlog
  bool working = false;             // a packet of many filters is under way: the next one waits
  bool crowded = false;             // its requests under way are above kRequestBytesMax: the same
  std::uint16_t keep_alive = 0;     // seconds; 0 is none
  std::uint16_t receive_maximum = UINT16_MAX;
  std::uint32_t receiving = 0;                 // PUBLISH packets of this connection that count for our Receive Maximum
  std::uint32_t packet_size_max = UINT32_MAX;  // the client's Maximum Packet Size
  std::uint32_t session = kNoSlot;
  TimerWheel::Tick timer = TimerWheel::kNotArmed;
  TimerWheel::Tick heard = 0;  // when the last packet came, in ticks
  std::uint64_t request = 0;   // of its claim: names this connection among all that the shard ever had
  AliasTable* aliases = nullptr;
  std::uint16_t topic_alias_maximum = 0;  // aliases that we may use towards the client
  AliasTable* aliases_out = nullptr;      // those that we have set
  std::unique_ptr<Principal> principal;   // null when the broker has no gate
  std::unique_ptr<Authentication> authentication;
};

}  // namespace orrery::session
