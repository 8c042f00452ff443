// SPDX-License-Identifier: Apache-2.0
// See disk.h.
#include "sim/models/disk.h"

#include <algorithm>
#include <iterator>

#include "base/assert.h"
#include "sim/kernel/keyed_rng.h"

namespace orrery::sim {
namespace {

// What a group's draw, and a recovery's, is used for.
constexpr std::uint64_t kSyncDraw = 1;
constexpr std::uint64_t kFailDraw = 2;

Nanos duration(std::uint64_t bytes, std::uint64_t bytes_per_second) {
  return static_cast<Nanos>(bytes * 1000 / std::max<std::uint64_t>(1, bytes_per_second / 1'000'000));
}

}  // namespace

void Disk::submit(ShardId shard, std::uint64_t ticket, const StorageBatch& batch, Nanos ready) {
  ShardState& state = shards_[shard];
  const bool refused = !batch.valid() || state.pending_bytes + batch.bytes() > kStoragePendingBytesMax;
  if (!refused) state.pending_bytes += batch.bytes();
  waiting_.push_back({.shard = shard,
                      .ticket = ticket,
                      .batch = refused ? StorageBatch{} : batch,
                      .stops = state.known_stops,
                      .ready = ready,
                      .refused = refused});
}

Nanos Disk::next() const {
  if (!group_.empty()) return group_done_;
  Nanos first = kNever;
  for (const Batch& batch : waiting_) first = std::min(first, batch.ready);
  return first;
}

/// What each batch of the group is answered when `stored` is what becomes of those that go to the disk.
void Disk::judge(StorageResult stored) {
  stops_ = stops_before_;
  for (Batch& batch : group_) {
    Stop& stop = stops_[batch.shard];
    if (batch.stops < stop.count) {
      batch.result = stop.why;
      continue;
    }
    batch.result = batch.refused ? StorageResult::kRefused : stored;
    if (batch.result != StorageResult::kStored) stop = {stop.count + 1, batch.result};
  }
}

void Disk::begin(Nanos now, std::uint64_t drawn) {
  ORRERY_ASSERT(group_.empty());
  std::size_t bytes = 0;
  std::deque<Batch> later;
  for (Batch& batch : waiting_) {
    if (batch.ready > now || bytes >= kDiskGroupBytes) {
      later.push_back(std::move(batch));
      continue;
    }
    bytes += batch.batch.bytes();
    group_.push_back(std::move(batch));
  }
  waiting_ = std::move(later);
  group_draw_ = drawn;
  stops_before_ = stops_;
  judge(full_ || safe_.bytes() + bytes > model_.capacity_bytes ? StorageResult::kFull : StorageResult::kStored);
  Nanos at = now;
  for (Batch& batch : group_) {
    if (batch.result == StorageResult::kStored)
      at += scaled(duration(batch.batch.bytes(), model_.write_bytes_per_second));
    batch.written = at;
  }
  group_done_ = at + scaled(sample(model_.sync, key(drawn, kSyncDraw)));
}

std::vector<Disk::Answer> Disk::finish() {
  std::vector<const Batch*> stored;
  for (const Batch& batch : group_)
    if (batch.result == StorageResult::kStored) stored.push_back(&batch);
  if (fails_ || broken_) {
    // Some of it is on the disk all the same, unless it was broken before.
    if (!broken_) stored.resize(below(key(group_draw_, kFailDraw), stored.size() + 1));
    for (const Batch* batch : stored)
      if (!broken_) kept_.emplace_back(batch->shard, batch->batch);
    judge(StorageResult::kFailed);
    broken_ = true;
  } else {
    for (const Batch* batch : stored) safe_.apply(batch->shard, batch->batch);
    ++syncs_;
  }
  std::vector<Answer> answers;
  for (const Batch& batch : group_) {
    shards_[batch.shard].pending_bytes -= batch.batch.bytes();
    answers.push_back({batch.shard, batch.ticket, batch.result, batch.stops + 1});
  }
  group_.clear();
  group_done_ = kNever;
  return answers;
}

void Disk::told(const Answer& answer) {
  if (answer.result == StorageResult::kStored) return;
  ShardState& state = shards_[answer.shard];
  state.known_stops = std::max(state.known_stops, answer.stop);
}

/// What of the group under way the kernel has by then, and with it everything that waits: the process is no more.
void Disk::keep(Nanos until) {
  for (Batch& batch : group_)
    if (batch.result == StorageResult::kStored && batch.written <= until && !broken_)
      kept_.emplace_back(batch.shard, std::move(batch.batch));
  group_.clear();
  group_done_ = kNever;
  waiting_.clear();
  shards_.clear();
  stops_.clear();
}

void Disk::crash(Nanos now) { keep(now); }

void Disk::lose_power(Nanos now, std::uint64_t drawn) {
  keep(now);
  const auto reached = static_cast<std::ptrdiff_t>(below(drawn, kept_.size() + 1));
  for (auto at = kept_.begin(); at != kept_.begin() + reached; ++at) safe_.apply(at->first, at->second);
  kept_.clear();
}

Nanos Disk::mount(std::uint64_t drawn) {
  for (const auto& [shard, batch] : kept_) safe_.apply(shard, batch);
  kept_.clear();
  broken_ = false;
  ++syncs_;
  return scaled(sample(model_.sync, key(drawn, kSyncDraw)) + duration(safe_.bytes(), model_.read_bytes_per_second));
}

}  // namespace orrery::sim
