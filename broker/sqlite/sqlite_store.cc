// SPDX-License-Identifier: Apache-2.0
// See sqlite_store.h.
#include "broker/sqlite/sqlite_store.h"

#include <sqlite3.h>

#include <cerrno>
#include <cstring>

#include "broker/sqlite/data_directory.h"

namespace orrery::sqlite {
namespace {

/// "Orry", so that tools know the file; and the version of the schema.
constexpr std::int64_t kApplicationId = 0x4f727279;
constexpr std::int64_t kSchemaVersion = 1;

// WAL frames are synced at every commit with FULL. One connection that holds the file for itself needs no shared
// memory.
constexpr char kSettings[] =
    "PRAGMA locking_mode = EXCLUSIVE; PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY;"
    "PRAGMA cell_size_check = ON; PRAGMA journal_size_limit = 67108864; PRAGMA trusted_schema = OFF;";
constexpr char kSchema[] =
    "CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID, STRICT;"
    "CREATE TABLE record (shard INTEGER NOT NULL, key BLOB NOT NULL, value BLOB NOT NULL, PRIMARY KEY (shard, key))"
    " WITHOUT ROWID, STRICT;"
    "INSERT INTO meta VALUES ('opened', 0);"
    "PRAGMA application_id = 1332900473; PRAGMA user_version = 1;";
static_assert(kApplicationId == 1332900473);

const void* not_null(Bytes bytes) { return bytes.empty() ? static_cast<const void*>("") : bytes.data(); }

}  // namespace

SqliteStore::~SqliteStore() {
  sqlite3_finalize(put_);
  sqlite3_finalize(erase_);
  sqlite3_close(db_);
}

int SqliteStore::note_error() {
  last_code_ = sqlite3_extended_errcode(db_);
  last_error_ = sqlite3_errmsg(db_);
  if (const int system = sqlite3_system_errno(db_); system != 0 && (last_code_ & 0xff) == SQLITE_IOERR)
    last_error_ += std::string(" (") + std::strerror(system) + ")";
  return last_code_;
}

bool SqliteStore::run(const char* sql) {
  if (sqlite3_exec(db_, sql, nullptr, nullptr, nullptr) == SQLITE_OK) return true;
  note_error();
  return false;
}

std::int64_t SqliteStore::number(const char* sql) {
  sqlite3_stmt* statement = nullptr;
  std::int64_t result = -1;
  if (sqlite3_prepare_v2(db_, sql, -1, &statement, nullptr) == SQLITE_OK && sqlite3_step(statement) == SQLITE_ROW)
    result = sqlite3_column_int64(statement, 0);
  else
    note_error();
  sqlite3_finalize(statement);
  return result;
}

std::string SqliteStore::text(const char* sql) {
  sqlite3_stmt* statement = nullptr;
  std::string result;
  if (sqlite3_prepare_v2(db_, sql, -1, &statement, nullptr) == SQLITE_OK && sqlite3_step(statement) == SQLITE_ROW) {
    if (const auto* t = sqlite3_column_text(statement, 0); t != nullptr) result = reinterpret_cast<const char*>(t);
  } else {
    note_error();
  }
  sqlite3_finalize(statement);
  return result;
}

/// The sentence for the last error.
std::string SqliteStore::refusal() {
  switch (last_code_ & 0xff) {
    case SQLITE_FULL:
      return why_not_written(ENOSPC);
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
      return "cannot be opened for writing: " + last_error_ + "; give this process the right to write there";
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return "is open in another program; close it there";
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return "is damaged: " + last_error_ +
             "; restore it from a backup, or move the directory away to start with nothing remembered";
    default:
      return "cannot be used: " + last_error_ + "; look at the disk";
  }
}

std::string SqliteStore::open(const StoreOptions& options) {
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | (options.must_exist ? 0 : SQLITE_OPEN_CREATE);
  if (sqlite3_open_v2(options.path.c_str(), &db_, flags, options.file_system) != SQLITE_OK) {
    note_error();
    return refusal();
  }
  sqlite3_extended_result_codes(db_, 1);
  return prepare(options);
}

std::string SqliteStore::prepare(const StoreOptions& options) {
  if (!run(kSettings)) return refusal();
  if (text("PRAGMA journal_mode = WAL") != "wal") {
    if (last_code_ != 0) return refusal();
    return "cannot keep a write-ahead log on this file system; choose a directory on a local disk";
  }
  const std::int64_t id = number("PRAGMA application_id");
  const std::int64_t version = number("PRAGMA user_version");
  if (id < 0 || version < 0) return refusal();
  if (id == 0 && version == 0 && !options.must_exist) {
    if (!run("BEGIN IMMEDIATE") || !run(kSchema) || !run("COMMIT")) return refusal();
  } else if (id != kApplicationId) {
    return "is a database of another program; choose another directory";
  } else if (version != kSchemaVersion) {
    return "has schema " + std::to_string(version) + ", and this program knows schema " +
           std::to_string(kSchemaVersion) + "; use the program that wrote it";
  }
  // A write, and what was in the log goes into the database and is synced: from here on it is safe.
  if (!run("UPDATE meta SET value = value + 1 WHERE name = 'opened'")) return refusal();
  if (!run("PRAGMA wal_checkpoint(TRUNCATE)")) return refusal();
  const std::int64_t last_shard = number("SELECT ifnull(max(shard), 0) FROM record");
  if (last_shard < 0) return refusal();
  if (last_shard >= options.shards) {
    return "has records of shard " + std::to_string(last_shard) + ", and this node has " +
           std::to_string(options.shards) + " shards; set node.shards to at least " + std::to_string(last_shard + 1);
  }
  if (sqlite3_prepare_v2(db_, "INSERT OR REPLACE INTO record VALUES (?1, ?2, ?3)", -1, &put_, nullptr) != SQLITE_OK ||
      sqlite3_prepare_v2(db_, "DELETE FROM record WHERE shard = ?1 AND key = ?2", -1, &erase_, nullptr) != SQLITE_OK) {
    note_error();
    return refusal();
  }
  return {};
}

std::string SqliteStore::recover(ShardId shard, const std::function<void(Bytes key, Bytes value)>& visit) {
  sqlite3_stmt* statement = nullptr;
  int code =
      sqlite3_prepare_v2(db_, "SELECT key, value FROM record WHERE shard = ?1 ORDER BY key", -1, &statement, nullptr);
  if (code == SQLITE_OK) code = sqlite3_bind_int64(statement, 1, shard);
  if (code == SQLITE_OK) {
    while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
      const auto column = [&](int n) {
        const auto* const begin = static_cast<const std::uint8_t*>(sqlite3_column_blob(statement, n));
        return Bytes(begin, begin == nullptr ? 0 : static_cast<std::size_t>(sqlite3_column_bytes(statement, n)));
      };
      visit(column(0), column(1));
    }
  }
  if (code != SQLITE_DONE) note_error();
  sqlite3_finalize(statement);
  return code == SQLITE_DONE ? std::string() : refusal();
}

bool SqliteStore::step(sqlite3_stmt* statement) {
  const bool done = sqlite3_step(statement) == SQLITE_DONE;
  if (!done) note_error();
  sqlite3_reset(statement);
  sqlite3_clear_bindings(statement);
  return done;
}

bool SqliteStore::write(std::span<const Change> changes) {
  bool good = run("BEGIN IMMEDIATE");
  for (const Change& change : changes) {
    change.batch->for_each([&](bool is_put, Bytes key, Bytes value) {
      if (!good) return;
      sqlite3_stmt* const statement = is_put ? put_ : erase_;
      sqlite3_bind_int64(statement, 1, change.shard);
      sqlite3_bind_blob64(statement, 2, not_null(key), key.size(), SQLITE_STATIC);
      if (is_put) sqlite3_bind_blob64(statement, 3, not_null(value), value.size(), SQLITE_STATIC);
      good = step(statement);
    });
  }
  return good && run("COMMIT");
}

StorageResult SqliteStore::apply(std::span<const Change> changes) {
  if (write(changes)) return StorageResult::kStored;
  const int code = last_code_;
  const std::string why = last_error_;
  bool undone = true;
  if (sqlite3_get_autocommit(db_) == 0) undone = run("ROLLBACK");
  last_code_ = code;
  last_error_ = why;
  return (code & 0xff) == SQLITE_FULL && undone ? StorageResult::kFull : StorageResult::kFailed;
}

}  // namespace orrery::sqlite
