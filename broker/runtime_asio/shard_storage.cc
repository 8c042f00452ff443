// SPDX-License-Identifier: Apache-2.0
// A shard's side of storing: what it persists goes to the storage thread at the end of the batch, like messages to
// other shards; answers come with the bell. Without storage every batch is answered as failed, in the next batch of
// events.
#include "broker/runtime_asio/shard_loop.h"

namespace orrery::runtime {

std::string ShardLoop::recover(Shard& shard) {
  const std::lock_guard<std::mutex> held(running_);
  now_ = std::max(now_, steady_now());
  return commons_.storage->recover(self_, [&](Bytes key, Bytes value) { shard.recovered(now_, key, value); });
}

void ShardLoop::persist(std::uint64_t ticket, const StorageBatch& batch) {
  if (commons_.storage == nullptr) return unstored_.push_back(ticket);
  const bool refused = !batch.valid() || persists_pending_ + batch.bytes() > kStoragePendingBytesMax;
  const std::size_t bytes = refused ? 0 : batch.bytes();
  persists_pending_ += bytes;
  persists_.push_back({ticket, refused ? StorageBatch{} : batch, bytes, stops_told_, refused});
}

void ShardLoop::hand_over_persists() {
  if (!persists_.empty()) commons_.storage->submit(self_, persists_);
}

void ShardLoop::take_answers() {
  if (commons_.storage == nullptr) return;
  commons_.storage->take(self_, answers_);
  for (const StorageThread::Answer& answer : answers_) {
    persists_pending_ -= answer.bytes;
    if (answer.result != StorageResult::kStored) stops_told_ = std::max(stops_told_, answer.stop);
    shard_->persisted(now_, answer.ticket, answer.result);
  }
  answers_.clear();
}

void ShardLoop::report_unstored() {
  std::vector<std::uint64_t> tickets;
  tickets.swap(unstored_);
  for (const std::uint64_t ticket : tickets) shard_->persisted(now_, ticket, StorageResult::kFailed);
}

}  // namespace orrery::runtime
