// SPDX-License-Identifier: Apache-2.0
// A node's disk with the store on it: what broker/seam/storage.h promises, with service times, and with every loss that
// it allows.
//
// One disk serves all shards of a node. What waits is taken in groups: a group is written batch by batch at
// write_bytes_per_second, then one sync makes all of it safe, then its batches are answered. While a group is served
// what comes waits for the next one. Times are computed from keyed draws; nothing here reads a clock.
//
// What a fault takes
//   crash()       The process dies. Batches of the group under way that have been written whole are with the kernel,
//                 which lives: they are kept. What was being written, and what waited, is gone.
//   lose_power()  Of what is written and not synced a beginning stays: how many batches is drawn, none and all
//                 included. The next one may be torn; a store knows a torn batch by its checksum, so it is gone with
//                 all behind it. What was synced stays: this disk does not lie.
//   mount()       The node starts again: what the kernel kept is synced first, so that what recovered() shows is safe.
// What goes wrong
//   full          By its capacity, or set from outside: a group that does not fit is answered kFull, and nothing of it
//                 is stored.
//   fails         A group is answered kFailed, and so is everything until the node starts again. How many of its
//                 batches are on the disk all the same is drawn.
//   slow          Service times are multiplied.
// A disk that is full or fails when the node starts does not let it start: writable() says so, as the real node's check
// does.
//
// Not modelled: sectors, a store's own files and their growth, reading beside recovery, a sync that lies.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <utility>
#include <vector>

#include "broker/seam/storage_image.h"
#include "sim/models/machine_model.h"

namespace orrery::sim {

/// A group is closed when it has grown to this.
inline constexpr std::size_t kDiskGroupBytes = 4 * 1024 * 1024;

class Disk {
 public:
  struct Answer {
    ShardId shard;
    std::uint64_t ticket;
    StorageResult result;
    std::uint32_t stop;  // for told()
  };

  explicit Disk(const DiskModel& model) : model_(model) {}

  /// A batch that the shard's CPU hands over at `ready`; never earlier than those of the shard before it.
  void submit(ShardId shard, std::uint64_t ticket, const StorageBatch& batch, Nanos ready);
  /// When finish() is due, or begin() while nothing is under way; kNever: neither.
  Nanos next() const;
  bool busy() const { return !group_.empty(); }
  /// Takes as a group what is ready. `drawn` is this group's draw.
  void begin(Nanos now, std::uint64_t drawn);
  /// The group under way has come to its end: the answers in order. told() is called with each, just before its
  /// event.
  std::vector<Answer> finish();
  /// The shard is told: what it asks for from now on knows of it.
  void told(const Answer& answer);

  void crash(Nanos now);
  void lose_power(Nanos now, std::uint64_t drawn);
  /// The node starts: makes what the kernel kept safe, and returns how long recovery takes, reading included.
  Nanos mount(std::uint64_t drawn);
  template <class Visitor>
  void for_each(ShardId shard, Visitor&& visit) const {
    safe_.for_each(shard, visit);
  }
  bool writable() const { return !full_ && !fails_ && safe_.bytes() <= model_.capacity_bytes; }

  void set_full(bool full) { full_ = full; }
  void set_fails(bool fails) { fails_ = fails; }
  void set_slow(std::uint32_t per_mille) { slow_per_mille_ = per_mille; }

  /// What a loss of power would leave at least.
  const StorageImage& safe() const { return safe_; }
  /// Batches that have no answer.
  std::size_t waiting() const { return waiting_.size() + group_.size(); }
  std::uint64_t syncs() const { return syncs_; }

 private:
  struct Batch {
    ShardId shard;
    std::uint64_t ticket;
    StorageBatch batch;
    std::uint32_t stops;  // of which its shard knew when it asked
    Nanos ready;
    bool refused;
    StorageResult result = StorageResult::kStored;
    Nanos written = 0;  // when the kernel has all of it
  };
  struct ShardState {
    std::uint32_t known_stops = 0;
    std::size_t pending_bytes = 0;  // without an answer
  };
  /// A stop is a batch that was not stored, and what its shard asked for before it knew: how many, and why the last.
  struct Stop {
    std::uint32_t count = 0;
    StorageResult why = StorageResult::kStored;
  };

  Nanos scaled(Nanos time) const { return time * slow_per_mille_ / 1000; }
  void judge(StorageResult stored);
  void keep(Nanos until);

  DiskModel model_;
  bool full_ = false;
  bool fails_ = false;
  bool broken_ = false;  // a group has failed: until mount()
  std::uint32_t slow_per_mille_ = 1000;
  std::deque<Batch> waiting_;
  std::vector<Batch> group_;
  Nanos group_done_ = kNever;
  std::uint64_t group_draw_ = 0;
  std::map<ShardId, ShardState> shards_;
  std::map<ShardId, Stop> stops_;
  std::map<ShardId, Stop> stops_before_;  // the group under way
  StorageImage safe_;
  std::vector<std::pair<ShardId, StorageBatch>> kept_;  // with the kernel, not synced
  std::uint64_t syncs_ = 0;
};

}  // namespace orrery::sim
