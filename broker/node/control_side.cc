// SPDX-License-Identifier: Apache-2.0
#include "broker/node/control_side.h"

#include "base/assert.h"

namespace orrery::node {

ControlSide::ControlSide(NodeTables& tables, cluster::PeerPort& port, Heap& heap, Post& post, Counters& counters)
    : tables_(tables),
      post_(post),
      counters_(counters),
      routes_(tables.routes),
      retained_(heap, tables.setup.seed, tables.setup.nodes()),
      plane_(tables.setup, port, heap, *this, routes_, retained_) {}

void ControlSide::tick(Nanos now) {
  plane_.tick(now);
  retained_.sweep(now);
}

void ControlSide::end_of_event(Nanos now) {
  plane_.end_of_event(now);
  tables_.states.reclaim();
  if (tables_.states.retired_bytes() < kNudgeAboveBytes || now < nudged_at_ + kNudgeEvery) return;
  nudged_at_ = now;
  for (ShardId s = 1; s < tables_.shards; ++s)
    if (tables_.states.behind(s)) post_.to_shard(now, s, Nudge{});
}

std::string_view ControlSide::why_no_claims() const {
  const auto& self = tables_.setup.members[tables_.setup.self];
  if (self.core || plane_.attached_to() != cluster::kNoNode) return {};
  return "This replicant is not attached to any core: nobody can say who has a client identifier.";
}

void ControlSide::take(Nanos now, ShardId from, const RouteChange& change) {
  const auto appended = [this](std::uint64_t sequence) {
    ORRERY_ASSERT(sequence > appended_);
    appended_ = sequence;
  };
  change.added.for_each([&](std::string_view filter) { appended(plane_.append_route_add(now, filter, from)); });
  change.removed.for_each([&](std::string_view filter) { appended(plane_.append_route_remove(now, filter, from)); });
  if (change.token == 0) return;
  waiting_.enter({appended_, from, change.token});
  answer_waiting(now);
}

void ControlSide::in_force(Nanos now, std::uint64_t up_to) {
  ORRERY_ASSERT(up_to > in_force_);
  in_force_ = up_to;
  answer_waiting(now);
}

void ControlSide::answer_waiting(Nanos now) {
  while (const auto leaving = waiting_.leave(in_force_)) {
    if (leaving->early) {
      counters_.add(Counter::kSubacksEarly);
      post_.effects().note({.kind = NoteKind::kSubackEarly, .numbers = {kWaitingRoomBytesMax}});
    }
    answer(now, leaving->subscribe);
  }
}

void ControlSide::answer(Nanos now, const WaitingSubscribe& subscribe) {
  post_.to_shard(now, subscribe.shard, RoutesInForce{subscribe.token});
}

/// At once while the event has units left for it, else in its turn: shards of one node ask each other without end.
void ControlSide::take(Nanos now, ShardId from, const PullRetained& pull) {
  pulls_.push_back({from, pull.token, pull.cursor, std::string(pull.filter)});
  if (pulls_.size() == 1) work(now, pull_budget_);
}

bool ControlSide::work(Nanos now, WorkBudget& budget) {
  while (!pulls_.empty() && !budget.spent()) {
    const Pull pull = std::move(pulls_.front());
    pulls_.pop_front();
    const std::uint64_t cursor =
        retained_.page(pull.filter, pull.cursor, now, budget, [&](const session::MessageView& message) {
          post_.to_shard(now, pull.shard, RetainedMatch{pull.token, message});
        });
    post_.to_shard(now, pull.shard, RetainedPage{pull.token, cursor});
  }
  return work_left();
}

void ControlSide::take(Nanos now, ShardId from, const Retain& retain) {
  RetainedMessages::encode_value(value_, plane_.next_stamp(), tables_.setup.self, retain.message, now);
  appended_ = plane_.append_retained(now, value_);
  if (retain.owed == kNoSlot) return;
  post_.to_shard(now, from, RetainStored{retain.owed});
}

}  // namespace orrery::node
