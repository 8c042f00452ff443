// SPDX-License-Identifier: Apache-2.0
// What SUBSCRIBE and UNSUBSCRIBE do (MQTT 5, 3.8 to 3.11): filters worked through, routes asked for, answers in the
// order of the packets, and retained messages at the pace of the client.
//
// A packet of many filters is worked through in several events; its connection's next packet waits meanwhile
// (Connection::working). SUBACK goes when the routes are in force, UNSUBACK behind the SUBACKs of packets before it.
// Then the session pulls the retained messages of each filter, a few at a time (SessionHost::pull_retained), whenever
// its window, its queue and its link have room; what was unsubscribed meanwhile is not asked for any more. A session
// without a connection pulls nothing, and goes on when its client is back.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "broker/base/slab.h"
#include "broker/base/work_budget.h"
#include "broker/mqtt/packet.h"
#include "broker/session/connections.h"
#include "broker/session/delivery.h"
#include "broker/session/options.h"
#include "broker/session/request.h"
#include "broker/session/session_host.h"
#include "broker/session/store.h"

namespace orrery::session {

class Subscriptions {
 public:
  /// All arguments outlive it.
  Subscriptions(const MqttOptions& options, Heap& heap, Effects& effects, Counters& counters, SessionHost& host,
                Store& store, Connections& connections, Deliveries& deliveries);

  // Packets, of an open connection that does not hold its packets back.
  void subscribe(Nanos now, LinkId link, const mqtt::SubscribeView& packet);
  void unsubscribe(Nanos now, LinkId link, const mqtt::UnsubscribeView& packet);

  // Answers of the host.
  void routes_in_force(Nanos now, std::uint32_t token);
  void retained(Nanos now, std::uint32_t token, const MessageView& message);
  void retained_page(Nanos now, std::uint32_t token, std::uint64_t cursor, bool more);

  /// The session's window, queue or link may have room, or its client is back: asks for its next retained messages.
  void pull(Nanos now, std::uint32_t session);
  /// Its connection has gone: no more answers, and filters that were not reached are not subscribed.
  void connection_gone(std::uint32_t session);
  void session_ended(Nanos now, std::uint32_t session);

  /// Goes on with packets of many filters; true while more is left.
  bool work(Nanos now, WorkBudget& budget);
  bool work_left() const { return !queue_.empty(); }

 private:
  std::uint32_t begin(LinkId link, Request::Kind kind, std::uint16_t packet_id, Bytes filters);
  void go_on(Nanos now, std::uint32_t id, WorkBudget budget);
  void finish(Nanos now, std::uint32_t id);
  void subscribe_next(Request& request);
  void unsubscribe_next(Request& request);
  mqtt::ReasonCode subscribe_one(Request& request, const mqtt::TopicFilter& topic, mqtt::SubscriptionOptions options);
  void change_routes(Nanos now, std::uint32_t token);
  void answer(Nanos now, std::uint32_t session);
  void send_answer(const Request& request);
  void forget_finished(Nanos now, std::uint32_t session);
  bool wants_retained(const Request& request) const { return request.walk < request.walks.size(); }
  bool still_subscribed(std::uint32_t session, std::string_view filter) const;
  void end_walk(Nanos now, Request& request);
  void drop(Nanos now, std::uint32_t id);
  static void cut_short(Request& request);
  /// The connection that asked, if it is still there.
  Connection* asker(const Request& request);

  const MqttOptions& options_;
  Heap& heap_;
  Effects& effects_;
  Counters& counters_;
  SessionHost& host_;
  Store& store_;
  Connections& connections_;
  Deliveries& deliveries_;
  Slab<Request> requests_;
  std::deque<std::uint32_t> queue_;  // those with `queued`
  std::vector<std::string> rows_;    // scratch: of the route table, of one turn
  std::vector<std::string_view> row_views_;
};

}  // namespace orrery::session
