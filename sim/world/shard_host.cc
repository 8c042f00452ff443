// SPDX-License-Identifier: Apache-2.0
// What a shard's effects do, and the account of its CPU.
#include "sim/world/shard_host.h"

#include <algorithm>
#include <cstring>

#include "sim/world/engine.h"

namespace orrery::sim {

std::size_t ShardHost::send(LinkId id, Bytes bytes) {
  const std::uint32_t pipe = find_link(id);
  if (pipe == kNoLink) return 0;
  Link& link = engine_.links[pipe / 2];
  if (link.state[pipe % 2] != EndState::kOpen) return 0;
  std::size_t backlog = engine_.wire.send(pipe, bytes);
  std::uint8_t& flags = link.flags[pipe % 2];
  // Until drained() has told otherwise the shard's bytes wait, however far the network has come meanwhile.
  if ((flags & Pipe::kBlocked) != 0) backlog = std::max({backlog, bytes.size(), std::size_t{1}});
  if (backlog > 0) flags |= Pipe::kBlocked;
  return backlog;
}

void ShardHost::close(LinkId id, CloseHow how) {
  const std::uint32_t end = find_link(id);
  if (end == kNoLink) return;
  Link& link = engine_.links[end / 2];
  if (link.state[end % 2] != EndState::kOpen) return;
  link.state[end % 2] = EndState::kClosing;
  if (how == CloseHow::kFlush) {
    engine_.wire.append(end, ItemKind::kClose);
    if ((link.flags[end % 2] & Pipe::kBlocked) != 0) link.flags[end % 2] |= Pipe::kCloseDue;
  } else {
    engine_.wire.drop_unsent(end, start_);
    engine_.wire.append(end, ItemKind::kReset);
  }
  closed_.push_back(end);
  resume(end ^ 1);  // nobody reads it any more: it is taken and thrown away
}

void ShardHost::stop_reading(LinkId id) {
  const std::uint32_t end = find_link(id);
  if (end == kNoLink) return;
  Link& link = engine_.links[end / 2];
  if (link.state[end % 2] == EndState::kOpen) link.flags[1 - end % 2] |= Pipe::kPaused;
}

void ShardHost::resume_reading(LinkId id) {
  const std::uint32_t end = find_link(id);
  if (end == kNoLink) return;
  if (engine_.links[end / 2].state[end % 2] == EndState::kOpen) resume(end ^ 1);
}

void ShardHost::resume(std::uint32_t pipe) {
  std::uint8_t& flags = engine_.links[pipe / 2].flags[pipe % 2];
  if ((flags & Pipe::kPaused) == 0) return;
  flags &= static_cast<std::uint8_t>(~Pipe::kPaused);
  if ((flags & Pipe::kHeld) != 0) resumed_.push_back(pipe);
}

void ShardHost::dial(std::uint32_t tag, NodeId node, ShardId shard) {
  cost_ += engine_.costs[Cost::kDial];
  engine_.dial(*this, index_, tag, node, shard);
}

std::size_t ShardHost::post(ShardId to, Bytes message) {
  const Machine& machine = engine_.machines[place_.node];
  ORRERY_ASSERT(to < machine.shards);
  ORRERY_ASSERT(to != place_.shard);
  cost_ += engine_.costs[Cost::kPost];
  const ItemId id = engine_.wire.pool().allocate(message.size());
  Item& item = engine_.wire.pool()[id];
  item.kind = ItemKind::kPost;
  item.size = static_cast<std::uint32_t>(message.size());
  if (!message.empty()) std::memcpy(item.data(), message.data(), message.size());
  const std::uint32_t pair = machine.first_pair + std::uint32_t{place_.shard} * machine.shards + to;
  posted_.push_back({pair, id});
  return engine_.posted(pair, message.size());
}

void ShardHost::persist(std::uint64_t ticket, const StorageBatch& batch) {
  cost_ += engine_.costs[Cost::kPost];  // handing bytes to another thread is what it is there, too
  persisted_.push_back({ticket, batch});
}

void ShardHost::work(Work kind, std::uint32_t units) { cost_ += engine_.costs.work(kind, units); }

void ShardHost::give_up(int status, std::string_view last_words) {
  if (gives_up_) return;
  gives_up_ = true;
  engine_.deaths.push_back({place_.node, start_, status, std::string(last_words)});
}

void ShardHost::tell(const Note& note) { engine_.tell(start_, place_, note); }

Nanos ShardHost::begin(Nanos arrival, Nanos cost) {
  start_ = std::max(arrival, free_at_);
  cost_ = engine_.costs[Cost::kEvent] + cost;
  return start_;
}

void ShardHost::end(std::uint64_t drawn) {
  for (const Wire::Train& train : engine_.wire.trains())
    if (train.bytes != 0) cost_ += engine_.costs.send(train.bytes);
  const Nanos variation = engine_.options.cost_variation_per_mille;
  cost_ += cost_ * (static_cast<Nanos>(below(drawn, static_cast<std::uint64_t>(2 * variation + 1))) - variation) / 1000;
  cost_ = engine_.machines[place_.node].scaled(cost_);
  free_at_ = start_ + cost_;
  busy_ += cost_;
  engine_.wire.flush(engine_.now, free_at_);
  if (!posted_.empty()) flush_posts(free_at_);
  if (!persisted_.empty()) flush_persists(free_at_);
  if (!closed_.empty()) flush_closes(free_at_);
  if (!resumed_.empty()) flush_resumed(free_at_);
  if (wish_ != wake_event_) flush_wish(free_at_);
  if (gives_up_) flush_end(free_at_);
}

void ShardHost::flush_posts(Nanos leaves) {
  for (const Posted& posted : posted_) engine_.post(posted.pair, posted.item, leaves);
  posted_.clear();
}

void ShardHost::flush_persists(Nanos leaves) {
  for (const Persisted& p : persisted_) engine_.persist(place_, p.ticket, p.batch, leaves);
  persisted_.clear();
}

void ShardHost::flush_closes(Nanos leaves) {
  for (const std::uint32_t end : closed_) {
    const Link& link = engine_.links[end / 2];
    const bool lingers = (link.flags[end % 2] & Pipe::kCloseDue) != 0;
    engine_.queue.push({leaves + (lingers ? kCloseLinger : 1), entity_of(EventKind::kEndClosed, end), link.generation});
  }
  closed_.clear();
}

// A pipe that was stopped again in the same event is left as it was.
void ShardHost::flush_resumed(Nanos leaves) {
  for (const std::uint32_t pipe : resumed_) {
    std::uint8_t& flags = engine_.links[pipe / 2].flags[pipe % 2];
    if ((flags & (Pipe::kHeld | Pipe::kPaused)) != Pipe::kHeld) continue;
    flags &= static_cast<std::uint8_t>(~Pipe::kHeld);
    engine_.wire.deliver_head(pipe, std::max(leaves, engine_.now + 1));
  }
  resumed_.clear();
}

// An event that would come too early is left in the queue and put off when it comes: a wish that moves away costs
// nothing.
void ShardHost::flush_wish(Nanos leaves) {
  const Nanos when = std::max({wish_, leaves, engine_.now + 1});
  if (wish_ == kNever || when >= wake_event_) return;
  wake_event_ = when;
  engine_.queue.push({wake_event_, entity_of(EventKind::kWake, index_), ++wake_generation_});
}

// The node is not ended here: the event's caller still has its link in hand.
void ShardHost::flush_end(Nanos leaves) {
  gives_up_ = false;
  const std::uint64_t incarnation = engine_.machines[place_.node].incarnation;
  engine_.queue.push({std::max(leaves, engine_.now + 1), entity_of(EventKind::kGiveUp, place_.node),
                      static_cast<std::uint32_t>(incarnation)});
}

bool ShardHost::wake_due(Nanos now, std::uint32_t generation) {
  if (generation != wake_generation_) return false;
  wake_event_ = kNever;
  if (wish_ <= now) {
    wish_ = kNever;
    return true;
  }
  if (wish_ != kNever) {
    wake_event_ = wish_;
    engine_.queue.push({wake_event_, entity_of(EventKind::kWake, index_), ++wake_generation_});
  }
  return false;
}

LinkId ShardHost::add_link(std::uint32_t link_end) {
  ++links_open_;
  if (free_link_ == kNoFree) {
    links_.push_back(link_end);
    return static_cast<LinkId>(links_.size() - 1);
  }
  const LinkId id = free_link_;
  free_link_ = links_[id] & ~kFree;
  links_[id] = link_end;
  return id;
}

void ShardHost::remove_link(LinkId id) {
  --links_open_;
  links_[id] = kFree | free_link_;
  free_link_ = id;
}

std::uint32_t ShardHost::find_link(LinkId id) const {
  if (id >= links_.size()) return kNoLink;
  return (links_[id] & kFree) != 0 ? kNoLink : links_[id];
}

void ShardHost::start_life(Shard& shard, Nanos now) {
  shard_ = &shard;
  free_at_ = now;
}

void ShardHost::end_life() {
  shard_ = nullptr;
  wish_ = kNever;
  wake_event_ = kNever;
  ++wake_generation_;
  links_.clear();
  links_open_ = 0;
  free_link_ = kNoFree;
  forget_noted();
}

}  // namespace orrery::sim
