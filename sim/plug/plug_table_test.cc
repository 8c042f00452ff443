// SPDX-License-Identifier: Apache-2.0
// Tables and structs of other lengths than ours: what is missing has its default, what is more is left alone.
#include "sim/plug/plug_table.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstring>
#include <map>

#include "sim/plug/plugin_node.h"

namespace orrery::sim {
namespace {

/// Writes down what it is called for.
struct Calls {
  std::map<std::string, int> count;
  std::string peer;
  std::string directory;
  orrery_setup setup{};
};
Calls* calls = nullptr;  // the table's functions have no other way to it

orrery_node* create(const orrery_setup* setup, char*, size_t) {
  calls->setup = *setup;
  if (setup->directory != nullptr) calls->directory = setup->directory;
  return reinterpret_cast<orrery_node*>(calls);
}

orrery_broker whole_table() {
  orrery_broker t{};
  t.size = sizeof t;
  t.abi_version = ORRERY_ABI_VERSION;
  t.name = "x";
  t.create = &create;
  t.destroy = [](orrery_node*) { ++calls->count["destroy"]; };
  t.link_open = [](orrery_node*, uint16_t, int64_t, const orrery_link* link) {
    ++calls->count["link_open"];
    calls->peer = link->peer;
  };
  t.bytes = [](orrery_node*, uint16_t, int64_t, uint32_t, uint8_t*, size_t) { ++calls->count["bytes"]; };
  t.link_closed = [](orrery_node*, uint16_t, int64_t, uint32_t) { ++calls->count["link_closed"]; };
  t.link_reset = [](orrery_node*, uint16_t, int64_t, uint32_t) { ++calls->count["link_reset"]; };
  t.half_closed = [](orrery_node*, uint16_t, int64_t, uint32_t) { ++calls->count["half_closed"]; };
  t.stats = [](const orrery_node*, uint16_t, orrery_stats* out) {
    for (std::size_t i = 0; i < out->counter_count; ++i) out->counters[i] = i + 1;
    out->memory_bytes = 77;
  };
  return t;
}

class NoWorld final : public Effects {
  std::size_t send(LinkId, Bytes) override { return 0; }
  void close(LinkId, CloseHow) override {}
  void stop_reading(LinkId) override {}
  void resume_reading(LinkId) override {}
  void dial(std::uint32_t, NodeId, ShardId) override {}
  void wake_at(Nanos) override {}
  std::size_t post(ShardId, Bytes) override { return 0; }
  void persist(std::uint64_t, const StorageBatch&) override {}
  void work(Work, std::uint32_t) override {}
  void tell(const Note&) override {}
};

class PlugTableTest : public testing::Test {
 protected:
  void SetUp() override { calls = &calls_; }
  void TearDown() override { calls = nullptr; }

  std::unique_ptr<Node> make(const orrery_broker& exported, const PlugOptions& options = {}) {
    EXPECT_EQ(read_table(exported, table_), "");
    NodeSetup setup;
    setup.members = {{"a", Role::kCore, 1}, {"b", Role::kReplicant, 1}};
    setup.self = 1;
    Effects* const effects[] = {&world_};
    return make_plugin_factory(table_, options)(setup, effects);
  }

  Calls calls_;
  PlugTable table_;
  NoWorld world_;
};

TEST_F(PlugTableTest, AWholeTableGetsEveryEventThatItHas) {
  const auto node = make(whole_table());
  Shard& shard = node->shard(0);
  shard.start(1);
  shard.link_open(2, 0, {LinkKind::kTcp, 0, "10.0.0.1:99"});
  EXPECT_TRUE(shard.takes_half_close());
  shard.half_closed(3, 0);
  shard.drained(4, 0);
  shard.link_reset(5, 0);
  shard.wake(6);
  shard.message(7, 0, {});
  shard.dial_failed(8, 0);
  EXPECT_EQ(calls_.peer, "10.0.0.1:99");
  EXPECT_EQ(calls_.count, (std::map<std::string, int>{{"link_open", 1}, {"half_closed", 1}, {"link_reset", 1}}));
  const ShardStats stats = shard.stats();
  EXPECT_EQ(stats.counters[0], 1u);
  EXPECT_EQ(stats.counters[ORRERY_COUNTERS - 1], static_cast<std::uint64_t>(ORRERY_COUNTERS));
  EXPECT_EQ(stats.memory_bytes, 77u);
}

TEST_F(PlugTableTest, ATableFromBeforeTheLastEntriesGetsTheirDefaults) {
  orrery_broker older = whole_table();
  older.size = offsetof(orrery_broker, stats);  // its shared object ends here: what is behind is not its own
  const auto node = make(older);
  Shard& shard = node->shard(0);
  EXPECT_FALSE(shard.takes_half_close());
  shard.link_reset(1, 0);
  EXPECT_EQ(calls_.count["link_closed"], 1);
  EXPECT_EQ(calls_.count["link_reset"], 0);
  EXPECT_EQ(shard.stats().memory_bytes, 0u);
}

TEST_F(PlugTableTest, ATableOfALaterHeaderIsUsedAsFarAsItIsKnown) {
  struct Later {
    orrery_broker known;
    void (*unknown)();
  } later{whole_table(), nullptr};
  later.known.size = sizeof later;
  const auto node = make(later.known);
  node->shard(0).link_reset(1, 0);
  EXPECT_EQ(calls_.count["link_reset"], 1);
}

TEST_F(PlugTableTest, SetupTellsStridesAndADirectoryOfItsOwn) {
  const auto node = make(whole_table(), {.options = "", .directory = [](const std::string& m) { return "/d/" + m; }});
  EXPECT_EQ(calls_.directory, "/d/b");
  EXPECT_EQ(calls_.setup.size, sizeof(orrery_setup));
  EXPECT_EQ(calls_.setup.member_stride, sizeof(orrery_member));
  EXPECT_EQ(calls_.setup.effects_count, 1u);
  const orrery_effects* effects = orrery_effects_at(&calls_.setup, 0);
  EXPECT_EQ(effects->size, sizeof(orrery_effects));
  EXPECT_TRUE(ORRERY_HAS(effects, died));
  orrery_effects shorter = *effects;
  shorter.size = offsetof(orrery_effects, died);
  EXPECT_FALSE(ORRERY_HAS(&shorter, died));
  EXPECT_TRUE(ORRERY_HAS(&shorter, resume_reading));
}

TEST_F(PlugTableTest, StridesLongerThanOurStructsAreFollowed) {
  struct LaterMember {
    orrery_member known;
    std::uint64_t more;
  };
  const LaterMember members[] = {{{sizeof(LaterMember), "a", 0, 3}, 0}, {{sizeof(LaterMember), "b", 1, 5}, 0}};
  orrery_setup setup{};
  setup.members = &members[0].known;
  setup.member_stride = sizeof(LaterMember);
  EXPECT_EQ(orrery_member_at(&setup, 1)->shards, 5);
}

TEST_F(PlugTableTest, WhatCannotBeUsedIsRefusedInASentence) {
  orrery_broker wrong{};
  EXPECT_EQ(read_table(wrong, table_), "its table says that it has 0 bytes");
  wrong.size = sizeof wrong;
  wrong.abi_version = 7;
  EXPECT_EQ(read_table(wrong, table_), "it speaks version 7 of the plug, this program speaks versions 1 and 2");
  wrong = whole_table();
  wrong.create = nullptr;
  EXPECT_EQ(read_table(wrong, table_), "its table has no entry for 'create'");
  wrong = whole_table();
  wrong.size = offsetof(orrery_broker, link_closed);
  EXPECT_EQ(read_table(wrong, table_), "its table has no entry for 'link_closed'");
  v1::Broker version1{};
  version1.size = sizeof version1 - 1;
  version1.abi_version = 1;
  EXPECT_EQ(read_table(version1, table_), "its table is shorter than version 1 asks for");
  version1.size = sizeof version1;
  EXPECT_EQ(read_table(version1, table_), "its table has no entry for 'name'");
}

}  // namespace
}  // namespace orrery::sim
