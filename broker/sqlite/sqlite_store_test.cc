// SPDX-License-Identifier: Apache-2.0
#include "broker/sqlite/sqlite_store.h"

#include <gtest/gtest.h>
#include <sqlite3.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <map>

#include "broker/sqlite/test_file_system.h"

namespace orrery::sqlite {
namespace {

using Contents = std::map<std::string, std::string>;

class SqliteStoreTest : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/orrery-store-XXXXXX";
    directory_ = ::mkdtemp(name);
    path_ = directory_ + "/store.db";
  }
  void TearDown() override {
    test::full() = false;
    test::fails() = false;
    store_.reset();
    std::filesystem::remove_all(directory_);
  }
  std::string open(bool must_exist = false, ShardId shards = 2, const char* file_system = nullptr) {
    store_ = std::make_unique<SqliteStore>();
    return store_->open({path_, shards, must_exist, file_system});
  }
  StorageResult put(std::string_view key, std::string_view value, ShardId shard = 0) {
    StorageBatch batch;
    batch.put(as_bytes(key), as_bytes(value));
    const SqliteStore::Change change{shard, &batch};
    return store_->apply({&change, 1});
  }
  Contents contents(ShardId shard = 0) {
    Contents out;
    EXPECT_EQ(store_->recover(shard, [&](Bytes k, Bytes v) { out[std::string(as_text(k))] = as_text(v); }), "");
    return out;
  }
  void sql(const char* text) {
    store_.reset();
    sqlite3* db = nullptr;
    ASSERT_EQ(sqlite3_open(path_.c_str(), &db), SQLITE_OK);
    ASSERT_EQ(sqlite3_exec(db, text, nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(db);
    sqlite3_close(db);
  }
  /// Writes `bytes` over the file from `at` on.
  void damage(std::streamoff at, std::size_t bytes) {
    store_.reset();
    std::fstream file(path_, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(at);
    file << std::string(bytes, '\x5a');
  }

  std::string directory_;
  std::string path_;
  std::unique_ptr<SqliteStore> store_;
};

TEST_F(SqliteStoreTest, KeepsRecordsOfShardsApart) {
  ASSERT_EQ(open(), "");
  EXPECT_EQ(put("k", "0"), StorageResult::kStored);
  EXPECT_EQ(put("k", "1", 1), StorageResult::kStored);
  EXPECT_EQ(put("k", "00"), StorageResult::kStored);
  EXPECT_EQ(contents(), (Contents{{"k", "00"}}));
  ASSERT_EQ(open(true), "");
  EXPECT_EQ(contents(0), (Contents{{"k", "00"}}));
  EXPECT_EQ(contents(1), (Contents{{"k", "1"}}));
}

TEST_F(SqliteStoreTest, EveryGroupIsSyncedBeforeItIsSaidToBeStored) {
  ASSERT_EQ(open(false, 1, test::file_system()), "");
  for (int i = 0; i < 5; ++i) {
    const int before = test::syncs();
    EXPECT_EQ(put("k", std::to_string(i)), StorageResult::kStored);
    EXPECT_GT(test::syncs(), before) << i;
  }
}

TEST_F(SqliteStoreTest, AnotherProcessCannotOpenIt) {
  ASSERT_EQ(open(), "");
  SqliteStore second;
  EXPECT_EQ(second.open({path_, 1, true, nullptr}), "is open in another program; close it there");
}

TEST_F(SqliteStoreTest, RefusesWhatItDoesNotKnow) {
  ASSERT_EQ(open(), "");
  sql("PRAGMA user_version = 7");
  EXPECT_EQ(open(true), "has schema 7, and this program knows schema 1; use the program that wrote it");
  sql("PRAGMA application_id = 5");
  EXPECT_EQ(open(true), "is a database of another program; choose another directory");
}

TEST_F(SqliteStoreTest, RefusesRecordsOfAShardThatIsNotThere) {
  ASSERT_EQ(open(false, 4), "");
  EXPECT_EQ(put("k", "v", 3), StorageResult::kStored);
  EXPECT_EQ(open(true, 2), "has records of shard 3, and this node has 2 shards; set node.shards to at least 4");
  EXPECT_EQ(open(true, 4), "");
}

TEST_F(SqliteStoreTest, DamageIsASentence) {
  ASSERT_EQ(open(), "");
  for (int i = 0; i < 2000; ++i)
    ASSERT_EQ(put("key" + std::to_string(i), std::string(100, 'v')), StorageResult::kStored);
  damage(4096 * 3, 4096 * 20);
  std::string error = open(true);
  if (error.empty()) error = store_->recover(0, [](Bytes, Bytes) {});
  EXPECT_TRUE(error.starts_with("is damaged: ")) << error;
  EXPECT_TRUE(
      error.ends_with("; restore it from a backup, or move the directory away to start with nothing remembered"));
  damage(0, 4096);
  error = open(true);
  EXPECT_TRUE(error.starts_with("is damaged: ")) << error;
}

TEST_F(SqliteStoreTest, AFullDiskShowsWhenOpeningAndWhenStoring) {
  ASSERT_EQ(open(false, 1, test::file_system()), "");
  EXPECT_EQ(put("a", "1"), StorageResult::kStored);
  test::full() = true;
  EXPECT_EQ(put("b", "2"), StorageResult::kFull);
  EXPECT_EQ(store_->last_error(), "database or disk is full");
  EXPECT_EQ(open(true, 1, test::file_system()),
            "cannot be written: No space left on device; make room on its disk, or choose another directory");
  test::full() = false;
  ASSERT_EQ(open(true, 1, test::file_system()), "");
  EXPECT_EQ(put("c", "3"), StorageResult::kStored);
  EXPECT_EQ(contents(), (Contents{{"a", "1"}, {"c", "3"}}));
}

TEST_F(SqliteStoreTest, AFailedSyncIsNoSuccess) {
  ASSERT_EQ(open(false, 1, test::file_system()), "");
  EXPECT_EQ(put("a", "1"), StorageResult::kStored);
  test::fails() = true;
  EXPECT_EQ(put("b", "2"), StorageResult::kFailed);
  EXPECT_NE(open(true, 1, test::file_system()), "");
  test::fails() = false;
  ASSERT_EQ(open(true, 1, test::file_system()), "");
  EXPECT_EQ(contents().count("a"), 1u);
}

}  // namespace
}  // namespace orrery::sqlite
