// SPDX-License-Identifier: Apache-2.0
// The second of a shard's four machines: client id -> session, with its subscriptions, deliveries and packet
// identifiers.
//
// Everything that must survive a connection changes by one of the operations below and by nothing else: they are what a
// journal of sessions has to write down. The store sends nothing and asks nobody; it counts what it holds
// (subscriptions, sessions, deliveries that wait). Iteration follows slots and lists, never hash tables.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "broker/base/heap.h"
#include "broker/base/id_set.h"
#include "broker/base/slab.h"
#include "broker/routing/subscription_index.h"
#include "broker/seam/counters.h"
#include "broker/session/session.h"

namespace orrery::session {

class Store {
 public:
  /// All arguments outlive it. `seed` is of its tables.
  Store(std::uint64_t seed, Heap& heap, Counters& counters);
  ~Store();

  // Reading.
  /// The slot of a client id's session, or kNoSlot.
  std::uint32_t find(std::string_view client_id) const;
  bool contains(std::uint32_t slot) const { return sessions_.contains(slot); }
  Session& operator[](std::uint32_t slot) { return sessions_[slot]; }
  const Session& operator[](std::uint32_t slot) const { return sessions_[slot]; }
  /// One past the largest slot ever used.
  std::uint32_t end() const { return sessions_.end(); }
  const routing::SubscriptionIndex& index() const { return index_; }
  /// One member of a group, the next in turn: the turn is no part of what survives.
  template <class Visit>
  bool match_group(std::string_view share_filter, Visit&& visit) {
    return index_.match_group(share_filter, std::forward<Visit>(visit));
  }

  // Operations: the life of a session.
  /// Who holds it, and for how long it outlives its connection.
  struct Terms {
    std::uint64_t epoch = 0;
    std::uint64_t user = 0;
    std::uint32_t expiry_seconds = 0;
  };
  std::uint32_t create(std::string_view client_id, const Terms& terms);
  /// The client is back, here or from elsewhere: no ghost any more, and a will that waited is not sent [MQTT-3.1.3-9].
  void resume(std::uint32_t slot, const Terms& terms);
  /// A connection serves it: it has this will, and does not expire.
  void attached(std::uint32_t slot, Will will);
  /// DISCONNECT says how long it goes on.
  void set_expiry(std::uint32_t slot, std::uint32_t seconds);
  /// The connection has gone; a will that is left is due then.
  void away(std::uint32_t slot, Nanos expires_at, Nanos will_due);
  /// The will is published, or dropped: it is the caller's.
  Will take_will(std::uint32_t slot);
  /// Exported: what was in it lives elsewhere. Deliveries that waited are counted as handed over.
  void give_up(std::uint32_t slot);
  /// The rest of a ghost has been exported, too.
  void give_up_rest(std::uint32_t slot);
  /// The end: nobody finds it any more. What is left of it goes by unsubscribe_last() and drop_first(), then erase().
  void expire(std::uint32_t slot);
  void erase(std::uint32_t slot);
  /// The first delivery of one that has ended.
  void drop_first(std::uint32_t slot);

  // Operations: subscriptions.
  routing::SubscriptionIndex::Added subscribe(std::uint32_t slot, std::string_view filter, std::uint8_t options,
                                              std::uint32_t identifier);
  routing::SubscriptionIndex::Removed unsubscribe(std::uint32_t slot, std::string_view filter);
  /// The last one of subscriptions(), for a session that has ended: its filter, and subscribers of it that are left.
  std::uint32_t unsubscribe_last(std::uint32_t slot, std::string& filter);

  // Operations: deliveries at QoS 1 and 2.
  /// Takes over one hold of the message.
  void enqueue(std::uint32_t slot, Message* message, std::uint8_t qos, bool retain,
               std::span<const std::uint32_t> identifiers);
  /// A packet identifier that is not in use, for next_to_send().
  std::uint16_t next_packet_id(std::uint32_t slot);
  /// next_to_send() has gone out on the present connection.
  void sent(std::uint32_t slot, std::uint16_t packet_id);
  /// next_to_send() was never begun and is not sent: expired.
  void dropped(std::uint32_t slot);
  /// Those that wait and have expired, to make room; returns how many.
  std::uint32_t drop_expired(std::uint32_t slot, Nanos now);
  /// PUBREC: the message is the client's.
  void released(std::uint32_t slot, const Delivery* delivery);
  /// PUBACK, PUBCOMP or a refusing PUBREC.
  void completed(std::uint32_t slot, const Delivery* delivery);
  /// Deliveries that came from elsewhere, in front of those here or behind them; counted as taken over.
  enum class Where : std::uint8_t { kInFront, kBehind };
  void restore(std::uint32_t slot, Outbox& moved, Where where);
  /// What was held back while the session moved goes behind the rest.
  void release_held(std::uint32_t slot);
  /// Begins to hold back.
  void hold(std::uint32_t slot);
  /// Drops what is held back and for which drop(delivery) holds.
  template <class Drop>
  std::uint32_t drop_held(std::uint32_t slot, Drop&& drop) {
    const std::uint32_t dropped = sessions_[slot].held->drop_if(std::forward<Drop>(drop));
    counters_.subtract(Counter::kMessagesQueued, dropped);
    return dropped;
  }

  // Operations: QoS 2 messages that came in.
  /// `counted`: on the present connection (ReceivedId).
  void received(std::uint32_t slot, std::uint16_t packet_id, bool counted);
  /// PUBREL: what the identifier was, or null. Valid until the next call.
  const ReceivedId* find_received(std::uint32_t slot, std::uint16_t packet_id) const;
  void unreceived(std::uint32_t slot, std::uint16_t packet_id);
  /// It goes on counting packet identifiers where it was elsewhere.
  void set_last_packet_id(std::uint32_t slot, std::uint16_t packet_id) { sessions_[slot].last_packet_id_ = packet_id; }

  std::uint64_t memory_bytes() const { return index_.memory_bytes(); }

 private:
  void free_held(Session& session);

  const std::uint64_t seed_;
  Heap& heap_;
  Counters& counters_;
  Slab<Session> sessions_;
  IdSet by_client_id_;
  routing::SubscriptionIndex index_;
};

}  // namespace orrery::session
