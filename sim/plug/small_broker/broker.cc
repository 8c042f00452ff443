// SPDX-License-Identifier: Apache-2.0
// Links, sessions and timers of the small broker. What happens to messages is in messages.cc.
#include "sim/plug/small_broker/broker.h"

#include "sim/plug/small_broker/topic.h"

namespace orrery::sim::small {

// ---- links ----

void Broker::link_open(Nanos now, std::uint32_t id, bool websocket) {
  now_ = now;
  Link& link = links_[id];
  link = Link{};
  link.websocket = websocket;
  link.heard = now;
  if (websocket) link.frames = std::make_unique<WebSocket>();
  ++count(ORRERY_LINKS_OPENED);
  arm({now + kConnectTimeout, Timer::kSilence, id, 0});
  rearm();
}

void Broker::bytes(Nanos now, std::uint32_t id, std::string_view bytes) {
  now_ = now;
  Link* link = find_link(id);
  if (!link || link->closing) return;
  count(ORRERY_BYTES_IN) += bytes.size();
  link->heard = now;
  if (link->websocket) {
    std::string reply;
    const bool alive = link->frames->take(bytes, link->input, reply);
    work(ORRERY_WORK_WEBSOCKET_FRAME);
    if (!reply.empty()) {
      count(ORRERY_BYTES_OUT) += reply.size();
      link->unsent =
          effects_.send(effects_.world, id, reinterpret_cast<const std::uint8_t*>(reply.data()), reply.size());
    }
    if (!alive) close(id);
  } else {
    link->input += bytes;
  }
  // A packet may close this link or, by takeover, another; so the link is looked up again for each.
  std::string input;
  input.swap(link->input);
  std::size_t at = 0;
  while (at < input.size()) {
    link = find_link(id);
    if (!link || link->closing) break;
    const Extent packet = find_packet(std::string_view(input).substr(at));
    if (packet.error) refuse(id, packet.error);
    if (packet.error || packet.bytes == 0 || at + packet.bytes > input.size()) break;
    handle(id, std::string_view(input).substr(at, packet.bytes));
    at += packet.bytes;
  }
  if (Link* still = find_link(id); still && !still->closing) still->input = input.substr(at);
  rearm();
}

void Broker::drained(Nanos now, std::uint32_t id) {
  now_ = now;
  if (Link* link = find_link(id)) link->unsent = 0;
  rearm();
}

void Broker::link_closed(Nanos now, std::uint32_t id) {
  now_ = now;
  Link* link = find_link(id);
  if (!link) return;
  ++count(ORRERY_LINKS_CLOSED);
  if (link->session) detach(*link->session, true);
  links_.erase(id);
  rearm();
}

Link* Broker::find_link(std::uint32_t id) {
  const auto it = links_.find(id);
  return it == links_.end() ? nullptr : &it->second;
}

bool Broker::send(std::uint32_t id, const std::string& mqtt) {
  Link* link = find_link(id);
  if (!link || link->closing) return false;
  const std::string framed = link->websocket ? WebSocket::frame(mqtt) : std::string();
  const std::string& out = link->websocket ? framed : mqtt;
  count(ORRERY_BYTES_OUT) += out.size();
  link->unsent = effects_.send(effects_.world, id, reinterpret_cast<const std::uint8_t*>(out.data()), out.size());
  return true;
}

/// The client broke the protocol: MQTT 5.0 tells it why, 3.1.1 only hangs up.
void Broker::refuse(std::uint32_t id, std::uint8_t reason) {
  ++count(ORRERY_PROTOCOL_ERRORS);
  Link* link = find_link(id);
  if (link && link->session && link->session->version == 5) send(id, encode_disconnect(reason));
  close(id);
}

void Broker::close(std::uint32_t id) {
  Link* link = find_link(id);
  if (!link || link->closing) return;
  link->closing = true;
  effects_.close(effects_.world, id, ORRERY_CLOSE_FLUSH);
}

// ---- packets ----

void Broker::handle(std::uint32_t id, std::string_view bytes) {
  Session* session = find_link(id)->session;
  Packet p;
  const std::uint8_t error = decode(bytes, session ? session->version : 4, p);
  if ((p.type == Type::kConnect) == (session != nullptr)) return refuse(id, kProtocolError);
  if (error && p.type == Type::kConnect) {
    ++count(ORRERY_CONNECTS_REFUSED);
    if (error == kUnsupportedVersion) send(id, encode_connack(4, false, 1, {}));
    return refuse(id, error);
  }
  if (error) return refuse(id, error);
  switch (p.type) {
    case Type::kConnect:
      return handle_connect(id, p);
    case Type::kPublish:
      return handle_publish(id, p);
    case Type::kSubscribe:
      return handle_subscribe(id, p);
    case Type::kUnsubscribe:
      return handle_unsubscribe(id, p);
    case Type::kPingreq:
      work(ORRERY_WORK_MQTT_OTHER);
      send(id, encode_pingresp());
      return;
    case Type::kDisconnect:
      return handle_disconnect(id, p);
    default:
      return handle_acknowledge(id, p);
  }
}

void Broker::handle_connect(std::uint32_t id, const Packet& p) {
  work(ORRERY_WORK_MQTT_CONNECT);
  if (p.client_id.empty() && p.version == 4 && !p.clean_start) {
    ++count(ORRERY_CONNECTS_REFUSED);
    send(id, encode_connack(4, false, 2, {}));
    return close(id);
  }
  bool present = false;
  Session& session = open_session(p, id, present);
  Link& link = *find_link(id);
  link.session = &session;
  link.silence_max = p.keep_alive ? Nanos{p.keep_alive} * kSecond * 3 / 2 : ORRERY_NEVER;
  if (p.keep_alive) arm({now_ + link.silence_max, Timer::kSilence, id, 0});
  ++count(ORRERY_CONNECTS_ACCEPTED);
  send(id, encode_connack(p.version, present, kSuccess, p.client_id.empty() ? session.client_id : std::string_view{}));
  resume(session);
}

void Broker::handle_disconnect(std::uint32_t id, const Packet& p) {
  work(ORRERY_WORK_MQTT_OTHER);
  Session* session = find_link(id)->session;
  if (p.reason != kDisconnectWithWill) session->will.reset();
  if (session->version == 5 && p.properties.session_expiry) session->expiry_seconds = p.properties.session_expiry;
  close(id);
}

// ---- sessions ----

Session& Broker::open_session(const Packet& p, std::uint32_t link, bool& present) {
  const std::string client_id =
      p.client_id.empty() ? "auto-" + std::to_string(incarnation_) + "-" + std::to_string(next_session_) : p.client_id;
  if (const auto it = by_client_id_.find(client_id); it != by_client_id_.end()) {
    Session& old = *it->second;
    if (old.link != kNoLink) {
      const std::uint32_t old_link = old.link;
      ++count(ORRERY_TAKEOVERS);
      if (old.version == 5) send(old_link, encode_disconnect(kSessionTakenOver));
      close(old_link);
      find_link(old_link)->session = nullptr;
      if (old.will_delay == 0) publish_will(old);
      old.link = kNoLink;
    }
    if (!p.clean_start && old.expiry_seconds != 0) {
      present = true;
      attach(old, p, link);
      return old;
    }
    end_session(old);
  }
  auto fresh = std::make_unique<Session>();
  Session& session = *fresh;
  session.number = next_session_++;
  session.client_id = client_id;
  sessions_.emplace(session.number, std::move(fresh));
  by_client_id_.emplace(client_id, &session);
  attach(session, p, link);
  return session;
}

void Broker::attach(Session& session, const Packet& p, std::uint32_t link) {
  session.link = link;
  session.version = p.version;
  session.expiry_seconds = p.version == 5 ? p.properties.session_expiry : p.clean_start ? 0 : UINT32_MAX;
  session.receive_maximum = p.properties.receive_maximum;
  session.packet_bytes_max = p.properties.packet_bytes_max;
  session.will.reset();
  if (p.has_will) session.will = p.message;
  session.will_delay = p.will_delay;
  ++session.generation;
}

/// The session has lost its link. What comes first, the will or the end, is for the timers.
void Broker::detach(Session& session, bool with_will) {
  session.link = kNoLink;
  ++session.generation;
  const std::uint32_t will_delay = std::min(session.will_delay, session.expiry_seconds);
  if (with_will && will_delay == 0) publish_will(session);
  if (session.expiry_seconds == 0) return end_session(session);
  if (session.will) arm({now_ + will_delay * kSecond, Timer::kWill, session.number, session.generation});
  if (session.expiry_seconds != UINT32_MAX)
    arm({now_ + session.expiry_seconds * kSecond, Timer::kSessionEnd, session.number, session.generation});
}

void Broker::end_session(Session& session) {
  publish_will(session);
  while (!session.subscriptions.empty()) {
    const std::string filter = session.subscriptions.begin()->first;
    remove_filter(session, filter);
  }
  count(ORRERY_DROPPED_SESSION_ENDED) += session.queue.size();
  by_client_id_.erase(session.client_id);
  sessions_.erase(session.number);
}

void Broker::publish_will(Session& session) {
  if (!session.will) return;
  const auto message = std::make_shared<const Message>(*session.will);
  session.will.reset();
  ++count(ORRERY_MESSAGES_IN);
  route(nullptr, message);
}

// ---- timers ----

void Broker::wake(Nanos now) {
  now_ = now;
  while (!due_.empty() && due_.begin()->when <= now) {
    const Due due = *due_.begin();
    due_.erase(due_.begin());
    work(ORRERY_WORK_TIMER);
    fire(due);
  }
  rearm();
}

void Broker::fire(const Due& due) {
  if (due.what == Timer::kSilence) {
    Link* link = find_link(due.id);
    if (!link || link->closing || link->silence_max == ORRERY_NEVER) return;
    if (const Nanos end = link->heard + link->silence_max; end > now_) return arm({end, Timer::kSilence, due.id, 0});
    if (link->session && link->session->version == 5) send(due.id, encode_disconnect(kKeepAliveTimeout));
    return close(due.id);
  }
  const auto it = sessions_.find(due.id);
  if (it == sessions_.end() || it->second->generation != due.generation) return;
  due.what == Timer::kWill ? publish_will(*it->second) : end_session(*it->second);
}

void Broker::arm(const Due& due) { due_.insert(due); }

void Broker::rearm() { effects_.wake_at(effects_.world, due_.empty() ? ORRERY_NEVER : due_.begin()->when); }

void Broker::stats(orrery_stats& out) const {
  std::uint64_t memory = 0;
  if (out.counter_count < ORRERY_COUNTERS) return;
  for (int i = 0; i < ORRERY_COUNTERS; ++i) out.counters[i] = counters_[i];
  for (const auto& [number, session] : sessions_) {
    out.counters[ORRERY_SUBSCRIPTIONS] += session->subscriptions.size();
    out.counters[ORRERY_MESSAGES_QUEUED] += session->queue.size();
    memory += sizeof(Session) + session->client_id.size() + session->subscriptions.size() * sizeof(Subscription);
    for (const Delivery& d : session->queue) memory += sizeof d + d.message->payload.size();
  }
  out.counters[ORRERY_SESSIONS] = sessions_.size();
  out.memory_bytes = memory + links_.size() * (sizeof(Link) + sizeof(WebSocket)) + due_.size() * sizeof(Due);
}

}  // namespace orrery::sim::small
