// SPDX-License-Identifier: Apache-2.0
// How bytes get from one end of a link to the other: trains, segments, windows, latency and the interface's bandwidth.
//
// What one event sends on one link is gathered in a train; flush() says when the event's work was done and lets the
// trains leave. Items get their arrival times there, strictly growing in each pipe, so that (time, pipe) names one
// event. Items beyond the receiver's window get none: they wait until the first item has arrived and are then sent a
// window at a time.
//
// A pipe is named by link * 2 + end, end being the one that sends.
#pragma once

#include <cstdint>
#include <vector>

#include "sim/kernel/event_queue.h"
#include "sim/kernel/keyed_rng.h"
#include "sim/models/network.h"
#include "sim/world/link.h"
#include "sim/world/machine.h"

namespace orrery::sim {

class Wire {
 public:
  struct Train {
    std::uint32_t pipe = 0;
    ItemId before_first = kNoItem;  // the last item that was there before
    ItemId first = kNoItem;
    ItemId before_last = kNoItem;
    std::uint32_t bytes = 0;
  };

  Wire(const NetworkModel& model, LinkTable& links, EventQueue& queue, std::vector<Machine>& machines,
       const std::vector<NodeId>& node_of_shard)
      : model_(model), links_(links), queue_(queue), machines_(machines), node_of_shard_(node_of_shard) {}

  // ---- the sender ----
  /// Adds bytes to the pipe's train; returns the bytes beyond the window.
  std::size_t send(std::uint32_t pipe, Bytes bytes);
  /// Adds a message without bytes: open, close, reset, ...
  void append(std::uint32_t pipe, ItemKind kind);
  /// Drops what had not left by `now`: the rest of the current train, and what waits.
  void drop_unsent(std::uint32_t pipe, Nanos now);
  void drop_all(std::uint32_t pipe);
  const std::vector<Train>& trains() const { return trains_; }
  void flush(Nanos now, Nanos leaves);

  // ---- the receiver ----
  /// The first item if it is the one with this sequence number; kNoItem for a stale event.
  ItemId head(std::uint32_t pipe, std::uint32_t sequence);
  /// Takes the first item off its pipe and lets the next one come. The caller frees it.
  ItemId pop(std::uint32_t pipe, Nanos now);
  /// Makes the first item, which has no event, arrive at `when`.
  void deliver_head(std::uint32_t pipe, Nanos when);

  /// The pipe's last item is a reset with this sequence number, and others are before it.
  bool is_reset_behind(std::uint32_t pipe, std::uint32_t sequence);
  void drop_before_last(std::uint32_t pipe);
  /// The pipe is held at a shard: a reset behind what waits gets an event of its own, for a reset does not wait.
  void announce_reset(std::uint32_t pipe, Nanos now);

  std::size_t backlog(std::uint32_t pipe);
  /// One latency of the pipe's path in the other direction, drawn for the present state of the pipe.
  Nanos latency_back(std::uint32_t pipe);
  /// A draw of the item's own, for what happens because of it.
  std::uint64_t draw_for(std::uint32_t pipe, const Item& item) { return mix64(draw_of(pipe, item.sequence) + 3); }

  const PathModel& path(const Link& link) const { return link.of_client() ? model_.client : model_.peer; }
  BlockPool& pool() { return pool_; }

 private:
  std::uint64_t draw_of(std::uint32_t pipe, std::uint32_t sequence) {
    return key(links_[pipe / 2].key + pipe % 2, sequence);
  }
  Machine* machine_at(const Link& link, unsigned end) {
    return link.client_at(end) ? nullptr : &machines_[node_of_shard_[link.owner[end]]];
  }
  Train& train_of(std::uint32_t pipe);
  ItemId add_item(std::uint32_t pipe, Train& train, ItemKind kind, std::size_t room);
  void grow_last(std::uint32_t pipe, Train& train, std::size_t room);
  void transmit(std::uint32_t pipe, ItemId first, Nanos previous, Nanos now, Nanos leaves, std::uint64_t ahead);
  void wait_from(std::uint32_t pipe, ItemId first, Nanos leaves);
  void split(std::uint32_t pipe, ItemId id, std::uint32_t at);

  const NetworkModel& model_;
  LinkTable& links_;
  EventQueue& queue_;
  std::vector<Machine>& machines_;
  const std::vector<NodeId>& node_of_shard_;
  BlockPool pool_;
  std::vector<Train> trains_;
};

}  // namespace orrery::sim
