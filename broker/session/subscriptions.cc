// SPDX-License-Identifier: Apache-2.0
#include "broker/session/subscriptions.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"
#include "base/bytes.h"
#include "broker/mqtt/encode.h"
#include "broker/session/limits.h"
#include "broker/session/route_rows.h"
#include "broker/session/subscription_byte.h"

namespace orrery::session {

using mqtt::ReasonCode;

Subscriptions::Subscriptions(const MqttOptions& options, Heap& heap, Effects& effects, Counters& counters,
                             SessionHost& host, Store& store, Connections& connections, Deliveries& deliveries)
    : options_(options),
      heap_(heap),
      effects_(effects),
      counters_(counters),
      host_(host),
      store_(store),
      connections_(connections),
      deliveries_(deliveries),
      requests_(heap) {}

// Filters ------------------------------------------------------------------------------------------------------------

void Subscriptions::subscribe(Nanos now, LinkId link, const mqtt::SubscribeView& packet) {
  const std::uint32_t id = begin(link, Request::Kind::kSubscribe, packet.packet_id, packet.subscriptions.raw());
  requests_[id].identifier = packet.properties.subscription_identifier().value_or(0);
  go_on(now, id, WorkBudget(kUnitsAtOnce));
}

void Subscriptions::unsubscribe(Nanos now, LinkId link, const mqtt::UnsubscribeView& packet) {
  const std::uint32_t id = begin(link, Request::Kind::kUnsubscribe, packet.packet_id, packet.filters.raw());
  go_on(now, id, WorkBudget(kUnitsAtOnce));
}

std::uint32_t Subscriptions::begin(LinkId link, Request::Kind kind, std::uint16_t packet_id, Bytes filters) {
  const Connection& c = connections_[link];
  ORRERY_ASSERT(c.state == Connection::State::kOpen);
  ORRERY_ASSERT(!c.working);
  const std::uint32_t id = requests_.emplace(heap_);
  Request& r = requests_[id];
  r.kind = kind;
  r.packet_id = packet_id;
  r.session = c.session;
  r.link = link;
  r.connection = c.request;
  r.filters.assign(filters.begin(), filters.end());
  Session& s = store_[c.session];
  (s.last_request == kNoSlot ? s.first_request : requests_[s.last_request].next) = id;
  s.last_request = id;
  return id;
}

/// Works filters through; what the budget leaves is queued.
void Subscriptions::go_on(Nanos now, std::uint32_t id, WorkBudget budget) {
  Request& r = requests_[id];
  rows_.clear();
  while (r.filters_done < r.filters.size() && !budget.spent()) {
    budget.charge();
    effects_.work(Work::kMqttSubscribe, 1);
    r.kind == Request::Kind::kSubscribe ? subscribe_next(r) : unsubscribe_next(r);
  }
  const bool done = r.filters_done == r.filters.size();
  const bool wants_answer = done && r.kind == Request::Kind::kSubscribe;
  if (wants_answer || !rows_.empty()) {
    row_views_.assign(rows_.begin(), rows_.end());
    RouteRequest request;
    if (wants_answer) request.token = id + 1;
    (r.kind == Request::Kind::kSubscribe ? request.added : request.removed) = row_views_;
    host_.change_routes(now, request);
  }
  if (done) return finish(now, id);
  r.queued = true;
  queue_.push_back(id);
  if (Connection* c = asker(r)) c->working = true;
}

void Subscriptions::finish(Nanos now, std::uint32_t id) {
  Request& r = requests_[id];
  const std::uint32_t session = r.session;
  r.filters.clear();
  r.filters.shrink_to_fit();
  r.filters_done = 0;
  if (r.kind == Request::Kind::kUnsubscribe) r.ready = true;
  Connection* const c = asker(r);
  const bool resumes = c != nullptr && std::exchange(c->working, false);
  const LinkId link = r.link;
  answer(now, session);
  if (resumes && !connections_[link].crowded) host_.resume_link(link);
}

void Subscriptions::subscribe_next(Request& r) {
  ByteReader in(Bytes(r.filters).subspan(r.filters_done));
  const mqtt::TopicFilter topic = mqtt::parse_topic_filter(as_text(in.take_u16_prefixed()));
  const mqtt::SubscriptionOptions options = mqtt::subscription_options(in.u8());
  ORRERY_ASSERT(!in.failed());  // decoding has looked at it
  r.filters_done = r.filters.size() - in.remaining();
  const ReasonCode code = subscribe_one(r, topic, options);
  if (mqtt::is_error(code)) counters_.add(Counter::kSubscriptionsRefused);
  r.reason_codes.push_back(static_cast<std::uint8_t>(code));
}

ReasonCode Subscriptions::subscribe_one(Request& r, const mqtt::TopicFilter& topic, mqtt::SubscriptionOptions options) {
  if (topic.wildcard && !options_.wildcard_subscription) return ReasonCode::kWildcardSubscriptionsNotSupported;
  if (topic.shared() && !options_.shared_subscription) return ReasonCode::kSharedSubscriptionsNotSupported;
  const Principal* const principal = connections_[r.link].principal.get();
  if (principal != nullptr && !principal->may_subscribe(topic.filter)) {
    counters_.add(Counter::kNotAuthorized);
    effects_.note({.kind = NoteKind::kNotAuthorized,
                   .link = r.link,
                   .client = store_[r.session].client_id(),
                   .text = "subscribe to a filter of its SUBSCRIBE"});
    return ReasonCode::kNotAuthorized;
  }
  options.qos = std::min(options.qos, options_.max_qos);
  const std::uint32_t filter_id = store_.index().find(topic.full);
  const bool known = filter_id != routing::kNoFilter && store_.index().subscriber(filter_id, r.session) != nullptr;
  if (!known && store_[r.session].subscriptions().size() >= options_.max_subscriptions) {
    effects_.note({.kind = NoteKind::kSubscriptionLimit,
                   .link = r.link,
                   .client = store_[r.session].client_id(),
                   .numbers = {options_.max_subscriptions}});
    return ReasonCode::kQuotaExceeded;
  }
  const auto added = store_.subscribe(r.session, topic.full, subscription_byte(options), r.identifier);
  if (added.filter_id == routing::kNoFilter) return ReasonCode::kQuotaExceeded;
  ORRERY_ASSERT(added.replaced == known);
  if (!added.replaced) append_row(rows_, topic.full, added.members);
  // Retained messages go to new subscriptions, or also to renewed ones, or never (3.8.3.1); not to shared ones (4.8.2).
  if (!topic.shared() && (options.retain_handling == 0 || (options.retain_handling == 1 && !added.replaced))) {
    r.walks.push_back(
        {HeapString(topic.filter, HeapAllocator<char>(heap_)), r.identifier, options.qos, options.no_local});
    r.walk_text_bytes += topic.filter.size();
  }
  return static_cast<ReasonCode>(options.qos);
}

void Subscriptions::unsubscribe_next(Request& r) {
  ByteReader in(Bytes(r.filters).subspan(r.filters_done));
  const std::string_view filter = as_text(in.take_u16_prefixed());
  ORRERY_ASSERT(!in.failed());
  r.filters_done = r.filters.size() - in.remaining();
  const auto removed = store_.unsubscribe(r.session, filter);
  const ReasonCode code = removed.existed ? ReasonCode::kSuccess : ReasonCode::kNoSubscriptionExisted;
  r.reason_codes.push_back(static_cast<std::uint8_t>(code));
  if (removed.existed) append_row(rows_, filter, removed.members + 1);
}

bool Subscriptions::work(Nanos now, WorkBudget& budget) {
  while (!queue_.empty() && !budget.spent()) {
    const std::uint32_t id = queue_.front();
    queue_.pop_front();
    Request& r = requests_[id];
    ORRERY_ASSERT(r.queued);
    r.queued = false;
    if (r.filters_done < r.filters.size()) {
      budget.charge(kUnitsPerTurn);
      go_on(now, id, WorkBudget(kUnitsPerTurn));
    } else if (r.session == kNoSlot) {
      drop(now, id);
    } else {
      forget_finished(now, r.session);
    }
  }
  return work_left();
}

// Answers ------------------------------------------------------------------------------------------------------------

Connection* Subscriptions::asker(const Request& r) {
  if (r.answered || !connections_.contains(r.link)) return nullptr;
  Connection& c = connections_[r.link];
  return c.request == r.connection && c.state == Connection::State::kOpen ? &c : nullptr;
}

void Subscriptions::routes_in_force(Nanos now, std::uint32_t token) {
  Request& r = requests_[token - 1];
  ORRERY_ASSERT(r.kind == Request::Kind::kSubscribe);
  ORRERY_ASSERT(!r.ready);
  r.ready = true;
  if (r.session == kNoSlot) return drop(now, token - 1);
  answer(now, r.session);
}

/// Sends what can be answered, in the order of the packets.
void Subscriptions::answer(Nanos now, std::uint32_t session) {
  for (std::uint32_t id = store_[session].first_request; id != kNoSlot; id = requests_[id].next) {
    Request& r = requests_[id];
    if (r.answered) continue;
    if (!r.ready) break;
    if (asker(r) != nullptr) send_answer(r);
    r.answered = true;
  }
  forget_finished(now, session);
  pull(now, session);
}

void Subscriptions::send_answer(const Request& r) {
  const mqtt::Version version = connections_[r.link].version;
  if (r.kind == Request::Kind::kSubscribe) {
    mqtt::SubackView suback;
    suback.packet_id = r.packet_id;
    suback.reason_codes = r.reason_codes;
    mqtt::encode_suback(version, suback, connections_.begin_packet());
  } else {
    mqtt::UnsubackView unsuback;
    unsuback.packet_id = r.packet_id;
    unsuback.reason_codes = r.reason_codes;
    mqtt::encode_unsuback(version, unsuback, connections_.begin_packet());
  }
  connections_.end_packet(r.link);
}

/// Unlinks what is answered and wants no retained messages any more; the connection may go on when little is left.
void Subscriptions::forget_finished(Nanos now, std::uint32_t session) {
  Session& s = store_[session];
  std::uint32_t before = kNoSlot;
  std::size_t bytes = 0;
  for (std::uint32_t id = s.first_request; id != kNoSlot;) {
    Request& r = requests_[id];
    const std::uint32_t next = r.next;
    if (r.answered && r.ready && !r.queued && !r.pulling && !wants_retained(r)) {
      (before == kNoSlot ? s.first_request : requests_[before].next) = next;
      if (s.last_request == id) s.last_request = before;
      drop(now, id);
    } else {
      bytes += r.bytes();
      before = id;
    }
    id = next;
  }
  if (s.link == kNoLink) return;
  Connection& c = connections_[s.link];
  const bool crowded = bytes > kRequestBytesMax;
  if (std::exchange(c.crowded, crowded) && !crowded && !c.working) host_.resume_link(s.link);
}

// Retained messages --------------------------------------------------------------------------------------------------

bool Subscriptions::still_subscribed(std::uint32_t session, std::string_view filter) const {
  const std::uint32_t id = store_.index().find(filter);
  return id != routing::kNoFilter && store_.index().subscriber(id, session) != nullptr;
}

void Subscriptions::end_walk(Nanos now, Request& r) {
  if (r.cursor != 0) host_.drop_retained(now, r.cursor);
  r.cursor = 0;
  ++r.walk;
}

void Subscriptions::pull(Nanos now, std::uint32_t session) {
  const Session& s = store_[session];
  if (s.first_request == kNoSlot || s.link == kNoLink || s.held != nullptr) return;
  if (connections_[s.link].blocked || s.outbox().waiting() > kWaitingBeforeRetained) return;
  for (std::uint32_t id = s.first_request; id != kNoSlot; id = requests_[id].next) {
    Request& r = requests_[id];
    if (r.pulling || !r.answered) return;
    while (wants_retained(r) && !still_subscribed(session, r.walks[r.walk].filter)) end_walk(now, r);
    if (!wants_retained(r)) continue;
    r.pulling = true;
    return host_.pull_retained(now, {id + 1, r.cursor, r.walks[r.walk].filter});
  }
  forget_finished(now, session);
}

void Subscriptions::retained(Nanos now, std::uint32_t token, const MessageView& message) {
  const Request& r = requests_[token - 1];
  ORRERY_ASSERT(r.pulling);
  if (r.session == kNoSlot || message.expired(now)) return;
  const RetainedWalk& walk = r.walks[r.walk];
  if (!still_subscribed(r.session, walk.filter)) return;
  if (walk.no_local && message.publisher == publisher_hash(store_[r.session].client_id())) return;  // [MQTT-3.8.3-3]
  deliveries_.deliver_retained(now, r.session, message, std::min(message.qos, walk.qos),
                               {&walk.identifier, walk.identifier != 0 ? 1u : 0u});
}

void Subscriptions::retained_page(Nanos now, std::uint32_t token, std::uint64_t cursor, bool more) {
  Request& r = requests_[token - 1];
  ORRERY_ASSERT(r.pulling);
  ORRERY_ASSERT(more == (cursor != 0));
  r.pulling = false;
  r.cursor = cursor;
  if (r.session == kNoSlot) return drop(now, token - 1);
  if (!more) ++r.walk;
  pull(now, r.session);
}

// Ends ---------------------------------------------------------------------------------------------------------------

void Subscriptions::connection_gone(std::uint32_t session) {
  for (std::uint32_t id = store_[session].first_request; id != kNoSlot; id = requests_[id].next) {
    Request& r = requests_[id];
    r.answered = true;
    if (r.filters_done < r.filters.size()) cut_short(r);
  }
}

/// No routes were asked for under its token, and none will be; it still has a turn, which forgets it.
void Subscriptions::cut_short(Request& r) {
  ORRERY_ASSERT(r.queued);
  r.filters_done = r.filters.size();
  r.walk = r.walks.size();
  r.ready = true;
}

void Subscriptions::session_ended(Nanos now, std::uint32_t session) {
  Session& s = store_[session];
  for (std::uint32_t id = std::exchange(s.first_request, kNoSlot); id != kNoSlot;) {
    Request& r = requests_[id];
    const std::uint32_t next = r.next;
    r.session = kNoSlot;
    r.answered = true;
    if (r.filters_done < r.filters.size()) cut_short(r);
    drop(now, id);
    id = next;
  }
  s.last_request = kNoSlot;
}

/// Erases what nobody will ask for any more; a host's answer or a turn that is still to come asks again.
void Subscriptions::drop(Nanos now, std::uint32_t id) {
  Request& r = requests_[id];
  if (r.queued || r.pulling || !r.ready) return;
  if (r.cursor != 0) host_.drop_retained(now, r.cursor);
  requests_.erase(id);
}

}  // namespace orrery::session
