// SPDX-License-Identifier: Apache-2.0
// The way of a message through the small broker: PUBLISH in, routing, the window of each session, PUBLISH out.
#include <algorithm>

#include "sim/plug/small_broker/broker.h"
#include "sim/plug/small_broker/topic.h"

namespace orrery::sim::small {

// ---- in ----

bool Broker::first_seen(Session& session, std::uint16_t packet_id) { return session.received.insert(packet_id).second; }

void Broker::retain(const SharedMessage& message) {
  if (message->payload.empty())
    retained_.erase(message->topic);
  else
    retained_[message->topic] = message;
}

void Broker::handle_publish(std::uint32_t id, Packet& p) {
  Session& session = *find_link(id)->session;
  work(ORRERY_WORK_MQTT_PUBLISH);
  const std::uint8_t qos = p.message.qos;
  const bool first = qos != 2 || first_seen(session, p.packet_id);
  if (first) {
    ++count(ORRERY_MESSAGES_IN);
    const auto message = std::make_shared<const Message>(std::move(p.message));
    if (message->retain) retain(message);
    route(&session, message);
  }
  if (qos == 1) send(id, encode_acknowledge(Type::kPuback, session.version, p.packet_id, kSuccess));
  if (qos == 2) send(id, encode_acknowledge(Type::kPubrec, session.version, p.packet_id, kSuccess));
}

void Broker::handle_acknowledge(std::uint32_t id, const Packet& p) {
  Session& session = *find_link(id)->session;
  work(ORRERY_WORK_MQTT_ACKNOWLEDGE);
  if (p.type == Type::kPubrel) {
    const bool known = session.received.erase(p.packet_id) != 0;
    send(id, encode_acknowledge(Type::kPubcomp, session.version, p.packet_id, known ? kSuccess : kPacketIdNotFound));
    return;
  }
  const auto it = std::find_if(session.in_flight.begin(), session.in_flight.end(),
                               [&](const InFlight& f) { return f.packet_id == p.packet_id; });
  if (it == session.in_flight.end()) return;
  if (p.type == Type::kPubrec && p.reason < 0x80) {
    if (it->delivery.qos != 2) return refuse(id, kProtocolError);
    it->released = true;
    it->delivery.message.reset();
    send(id, encode_acknowledge(Type::kPubrel, session.version, p.packet_id, kSuccess));
    return;
  }
  session.in_flight.erase(it);
  if (session.in_flight.empty()) session.in_flight.shrink_to_fit();
  pump(session);
}

// ---- routing ----

void Broker::route(const Session* publisher, const SharedMessage& message) {
  const std::uint64_t before = count(ORRERY_MESSAGES_MATCHED);
  if (const auto it = exact_.find(message->topic); it != exact_.end())
    for (auto& [number, session] : it->second)
      forward_to(*session, session->subscriptions.at(message->topic), publisher, message);
  for (auto& [filter, subscribers] : wild_)
    if (matches(filter, message->topic))
      for (auto& [number, session] : subscribers)
        forward_to(*session, session->subscriptions.at(filter), publisher, message);
  if (before == count(ORRERY_MESSAGES_MATCHED)) ++count(ORRERY_DROPPED_NO_SUBSCRIBER);
}

void Broker::forward_to(Session& session, const Subscription& s, const Session* publisher,
                        const SharedMessage& message) {
  if (s.request.no_local && publisher == &session) return;
  ++count(ORRERY_MESSAGES_MATCHED);
  Delivery d{message, std::min(message->qos, s.request.qos), message->retain && s.request.retain_as_published,
             s.identifier, ORRERY_NEVER};
  if (message->expiry_seconds) d.expires = now_ + *message->expiry_seconds * kSecond;
  deliver(session, d);
}

std::uint8_t Broker::subscribe(Session& session, const FilterRequest& request, std::uint32_t identifier,
                               bool& wants_retained) {
  if (is_shared(request.filter)) return session.version == 5 ? kSharedNotSupported : 0x80;
  if (!valid_filter(request.filter)) return session.version == 5 ? kTopicFilterInvalid : 0x80;
  const auto [it, fresh] = session.subscriptions.insert_or_assign(request.filter, Subscription{request, identifier});
  wants_retained = request.retain_handling == 0 || (request.retain_handling == 1 && fresh);
  if (has_wildcard(request.filter))
    wild_[request.filter][session.number] = &session;
  else
    exact_[request.filter][session.number] = &session;
  return request.qos;
}

void Broker::handle_subscribe(std::uint32_t id, const Packet& p) {
  Session& session = *find_link(id)->session;
  std::string reasons;
  std::vector<const std::string*> wanted;
  for (const FilterRequest& r : p.filters) {
    work(ORRERY_WORK_MQTT_SUBSCRIBE);
    bool wants_retained = false;
    reasons.push_back(static_cast<char>(subscribe(session, r, p.properties.subscription_identifier, wants_retained)));
    if (wants_retained) wanted.push_back(&r.filter);
  }
  send(id, encode_reasons(Type::kSuback, session.version, p.packet_id, reasons));
  for (const std::string* filter : wanted) send_retained(session, session.subscriptions.at(*filter));
}

void Broker::handle_unsubscribe(std::uint32_t id, const Packet& p) {
  Session& session = *find_link(id)->session;
  std::string reasons;
  for (const FilterRequest& r : p.filters) {
    work(ORRERY_WORK_MQTT_SUBSCRIBE);
    const bool existed = session.subscriptions.count(r.filter) != 0;
    if (existed) remove_filter(session, r.filter);
    reasons.push_back(static_cast<char>(existed ? kSuccess : kNoSubscriptionExisted));
  }
  send(id, encode_reasons(Type::kUnsuback, session.version, p.packet_id, reasons));
}

void Broker::remove_filter(Session& session, const std::string& filter) {
  if (has_wildcard(filter)) {
    wild_[filter].erase(session.number);
    if (wild_[filter].empty()) wild_.erase(filter);
  } else {
    const auto it = exact_.find(filter);
    it->second.erase(session.number);
    if (it->second.empty()) exact_.erase(it);
  }
  session.subscriptions.erase(filter);
}

void Broker::send_retained(Session& session, const Subscription& s) {
  for (const auto& [topic, message] : retained_) {
    if (!matches(s.request.filter, topic)) continue;
    ++count(ORRERY_MESSAGES_MATCHED);
    deliver(session, {message, std::min(message->qos, s.request.qos), true, s.identifier, ORRERY_NEVER});
  }
}

// ---- out ----

void Broker::deliver(Session& session, const Delivery& delivery) {
  if (delivery.qos == 0) {
    Link* link = session.link == kNoLink ? nullptr : find_link(session.link);
    if (!link)
      ++count(ORRERY_DROPPED_OFFLINE);
    else if (link->unsent > kOutputMax)
      ++count(ORRERY_DROPPED_SLOW_CONSUMER);
    else
      send_publish(session, delivery, 0, false);
    return;
  }
  if (session.queue.size() >= kQueueMax) {
    ++count(ORRERY_DROPPED_QUEUE_FULL);
    return;
  }
  session.queue.push_back(delivery);
  pump(session);
}

/// Sends what waits, as far as the client's Receive Maximum allows.
void Broker::pump(Session& session) {
  std::size_t sent = 0;
  while (session.link != kNoLink && sent < session.queue.size() && session.in_flight.size() < window(session)) {
    const Delivery d = session.queue[sent++];
    if (d.expires <= now_) {
      ++count(ORRERY_DROPPED_EXPIRED);
      continue;
    }
    const std::uint16_t packet_id = next_packet_id(session);
    session.in_flight.push_back({packet_id, false, d});
    send_publish(session, d, packet_id, false);
  }
  session.queue.erase(session.queue.begin(), session.queue.begin() + static_cast<std::ptrdiff_t>(sent));
  if (session.queue.empty()) session.queue.shrink_to_fit();
}

/// After a reconnect everything unfinished is repeated in its order (section 4.4), then the queue goes on.
void Broker::resume(Session& session) {
  for (const InFlight& f : session.in_flight) {
    if (f.released)
      send(session.link, encode_acknowledge(Type::kPubrel, session.version, f.packet_id, kSuccess));
    else
      send_publish(session, f.delivery, f.packet_id, true);
  }
  pump(session);
}

std::uint16_t Broker::next_packet_id(Session& session) {
  const auto taken = [&](std::uint16_t id) {
    return std::any_of(session.in_flight.begin(), session.in_flight.end(),
                       [&](const InFlight& f) { return f.packet_id == id; });
  };
  do ++session.last_packet_id;
  while (session.last_packet_id == 0 || taken(session.last_packet_id));
  return session.last_packet_id;
}

void Broker::send_publish(Session& session, const Delivery& d, std::uint16_t packet_id, bool duplicate) {
  const std::string packet =
      encode_publish(session.version, *d.message, d.qos, d.retain, duplicate, packet_id, d.subscription_identifier);
  if (packet.size() > session.packet_bytes_max) {
    ++count(ORRERY_DROPPED_TOO_LARGE);
    std::erase_if(session.in_flight, [&](const InFlight& f) { return f.packet_id == packet_id; });
    return;
  }
  work(ORRERY_WORK_MQTT_DELIVER);
  if (send(session.link, packet) && !duplicate) ++count(ORRERY_MESSAGES_OUT);
}

}  // namespace orrery::sim::small
