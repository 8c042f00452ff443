// SPDX-License-Identifier: Apache-2.0
// Holding back where threads meet: a shard that other shards tell to stop and resume reading while bytes come in.
#include <gtest/gtest.h>

#include <atomic>

#include "broker/runtime_asio/test_served.h"

namespace orrery::runtime {
namespace {

using test::config_of;
using test::Event;
using test::RawClient;
using test::Served;

// A message is taken between reading a socket and delivering what was read. Whatever the threads do, nothing may be
// lost, doubled or delivered while the link is stopped.
TEST(RuntimeReading, MessagesFromAnotherShardStopAndResumeALinkThatIsFlooded) {
  std::atomic<int> opened[2] = {0, 0};
  std::atomic<int> stops{0};
  std::atomic<bool> broken{false};
  std::atomic<std::size_t> arrived{0};
  std::string received;  // of shard 0's first link: touched by its shard alone until all has arrived
  bool stopped = false;  // shard 0's alone
  Served served(config_of(2), [&](const Event& event, Effects& effects) {
    if (event.kind == Event::kOpen) ++opened[event.shard];
    if (event.kind == Event::kBytes && event.shard == 1)
      for (std::size_t i = 0; i < event.data.size(); ++i) effects.post(0, event.data.subspan(i, 1));
    if (event.kind == Event::kMessage) {
      stopped = event.data[0] == 's';
      if (stopped) ++stops;
      stopped ? effects.stop_reading(0) : effects.resume_reading(0);
    }
    if (event.kind != Event::kBytes || event.shard != 0) return;
    if (stopped) broken = true;
    received += as_text(event.data);
    arrived = received.size();
  });
  ASSERT_EQ(served.error(), "");
  // The kernel gives connections to the shards as it likes: until each has its client. Those too many stay idle.
  std::vector<std::unique_ptr<RawClient>> clients;
  RawClient* flooder = nullptr;
  RawClient* teller = nullptr;
  while (flooder == nullptr || teller == nullptr) {
    const int before = opened[0];
    const int all = before + opened[1];
    clients.push_back(std::make_unique<RawClient>(served.port()));
    ASSERT_TRUE(test::wait_until([&] { return opened[0] + opened[1] > all; }));
    RawClient*& found = opened[0] > before ? flooder : teller;
    if (found == nullptr) found = clients.back().get();
  }
  std::string sent;
  for (int round = 0; round < 400; ++round) {
    std::string piece(20'000, ' ');
    for (std::size_t i = 0; i < piece.size(); ++i) piece[i] = static_cast<char>('a' + (sent.size() + i) * 31 / 7 % 26);
    sent += piece;
    flooder->send(piece);
    flooder->service();
    teller->send(round % 3 == 0 ? "s" : "r");
    teller->service();
  }
  teller->send("r");
  EXPECT_TRUE(flooder->run_until([&] {
    teller->service();
    return arrived >= sent.size();
  }));
  served.stop();
  EXPECT_TRUE(received == sent);
  EXPECT_FALSE(broken);
  EXPECT_GT(stops, 0);
}

}  // namespace
}  // namespace orrery::runtime
