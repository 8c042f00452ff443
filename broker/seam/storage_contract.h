// SPDX-License-Identifier: Apache-2.0
// The contract of the seam's storage (broker/seam/storage.h) as a test suite, written once and run against each world.
//
// A world's test program includes this header in one file, implements StorageHarness and says
//     INSTANTIATE_TEST_SUITE_P(Simulator, StorageContract, testing::Values(&make_my_harness));
// The order of answers, and that each comes once, ScriptedShard (world_harness.h) checks at every event of these tests.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "broker/seam/world_harness.h"

namespace orrery::storage_contract {

using world_contract::Held;
using world_contract::Log;
using world_contract::Record;
using world_contract::Script;
using world_contract::What;

inline constexpr Nanos kPatience = 20 * kSecond;

/// One node with storage, and what can happen to it.
class StorageHarness : public world_contract::Harness {
 public:
  /// Starts the node: the first time with an empty storage, then with what is there. Its members are {"n1", shards}.
  virtual void begin_life(ShardId shards, const NodeFactory& factory) = 0;
  /// The process dies in the middle of what it does, or the nearest thing to it that the world can do to itself.
  virtual void end_life() = 0;
  /// The machine loses its power; only asked for where PowerLosses is instantiated.
  virtual void lose_power() {}
  /// From now on the disk is full; or everything on it fails; or neither.
  virtual void set_full(bool full) = 0;
  virtual void set_fails(bool fails) = 0;
};

using MakeHarness = std::unique_ptr<StorageHarness> (*)();
using Contents = std::map<std::string, std::string>;

inline std::string pattern(std::size_t size, std::size_t salt) {
  std::string text(size, '\0');
  for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>((i * 31 + i / 251 + salt) & 0xff);
  return text;
}
inline StorageBatch put(std::string_view key, std::string_view value) {
  StorageBatch batch;
  batch.put(as_bytes(key), as_bytes(value));
  return batch;
}
inline StorageBatch erase(std::string_view key) {
  StorageBatch batch;
  batch.erase(as_bytes(key));
  return batch;
}

class StorageContract : public testing::TestWithParam<MakeHarness> {
 protected:
  void SetUp() override { harness_ = GetParam()(); }
  void TearDown() override {
    end_life();
    harness_.reset();
  }

  /// A new life of the node.
  void begin(ShardId shards, Script script) {
    log_ = std::make_unique<Log>(*harness_, std::move(script));
    harness_->begin_life(shards, world_contract::scripted_factory(*log_));
  }
  void end_life() {
    if (log_ == nullptr) return;
    harness_->end_life();
    const Held held(*harness_);
    for (const std::string& violation : log_->violations()) ADD_FAILURE() << violation;
    past_.push_back(std::move(log_));
  }
  /// A life of one shard that persists these, one after another in its start event, with tickets 1, 2, ...
  void begin_with(std::vector<StorageBatch> batches) {
    begin(1, [batches = std::move(batches)](const Record& r, Effects& effects) {
      std::uint64_t ticket = 0;
      if (r.what == What::kStart)
        for (const StorageBatch& batch : batches) effects.persist(++ticket, batch);
    });
  }
  bool wait(const std::function<bool()>& done) { return harness_->run_until(done, kPatience); }
  bool wait_answers(int count) {
    return wait([&] { return log_->count(What::kPersisted) >= count; });
  }
  std::vector<StorageResult> results(ShardId shard = 0) {
    const Held held(*harness_);
    std::vector<StorageResult> out;
    for (const Record& r : log_->records())
      if (r.what == What::kPersisted && r.place.shard == shard) out.push_back(r.result);
    return out;
  }
  /// What a shard of the present life was shown before its start.
  Contents recovered(ShardId shard = 0) {
    EXPECT_TRUE(wait([&] { return log_->count(What::kStart) > shard; }));
    const Held held(*harness_);
    Contents out;
    for (const Record& r : log_->records())
      if (r.what == What::kRecovered && r.place.shard == shard) out[r.key] = r.data;
    return out;
  }
  void restart() {
    end_life();
    begin_with({});
  }

  std::unique_ptr<StorageHarness> harness_;
  std::unique_ptr<Log> log_;
  std::vector<std::unique_ptr<Log>> past_;
};

TEST_P(StorageContract, AnEmptyStorageShowsNothingAndAnswersAnEmptyBatch) {
  begin_with({StorageBatch{}});
  EXPECT_TRUE(wait_answers(1));
  EXPECT_EQ(results(), std::vector{StorageResult::kStored});
  EXPECT_EQ(recovered(), Contents{});
  restart();
  EXPECT_EQ(recovered(), Contents{});
}

TEST_P(StorageContract, TheNodeIsToldThatItRemembers) {
  bool remembers = false;
  log_ = std::make_unique<Log>(*harness_, [](const Record&, Effects&) {});
  harness_->begin_life(1, [&](const NodeSetup& setup, std::span<Effects* const> effects) {
    remembers = setup.remembers;
    return world_contract::scripted_factory(*log_)(setup, effects);
  });
  EXPECT_TRUE(wait([&] { return log_->count(What::kStart) == 1; }));
  EXPECT_TRUE(remembers);
}

TEST_P(StorageContract, WhatWasStoredComesBackInOrderOfItsKeys) {
  const std::string binary("\0\xff\x80z", 4);
  begin_with({put("b", "2"), put("a", ""), put(binary, binary), put("\xff", "last"), put("ab", "3")});
  EXPECT_TRUE(wait_answers(5));
  EXPECT_EQ(results(), std::vector(5, StorageResult::kStored));
  restart();
  EXPECT_EQ(recovered(), (Contents{{"b", "2"}, {"a", ""}, {binary, binary}, {"\xff", "last"}, {"ab", "3"}}));
  restart();  // and is still there without another batch
  EXPECT_EQ(recovered().size(), 5u);
}

TEST_P(StorageContract, TheLastOperationOfAKeyCounts) {
  StorageBatch one;
  one.put(as_bytes("twice"), as_bytes("first"));
  one.put(as_bytes("twice"), as_bytes("second"));
  one.put(as_bytes("gone"), as_bytes("x"));
  one.erase(as_bytes("gone"));
  one.erase(as_bytes("back"));
  one.put(as_bytes("back"), as_bytes("y"));
  one.erase(as_bytes("never there"));
  begin_with({one, put("over", "old"), put("over", "new"), put("erased", "x"), erase("erased")});
  EXPECT_TRUE(wait_answers(5));
  restart();
  EXPECT_EQ(recovered(), (Contents{{"twice", "second"}, {"back", "y"}, {"over", "new"}}));
}

TEST_P(StorageContract, EachShardHasItsOwnRecords) {
  begin(3, [](const Record& r, Effects& effects) {
    if (r.what == What::kStart && r.place.shard != 1)
      effects.persist(7, put("key", "of shard " + std::to_string(r.place.shard)));
  });
  EXPECT_TRUE(wait_answers(2));
  end_life();
  begin(3, [](const Record&, Effects&) {});
  EXPECT_TRUE(wait([&] { return log_->count(What::kStart) == 3; }));
  EXPECT_EQ(recovered(0), (Contents{{"key", "of shard 0"}}));
  EXPECT_EQ(recovered(1), Contents{});
  EXPECT_EQ(recovered(2), (Contents{{"key", "of shard 2"}}));
}

TEST_P(StorageContract, BatchesMayBeBigAndMany) {
  // Keys and values at their limits, and a batch of ten thousand operations among hundreds of small ones.
  std::vector<StorageBatch> batches;
  Contents expected;
  const std::string long_key = pattern(kStorageKeyBytesMax, 1);
  expected[long_key] = pattern(kStorageValueBytesMax, 2);
  batches.push_back(put(long_key, expected[long_key]));
  StorageBatch many;
  for (int i = 0; i < 10'000; ++i) {
    const std::string key = "k" + std::to_string(i);
    expected[key] = pattern(static_cast<std::size_t>(i % 97), static_cast<std::size_t>(i));
    many.put(as_bytes(key), as_bytes(expected[key]));
  }
  batches.push_back(many);
  for (int i = 0; i < 300; ++i) {
    expected["s" + std::to_string(i % 50)] = std::to_string(i);
    batches.push_back(put("s" + std::to_string(i % 50), std::to_string(i)));
  }
  const int count = static_cast<int>(batches.size());
  begin_with(std::move(batches));
  EXPECT_TRUE(wait_answers(count));
  EXPECT_EQ(results(), std::vector(static_cast<std::size_t>(count), StorageResult::kStored));
  restart();
  EXPECT_TRUE(recovered() == expected);
}

TEST_P(StorageContract, AnAnswerMayAskForMore) {
  begin(1, [](const Record& r, Effects& effects) {
    if (r.what == What::kStart) effects.persist(1, put("n", "1"));
    if (r.what == What::kPersisted && r.ticket < 20)
      effects.persist(r.ticket + 1, put("n", std::to_string(r.ticket + 1)));
  });
  EXPECT_TRUE(wait_answers(20));
  restart();
  EXPECT_EQ(recovered(), (Contents{{"n", "20"}}));
}

TEST_P(StorageContract, WhatIsOverALimitIsRefusedAndSoIsWhatWasAskedBehindIt) {
  StorageBatch too_large;
  const std::string value = pattern(kStorageValueBytesMax, 3);
  for (int i = 0; i < 3; ++i) too_large.put(as_bytes("x" + std::to_string(i)), as_bytes(value));
  const StorageBatch wrong[] = {put("", "no key"), put(std::string(kStorageKeyBytesMax + 1, 'k'), "x"),
                                put("k", std::string(kStorageValueBytesMax + 1, 'v')), too_large};
  const int count = static_cast<int>(std::size(wrong));
  begin(1, [&](const Record& r, Effects& effects) {
    const bool next = r.what == What::kPersisted && r.ticket % 10 == 3 && r.ticket / 10 + 1 < std::uint64_t(count);
    if (r.what != What::kStart && !next) return;
    const std::uint64_t round = next ? r.ticket / 10 + 1 : 0;
    effects.persist(round * 10 + 1, put("before", std::to_string(round)));
    effects.persist(round * 10 + 2, wrong[round]);
    effects.persist(round * 10 + 3, put("behind", std::to_string(round)));
  });
  EXPECT_TRUE(wait_answers(3 * count));
  const std::vector<StorageResult> all = results();
  for (std::size_t i = 0; i < all.size(); ++i)
    EXPECT_EQ(all[i], i % 3 == 0 ? StorageResult::kStored : StorageResult::kRefused) << i;
  restart();
  EXPECT_EQ(recovered(), (Contents{{"before", std::to_string(count - 1)}}));
}

TEST_P(StorageContract, MoreThanMayWaitIsRefused) {
  const std::string value = pattern(kStorageValueBytesMax, 4);
  std::vector<StorageBatch> batches;
  for (std::size_t bytes = 0; bytes <= kStoragePendingBytesMax + kStorageValueBytesMax; bytes += value.size())
    batches.push_back(put("same", value));
  const std::size_t count = batches.size();
  begin_with(std::move(batches));
  EXPECT_TRUE(wait_answers(static_cast<int>(count)));
  const std::vector<StorageResult> all = results();
  EXPECT_EQ(all.front(), StorageResult::kStored);
  EXPECT_EQ(all.back(), StorageResult::kRefused);
}

TEST_P(StorageContract, AFullDiskRefusesWithoutAHoleAndServesAgain) {
  begin(1, [&](const Record& r, Effects& effects) {
    if (r.what == What::kStart) effects.persist(1, put("first", "1"));
    if (r.what == What::kPersisted && r.ticket == 1) {
      harness_->set_full(true);
      effects.persist(2, put("second", pattern(500'000, 5)));
      effects.persist(3, put("third", "3"));
    }
    if (r.what == What::kPersisted && r.ticket == 2) {
      harness_->set_full(false);
      effects.persist(4, put("fourth", "4"));
    }
  });
  EXPECT_TRUE(wait_answers(4));
  EXPECT_EQ(results(),
            (std::vector{StorageResult::kStored, StorageResult::kFull, StorageResult::kFull, StorageResult::kStored}));
  restart();
  EXPECT_EQ(recovered(), (Contents{{"first", "1"}, {"fourth", "4"}}));
}

TEST_P(StorageContract, AFailureLastsUntilTheNodeStartsAgain) {
  begin(1, [&](const Record& r, Effects& effects) {
    if (r.what == What::kStart) effects.persist(1, put("first", "1"));
    if (r.what == What::kPersisted && r.ticket == 1) {
      harness_->set_fails(true);
      effects.persist(2, put("second", "2"));
      effects.persist(3, put("third", "3"));
    }
    if (r.what == What::kPersisted && r.ticket == 3) {
      harness_->set_fails(false);
      effects.persist(4, put("fourth", "4"));
    }
  });
  EXPECT_TRUE(wait_answers(4));
  EXPECT_EQ(results(), (std::vector{StorageResult::kStored, StorageResult::kFailed, StorageResult::kFailed,
                                    StorageResult::kFailed}));
  end_life();
  begin_with({put("fifth", "5")});
  EXPECT_TRUE(wait_answers(1));
  EXPECT_EQ(results(), std::vector{StorageResult::kStored});
  restart();
  // Whether the failed ones are there is unknown, but never one without those before it.
  Contents there = recovered();
  EXPECT_EQ(there.count("first"), 1u);
  EXPECT_EQ(there.count("fifth"), 1u);
  EXPECT_LE(there.count("third"), there.count("second"));
  EXPECT_EQ(there.count("fourth"), 0u);
}

/// Numbers n = 1, 2, ... in batches of three records that must agree; the death comes when `answered` were answered.
class Deaths : public StorageContract {
 protected:
  static constexpr int kBatches = 200;

  static StorageBatch numbered(int n) {
    StorageBatch batch;
    for (const char* key : {"a", "b", "c"}) batch.put(as_bytes(key), as_bytes(std::to_string(n)));
    return batch;
  }
  void run_to(int answered) {
    begin(1, [](const Record& r, Effects& effects) {
      if (r.what == What::kStart)
        for (int n = 1; n <= kBatches; ++n) effects.persist(static_cast<std::uint64_t>(n), numbered(n));
    });
    EXPECT_TRUE(wait([&] { return log_->count(What::kPersisted) >= answered; }));
  }
  /// Forgets the numbers, for the next round.
  void begin_with_cleared() {
    end_life();
    StorageBatch all;
    for (const char* key : {"a", "b", "c"}) all.erase(as_bytes(key));
    begin_with({all});
    EXPECT_TRUE(wait_answers(1));
    end_life();
  }
  void check(int answered) {
    const Contents there = recovered();
    int n = 0;
    if (!there.empty()) {
      EXPECT_EQ(there.size(), 3u);
      for (const auto& [key, value] : there) EXPECT_EQ(value, there.begin()->second) << key;
      n = std::stoi(there.begin()->second);
    }
    EXPECT_GE(n, answered);
    EXPECT_LE(n, kBatches);
  }
};

TEST_P(Deaths, WhatWasAnsweredSurvives) {
  for (const int answered : {0, 1, kBatches / 2, kBatches}) {
    run_to(answered);
    const int counted = static_cast<int>(results().size());
    end_life();
    begin_with({});
    check(counted);
    begin_with_cleared();
  }
}

/// For worlds that can do it to a machine.
class PowerLosses : public Deaths {};
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(PowerLosses);

TEST_P(PowerLosses, WhatWasAnsweredSurvives) {
  for (const int answered : {0, 1, kBatches / 2, kBatches}) {
    run_to(answered);
    const int counted = static_cast<int>(results().size());
    harness_->lose_power();
    end_life();
    begin_with({});
    check(counted);
    begin_with_cleared();
  }
}

}  // namespace orrery::storage_contract
