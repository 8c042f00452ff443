// SPDX-License-Identifier: Apache-2.0
// The network as clients and shards see it: times, segments, bandwidth, windows, accounts.
#include <gtest/gtest.h>

#include "sim/world/test_world.h"

namespace orrery::sim {
namespace {

using world_contract::Record;
using world_contract::What;

constexpr Nanos kOneWay = 100 * kMicrosecond;

std::string text_of(std::size_t size) {
  std::string text(size, 'x');
  for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>('a' + i % 23);
  return text;
}

TEST(Network, ARoundTripIsTwoLatencies) {
  TestWorld t(1, 1, echo_script, plain_options());
  t.connect(3);
  t.run(kSecond);
  const Nanos connected = t.clients[3].connected_at;
  EXPECT_GE(connected, 2 * kOneWay);
  EXPECT_LT(connected, 2 * kOneWay + kMicrosecond);
  const Nanos asked = t.world->now();
  t.send(3, "hello");
  t.run(kSecond);
  ASSERT_EQ(t.clients[3].received, "hello");
  const Nanos answered = t.clients[3].pieces[0].first;
  EXPECT_GE(answered, asked + 2 * kOneWay);
  EXPECT_LT(answered, asked + 2 * kOneWay + kMicrosecond);
}

TEST(Network, ATrainIsCutIntoSegments) {
  TestWorld t(1, 1, echo_script, plain_options());
  t.connect_now(0);
  t.send(0, text_of(10'000));
  t.run(kSecond);
  EXPECT_EQ(t.log.count(What::kBytes), 7);  // 6 of 1448 and the rest
  EXPECT_EQ(t.clients[0].received, text_of(10'000));
  for (const Record& r : t.log.records()) EXPECT_LE(r.data.size(), kMssBytes);
}

TEST(Network, SegmentsMayBeCutAnywhere) {
  WorldOptions options = plain_options();
  options.network.client.cut_per_million = 500'000;
  TestWorld t(1, 1, echo_script, options);
  t.connect_now(0);
  std::set<std::size_t> sizes;
  for (int i = 0; i < 200; ++i) {
    t.send(0, text_of(50));
    t.run(kMillisecond);
  }
  for (const Record& r : t.log.records()) sizes.insert(r.data.size());
  EXPECT_GT(sizes.size(), 25u);
  EXPECT_EQ(t.clients[0].received.size(), 200u * 50);
}

TEST(Network, SendsOfOneEventTravelTogether) {
  TestWorld t(
      1, 1,
      [](const Record& r, Effects& effects) {
        if (r.what != What::kBytes) return;
        for (int i = 0; i < 100; ++i) effects.send(r.link, as_bytes("0123456789"));
      },
      plain_options());
  t.connect_now(0);
  t.send(0, "go");
  t.run(kSecond);
  ASSERT_EQ(t.clients[0].pieces.size(), 1u);
  EXPECT_EQ(t.clients[0].pieces[0].second, 1000u);
}

TEST(Network, TheInterfaceHasABandwidth) {
  WorldOptions options = plain_options();
  options.machines = {{.speed_per_mille = 1000, .nic_bits_per_second = 100'000'000}};
  options.network.client.window_bytes = 10'000'000;
  TestWorld t(
      1, 1,
      [](const Record& r, Effects& effects) {
        if (r.what == What::kBytes && r.data == "go")
          effects.send(r.link, as_bytes(text_of(1'250'000)));  // 100 ms at 100 Mbit/s
      },
      options);
  t.connect_now(0);
  const Nanos asked = t.world->now();
  t.send(0, "go");
  t.run(kSecond);
  ASSERT_EQ(t.clients[0].received.size(), 1'250'000u);
  const Nanos took = t.clients[0].pieces.back().first - asked;
  EXPECT_GT(took, 100 * kMillisecond);
  EXPECT_LT(took, 110 * kMillisecond);  // packets' headers are 4.6 %
}

TEST(Network, TheInterfaceReceivesNoFasterThanItsBandwidth) {
  WorldOptions options = plain_options();
  options.machines = {{.speed_per_mille = 1000, .nic_bits_per_second = 100'000'000}};
  options.network.client.window_bytes = 10'000'000;
  TestWorld t(1, 1, world_contract::Script([](const Record&, Effects&) {}), options);
  t.connect_now(0);
  const Nanos asked = t.world->now();
  t.send(0, text_of(1'250'000));
  t.run(kSecond);
  EXPECT_GT(t.log.records().back().now - asked, 100 * kMillisecond);
}

TEST(Network, TheWindowLimitsWhatIsUnderWay) {
  WorldOptions options = plain_options();
  options.network.client.window_bytes = 10'000;
  TestWorld t(
      1, 1,
      [](const Record& r, Effects& effects) {
        if (r.what == What::kBytes) effects.send(r.link, as_bytes(text_of(100'000)));
      },
      options);
  t.connect_now(0);
  const Nanos asked = t.world->now();
  t.send(0, "go");
  t.run(kSecond);
  EXPECT_EQ(t.clients[0].received, text_of(100'000));
  const Nanos took = t.clients[0].pieces.back().first - asked;
  EXPECT_GT(took, 9 * 2 * kOneWay);  // a window for each round trip
  EXPECT_LT(took, 30 * 2 * kOneWay);
}

TEST(Network, LossIsDelayAndKeepsOrder) {
  WorldOptions options = plain_options();
  options.network.client.loss_per_million = 100'000;
  TestWorld t(1, 1, echo_script, options);
  t.connect_now(0);
  std::string sent;
  for (int i = 0; i < 300; ++i) {
    sent += std::to_string(i) + ",";
    t.send(0, std::to_string(i) + ",");
    t.run(kMillisecond);
  }
  t.run(5 * kSecond);
  EXPECT_EQ(t.clients[0].received, sent);
  Nanos longest = 0;
  for (std::size_t i = 1; i < t.clients[0].pieces.size(); ++i)
    longest = std::max(longest, t.clients[0].pieces[i].first - t.clients[0].pieces[i - 1].first);
  EXPECT_GT(longest, 100 * kMillisecond);
}

TEST(Network, APausedReaderHoldsEverythingUntilItResumes) {
  TestWorld t(1, 1, echo_script, plain_options());
  t.connect_now(0);
  t.world->client_pause_reading(0);
  t.send(0, "one");
  t.run(kMillisecond);
  t.send(0, "two");
  t.run(kSecond);
  EXPECT_EQ(t.clients[0].received, "");
  t.world->client_resume_reading(0);
  t.run(kSecond);
  EXPECT_EQ(t.clients[0].received, "onetwo");
  EXPECT_EQ(t.world->items_under_way(), 0u);
}

TEST(Network, AcceptsSpreadOverShards) {
  TestWorld t(1, 4, echo_script, plain_options());
  for (ClientId c = 0; c < 64; ++c) t.connect(c);
  t.run(kSecond);
  std::map<ShardId, int> counts;
  for (const Record& r : t.log.records())
    if (r.what == What::kLinkOpen) ++counts[r.place.shard];
  ASSERT_EQ(counts.size(), 4u);
  for (const auto& [shard, count] : counts) EXPECT_GT(count, 4) << shard;
}

TEST(Network, AccountsCountPacketsBytesAndSockets) {
  TestWorld t(1, 1, echo_script, plain_options());
  t.connect_now(0);
  const NodeUsage before = t.world->usage(0);
  EXPECT_EQ(before.sockets, 1u);
  EXPECT_EQ(before.kernel_bytes, kKernelSocketBytes);
  t.send(0, text_of(2 * kMssBytes));
  t.run(kSecond);
  const NodeUsage after = t.world->usage(0);
  EXPECT_EQ(after.rx_packets - before.rx_packets, 2u);
  EXPECT_EQ(after.rx_bytes - before.rx_bytes, 2 * (kMssBytes + kPacketOverheadBytes));
  EXPECT_EQ(after.tx_bytes - before.tx_bytes, 2 * (kMssBytes + kPacketOverheadBytes));
  t.world->client_close(0, CloseHow::kFlush);
  t.run(kSecond);
  EXPECT_EQ(t.world->usage(0).sockets, 0u);
}

TEST(Clients, TimersFireOnceAndAreReplaced) {
  TestWorld t(1, 1, echo_script, plain_options());
  t.world->client_timer_at(5, kSecond, 1);
  t.world->client_timer_at(5, 2 * kSecond, 2);
  t.world->client_timer_at(6, kSecond, 3);
  t.world->client_timer_at(7, kSecond, 4);
  t.world->client_timer_at(7, kNever, 0);
  t.run(10 * kSecond);
  EXPECT_EQ(t.clients[5].timers, std::vector<Nanos>{2 * kSecond});
  EXPECT_EQ(t.clients[6].timers, std::vector<Nanos>{kSecond});
  EXPECT_TRUE(t.clients[7].timers.empty());
}

TEST(Clients, AConnectionGivenUpBeforeItsAnswerLeavesNothing) {
  TestWorld t(1, 1, echo_script, plain_options());
  for (const Nanos later : {Nanos{0}, 50 * kMicrosecond, 150 * kMicrosecond, 250 * kMicrosecond}) {
    t.connect(1);
    t.run(later);
    t.world->client_close(1, CloseHow::kAbort);
    EXPECT_FALSE(t.world->client_has_connection(1));
    t.connect(1);  // at once another
    t.run(kSecond);
    EXPECT_TRUE(t.world->client_has_connection(1));
    EXPECT_EQ(t.world->usage(0).sockets, 1u);
    t.world->client_close(1, CloseHow::kFlush);
    t.run(kSecond);
    EXPECT_EQ(t.world->usage(0).sockets, 0u);
    EXPECT_EQ(t.world->items_under_way(), 0u);
  }
  EXPECT_EQ(t.clients[1].closed_at, -1);  // a client is not told of what it did itself
}

TEST(Clients, ACloseWhoseReaderNeverReadsEndsAfterItsLinger) {
  WorldOptions options = plain_options();
  options.network.client.window_bytes = 10'000;
  TestWorld t(
      1, 1,
      [](const Record& r, Effects& effects) {
        if (r.what != What::kBytes) return;
        effects.send(r.link, as_bytes(text_of(100'000)));
        effects.close(r.link, CloseHow::kFlush);
      },
      options);
  t.connect_now(0);
  t.world->client_pause_reading(0);
  t.send(0, "go");
  t.run(20 * kSecond);
  EXPECT_EQ(t.log.count(What::kLinkClosed), 0);
  t.run(20 * kSecond);
  EXPECT_EQ(t.log.count(What::kLinkClosed), 1);
  t.world->client_resume_reading(0);
  t.run(kSecond);
  EXPECT_EQ(t.clients[0].ended_by, EndedBy::kReset);
  EXPECT_LE(t.clients[0].received.size(), 10'000u);
  EXPECT_EQ(t.world->items_under_way(), 0u);
}

TEST(Network, EveryConnectionHasAnAddressOfItsOwn) {
  TestWorld t(
      2, 1,
      [](const Record& r, Effects& effects) {
        if (r.what == What::kStart && r.place.node == 1) effects.dial(5, 0, 0);
      },
      plain_options());
  t.connect_now(2);
  t.connect_now(33);
  t.world->client_close(2, CloseHow::kFlush);
  t.connect_now(2);
  std::set<std::string> peers;
  for (const Record& r : t.log.records())
    if (r.what == What::kLinkOpen) peers.insert(r.peer);
  EXPECT_EQ(peers, (std::set<std::string>{"10.0.0.2:1025", "10.0.0.2:1026", "10.0.0.33:1025", "172.16.0.2:1029",
                                          "172.16.0.1:5370"}));
}

}  // namespace
}  // namespace orrery::sim
