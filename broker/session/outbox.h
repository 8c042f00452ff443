// SPDX-License-Identifier: Apache-2.0
// What a session has for its client at QoS 1 and 2, in order of delivery (MQTT 5, 4.6): deliveries begun, then those
// that wait.
//
// A delivery is begun when it gets a packet identifier and ended by PUBACK, PUBCOMP or a refusing PUBREC.
// next_to_send() is the first that was not sent on the present connection: after rewind() (a new connection) that is
// the oldest one begun, which is sent again (4.4), before anything new. inflight() counts what this connection has sent
// and not seen ended, the figure that Receive Maximum bounds (4.9). Windows are short (MqttOptions::max_inflight) and
// acknowledgements come in order, so a packet identifier is found by looking from the front. Empty, it costs 48 bytes.
#pragma once

#include <cstdint>
#include <span>

#include "broker/base/heap.h"
#include "broker/session/message.h"

namespace orrery::session {

struct Delivery {
  Delivery* next = nullptr;
  /// Held. Null once PUBREC has come: the message is the client's, only the packet identifier is still in use.
  Message* message = nullptr;
  /// Subscription Identifiers of the subscriptions that matched (MQTT 5, 3.3.2.3.8): a heap block of `identifier_count`
  /// words.
  std::uint32_t* identifiers = nullptr;
  std::uint16_t identifier_count = 0;
  std::uint16_t packet_id = 0;  // 0 until it is begun
  std::uint8_t qos = 0;         // of this delivery, 1 or 2
  bool retain = false;          // RETAIN as this client must see it

  bool begun() const { return packet_id != 0; }
  bool released() const { return message == nullptr; }
  std::span<const std::uint32_t> subscription_identifiers() const { return {identifiers, identifier_count}; }
};

class Outbox {
 public:
  explicit Outbox(Heap& heap) : heap_(&heap) {}
  ~Outbox() { clear(); }
  Outbox(const Outbox&) = delete;
  Outbox& operator=(const Outbox&) = delete;

  /// Appends a delivery. Takes over one hold of the message; copies the identifiers.
  Delivery* append(Message* message, std::uint8_t qos, bool retain, std::span<const std::uint32_t> identifiers);
  Delivery* first() const { return first_; }
  Delivery* next_to_send() const { return next_; }
  /// The present connection has sent next_to_send() (a PUBLISH, or the PUBREL of a released one) under this identifier.
  void sent(std::uint16_t packet_id);
  /// Drops first(), wherever it is in its life.
  void drop_first();
  /// Drops next_to_send(), which must not be begun.
  void drop_next();
  /// A new connection: nothing has been sent on it.
  void rewind();
  /// A delivery of this connection's window by packet identifier, or null.
  Delivery* find_sent(std::uint16_t packet_id) const;
  /// Whether a packet identifier is in use, sent on this connection or not.
  bool uses(std::uint16_t packet_id) const;
  /// PUBREC: lets go of the message.
  void release_message(Delivery* delivery);
  /// Ends a delivery that find_sent() has found.
  void complete(Delivery* delivery);
  void clear();

  // For a session that moves (handover.cc).
  /// Appends a delivery as it was elsewhere: begun when packet_id is not 0, released when there is no message.
  void restore(Message* message, std::uint8_t qos, bool retain, std::uint16_t packet_id,
               std::span<const std::uint32_t> identifiers);
  /// Moves all deliveries of another to the end of this one.
  void append_all(Outbox& other);
  void swap(Outbox& other);
  /// Drops the deliveries that were never begun and for which drop(delivery) holds; returns how many.
  template <class Drop>
  std::uint32_t drop_if(Drop&& drop) {
    std::uint32_t dropped = 0;
    Delivery* before = nullptr;
    for (Delivery* d = first_; d != nullptr;) {
      Delivery* after = d->next;
      if (!d->begun() && drop(*d)) {
        if (next_ == d) next_ = after;
        --waiting_;
        unlink(before, d);
        ++dropped;
      } else {
        before = d;
      }
      d = after;
    }
    return dropped;
  }

  /// No delivery that waits expires before this time.
  Nanos next_expiry() const { return next_expiry_; }
  /// Drops those that wait and have expired; returns how many.
  std::uint32_t drop_expired(Nanos now);

  std::uint32_t inflight() const { return inflight_; }
  /// Deliveries that were never begun.
  std::uint32_t waiting() const { return waiting_; }

 private:
  void unlink(Delivery* before, Delivery* delivery);
  void destroy(Delivery* delivery);

  Heap* heap_;
  Delivery* first_ = nullptr;
  Delivery* last_ = nullptr;
  Delivery* next_ = nullptr;
  std::uint32_t waiting_ = 0;
  std::uint32_t inflight_ = 0;
  Nanos next_expiry_ = kNever;
};

}  // namespace orrery::session
