// SPDX-License-Identifier: Apache-2.0
// TLS under links: OpenSSL's own client over real sockets, bytes both ways through a full socket, goodbyes, strangers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <thread>

#include "broker/openssl/self_signed.h"
#include "broker/runtime_asio/test_served.h"

namespace orrery::runtime {
namespace {

using test::echo;
using test::Event;
using test::RawClient;
using test::Served;
using test::wait_until;
using testing::Contains;
using testing::ContainsRegex;

class RuntimeTls : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/orrery-tls-XXXXXX";
    dir_ = ::mkdtemp(name);
    openssl::write_self_signed(dir_ + "/certificate.pem", dir_ + "/key.pem");
    config_ = test::config_of(2);
    config_.listeners[0].name = "listeners.ssl.default";
    config_.listeners[0].tls = std::make_shared<openssl::TlsContext>(dir_ + "/certificate.pem", dir_ + "/key.pem");
  }
  void TearDown() override { std::filesystem::remove_all(dir_); }

  std::string dir_;
  RuntimeConfig config_;
};

/// A client that blocks, on a thread of the test's.
class TlsClient {
 public:
  explicit TlsClient(std::uint16_t port) : context_(SSL_CTX_new(TLS_client_method())), ssl_(SSL_new(context_)) {
    fd_.reset(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const int small = 16 * 1024;
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    const sockaddr_in address = test::loopback(port);
    EXPECT_EQ(::connect(fd_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    SSL_set_fd(ssl_, fd_.get());
    connected_ = SSL_connect(ssl_) == 1;
  }
  ~TlsClient() {
    SSL_free(ssl_);
    SSL_CTX_free(context_);
  }
  bool connected() const { return connected_; }
  bool write(std::string_view bytes) {
    return SSL_write(ssl_, bytes.data(), static_cast<int>(bytes.size())) == static_cast<int>(bytes.size());
  }
  /// Up to `most` bytes; fewer at an end.
  std::string read(std::size_t most) {
    std::string all;
    char buffer[8192];
    while (all.size() < most) {
      const int n = SSL_read(ssl_, buffer, static_cast<int>(std::min(sizeof buffer, most - all.size())));
      if (n <= 0) break;
      all.append(buffer, static_cast<std::size_t>(n));
    }
    return all;
  }
  bool said_goodbye() { return (SSL_get_shutdown(ssl_) & SSL_RECEIVED_SHUTDOWN) != 0; }
  void shut() { SSL_shutdown(ssl_); }
  void half_close() { ::shutdown(fd_.get(), SHUT_WR); }

 private:
  Fd fd_;
  SSL_CTX* context_;
  SSL* ssl_;
  bool connected_ = false;
};

TEST_F(RuntimeTls, MegabytesBothWaysThroughASlowSocket) {
  Served served(config_, echo);
  ASSERT_EQ(served.error(), "");
  TlsClient client(served.port());
  ASSERT_TRUE(client.connected());
  std::string sent(20'000'000, ' ');  // far more than the kernel takes
  for (std::size_t i = 0; i < sent.size(); ++i) sent[i] = static_cast<char>('a' + i * 31 / 7 % 26);
  ASSERT_TRUE(client.write(sent));  // nobody reads the echo yet: it has to wait in the runtime
  EXPECT_TRUE(client.read(sent.size()) == sent);
}

TEST_F(RuntimeTls, ALinkThatIsStoppedAtEveryRecordKeepsTheRest) {
  std::string received;  // one shard has the link, and only that one touches these until all has arrived
  bool stopped = false;
  std::atomic<std::size_t> arrived{0};
  std::atomic<bool> broken{false};
  config_.setup.members[0].shards = 1;
  Served held(config_, [&](const Event& event, Effects& effects) {
    if (event.kind == Event::kWake) {
      stopped = false;
      effects.resume_reading(0);
    }
    if (event.kind != Event::kBytes) return;
    if (stopped) broken = true;
    received += as_text(event.data);
    stopped = true;
    effects.stop_reading(event.link);
    effects.wake_at(0);
    arrived = received.size();
  });
  TlsClient client(held.port());
  ASSERT_TRUE(client.connected());
  std::string sent(3'000'000, ' ');
  for (std::size_t i = 0; i < sent.size(); ++i) sent[i] = static_cast<char>('a' + i * 31 / 7 % 26);
  ASSERT_TRUE(client.write(sent));
  EXPECT_TRUE(wait_until([&] { return arrived >= sent.size(); }));
  client.shut();
  held.stop();
  EXPECT_TRUE(received == sent);
  EXPECT_FALSE(broken);
}

TEST_F(RuntimeTls, TheEndBehindRecordsThatAreKeptWaitsWithThem) {
  std::string received;
  std::atomic<bool> closed{false};
  config_.setup.members[0].shards = 1;
  Served served(config_, [&](const Event& event, Effects& effects) {
    if (event.kind == Event::kClosed) closed = true;
    if (event.kind == Event::kWake) effects.resume_reading(0);
    if (event.kind != Event::kBytes) return;
    received += as_text(event.data);
    effects.stop_reading(event.link);
    effects.wake_at(0);
  });
  TlsClient client(served.port());
  ASSERT_TRUE(client.connected());
  ASSERT_TRUE(client.write(std::string(200'000, 'x')));
  client.shut();
  client.half_close();
  EXPECT_TRUE(wait_until([&] { return closed.load(); }));
  served.stop();
  EXPECT_EQ(received.size(), 200'000u);
}

TEST_F(RuntimeTls, WhatIsSentBeforeACloseArrivesAndThenTheGoodbye) {
  Served served(config_, [](const Event& event, Effects& effects) {
    if (event.kind != Event::kBytes) return;
    effects.send(event.link, as_bytes("the last words"));
    effects.close(event.link, CloseHow::kFlush);
  });
  TlsClient client(served.port());
  ASSERT_TRUE(client.write("anything"));
  EXPECT_EQ(client.read(1000), "the last words");
  EXPECT_TRUE(client.said_goodbye());
}

TEST_F(RuntimeTls, TheClientsGoodbyeEndsTheLink) {
  std::atomic<int> closed{0};
  Served served(config_, [&](const Event& event, Effects& effects) {
    if (event.kind == Event::kClosed) ++closed;
    echo(event, effects);
  });
  TlsClient client(served.port());
  ASSERT_TRUE(client.write("x"));
  EXPECT_EQ(client.read(1), "x");
  client.shut();
  EXPECT_TRUE(wait_until([&] { return closed == 1; }));
}

TEST_F(RuntimeTls, AStrangerIsShownTheDoorAndNobodyElseNotices) {
  std::atomic<int> bytes{0};
  Served served(config_, [&](const Event& event, Effects& effects) {
    if (event.kind == Event::kBytes) ++bytes;
    echo(event, effects);
  });
  TlsClient client(served.port());
  ASSERT_TRUE(client.connected());
  RawClient stranger(served.port());
  stranger.send(std::string("\x10\x10\0\4MQTT\4\2\0\x3c\0\4test", 18));
  EXPECT_TRUE(stranger.run_until([&] { return stranger.saw_end(); }));
  EXPECT_EQ(bytes, 0);
  EXPECT_THAT(served.log(),
              Contains(ContainsRegex(" info tls_failed: listeners.ssl.default: a connection from 127.0.0.1:[0-9]+ "
                                     "failed in TLS: ")));
  ASSERT_TRUE(client.write("still here"));
  EXPECT_EQ(client.read(10), "still here");
}

}  // namespace
}  // namespace orrery::runtime
