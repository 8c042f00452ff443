// SPDX-License-Identifier: Apache-2.0
#include "broker/session/connections.h"

#include <algorithm>
#include <memory>
#include <new>

#include "base/assert.h"

namespace orrery::session {

using mqtt::ReasonCode;
using State = Connection::State;

Connections::Connections(const MqttOptions& options, Heap& heap, TimerWheel& wheel, SessionHost& host)
    : options_(options), heap_(heap), wheel_(wheel), host_(host), connections_(heap), claims_(heap) {}

Connections::~Connections() {
  connections_.for_each([&](LinkId, Connection& c) { drop_aliases(c); });
  for (std::uint32_t slot = 0; slot < claims_.end(); ++slot)
    if (claims_.contains(slot)) drop_will(heap_, claims_[slot].will);
}

// Life ---------------------------------------------------------------------------------------------------------------

void Connections::open(Nanos now, LinkId link) {
  ORRERY_ASSERT(link < kNoLink);
  connections_.create(link);
  arm(link, now + options_.connect_timeout);
}

void Connections::closed(LinkId link) {
  Connection& c = connections_[link];
  ORRERY_ASSERT(c.session == kNoSlot);
  if (c.state == State::kAuthenticating) drop_claim(c.request);
  if (c.state == State::kClaiming)
    if (PendingConnect* pending = find_claim(c.request)) pending->link = kNoLink;
  drop_aliases(c);
  connections_.destroy(link);
}

PendingConnect& Connections::begin_claim(LinkId link) {
  Connection& c = connections_[link];
  ORRERY_ASSERT(c.state == State::kAwaitConnect);
  ORRERY_ASSERT(c.request == 0);
  const std::uint32_t slot = claims_.emplace(heap_);
  PendingConnect& pending = claims_[slot];
  pending.link = link;
  pending.request = ++claims_begun_ << 32 | slot;
  c.request = pending.request;
  return pending;
}

void Connections::authenticating(LinkId link, std::unique_ptr<Authentication> authentication) {
  Connection& c = connections_[link];
  ORRERY_ASSERT(c.state == State::kAwaitConnect);
  c.authentication = std::move(authentication);
  c.state = State::kAuthenticating;
}

void Connections::claiming(LinkId link) {
  Connection& c = connections_[link];
  ORRERY_ASSERT(c.state == State::kAwaitConnect || c.state == State::kAuthenticating);
  ORRERY_ASSERT(find_claim(c.request) != nullptr);
  c.state = State::kClaiming;
}

void Connections::serve(Nanos now, LinkId link, std::uint32_t session) {
  Connection& c = connections_[link];
  ORRERY_ASSERT(c.state == State::kClaiming);
  ORRERY_ASSERT(c.session == kNoSlot);
  c.session = session;
  c.state = State::kOpen;
  // The timer of connect_timeout is still armed and will look at the keep alive, unless that is due before.
  const Nanos due = now + keep_alive_limit(c.keep_alive);
  if (c.keep_alive != 0 && TimerWheel::tick_of(due) < c.timer) arm(link, due);
}

std::uint32_t Connections::closing(LinkId link) {
  Connection& c = connections_[link];
  ORRERY_ASSERT(c.session == kNoSlot || c.state == State::kOpen);
  if (c.state == State::kClaiming)
    if (PendingConnect* pending = find_claim(c.request)) pending->link = kNoLink;
  c.state = State::kClosing;
  return std::exchange(c.session, kNoSlot);
}

// Claims -------------------------------------------------------------------------------------------------------------

PendingConnect* Connections::find_claim(std::uint64_t request) {
  const auto slot = static_cast<std::uint32_t>(request);
  if (!claims_.contains(slot) || claims_[slot].request != request) return nullptr;
  return &claims_[slot];
}

void Connections::drop_claim(std::uint64_t request) {
  PendingConnect* pending = find_claim(request);
  if (pending == nullptr) return;
  drop_will(heap_, pending->will);
  claims_.erase(static_cast<std::uint32_t>(request));
}

// Packets out --------------------------------------------------------------------------------------------------------

bool Connections::end_packet(LinkId link) {
  if (host_.end_packet(link) <= options_.max_link_backlog) return false;
  return !std::exchange(connections_[link].blocked, true);
}

void Connections::send_ack(LinkId link, mqtt::PacketType type, std::uint16_t packet_id, ReasonCode reason) {
  ORRERY_ASSERT(packet_id != 0);
  mqtt::AckView ack;
  ack.type = type;
  ack.packet_id = packet_id;
  ack.reason = reason;
  mqtt::encode_ack(connections_[link].version, ack, begin_packet());
  end_packet(link);
}

bool Connections::send_disconnect(LinkId link, ReasonCode reason, const char* what) {
  const Connection& c = connections_[link];
  if (c.state != State::kOpen || c.version != mqtt::Version::k5) return false;
  mqtt::DisconnectView view;
  view.reason = reason;
  mqtt::PropertyBuilder properties(section_);
  if (c.problem_information && what != nullptr) properties.text(mqtt::Property::kReasonString, what);
  view.properties = properties.view();
  if (mqtt::disconnect_size(c.version, view) > c.packet_size_max) view.properties = {};
  if (mqtt::disconnect_size(c.version, view) > c.packet_size_max) return false;
  mqtt::encode_disconnect(c.version, view, begin_packet());
  host_.end_packet(link);
  return true;
}

bool Connections::receive(LinkId link) {
  Connection& c = connections_[link];
  // Before version 5 the client does not know it.
  if (c.version == mqtt::Version::k5 && c.receiving >= options_.receive_maximum) return false;
  ++c.receiving;
  return true;
}

void Connections::received_done(LinkId link) {
  Connection& c = connections_[link];
  ORRERY_ASSERT(c.receiving > 0);
  --c.receiving;
}

// Aliases ------------------------------------------------------------------------------------------------------------

AliasTable& Connections::make_aliases(AliasTable*& table) {
  if (table == nullptr) table = new (heap_.allocate(sizeof(AliasTable))) AliasTable(HeapAllocator<HeapString>(heap_));
  return *table;
}

void Connections::drop_aliases(Connection& c) {
  for (AliasTable** table : {&c.aliases, &c.aliases_out}) {
    if (*table == nullptr) continue;
    std::destroy_at(*table);
    heap_.free(*table, sizeof(AliasTable));
    *table = nullptr;
  }
}

mqtt::DecodeResult Connections::resolve_alias(LinkId link, mqtt::PublishView& publish) {
  const auto alias = publish.properties.topic_alias();
  if (!alias) return {};  // then decoding has seen to it that there is a topic
  if (*alias > options_.topic_alias_maximum)
    return {ReasonCode::kTopicAliasInvalid, "the alias is above Topic Alias Maximum"};
  ORRERY_ASSERT(*alias > 0);
  AliasTable& table = make_aliases(connections_[link].aliases);
  if (table.size() < *alias) {
    if (publish.topic.empty()) return mqtt::protocol_error("an alias without a topic that was never set");
    table.resize(*alias, HeapString(HeapAllocator<char>(heap_)));
  }
  HeapString& topic = table[*alias - 1u];
  if (!publish.topic.empty()) {
    topic = publish.topic;
  } else if (topic.empty()) {
    return mqtt::protocol_error("an alias without a topic that was never set");
  } else {
    publish.topic = topic;
  }
  return {};
}

void Connections::use_alias(Connection& c, mqtt::PublishOut& out) {
  if (c.topic_alias_maximum == 0) return;
  const AliasTable& set = make_aliases(c.aliases_out);
  ORRERY_ASSERT(set.size() <= c.topic_alias_maximum);
  const auto known = std::find(set.begin(), set.end(), out.topic);
  if (known != set.end()) {
    out.topic_alias = static_cast<std::uint16_t>(known - set.begin() + 1);
    out.topic = {};
  } else if (set.size() < c.topic_alias_maximum) {
    out.topic_alias = static_cast<std::uint16_t>(set.size() + 1);  // set by this packet, if it is sent
  }
}

void Connections::alias_sent(Connection& c, const mqtt::PublishOut& out) {
  if (out.topic_alias == 0 || out.topic.empty()) return;
  ORRERY_ASSERT(out.topic_alias == c.aliases_out->size() + 1);
  c.aliases_out->emplace_back(out.topic, HeapAllocator<char>(heap_));
}

// Time ---------------------------------------------------------------------------------------------------------------

Connections::Due Connections::timer(Nanos now, LinkId link, TimerWheel::Tick tick) {
  if (!connections_.contains(link) || connections_[link].timer != tick) return Due::kNothing;
  Connection& c = connections_[link];
  c.timer = TimerWheel::kNotArmed;
  switch (c.state) {
    case State::kClosing:
      return Due::kNothing;
    case State::kAuthenticating:
      return Due::kAuth;
    case State::kAwaitConnect:
    case State::kClaiming:
      return Due::kConnect;
    case State::kOpen:
      break;
  }
  if (c.keep_alive == 0) return Due::kNothing;
  const Nanos due = (static_cast<Nanos>(c.heard + 1) << TimerWheel::kTickBits) + keep_alive_limit(c.keep_alive);
  if (now >= due) return Due::kKeepAlive;
  arm(link, due);
  return Due::kNothing;
}

}  // namespace orrery::session
