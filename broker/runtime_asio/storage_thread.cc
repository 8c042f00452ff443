// SPDX-License-Identifier: Apache-2.0
// See storage_thread.h.
#include "broker/runtime_asio/storage_thread.h"

#include <algorithm>
#include <iterator>

#include "broker/runtime_asio/limits.h"
#include "broker/runtime_asio/shard_loop.h"

namespace orrery::runtime {

StorageThread::StorageThread(ShardId shards, std::function<void(ShardId)> ring, const NoteLog& log)
    : ring_(std::move(ring)), log_(log), stops_(shards), trays_(shards) {}

StorageThread::~StorageThread() { finish(); }

std::string StorageThread::open(const std::string& directory, const std::string& node_name, const char* file_system) {
  directory_name_ = directory;
  if (std::string error = directory_.claim(directory, node_name); !error.empty()) return error;
  const std::string path = directory_.store_path();
  const auto shards = static_cast<ShardId>(stops_.size());
  if (std::string error = store_.open({path, shards, !directory_.is_new(), file_system}); !error.empty())
    return "node.data_dir: " + path + " " + error;
  return directory_.confirm();
}

std::string StorageThread::recover(ShardId shard, const std::function<void(Bytes key, Bytes value)>& visit) {
  std::string error = store_.recover(shard, visit);
  return error.empty() ? error : "node.data_dir: " + directory_.store_path() + " " + error;
}

void StorageThread::start() {
  thread_ = std::thread([this] { run(); });
}

void StorageThread::submit(ShardId shard, std::vector<Request>& requests) {
  {
    const std::lock_guard<std::mutex> held(lock_);
    for (Request& request : requests) waiting_.push_back({shard, std::move(request), StorageResult::kStored});
  }
  requests.clear();
  something_.notify_one();
}

void StorageThread::take(ShardId shard, std::vector<Answer>& empty) {
  const std::lock_guard<std::mutex> held(lock_);
  trays_[shard].swap(empty);
}

void StorageThread::finish() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard<std::mutex> held(lock_);
    ends_ = true;
  }
  something_.notify_one();
  thread_.join();
}

void StorageThread::run() {
  std::vector<Waiting> taken;
  std::vector<Waiting> group;
  while (true) {
    {
      std::unique_lock<std::mutex> held(lock_);
      something_.wait(held, [this] { return ends_ || !waiting_.empty(); });
      if (waiting_.empty()) return;
      taken.swap(waiting_);
    }
    for (std::size_t at = 0; at < taken.size();) {
      std::size_t bytes = 0;
      for (; at < taken.size() && bytes < kStorageGroupBytes; ++at) {
        bytes += taken[at].request.batch.bytes();
        group.push_back(std::move(taken[at]));
      }
      serve(group);
      group.clear();
    }
    taken.clear();
  }
}

/// What each batch of a group is answered when the store says `stored` to those that go to it.
void StorageThread::judge(std::vector<Waiting>& group, StorageResult stored, std::vector<Stop>& stops) {
  for (Waiting& waiting : group) {
    Stop& stop = stops[waiting.shard];
    if (waiting.request.stops < stop.count) {
      waiting.result = stop.why;
      continue;
    }
    waiting.result = waiting.request.refused ? StorageResult::kRefused : stored;
    if (waiting.result != StorageResult::kStored) stop = {stop.count + 1, waiting.result};
  }
}

void StorageThread::serve(std::vector<Waiting>& group) {
  std::vector<Stop> stops = stops_;
  judge(group, StorageResult::kStored, stops);
  std::vector<sqlite::SqliteStore::Change> changes;
  for (const Waiting& waiting : group)
    if (waiting.result == StorageResult::kStored) changes.push_back({waiting.shard, &waiting.request.batch});
  if (!changes.empty()) {
    const StorageResult stored = broken_ ? StorageResult::kFailed : store_.apply(changes);
    broken_ = stored == StorageResult::kFailed;
    say(stored);
    if (stored != StorageResult::kStored) judge(group, stored, stops = stops_);
  }
  stops_ = stops;
  std::vector<bool> told(trays_.size(), false);
  {
    const std::lock_guard<std::mutex> held(lock_);
    for (const Waiting& waiting : group) {
      const Request& request = waiting.request;
      trays_[waiting.shard].push_back({request.ticket, waiting.result, request.bytes, request.stops + 1});
      told[waiting.shard] = true;
    }
  }
  for (ShardId shard = 0; shard < told.size(); ++shard)
    if (told[shard]) ring_(shard);
}

/// Told when it begins to go wrong, and when it is right again.
void StorageThread::say(StorageResult result) {
  if (result == said_) return;
  said_ = result;
  Note note{.kind = NoteKind::kStorageResumes, .name = directory_name_};
  if (result != StorageResult::kStored) {
    note.kind = result == StorageResult::kFull ? NoteKind::kStorageFull : NoteKind::kStorageFailed;
    note.text = store_.last_error();
  }
  if (log_.admit(steady_now(), note.kind)) log_.write(note, {});
}

}  // namespace orrery::runtime
