// SPDX-License-Identifier: Apache-2.0
// A shard's place in the virtual world: its Effects, its virtual CPU, its links by number, its timer.
//
// The engine brackets every event of a shard with begin() and end(). begin() finds the time at which the CPU is free;
// between the two the shard runs and its effects are gathered and charged; end() adds up the cost, and lets everything
// leave at the time at which the work is done.
#pragma once

#include <cstdint>
#include <vector>

#include "broker/seam/node.h"
#include "sim/models/block_pool.h"
#include "sim/models/cost_table.h"

namespace orrery::sim {

class Engine;

class ShardHost final : public Effects {
 public:
  ShardHost(Engine& engine, Place place, std::uint32_t index) : engine_(engine), place_(place), index_(index) {}

  // ---- Effects ----
  std::size_t send(LinkId id, Bytes bytes) override;
  void close(LinkId id, CloseHow how) override;
  void stop_reading(LinkId id) override;
  void resume_reading(LinkId id) override;
  void dial(std::uint32_t tag, NodeId node, ShardId shard) override;
  void wake_at(Nanos when) override { wish_ = when; }
  std::size_t post(ShardId to, Bytes message) override;
  void persist(std::uint64_t ticket, const StorageBatch& batch) override;
  void work(Work kind, std::uint32_t units) override;
  void cost(Nanos nanos) override { cost_ += nanos; }
  void give_up(int status, std::string_view last_words) override;
  void tell(const Note& note) override;

  // ---- events ----
  /// Starts an event that arrived at `arrival` and costs this beside its effects; returns the `now` to hand to the
  /// shard.
  Nanos begin(Nanos arrival, Nanos cost);
  /// Ends it. `drawn` varies the cost.
  void end(std::uint64_t drawn);
  Shard& shard() { return *shard_; }

  // ---- links ----
  /// A number for one end (link * 2 + end) of an opened link.
  LinkId add_link(std::uint32_t link_end);
  void remove_link(LinkId id);
  /// link * 2 + end, or kNoLink.
  std::uint32_t find_link(LinkId id) const;
  LinkId links_end() const { return static_cast<LinkId>(links_.size()); }
  std::uint32_t links_open() const { return links_open_; }

  // ---- the timer ----
  /// The event for the pending wish came: true when the wish is due, else it is put off.
  bool wake_due(Nanos now, std::uint32_t generation);

  // ---- life ----
  void start_life(Shard& shard, Nanos now);
  void end_life();
  bool alive() const { return shard_ != nullptr; }
  void stop_until(Nanos until) { free_at_ = until; }
  Nanos free_at() const { return free_at_; }
  Nanos busy() const { return busy_; }
  Place place() const { return place_; }
  std::uint32_t dials = 0;  // how many this shard has ever asked for: names their draws
  std::size_t memory_bytes() const { return sizeof(*this) + links_.capacity() * sizeof(links_[0]); }

 private:
  static constexpr std::uint32_t kFree = 1u << 31;  // an unused number: the rest is the next unused one
  static constexpr std::uint32_t kNoFree = kFree - 1;

  struct Posted {
    std::uint32_t pair;
    ItemId item;
  };

  struct Persisted {
    std::uint64_t ticket;
    StorageBatch batch;
  };

  void resume(std::uint32_t pipe);
  void flush_posts(Nanos leaves);
  void flush_persists(Nanos leaves);
  void flush_closes(Nanos leaves);
  void flush_resumed(Nanos leaves);
  void flush_wish(Nanos leaves);
  void flush_end(Nanos leaves);

  Engine& engine_;
  Place place_;
  std::uint32_t index_;
  Shard* shard_ = nullptr;
  Nanos free_at_ = 0;
  Nanos busy_ = 0;
  Nanos start_ = 0;
  Nanos cost_ = 0;
  Nanos wish_ = kNever;
  Nanos wake_event_ = kNever;  // when the event with the present generation comes
  std::uint32_t wake_generation_ = 0;
  std::uint32_t links_open_ = 0;
  std::uint32_t free_link_ = kNoFree;
  std::vector<std::uint32_t> links_;
  bool gives_up_ = false;  // in this event
  std::vector<Posted> posted_;
  std::vector<Persisted> persisted_;    // asked for in this event
  std::vector<std::uint32_t> closed_;   // link ends for which close() was called in this event
  std::vector<std::uint32_t> resumed_;  // pipes that held something when reading was resumed
};

}  // namespace orrery::sim
