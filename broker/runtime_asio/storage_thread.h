// SPDX-License-Identifier: Apache-2.0
// The thread that stores what the shards persist, so that no shard waits for a disk.
//
// A shard hands over what its batch of events asked for; the thread takes what all shards have handed over meanwhile,
// stores it as one transaction with one sync (group commit), and leaves the answers in the shard's tray and rings its
// bell. What was not stored stops its shard until that has been told, as broker/seam/storage.h says. finish() stores
// all that was handed over.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "broker/runtime_asio/note_log.h"
#include "broker/seam/storage.h"
#include "broker/sqlite/data_directory.h"
#include "broker/sqlite/sqlite_store.h"

namespace orrery::runtime {

class StorageThread {
 public:
  struct Request {
    std::uint64_t ticket;
    StorageBatch batch;
    std::size_t bytes;    // of the batch as it was asked for
    std::uint32_t stops;  // that the shard had been told of
    bool refused;         // over a limit: the batch is not here
  };
  struct Answer {
    std::uint64_t ticket;
    StorageResult result;
    std::size_t bytes;
    std::uint32_t stop;  // the shard knows of so many when it has been told
  };

  /// `ring` wakes a shard; it and `log`'s sink are called from this thread.
  StorageThread(ShardId shards, std::function<void(ShardId)> ring, const NoteLog& log);
  ~StorageThread();

  /// Takes the directory and opens the store. A sentence, or empty. `file_system` as in sqlite::StoreOptions.
  std::string open(const std::string& directory, const std::string& node_name, const char* file_system);
  /// Before start().
  std::string recover(ShardId shard, const std::function<void(Bytes key, Bytes value)>& visit);
  void start();
  /// Moves the requests; leaves an empty vector.
  void submit(ShardId shard, std::vector<Request>& requests);
  /// Exchanges the answers for an empty vector.
  void take(ShardId shard, std::vector<Answer>& empty);
  void finish();

 private:
  struct Waiting {
    ShardId shard;
    Request request;
    StorageResult result;
  };
  /// How often a shard was stopped, and why the last time.
  struct Stop {
    std::uint32_t count = 0;
    StorageResult why = StorageResult::kStored;
  };

  void run();
  static void judge(std::vector<Waiting>& group, StorageResult stored, std::vector<Stop>& stops);
  void serve(std::vector<Waiting>& group);
  void say(StorageResult result);

  std::function<void(ShardId)> ring_;
  NoteLog log_;  // of this thread
  std::string directory_name_;
  sqlite::DataDirectory directory_;
  sqlite::SqliteStore store_;
  std::thread thread_;
  bool broken_ = false;
  std::vector<Stop> stops_;  // by shard
  StorageResult said_ = StorageResult::kStored;

  std::mutex lock_;
  std::condition_variable something_;
  std::vector<Waiting> waiting_;
  bool ends_ = false;
  std::vector<std::vector<Answer>> trays_;  // by shard
};

}  // namespace orrery::runtime
