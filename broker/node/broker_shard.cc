// SPDX-License-Identifier: Apache-2.0
#include "broker/node/broker_shard.h"

#include <algorithm>

namespace orrery::node {

BrokerShard::BrokerShard(NodeTables& tables, ShardId id, Effects& effects)
    : tables_(tables),
      place_{tables.setup.self, id},
      effects_(effects),
      rng_(mix64(tables.setup.seed + id + 1)),
      share_choice_(tables.options.mqtt.shared_strategy, place_),
      sessions_(tables.options.mqtt, place_, rng_.next(), heap_, effects, counters_, *this),
      transport_(tables.upgrade, heap_, effects, counters_, sessions_),
      port_(tables.setup, id, effects, heap_),
      lanes_(tables.setup, id, port_, heap_, *this),
      awaited_(tables.places) {
  if (id == 0) control_ = std::make_unique<ControlSide>(tables, port_, heap_, *this);
}

BrokerShard::~BrokerShard() = default;

void BrokerShard::start(Nanos now) {
  if (control_) control_->start(now);
  lanes_.start(now);
  finish(now);
}

void BrokerShard::link_open(Nanos now, LinkId link, const LinkInfo& info) {
  if (info.kind == LinkKind::kPeerIn || info.kind == LinkKind::kPeerOut) {
    port_.link_open(now, link, info.kind == LinkKind::kPeerOut, info.dial_tag);
  } else {
    counters_.add(Counter::kLinksOpened);
    transport_.link_open(now, link, info.kind);
  }
  finish(now);
}

void BrokerShard::bytes(Nanos now, LinkId link, MutableBytes bytes) {
  if (transport_.owns(link)) {
    transport_.bytes(now, link, bytes);
  } else {
    port_.bytes(now, link, bytes);
  }
  finish(now);
}

void BrokerShard::drained(Nanos now, LinkId link) {
  if (transport_.owns(link)) {
    sessions_.drained(now, link);
  } else {
    port_.drained(now, link);
  }
  finish(now);
}

void BrokerShard::link_closed(Nanos now, LinkId link) {
  if (transport_.owns(link)) {
    counters_.add(Counter::kLinksClosed);
    transport_.link_closed(now, link);
  } else {
    port_.link_closed(now, link);
  }
  finish(now);
}

void BrokerShard::dial_failed(Nanos now, std::uint32_t tag) {
  port_.dial_failed(now, tag);
  finish(now);
}

void BrokerShard::wake(Nanos now) {
  wish_ = kNever;
  sessions_.tick(now);
  port_.tick(now);
  lanes_.tick(now);
  if (control_) control_->tick(now);
  if (now >= reassert_at_) reassert(now);
  finish(now);
}

void BrokerShard::message(Nanos now, ShardId from, Bytes message) {
  handle(now, {place_.node, from}, message);
  finish(now);
}

void BrokerShard::finish(Nanos now) {
  bool more = true;
  while (more) {
    more = false;
    if (!mailbox_.empty()) {
      mailbox_.take_all([&](Bytes message) { handle(now, place_, message); });
      more = true;
    }
    more = transport_.run_resumed(now) || more;
    if (control_) control_->end_of_event(now);
    more = more || !mailbox_.empty();
  }
  lanes_.end_of_event(now);
  arm(now);
  tables_.states.passed(place_.shard);
}

void BrokerShard::arm(Nanos) {
  Nanos next = std::min({sessions_.next_wake(), port_.next_deadline(), lanes_.next_deadline(), reassert_at_});
  if (control_) next = std::min(next, control_->next_deadline());
  if (next == wish_) return;
  wish_ = next;
  effects_.wake_at(next);
}

ShardStats BrokerShard::stats() const {
  ShardStats out;
  std::copy(std::begin(counters_.values), std::end(counters_.values), out.counters);
  out.memory_bytes = heap_.bytes_in_use();
  if (control_) out.memory_bytes += tables_.heap.bytes_in_use();
  return out;
}

}  // namespace orrery::node
