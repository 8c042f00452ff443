// SPDX-License-Identifier: Apache-2.0
// Trains, segments and arrival times.
#include "sim/world/wire.h"

#include <algorithm>
#include <cstring>

namespace orrery::sim {

// The last item of a fresh pipe keeps the number of its train where its arrival time will be.
Wire::Train& Wire::train_of(std::uint32_t pipe) {
  Link& link = links_[pipe / 2];
  const ItemId tail = link.pipe[pipe % 2].tail;
  std::uint8_t& flags = link.flags[pipe % 2];
  if ((flags & Pipe::kFresh) != 0) return trains_[static_cast<std::size_t>(pool_[tail].arrival)];
  flags |= Pipe::kFresh;
  trains_.push_back({.pipe = pipe, .before_first = tail, .first = kNoItem, .before_last = tail, .bytes = 0});
  return trains_.back();
}

ItemId Wire::add_item(std::uint32_t pipe, Train& train, ItemKind kind, std::size_t room) {
  Pipe& p = links_[pipe / 2].pipe[pipe % 2];
  const ItemId id = pool_.allocate(room);
  Item& item = pool_[id];
  item.kind = kind;
  item.sequence = p.next_sequence++;
  item.arrival = static_cast<Nanos>(&train - trains_.data());
  train.before_last = p.tail;
  if (p.tail == kNoItem) {
    p.head = id;
  } else {
    pool_[p.tail].next = id;
  }
  p.tail = id;
  if (train.first == kNoItem) train.first = id;
  return id;
}

// Moves the last item to a larger block.
void Wire::grow_last(std::uint32_t pipe, Train& train, std::size_t room) {
  Pipe& p = links_[pipe / 2].pipe[pipe % 2];
  const ItemId old_id = p.tail;
  const ItemId id = pool_.allocate(room);
  Item& old_item = pool_[old_id];
  Item& item = pool_[id];
  const std::uint32_t capacity = item.capacity;
  item = old_item;
  item.capacity = capacity;
  std::memcpy(item.data(), old_item.data(), old_item.size);
  if (train.before_last == kNoItem) {
    p.head = id;
  } else {
    pool_[train.before_last].next = id;
  }
  p.tail = id;
  if (train.first == old_id) train.first = id;
  pool_.free(old_id);
}

std::size_t Wire::send(std::uint32_t pipe, Bytes bytes) {
  Link& link = links_[pipe / 2];
  Pipe& p = link.pipe[pipe % 2];
  if (bytes.empty()) return backlog(pipe);
  const std::size_t segment = path(link).segment_bytes;
  Train& train = train_of(pipe);
  ORRERY_ASSERT(bytes.size() < UINT32_MAX - p.queued);
  p.queued += static_cast<std::uint32_t>(bytes.size());
  train.bytes += static_cast<std::uint32_t>(bytes.size());
  while (!bytes.empty()) {
    const bool joins = train.first != kNoItem && pool_[p.tail].kind == ItemKind::kData && pool_[p.tail].size < segment;
    if (!joins) add_item(pipe, train, ItemKind::kData, std::min(bytes.size(), segment));
    const std::size_t wanted = std::min(segment, pool_[p.tail].size + bytes.size());
    if (wanted > pool_[p.tail].capacity) grow_last(pipe, train, wanted);
    Item& item = pool_[p.tail];
    const std::size_t taken = wanted - item.size;
    std::memcpy(item.data() + item.size, bytes.data(), taken);
    item.size = static_cast<std::uint32_t>(wanted);
    bytes = bytes.subspan(taken);
  }
  return backlog(pipe);
}

void Wire::append(std::uint32_t pipe, ItemKind kind) { add_item(pipe, train_of(pipe), kind, 0); }

void Wire::drop_unsent(std::uint32_t pipe, Nanos now) {
  Link& link = links_[pipe / 2];
  Pipe& p = link.pipe[pipe % 2];
  std::uint8_t& flags = link.flags[pipe % 2];
  Train* train = (flags & Pipe::kFresh) != 0 ? &train_of(pipe) : nullptr;
  ItemId kept = kNoItem;
  ItemId id = p.head;
  while (id != kNoItem && (train == nullptr || id != train->first)) {
    const Item& item = pool_[id];
    if (item.leaves > now || item.arrival == kNever) break;
    kept = id;
    id = item.next;
  }
  while (id != kNoItem) {
    const ItemId next = pool_[id].next;
    p.queued -= pool_[id].size;
    pool_.free(id);
    id = next;
  }
  p.tail = kept;
  if (kept == kNoItem) {
    p.head = kNoItem;
  } else {
    pool_[kept].next = kNoItem;
  }
  if (train != nullptr) *train = {.pipe = kNoLink};
  flags &= static_cast<std::uint8_t>(~(Pipe::kFresh | Pipe::kWaiting | Pipe::kBlocked));
}

void Wire::drop_all(std::uint32_t pipe) {
  Link& link = links_[pipe / 2];
  Pipe& p = link.pipe[pipe % 2];
  ORRERY_ASSERT((link.flags[pipe % 2] & Pipe::kFresh) == 0);
  for (ItemId id = p.head; id != kNoItem;) {
    const ItemId next = pool_[id].next;
    pool_.free(id);
    id = next;
  }
  p.head = kNoItem;
  p.tail = kNoItem;
  p.queued = 0;
  link.flags[pipe % 2] &= static_cast<std::uint8_t>(~(Pipe::kWaiting | Pipe::kStalled | Pipe::kHeld));
}

void Wire::flush(Nanos now, Nanos leaves) {
  for (const Train& train : trains_) {
    if (train.first == kNoItem) continue;
    Link& link = links_[train.pipe / 2];
    Pipe& p = link.pipe[train.pipe % 2];
    std::uint8_t& flags = link.flags[train.pipe % 2];
    flags &= static_cast<std::uint8_t>(~Pipe::kFresh);
    if ((flags & Pipe::kWaiting) != 0) {
      wait_from(train.pipe, train.first, leaves);
      continue;
    }
    const bool alone = train.before_first == kNoItem;
    const Nanos previous = alone ? now : pool_[train.before_first].arrival;
    transmit(train.pipe, train.first, previous, now, leaves, p.queued - train.bytes);
    if (alone) deliver_head(train.pipe, pool_[p.head].arrival);
    if ((flags & Pipe::kHeld) != 0) announce_reset(train.pipe, now);
  }
  trains_.clear();
}

// Gives arrival times from `first` on, as far as the window reaches; `ahead` bytes are in it already.
void Wire::transmit(std::uint32_t pipe, ItemId first, Nanos previous, Nanos now, Nanos leaves, std::uint64_t ahead) {
  const Link& link = links_[pipe / 2];
  const PathModel& model = path(link);
  Machine* from = machine_at(link, pipe % 2);
  Machine* to = machine_at(link, 1 - pipe % 2);
  const Nanos extra = (from != nullptr ? from->extra_latency : 0) + (to != nullptr ? to->extra_latency : 0);
  for (ItemId id = first; id != kNoItem;) {
    Item& item = pool_[id];
    const std::uint64_t drawn = draw_of(pipe, item.sequence);
    if (model.cut_per_million != 0 && item.size > 1 && chance(mix64(drawn + 1), model.cut_per_million))
      split(pipe, id, 1 + static_cast<std::uint32_t>(below(mix64(drawn + 2), item.size - 1)));
    if (ahead != 0 && ahead + item.size > model.window_bytes) return wait_from(pipe, id, leaves);
    ahead += item.size;
    Nanos arrival = leaves + std::max<Nanos>(1, sample(model.latency, drawn)) + extra;
    if (from != nullptr) arrival += from->nic.send(now, item.size);
    if (model.loss_per_million != 0 && chance(mix64(drawn + 4), model.loss_per_million))
      arrival += model.retransmit_delay;
    item.leaves = leaves;
    item.arrival = previous = std::max(arrival, previous + 1);
    id = item.next;
  }
}

void Wire::wait_from(std::uint32_t pipe, ItemId first, Nanos leaves) {
  links_[pipe / 2].flags[pipe % 2] |= Pipe::kWaiting;
  for (ItemId id = first; id != kNoItem; id = pool_[id].next) {
    pool_[id].leaves = leaves;
    pool_[id].arrival = kNever;
  }
}

void Wire::split(std::uint32_t pipe, ItemId id, std::uint32_t at) {
  Pipe& p = links_[pipe / 2].pipe[pipe % 2];
  Item& item = pool_[id];
  const ItemId rest_id = pool_.allocate(item.size - at);
  Item& rest = pool_[rest_id];
  rest.kind = item.kind;
  rest.sequence = p.next_sequence++;
  rest.size = item.size - at;
  rest.next = item.next;
  std::memcpy(rest.data(), item.data() + at, rest.size);
  item.size = at;
  item.next = rest_id;
  if (p.tail == id) p.tail = rest_id;
}

ItemId Wire::head(std::uint32_t pipe, std::uint32_t sequence) {
  const ItemId id = links_[pipe / 2].pipe[pipe % 2].head;
  return id != kNoItem && pool_[id].sequence == sequence ? id : kNoItem;
}

ItemId Wire::pop(std::uint32_t pipe, Nanos now) {
  Link& link = links_[pipe / 2];
  Pipe& p = link.pipe[pipe % 2];
  const ItemId id = p.head;
  p.queued -= pool_[id].size;
  p.head = pool_[id].next;
  if (p.head == kNoItem) {
    p.tail = kNoItem;
    return id;
  }
  if (pool_[p.head].arrival == kNever) {
    link.flags[pipe % 2] &= static_cast<std::uint8_t>(~Pipe::kWaiting);
    transmit(pipe, p.head, now, now, now + latency_back(pipe), 0);
  }
  deliver_head(pipe, std::max(pool_[p.head].arrival, now + 1));
  return id;
}

void Wire::deliver_head(std::uint32_t pipe, Nanos when) {
  Item& item = pool_[links_[pipe / 2].pipe[pipe % 2].head];
  item.arrival = when;
  queue_.push({when, entity_of(EventKind::kArrival, pipe), item.sequence});
}

bool Wire::is_reset_behind(std::uint32_t pipe, std::uint32_t sequence) {
  const Pipe& p = links_[pipe / 2].pipe[pipe % 2];
  return p.tail != p.head && pool_[p.tail].sequence == sequence && pool_[p.tail].kind == ItemKind::kReset;
}

void Wire::drop_before_last(std::uint32_t pipe) {
  Pipe& p = links_[pipe / 2].pipe[pipe % 2];
  while (p.head != p.tail) {
    const ItemId next = pool_[p.head].next;
    p.queued -= pool_[p.head].size;
    pool_.free(p.head);
    p.head = next;
  }
}

void Wire::announce_reset(std::uint32_t pipe, Nanos now) {
  const Link& link = links_[pipe / 2];
  const Item& last = pool_[link.pipe[pipe % 2].tail];
  if (last.kind != ItemKind::kReset || last.arrival == kNever || link.client_at(1 - pipe % 2)) return;
  queue_.push({std::max(last.arrival, now + 1), entity_of(EventKind::kArrival, pipe), last.sequence});
}

std::size_t Wire::backlog(std::uint32_t pipe) {
  const Link& link = links_[pipe / 2];
  const std::uint32_t queued = link.pipe[pipe % 2].queued;
  const std::uint32_t window = path(link).window_bytes;
  return queued > window ? queued - window : 0;
}

Nanos Wire::latency_back(std::uint32_t pipe) {
  const Link& link = links_[pipe / 2];
  const Pipe& p = link.pipe[pipe % 2];
  const std::uint64_t drawn = key(key(link.key + 2 + pipe % 2, p.next_sequence), p.queued);
  return std::max<Nanos>(1, sample(path(link).latency, drawn));
}

}  // namespace orrery::sim
