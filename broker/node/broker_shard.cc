// SPDX-License-Identifier: Apache-2.0
#include "broker/node/broker_shard.h"

#include <algorithm>

#include "base/assert.h"

namespace orrery::node {

BrokerShard::BrokerShard(NodeTables& tables, ShardId id, Effects& effects)
    : tables_(tables),
      place_{tables.setup.self, id},
      effects_(effects),
      rng_(mix64(tables.setup.seed + id + 1)),
      sessions_(tables.options.mqtt, place_, rng_.next(), heap_, effects, counters_, *this),
      transport_(tables.upgrade, heap_, effects, counters_, sessions_, budget_),
      port_(tables.setup, id, effects, heap_),
      lanes_(tables.setup, id, port_, heap_, *this),
      post_(tables, place_, lanes_, heap_, effects, counters_),
      router_(tables, place_, sessions_, post_, counters_, rng_),
      links_(heap_) {
  links_.set_user(LinkKind::kTcp, transport_);
  links_.set_user(LinkKind::kWebSocket, transport_);
  links_.set_user(LinkKind::kPeerIn, port_);
  links_.set_user(LinkKind::kPeerOut, port_);
  if (id != 0) return;
  control_ = std::make_unique<ControlSide>(tables, port_, heap_, post_, counters_);
  admin_ = std::make_unique<AdminSide>(tables, heap_, effects, counters_, post_, router_, *control_);
  links_.set_user(LinkKind::kAdmin, *admin_);
}

BrokerShard::~BrokerShard() = default;

void BrokerShard::start(Nanos now) {
  begin(now);
  if (control_) control_->start(now);
  if (admin_) admin_->start(now);
  lanes_.start(now);
  finish(now);
}

void BrokerShard::link_open(Nanos now, LinkId link, const LinkInfo& info) {
  begin(now);
  links_.open(link, info.kind).link_open(now, link, info);
  finish(now);
}

void BrokerShard::bytes(Nanos now, LinkId link, MutableBytes bytes) {
  begin(now);
  links_.user_of(link).bytes(now, link, bytes);
  finish(now);
}

void BrokerShard::drained(Nanos now, LinkId link) {
  begin(now);
  links_.user_of(link).drained(now, link);
  finish(now);
}

void BrokerShard::link_closed(Nanos now, LinkId link) {
  begin(now);
  links_.close(link).link_closed(now, link);
  finish(now);
}

void BrokerShard::dial_failed(Nanos now, std::uint32_t tag) {
  begin(now);
  port_.dial_failed(now, tag);
  finish(now);
}

void BrokerShard::wake(Nanos now) {
  begin(now);
  wish_ = kNever;
  sessions_.tick(now);
  port_.tick(now);
  lanes_.tick(now);
  if (control_) control_->tick(now);
  if (admin_) admin_->tick(now);
  if (now >= reassert_.next_deadline())
    reassert_.step(now, sessions_, [&](const auto& said) { post_.to_shard(now, 0, said); });
  transport_.work(now);
  // Each has a budget of its own, so that none of them keeps the others waiting.
  WorkBudget of_sessions;
  sessions_.work(now, of_sessions);
  WorkBudget of_control;
  if (control_) control_->work(now, of_control);
  finish(now);
}

void BrokerShard::message(Nanos now, ShardId from, Bytes message) {
  begin(now);
  take(now, from, message);
  finish(now);
}

void BrokerShard::posts_taken(Nanos now, ShardId to) {
  begin(now);
  post_.taken(to);
  finish(now);
}

void BrokerShard::lane_accepted(Nanos now, Place to, std::uint64_t up_to) {
  post_.settle(to, up_to, [&](std::uint32_t owed) { sessions_.confirmed(now, owed); });
}

void BrokerShard::lane_lost(Nanos now, Place to, std::uint64_t first, std::uint64_t last) {
  // Nobody will ever say whether they arrived. The sessions there are gone with their node, so the publisher is not
  // held up.
  counters_.add(Counter::kDroppedPeerUnreachable, last - first + 1);
  lane_accepted(now, to, last);
}

void BrokerShard::begin(Nanos now) {
  ORRERY_ASSERT(now >= now_);
  now_ = now;
  if (control_) control_->begin_event(now);
}

void BrokerShard::finish(Nanos now) {
  bool more = true;
  while (more) {
    more = false;
    if (!post_.self().empty()) {
      post_.self().take_all([&](Bytes message) { take(now, place_.shard, message); });
      more = true;
    }
    more = transport_.run_resumed(now) || more;
    if (control_) control_->end_of_event(now);
    more = more || !post_.self().empty();
  }
  lanes_.end_of_event(now);
  budget_ = WorkBudget(post_.behind() ? 0 : kEventUnits);
  arm(now);
  tables_.states.passed(place_.shard);
}

void BrokerShard::arm(Nanos now) {
  const bool packets_left = transport_.work_left() && !post_.behind();
  if (packets_left || sessions_.work_left() || (control_ && control_->work_left())) {
    if (wish_ > now) effects_.wake_at(wish_ = now);
    return;
  }
  Nanos next =
      std::min({sessions_.next_wake(), port_.next_deadline(), lanes_.next_deadline(), reassert_.next_deadline()});
  if (control_) next = std::min({next, control_->next_deadline(), admin_->next_deadline()});
  if (next == wish_) return;
  wish_ = next;
  effects_.wake_at(next);
}

ShardStats BrokerShard::stats() const {
  ShardStats out;
  std::copy(std::begin(counters_.values), std::end(counters_.values), out.counters);
  out.notes = effects_.noted();
  out.memory_bytes = heap_.bytes_in_use();
  if (control_) out.memory_bytes += tables_.heap.bytes_in_use();
  // Gauges that somebody keeps anyway.
  const auto set = [&](Counter c, std::uint64_t value) { out.counters[static_cast<int>(c)] = value; };
  set(Counter::kSubscriptionsShared, sessions_.shared_subscriptions());
  set(Counter::kHeapBytes, out.memory_bytes);
  if (!control_) return out;
  set(Counter::kRetained, control_->retained());
  set(Counter::kRetainedBytes, control_->retained_bytes());
  set(Counter::kRoutes, tables_.routes.rows());
  set(Counter::kRouteFilters, tables_.routes.filters());
  return out;
}

}  // namespace orrery::node
