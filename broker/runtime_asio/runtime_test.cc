// SPDX-License-Identifier: Apache-2.0
// What the contract of the seam cannot see: errors at the start, descriptors that run out, resets and FINs, thousands
// of connections and what they cost, many posts, and stopping.
#include "broker/runtime_asio/runtime.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <malloc.h>
#include <sys/resource.h>

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <thread>

#include "broker/runtime_asio/busy_share.h"
#include "broker/runtime_asio/limits.h"
#include "broker/runtime_asio/test_served.h"
#include "broker/runtime_asio/test_sockets.h"

namespace orrery::runtime {
namespace {

using test::config_of;
using test::echo;
using test::Event;
using test::port_of;
using test::RawClient;
using test::Served;
using test::wait_until;
using testing::HasSubstr;
using testing::StartsWith;

TEST(RuntimeStart, APortInUseIsASentence) {
  for (const ShardId shards : {ShardId{1}, ShardId{2}}) {
    Served first(config_of(shards), echo);
    ASSERT_EQ(first.error(), "");
    // Also for shards that share their port with SO_REUSEPORT, and could share it with a stranger.
    for (const ShardId other : {ShardId{1}, ShardId{2}}) {
      Served second(config_of(other, first.port()), echo);
      EXPECT_EQ(second.error(), "listeners.tcp.default.bind: 127.0.0.1:" + std::to_string(first.port()) +
                                    " is in use by another process; stop it or choose another port");
    }
  }
}

TEST(RuntimeStart, BadAddressesAreSentences) {
  const auto error_of = [](const std::string& bind) {
    RuntimeConfig config = config_of(1);
    config.listeners[0].bind = bind;
    return Served(config, echo).error();
  };
  EXPECT_THAT(error_of("127.0.0.1"), HasSubstr("is not an address such as \"127.0.0.1:1883\""));
  EXPECT_THAT(error_of("::1:1883"), HasSubstr("is not an address"));
  EXPECT_THAT(error_of("127.0.0.1:65536"), HasSubstr("the port must be from 0 to 65535"));
  EXPECT_THAT(error_of("192.0.2.1:1883"), HasSubstr("is not an address of this machine"));
  EXPECT_THAT(error_of("no-such-host.invalid:1883"), HasSubstr("the name \"no-such-host.invalid\" has no address"));
}

TEST(RuntimeStart, AllListenersOrNone) {
  Served first(config_of(1), echo);
  RuntimeConfig config = config_of(1);
  config.listeners.push_back({.name = "listeners.ws.default", .bind = "127.0.0.1:" + std::to_string(first.port())});
  const std::uint16_t free = test::free_ports(1);
  config.listeners[0].bind = "127.0.0.1:" + std::to_string(free);
  Served second(config, echo);
  EXPECT_THAT(second.error(), StartsWith("listeners.ws.default.bind: "));
  EXPECT_FALSE(RawClient(free).connected());
}

TEST(RuntimeStart, TooFewDescriptorsAreASentence) {
  RuntimeConfig config = config_of(1);
  config.listeners[0].max_connections = 2'000'000'000;
  EXPECT_THAT(Served(config, echo).error(),
              HasSubstr("raise the limit with \"ulimit -n 2000000112\" or lower max_connections"));
}

TEST(RuntimeStart, TheAdminsPortInUseIsASentence) {
  Served first(config_of(1), echo);
  RuntimeConfig config = config_of(1);
  const std::string taken = "127.0.0.1:" + std::to_string(first.port());
  config.listeners.push_back({.name = "admin", .kind = LinkKind::kAdmin, .bind = taken, .max_connections = 4});
  EXPECT_EQ(Served(config, echo).error(),
            "admin.bind: " + taken +
                " is in use by another process; stop it or choose another port, or none with an empty admin.bind");
}

TEST(RuntimeAccept, TheAdminsConnectionsComeToShard0AndAreNotTheClients) {
  RuntimeConfig config = config_of(2);
  config.listeners.push_back(
      {.name = "admin", .kind = LinkKind::kAdmin, .bind = "127.0.0.1:0", .max_connections = 100});
  std::atomic<int> opened{0}, elsewhere{0};
  Served served(config, [&](const Event& event, Effects& effects) {
    if (event.kind != Event::kBytes) return;
    ++opened;
    if (event.shard != 0) ++elsewhere;
    effects.send(event.link, event.data);
  });
  ASSERT_EQ(served.error(), "");
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < 20; ++i) {
    clients.push_back(std::make_unique<RawClient>(served.port(1)));
    clients.back()->send("x");
    EXPECT_TRUE(clients.back()->run_until([&] { return clients.back()->received() == "x"; }));
  }
  EXPECT_EQ(opened, 20);
  EXPECT_EQ(elsewhere, 0);
}

TEST(RuntimeStart, PeersNeedAHostAndRoomForTheirShards) {
  RuntimeConfig config = config_of(4);
  config.setup.members.push_back({"n2", Role::kCore, 1});
  config.peer_addresses = {"127.0.0.1:65533", "127.0.0.1:5370"};
  EXPECT_THAT(Served(config, echo).error(), HasSubstr("peer address of n1: the port must be from 1 to 65535"));
  config.peer_addresses = {"127.0.0.1:5370", ":5370"};
  EXPECT_THAT(Served(config, echo).error(), HasSubstr("peer address of n2: other members need a host"));
}

TEST(RuntimeLinks, AbortResetsAndFlushDoesNot) {
  // The client's bytes after the first are never read by the shard: a plain close() would turn the FIN into a reset.
  Served served(config_of(1), [](const Event& event, Effects& effects) {
    if (event.kind != Event::kBytes) return;
    const bool abort = event.data[0] == 'a';
    effects.send(event.link, as_bytes("the last words"));
    effects.close(event.link, abort ? CloseHow::kAbort : CloseHow::kFlush);
  });
  RawClient flushed(served.port());
  flushed.send("f");
  flushed.service();
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  flushed.send(std::string(100'000, 'x'));
  EXPECT_TRUE(flushed.run_until([&] { return flushed.saw_end(); }));
  EXPECT_FALSE(flushed.saw_reset());
  EXPECT_EQ(flushed.received(), "the last words");

  RawClient aborted(served.port());
  aborted.send("a");
  EXPECT_TRUE(aborted.run_until([&] { return aborted.saw_end(); }));
  EXPECT_TRUE(aborted.saw_reset());
}

TEST(RuntimeLinks, ASlowReaderDoesNotHoldUpOthers) {
  std::atomic<std::size_t> backlog{0};
  Served served(config_of(1), [&](const Event& event, Effects& effects) {
    if (event.kind != Event::kBytes) return;
    if (event.data[0] == 'e') return echo(event, effects);
    const std::vector<std::uint8_t> block(1 << 20);
    std::size_t last = 0;
    for (int i = 0; i < 32; ++i) last = effects.send(event.link, block);
    backlog = last;
  });
  RawClient slow(served.port(), 8192);
  slow.read(false);
  slow.send("s");
  EXPECT_TRUE(slow.run_until([&] { return backlog > 0; }));
  EXPECT_GT(backlog, std::size_t{16} << 20);
  RawClient other(served.port());
  other.send("echo");
  EXPECT_TRUE(other.run_until([&] { return other.received() == "echo"; }));
  slow.read(true);
  EXPECT_TRUE(slow.run_until([&] { return slow.received().size() == std::size_t{32} << 20; }));
}

TEST(RuntimeAccept, WaitsWhileDescriptorsAreShortAndDoesNotSpin) {
  std::atomic<int> open{0};
  Served served(config_of(1), [&](const Event& event, Effects& effects) {
    open += event.kind == Event::kOpen ? 1 : event.kind == Event::kClosed ? -1 : 0;
    echo(event, effects);
  });
  constexpr int kClients = 8;
  Fd sockets[kClients];
  for (Fd& socket : sockets) socket.reset(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  rlimit before{};
  ::getrlimit(RLIMIT_NOFILE, &before);
  const Fd lowest_free(::fcntl(sockets[0].get(), F_DUPFD_CLOEXEC, 0));
  rlimit low = before;
  low.rlim_cur = static_cast<rlim_t>(lowest_free.get()) + 3;  // room for two more
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &low), 0);

  const sockaddr_in to = test::loopback(served.port());
  for (const Fd& socket : sockets)
    ASSERT_EQ(::connect(socket.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to), 0);
  const bool noticed = wait_until([&] { return !served.log().empty(); });
  rusage start{}, end{};
  ::getrusage(RUSAGE_SELF, &start);
  std::this_thread::sleep_for(std::chrono::milliseconds(600));
  ::getrusage(RUSAGE_SELF, &end);
  const int open_while_short = open;
  ::setrlimit(RLIMIT_NOFILE, &before);

  EXPECT_TRUE(noticed);
  EXPECT_LT(open_while_short, kClients);
  const auto micros = [](const timeval& t) { return t.tv_sec * 1'000'000 + t.tv_usec; };
  EXPECT_LT(micros(end.ru_utime) + micros(end.ru_stime) - micros(start.ru_utime) - micros(start.ru_stime), 300'000);
  EXPECT_TRUE(wait_until([&] { return open == kClients; }));
  EXPECT_TRUE(wait_until([&] { return served.log().size() >= 2; }));
  using testing::EndsWith;
  EXPECT_THAT(served.log(), testing::ElementsAre(
                                EndsWith(" warning listener_rests: listeners.tcp.default takes no connections for now: "
                                         "Too many open files"),
                                EndsWith(" info listener_resumes: listeners.tcp.default takes connections again")));
}

TEST(RuntimeAccept, MaxConnectionsLetsTheNextInWhenOneLeaves) {
  RuntimeConfig config = config_of(2);
  config.listeners[0].max_connections = 2;
  std::atomic<int> opened{0};
  Served served(config, [&](const Event& event, Effects&) { opened += event.kind == Event::kOpen ? 1 : 0; });
  RawClient a(served.port()), b(served.port());
  EXPECT_TRUE(wait_until([&] { return opened == 2; }));
  RawClient c(served.port());
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  EXPECT_EQ(opened, 2);
  a.close(true);
  EXPECT_TRUE(wait_until([&] { return opened == 3; }));
}

TEST(RuntimeAccept, ThousandsOfIdleConnectionsCostLittleEach) {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  const std::size_t clients = std::min<std::size_t>(4000, (static_cast<std::size_t>(limit.rlim_max) - 300) / 2);
  std::atomic<std::size_t> open{0};
  std::atomic<std::size_t> echoed{0};
  Served served(config_of(2), [&](const Event& event, Effects& effects) {
    if (event.kind == Event::kOpen) ++open;
    if (event.kind == Event::kBytes) ++echoed;
    echo(event, effects);
  });
  std::vector<Fd> sockets(clients);
  const std::size_t before = ::mallinfo2().uordblks;
  const sockaddr_in to = test::loopback(served.port());
  for (Fd& socket : sockets) {
    socket.reset(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    ASSERT_EQ(::connect(socket.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to), 0) << std::strerror(errno);
  }
  EXPECT_TRUE(wait_until([&] { return open == clients; }));
  for (Fd& socket : sockets) ASSERT_EQ(::send(socket.get(), "x", 1, MSG_NOSIGNAL), 1);
  EXPECT_TRUE(wait_until([&] { return echoed == clients; }));
  const std::size_t after = ::mallinfo2().uordblks;
  std::printf("%zu connections, %.1f bytes each\n", clients,
              static_cast<double>(after - before) / static_cast<double>(clients));
  // A link is 56 bytes; tables that have just grown are half empty. Each shard also allocates its read buffer
  // meanwhile. Under a sanitizer its allocator counts nothing here, and both are 0.
  EXPECT_LE((after - before) / clients, 128u + 2 * kReadBuffer / clients);
}

TEST(RuntimePosts, ManyInBothDirectionsKeepTheirOrder) {
  constexpr std::uint32_t kPosts = 100'000;
  std::uint32_t next[2] = {0, 0};
  std::atomic<int> done{0};
  std::atomic<bool> in_order{true};
  const auto post = [](Effects& effects, ShardId to, std::uint32_t number) {
    std::uint8_t bytes[sizeof number + 60] = {};
    std::memcpy(bytes, &number, sizeof number);
    effects.post(to, Bytes(bytes, sizeof number + number % 60));
  };
  Served served(config_of(2), [&](const Event& event, Effects& effects) {
    const auto other = static_cast<ShardId>(1 - event.shard);
    if (event.kind == Event::kStart)
      for (std::uint32_t i = 0; i < kPosts; ++i) post(effects, other, i);
    if (event.kind != Event::kMessage) return;
    std::uint32_t number = 0;
    std::memcpy(&number, event.data.data(), sizeof number);
    if (number != next[event.shard]++ || event.data.size() != sizeof number + number % 60) in_order = false;
    if (next[event.shard] == kPosts) ++done;
  });
  EXPECT_TRUE(wait_until([&] { return done == 2; }));
  EXPECT_TRUE(in_order);
}

// Shard 1 tells shard 0 something and then its own client, which tells shard 0: by then it must know. In the same batch
// shard 1 writes much to other clients, so that there is time for that.
TEST(RuntimePosts, AShardHearsFromAnotherBeforeItHearsThroughClients) {
  constexpr int kRounds = 300;
  const std::vector<std::uint8_t> much(50'000);
  std::vector<LinkId> others;  // of shard 1
  int known = 0;
  std::atomic<int> too_early{0};
  Served served(config_of(2), [&](const Event& event, Effects& effects) {
    if (event.kind == Event::kOpen) effects.send(event.link, as_bytes(event.shard == 0 ? "0" : "1"));
    if (event.kind == Event::kOpen && event.shard == 1) others.push_back(event.link);
    if (event.kind == Event::kMessage) ++known;
    if (event.kind != Event::kBytes) return;
    if (event.shard == 0) {
      if (std::stoi(std::string(as_text(event.data))) > known) ++too_early;
    } else {
      effects.post(0, as_bytes("one more"));
    }
    effects.send(event.link, event.data);
    if (event.shard == 1)
      for (const LinkId other : others)
        if (other != event.link) effects.send(other, much);
  });
  std::vector<std::unique_ptr<RawClient>> clients;
  RawClient* of_shard[2] = {nullptr, nullptr};
  while (of_shard[0] == nullptr || of_shard[1] == nullptr || clients.size() < 30) {
    ASSERT_LT(clients.size(), 200u);
    RawClient& c = *clients.emplace_back(std::make_unique<RawClient>(served.port()));
    ASSERT_TRUE(c.run_until([&] { return !c.received().empty(); }));
    of_shard[c.received()[0] - '0'] = &c;
  }
  std::size_t heard[2] = {1, 1};
  for (int round = 1; round <= kRounds; ++round) {
    const std::string number = std::to_string(round);
    for (const int shard : {1, 0}) {
      of_shard[shard]->send(number);
      heard[shard] += number.size();
      while (of_shard[shard]->received().size() < heard[shard]) of_shard[shard]->service();
    }
    for (const auto& c : clients) c->service();
  }
  EXPECT_EQ(too_early, 0);
}

// Each byte of a client goes around all shards before it is sent back, and the last one ends the link; one client after
// another while the shards sleep in between, then many at once. Whoever runs a shard, nothing is lost or out of order.
TEST(RuntimePosts, AroundAllShardsAndBackUntilTheLinkEnds) {
  constexpr ShardId kShards = 3;
  struct Token {
    LinkId link;
    ShardId from;
    ShardId hops;
    std::uint8_t byte;
  };
  const auto pass_on = [](const Event& event, Effects& effects, Token token) {
    std::uint8_t bytes[sizeof token] = {};
    std::memcpy(bytes, &token, sizeof token);
    effects.post(static_cast<ShardId>((event.shard + 1) % kShards), bytes);
  };
  Served served(config_of(kShards), [&](const Event& event, Effects& effects) {
    if (event.kind == Event::kBytes)
      for (const std::uint8_t byte : event.data)
        pass_on(event, effects, {event.link, event.shard, 2 * kShards - 1, byte});
    if (event.kind != Event::kMessage) return;
    Token token{};
    std::memcpy(&token, event.data.data(), sizeof token);
    if (token.hops-- > 0) return pass_on(event, effects, token);
    ASSERT_EQ(event.shard, token.from);
    effects.send(token.link, Bytes(&token.byte, 1));
    if (token.byte == '!') effects.close(token.link, CloseHow::kFlush);
  });
  const std::string text = "around and around, and home again!";
  const auto talk = [&](std::size_t count) {
    std::vector<std::unique_ptr<RawClient>> clients;
    for (std::size_t i = 0; i < count; ++i) clients.push_back(std::make_unique<RawClient>(served.port()));
    for (const char byte : text)
      for (const auto& c : clients) {
        c->send(std::string(1, byte));
        c->service();
      }
    for (const auto& c : clients) {
      EXPECT_TRUE(c->run_until([&] { return c->saw_end(); }));
      EXPECT_EQ(c->received(), text);
      EXPECT_FALSE(c->saw_reset());
    }
  };
  for (int i = 0; i < 40; ++i) talk(1);
  for (int i = 0; i < 10; ++i) talk(50);
}

// The other shard's thread has been waiting for so long that nothing but a wake-up brings it back.
TEST(RuntimePosts, AShardThatSleepsEndsItsLinks) {
  std::vector<LinkId> links[2];
  Served served(config_of(2), [&](const Event& event, Effects& effects) {
    if (event.kind == Event::kOpen) {
      links[event.shard].push_back(event.link);
      effects.send(event.link, as_bytes(event.shard == 0 ? "0" : "1"));
    }
    if (event.kind == Event::kBytes) effects.post(static_cast<ShardId>(1 - event.shard), as_bytes("end them"));
    if (event.kind == Event::kMessage)
      for (const LinkId link : links[event.shard]) effects.close(link, CloseHow::kFlush);
  });
  std::vector<std::unique_ptr<RawClient>> of_shard[2];
  for (int i = 0; i < 200 && (of_shard[0].empty() || of_shard[1].empty()); ++i) {
    auto c = std::make_unique<RawClient>(served.port());
    ASSERT_TRUE(c->run_until([&] { return !c->received().empty(); }));
    of_shard[c->received()[0] - '0'].push_back(std::move(c));
  }
  ASSERT_FALSE(of_shard[0].empty() || of_shard[1].empty());
  std::this_thread::sleep_for(std::chrono::nanoseconds(4 * kTurn));
  of_shard[0][0]->send("go");
  of_shard[0][0]->service();
  for (const auto& c : of_shard[1]) EXPECT_TRUE(c->run_until([&] { return c->saw_end(); }));
}

// More often than one shard runs the other: at some point it has to wake a thread that sleeps soundly.
TEST(RuntimePosts, ToAndFroBetweenShardsThatSlept) {
  constexpr std::uint8_t kHops = 100;  // even: back at the shard that the client is at
  LinkId asker = 0;
  Served served(config_of(2), [&](const Event& event, Effects& effects) {
    std::uint8_t hops = kHops;
    if (event.kind == Event::kBytes) asker = event.link;
    if (event.kind == Event::kMessage) hops = event.data[0];
    if (event.kind != Event::kBytes && event.kind != Event::kMessage) return;
    if (hops == 0) return static_cast<void>(effects.send(asker, as_bytes("back")));
    --hops;
    effects.post(static_cast<ShardId>(1 - event.shard), Bytes(&hops, 1));
  });
  for (int i = 0; i < 3; ++i) {
    RawClient client(served.port());
    std::this_thread::sleep_for(std::chrono::nanoseconds(4 * kTurn));
    client.send("go");
    EXPECT_TRUE(client.run_until([&] { return client.received() == "back"; }));
  }
}

TEST(BusyShare, LooksBackAShortTime) {
  BusyShare share;
  EXPECT_FALSE(share.under_half());
  share.add(1000, 2000);
  EXPECT_TRUE(share.under_half());
  share.add(2000, 500);
  EXPECT_FALSE(share.under_half());
  share.add(0, kSecond);
  EXPECT_TRUE(share.under_half());
  for (int i = 0; i < 4; ++i) share.add(kBusyWindow / 2, 0);
  EXPECT_FALSE(share.under_half());
}

TEST(RuntimeStop, WhatWasSentStillArrivesAndThePortIsFreeAgain) {
  std::atomic<bool> sent{false};
  constexpr std::size_t kSize = 8 << 20;
  auto served = std::make_unique<Served>(config_of(2), [&](const Event& event, Effects& effects) {
    if (event.kind != Event::kBytes) return;
    effects.send(event.link, std::vector<std::uint8_t>(kSize));
    sent = true;
  });
  const std::uint16_t port = served->port();
  RawClient client(port);
  client.read(false);
  client.send("go");
  EXPECT_TRUE(client.run_until([&] { return sent.load(); }));
  std::atomic<bool> stopped{false};
  std::thread stopping([&] {
    served->stop();
    stopped = true;
  });
  client.read(true);
  EXPECT_TRUE(client.run_until([&] { return client.saw_end(); }));
  EXPECT_EQ(client.received().size(), kSize);
  EXPECT_FALSE(client.saw_reset());
  EXPECT_TRUE(wait_until([&] { return stopped.load(); }));
  stopping.join();
  served.reset();
  EXPECT_EQ(Served(config_of(1, port), echo).error(), "");
}

TEST(RuntimeStop, AClientThatDoesNotReadCannotHoldItUp) {
  std::atomic<bool> sent{false};
  Served served(config_of(1), [&](const Event& event, Effects& effects) {
    if (event.kind != Event::kBytes) return;
    effects.send(event.link, std::vector<std::uint8_t>(std::size_t{32} << 20));
    sent = true;
  });
  RawClient client(served.port());
  client.read(false);
  client.send("go");
  EXPECT_TRUE(client.run_until([&] { return sent.load(); }));
  served.stop();
}

}  // namespace
}  // namespace orrery::runtime
