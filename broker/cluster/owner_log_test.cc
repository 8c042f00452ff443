// SPDX-License-Identifier: Apache-2.0
#include "broker/cluster/owner_log.h"

#include <gtest/gtest.h>

#include "broker/cluster/limits.h"

namespace orrery::cluster {
namespace {

ByteWriter::Buffer encoded(const Entry& entry) {
  ByteWriter::Buffer out;
  ByteWriter w(out);
  encode(entry, w);
  return out;
}

TEST(OwnerLog, EntriesSurviveTheWire) {
  for (const Entry& entry :
       {Entry{Operation::kRouteAdd, 3, "a/+/c", {}}, Entry{Operation::kRouteRemove, 65535, "#", {}},
        Entry{Operation::kRetained, 0, {}, as_bytes("value")}, Entry{Operation::kRetained, 0, {}, {}}}) {
    const ByteWriter::Buffer bytes = encoded(entry);
    ByteReader r(bytes);
    Entry back;
    ASSERT_TRUE(decode(r, back));
    EXPECT_TRUE(r.done());
    EXPECT_EQ(back.operation, entry.operation);
    EXPECT_EQ(back.shard, entry.shard);
    EXPECT_EQ(back.filter, entry.filter);
    EXPECT_EQ(as_text(back.value), as_text(entry.value));
    for (std::size_t cut = 0; cut < bytes.size(); ++cut) {
      ByteReader shorter(Bytes(bytes).first(cut));
      EXPECT_FALSE(decode(shorter, back)) << cut;
    }
  }
}

TEST(OwnerLog, OnlyRoutesThatTheirOwnerCanHaveAreBelieved) {
  ClusterSetup setup;
  setup.members = {{"c1", true, 1}, {"r1", false, 4}};
  const auto believed = [&](NodeId owner, ShardId shard, std::string_view filter) {
    return plausible({Operation::kRouteAdd, shard, filter, {}}, setup, owner) &&
           plausible({Operation::kRouteRemove, shard, filter, {}}, setup, owner);
  };
  using std::string_view_literals::operator""sv;
  EXPECT_TRUE(believed(1, 3, "a/+/#"));
  EXPECT_FALSE(believed(1, 4, "a/+/#"));
  EXPECT_FALSE(believed(0, 1, "a/+/#"));
  EXPECT_FALSE(believed(0, 65535, "a"));
  for (const std::string_view filter : {"a/#/b"sv, "a+"sv, ""sv, "\xff"sv, "$share/g"sv, "$share/+/a"sv})
    EXPECT_FALSE(believed(0, 0, filter)) << filter;
  EXPECT_TRUE(believed(0, 0, "$share/g/a/#"));
  EXPECT_TRUE(believed(0, 0, "$share/g/a/#\0\x02"sv));
  EXPECT_TRUE(believed(0, 0, "$share/g/a/#\0\x40"sv));
  for (const std::string_view row : {"$share/g/a/#\0\x01"sv, "$share/g/a/#\0\x41"sv, "$share/g/a/#\0\xff"sv,
                                     "$share/g/a/#\0"sv, "$share/g/a/#\0\x02\x02"sv, "a\0\x02"sv, "\0\x02"sv})
    EXPECT_FALSE(believed(0, 0, row)) << row.size();
}

TEST(OwnerLog, WhatDoesNotParseIsRefused) {
  Entry entry;
  for (const ByteWriter::Buffer& bytes :
       {ByteWriter::Buffer{0, 0, 0, 0, 0}, ByteWriter::Buffer{4, 0, 0, 0, 0}, ByteWriter::Buffer{1, 0, 0, 0, 1, 0},
        ByteWriter::Buffer{1, 0, 0, 0, 2, 0, 0}}) {
    ByteReader r(bytes);
    EXPECT_FALSE(decode(r, entry));
  }
  const std::string filter(kFilterBytesMax + 1, 'f');
  const ByteWriter::Buffer too_long = encoded({Operation::kRouteAdd, 0, filter, {}});
  ByteReader r(too_long);
  EXPECT_FALSE(decode(r, entry));
}

TEST(OwnerLog, TheTailGivesEntriesFromAnySequence) {
  Heap heap;
  OwnerLog log(heap);
  log.reset({7, 100});
  EXPECT_EQ(log.first(), 101u);
  for (int i = 0; i < 50; ++i) log.append(encoded({Operation::kRouteAdd, 0, "filter" + std::to_string(i), {}}), true);
  EXPECT_EQ(log.position(), (Position{7, 150}));
  for (std::uint64_t from = 101; from <= 150; ++from) {
    ByteWriter::Buffer out;
    ByteWriter w(out);
    std::uint64_t sequence = from;
    std::uint64_t offset = log.offset_of(from);
    std::uint32_t count = 0;
    while (sequence <= log.last()) count += log.copy(sequence, offset, 40, w);
    EXPECT_EQ(count, 151 - from);
    EXPECT_EQ(offset, log.offset_of(151));
    ByteReader r(out);
    Entry entry;
    for (std::uint64_t s = from; s <= 150; ++s) {
      ASSERT_TRUE(decode(r, entry));
      EXPECT_EQ(entry.filter, "filter" + std::to_string(s - 101));
    }
    EXPECT_TRUE(r.done());
  }
}

TEST(OwnerLog, TheTailKeepsItsLimits) {
  Heap heap;
  OwnerLog log(heap);
  log.reset({1, 0});
  const ByteWriter::Buffer small = encoded({Operation::kRouteAdd, 0, "f", {}});
  for (std::uint32_t i = 0; i < kOwnerLogEntriesMax + 100; ++i) log.append(small, true);
  EXPECT_EQ(log.first(), 101u);
  const std::string value(kOwnerLogBytesMax - 100, 'v');
  const ByteWriter::Buffer large = encoded({Operation::kRetained, 0, {}, as_bytes(value)});
  log.append(large, true);
  log.append(large, true);
  EXPECT_EQ(log.first(), log.last()) << "the newest stays, however large";
  EXPECT_LT(log.memory_bytes(), kOwnerLogBytesMax + 64 * 1024);
  log.append(small, false);
  EXPECT_EQ(log.first(), log.last() + 1);
  EXPECT_EQ(log.memory_bytes(), 0u);
}

}  // namespace
}  // namespace orrery::cluster
