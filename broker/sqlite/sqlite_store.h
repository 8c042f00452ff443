// SPDX-License-Identifier: Apache-2.0
// The records of a node's shards in one SQLite database: what broker/seam/storage.h asks for, without threads and
// order.
//
// Journal mode WAL and synchronous FULL: when apply() says kStored, the changes have been synced. The database is
// opened for this process alone. Any one thread at a time. docs/storage.md has the schema.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>

#include "broker/seam/storage.h"

struct sqlite3;
struct sqlite3_stmt;

namespace orrery::sqlite {

struct StoreOptions {
  std::string path;
  /// How many shards the node has; records of others make open() refuse.
  ShardId shards = 1;
  /// A database must be there. Otherwise one is made.
  bool must_exist = false;
  /// SQLite's name of a file system; null: its default. Tests put one of their own below.
  const char* file_system = nullptr;
};

class SqliteStore {
 public:
  struct Change {
    ShardId shard;
    const StorageBatch* batch;
  };

  SqliteStore() = default;
  ~SqliteStore();
  SqliteStore(const SqliteStore&) = delete;
  SqliteStore& operator=(const SqliteStore&) = delete;

  /// Opens or makes it, brings what a former life left in the log to safety, and writes once, so that a full or broken
  /// disk shows now. A sentence without a subject ("is damaged: ...; restore it ..."), or empty.
  std::string open(const StoreOptions& options);
  /// Every record of the shard in order of the keys' bytes. A sentence as open()'s, or empty.
  std::string recover(ShardId shard, const std::function<void(Bytes key, Bytes value)>& visit);
  /// All of these in one transaction, or nothing. kStored, kFull or kFailed; after kFailed what is stored is unknown.
  StorageResult apply(std::span<const Change> changes);
  /// Of the last call that did not succeed: what SQLite, or the system below it, says.
  const std::string& last_error() const { return last_error_; }

 private:
  bool run(const char* sql);
  bool step(sqlite3_stmt* statement);
  bool write(std::span<const Change> changes);
  std::int64_t number(const char* sql);
  std::string text(const char* sql);
  int note_error();
  std::string prepare(const StoreOptions& options);
  std::string refusal();

  sqlite3* db_ = nullptr;
  sqlite3_stmt* put_ = nullptr;
  sqlite3_stmt* erase_ = nullptr;
  int last_code_ = 0;
  std::string last_error_;
};

}  // namespace orrery::sqlite
