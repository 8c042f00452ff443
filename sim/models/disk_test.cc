// SPDX-License-Identifier: Apache-2.0
// The virtual disk by itself: its times, its groups, and what each fault takes and leaves.
#include "sim/models/disk.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "sim/kernel/keyed_rng.h"

namespace orrery::sim {
namespace {

StorageBatch put(std::string_view key, std::string_view value) {
  StorageBatch batch;
  batch.put(as_bytes(key), as_bytes(value));
  return batch;
}

/// A millisecond for a sync, a nanosecond for a byte.
constexpr DiskModel kPlain{.write_bytes_per_second = 1'000'000'000,
                           .read_bytes_per_second = 500'000'000,
                           .sync = {.base = kMillisecond, .tail_mean = 0}};
constexpr Nanos kRecord = kStorageRecordBytes + 10;  // of put("k", 9 bytes): nanoseconds to write it

std::string numbers(const Disk& disk, ShardId shard = 0) {
  std::string out;
  disk.for_each(shard, [&](Bytes key, Bytes) { out += as_text(key); });
  return out;
}

/// Serves what waits until nothing does; returns the answers as "ticket:result ".
std::string serve(Disk& disk, Nanos* end = nullptr) {
  std::string out;
  for (Nanos now = disk.next(); now != kNever; now = disk.next()) {
    if (disk.busy()) {
      for (const Disk::Answer& a : disk.finish()) {
        out += std::to_string(a.ticket) + ":" + storage_result_name(a.result) + " ";
        disk.told(a);
      }
      if (end != nullptr) *end = now;
    } else {
      disk.begin(now, 77);
    }
  }
  return out;
}

TEST(Disk, AGroupTakesItsBytesAndOneSync) {
  Disk disk(kPlain);
  for (std::uint64_t t = 1; t <= 3; ++t) disk.submit(0, t, put(std::to_string(t), "123456789"), 1000);
  EXPECT_EQ(disk.next(), 1000);
  disk.begin(1000, 1);
  EXPECT_EQ(disk.next(), 1000 + 3 * kRecord + kMillisecond);
  disk.submit(1, 4, put("4", "123456789"), 2000);  // waits for the next group
  EXPECT_EQ(disk.finish().size(), 3u);
  EXPECT_EQ(numbers(disk), "123");
  EXPECT_EQ(disk.next(), 2000);
  EXPECT_EQ(serve(disk), "4:stored ");
  EXPECT_EQ(disk.syncs(), 2u);
  EXPECT_EQ(numbers(disk, 1), "4");
}

TEST(Disk, NothingIsTakenBeforeItIsReadyAndAGroupHasALimit) {
  Disk disk(kPlain);
  const std::string megabyte(1'000'000, 'x');
  for (std::uint64_t t = 1; t <= 9; ++t) disk.submit(0, t, put(std::to_string(t), megabyte), 10);
  disk.submit(0, 10, put("late", "x"), 500);
  disk.begin(10, 1);
  EXPECT_EQ(disk.finish().size(), 5u);  // the one that passes 4 MiB closes it
  disk.begin(10, 2);
  EXPECT_EQ(disk.finish().size(), 4u);
  EXPECT_EQ(disk.next(), 500);
}

TEST(Disk, ASlowDiskTakesLonger) {
  Nanos quick = 0, slow = 0;
  Disk disk(kPlain);
  disk.submit(0, 1, put("1", "123456789"), 0);
  serve(disk, &quick);
  disk.set_slow(3000);
  disk.submit(0, 2, put("1", "123456789"), 0);
  serve(disk, &slow);
  EXPECT_EQ(slow, 3 * quick);
}

TEST(Disk, ACrashKeepsWhatTheKernelHasAndALaterPowerLossMayTakeIt) {
  Disk disk(kPlain);
  for (std::uint64_t t = 1; t <= 4; ++t) disk.submit(0, t, put(std::to_string(t), "123456789"), 0);
  disk.begin(0, 1);
  disk.submit(0, 5, put("5", "123456789"), 1);
  disk.crash(2 * kRecord);  // two of four are written
  EXPECT_EQ(disk.next(), kNever);
  EXPECT_EQ(numbers(disk), "") << "not safe yet";
  Disk other = disk;
  disk.mount(1);
  EXPECT_EQ(numbers(disk), "12");
  disk.lose_power(0, ~std::uint64_t{0} / 3);
  EXPECT_EQ(numbers(disk), "12") << "what was shown stays";
  std::set<std::string> left;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    Disk third = other;
    third.lose_power(0, mix64(seed));
    third.mount(1);
    left.insert(numbers(third));
  }
  EXPECT_EQ(left, (std::set<std::string>{"", "1", "12"}));
}

TEST(Disk, APowerLossLeavesABeginningOfWhatIsWrittenAndAllThatWasSynced) {
  std::set<std::string> left;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    Disk disk(kPlain);
    disk.submit(0, 1, put("1", "123456789"), 0);
    serve(disk);
    for (std::uint64_t t = 2; t <= 4; ++t) disk.submit(0, t, put(std::to_string(t), "123456789"), 0);
    disk.begin(0, 1);
    disk.lose_power(kMillisecond / 2, mix64(seed));
    disk.mount(1);
    left.insert(numbers(disk));
  }
  EXPECT_EQ(left, (std::set<std::string>{"1", "12", "123", "1234"}));
}

TEST(Disk, AFullDiskStoresNothingOfAGroupAndShardsStopOnTheirOwn) {
  Disk disk({.capacity_bytes = 3 * kRecord, .sync = {.base = 1, .tail_mean = 0}});
  disk.submit(0, 1, put("1", "123456789"), 0);
  EXPECT_EQ(serve(disk), "1:stored ");
  for (std::uint64_t t = 2; t <= 4; ++t) disk.submit(0, t, put(std::to_string(t), "123456789"), 0);
  disk.begin(0, 1);
  disk.submit(0, 5, put("5", "123456789"), 0);  // asked before it is told
  disk.submit(1, 6, put("6", "123456789"), 0);  // another shard's: there is room for one
  EXPECT_EQ(serve(disk), "2:full 3:full 4:full 5:full 6:stored ");
  disk.submit(0, 7, put("7", "123456789"), 0);
  EXPECT_EQ(serve(disk), "7:stored ") << "the one that was told is served again";
  EXPECT_EQ(numbers(disk), "17");
  disk.set_full(true);
  EXPECT_FALSE(disk.writable());
  disk.submit(0, 8, put("8", ""), 0);
  EXPECT_EQ(serve(disk), "8:full ");
  disk.set_full(false);
  EXPECT_TRUE(disk.writable());
}

TEST(Disk, WhatFailsMayBeThereAndNothingAfterIt) {
  std::set<std::string> left;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    Disk disk(kPlain);
    for (std::uint64_t t = 1; t <= 2; ++t) disk.submit(0, t, put(std::to_string(t), "x"), 0);
    disk.begin(0, mix64(seed));
    disk.set_fails(true);
    EXPECT_EQ(serve(disk), "1:failed 2:failed ");
    disk.set_fails(false);
    disk.submit(0, 3, put("3", "x"), 0);
    EXPECT_EQ(serve(disk), "3:failed ") << "until the node starts again";
    disk.crash(kSecond);
    disk.mount(1);
    left.insert(numbers(disk));
    disk.submit(0, 1, put("4", "x"), 0);
    EXPECT_EQ(serve(disk), "1:stored ");
  }
  EXPECT_EQ(left, (std::set<std::string>{"", "1", "12"}));
}

TEST(Disk, ARefusedBatchStopsItsShardUntilThatKnows) {
  Disk disk(kPlain);
  StorageBatch wrong;
  wrong.put({}, as_bytes("no key"));
  disk.submit(0, 1, put("1", "x"), 0);
  disk.submit(0, 2, wrong, 0);
  disk.submit(0, 3, put("3", "x"), 0);
  disk.submit(1, 4, put("4", "x"), 0);
  EXPECT_EQ(serve(disk), "1:stored 2:refused 3:refused 4:stored ");
}

TEST(Disk, RecoveryTakesASyncAndTheReading) {
  Disk disk(kPlain);
  disk.submit(0, 1, put("k", std::string(1'000'000 - 1 - kStorageRecordBytes, 'x')), 0);
  serve(disk);
  EXPECT_EQ(disk.mount(1), kMillisecond + 2 * kMillisecond);
}

}  // namespace
}  // namespace orrery::sim
