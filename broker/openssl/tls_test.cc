// SPDX-License-Identifier: Apache-2.0
// TlsConnection against OpenSSL's own client over memory: cut anywhere, both versions, goodbyes, garbage, wrong files.
#include "broker/openssl/tls.h"

#include <gtest/gtest.h>
#include <openssl/bio.h>
#include <openssl/ssl.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <numeric>

#include "broker/openssl/self_signed.h"

namespace orrery::openssl {
namespace {

using Status = TlsConnection::Status;

class Tls : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/orrery-tls-XXXXXX";
    dir_ = ::mkdtemp(name);
    write_self_signed(certificate(), key());
  }
  void TearDown() override { std::filesystem::remove_all(dir_); }
  std::string certificate() const { return dir_ + "/certificate.pem"; }
  std::string key() const { return dir_ + "/key.pem"; }
  std::string refusal(const std::string& c, const std::string& k) const {
    try {
      TlsContext context(c, k);
    } catch (const std::runtime_error& error) {
      return error.what();
    }
    return "accepted";
  }
  std::string dir_;
};

/// A client that checks the certificate, with OpenSSL's memory BIOs.
class Client {
 public:
  Client(const std::string& certificate, int version) : context_(SSL_CTX_new(TLS_client_method())) {
    SSL_CTX_set_min_proto_version(context_, version);
    SSL_CTX_set_max_proto_version(context_, version);
    SSL_CTX_load_verify_file(context_, certificate.c_str());
    SSL_CTX_set_verify(context_, SSL_VERIFY_PEER, nullptr);
    ssl_ = SSL_new(context_);
    SSL_set1_host(ssl_, "localhost");
    in_ = BIO_new(BIO_s_mem());
    out_ = BIO_new(BIO_s_mem());
    SSL_set_bio(ssl_, in_, out_);
    SSL_set_connect_state(ssl_);
  }
  ~Client() {
    SSL_free(ssl_);
    SSL_CTX_free(context_);
  }
  void take(const Octets& bytes) { BIO_write(in_, bytes.data(), static_cast<int>(bytes.size())); }
  Octets give() {
    Octets bytes(BIO_ctrl_pending(out_));
    if (!bytes.empty()) BIO_read(out_, bytes.data(), static_cast<int>(bytes.size()));
    return bytes;
  }
  bool shake_hands() { return SSL_do_handshake(ssl_) == 1; }
  void write(const Octets& plain) { SSL_write(ssl_, plain.data(), static_cast<int>(plain.size())); }
  Octets read() {
    Octets all;
    std::uint8_t buffer[5000];
    for (int n; (n = SSL_read(ssl_, buffer, sizeof buffer)) > 0;) all.insert(all.end(), buffer, buffer + n);
    return all;
  }
  bool said_goodbye() { return (SSL_get_shutdown(ssl_) & SSL_RECEIVED_SHUTDOWN) != 0; }
  void shut() { SSL_shutdown(ssl_); }

 private:
  SSL_CTX* context_;
  SSL* ssl_;
  BIO* in_;
  BIO* out_;
};

/// Feeds in pieces of `piece` bytes; plain bytes are appended, what goes back is returned. Stops at an end.
Octets feed(TlsConnection& server, const Octets& bytes, std::size_t piece, Octets& plain, Status& status) {
  Octets out;
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    server.feed({bytes.data() + at, std::min(piece, bytes.size() - at)});
    do {
      std::uint8_t buffer[1000];
      std::size_t size = 0;
      status = server.read({buffer, sizeof buffer}, size, out);
      plain.insert(plain.end(), buffer, buffer + size);
    } while (status == Status::kMore);
    if (status != Status::kWaits) break;
  }
  return out;
}

bool connect(TlsConnection& server, Client& client, std::size_t piece) {
  Status status = Status::kWaits;
  Octets plain;
  for (int round = 0; round < 4 && status == Status::kWaits; ++round) {
    const bool done = client.shake_hands();
    client.take(feed(server, client.give(), piece, plain, status));
    if (done) return status == Status::kWaits && plain.empty();
  }
  return false;
}

Octets pattern(std::size_t size) {
  Octets bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::uint8_t>(i * 7 + i / 251);
  return bytes;
}

TEST_F(Tls, BothVersionsBothWaysCutAnywhere) {
  const TlsContext context(certificate(), key());
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    for (const std::size_t piece : {1u, 3u, 1000u, 100'000u}) {
      TlsConnection server(context);
      Client client(certificate(), version);
      ASSERT_TRUE(connect(server, client, piece)) << server.error();
      const Octets sent = pattern(40'000);  // several records
      client.write(sent);
      Octets got;
      Status status{};
      client.take(feed(server, client.give(), piece, got, status));
      EXPECT_EQ(status, Status::kWaits);
      EXPECT_EQ(got, sent);
      Octets out;
      EXPECT_TRUE(server.write(sent, out));
      server.shut(out);
      client.take(out);
      EXPECT_EQ(client.read(), sent);
      EXPECT_TRUE(client.said_goodbye());
    }
  }
}

TEST_F(Tls, WhatIsWrittenTooEarlyWaitsForTheHandshake) {
  const TlsContext context(certificate(), key());
  TlsConnection server(context);
  Client client(certificate(), TLS1_3_VERSION);
  Octets out;
  EXPECT_TRUE(server.write(pattern(10), out));
  EXPECT_TRUE(out.empty());
  ASSERT_TRUE(connect(server, client, 100'000));
  EXPECT_EQ(client.read(), pattern(10));
}

TEST_F(Tls, TheClientsGoodbyeIsAnEnd) {
  const TlsContext context(certificate(), key());
  TlsConnection server(context);
  Client client(certificate(), TLS1_3_VERSION);
  ASSERT_TRUE(connect(server, client, 100'000));
  client.write(pattern(3));
  client.shut();
  Octets got;
  Status status{};
  feed(server, client.give(), 100'000, got, status);
  EXPECT_EQ(got, pattern(3));
  EXPECT_EQ(status, Status::kEnded);
}

TEST_F(Tls, GarbageFailsWithAnAlertAndForGood) {
  const TlsContext context(certificate(), key());
  TlsConnection server(context);
  const std::string http = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
  Octets got;
  Status status{};
  feed(server, Octets(http.begin(), http.end()), 100, got, status);
  EXPECT_EQ(status, Status::kFailed);
  EXPECT_EQ(server.error(), "http request");
  Octets out;
  EXPECT_FALSE(server.write(pattern(1), out));
  EXPECT_TRUE(out.empty());
}

TEST_F(Tls, ARecordThatWasChangedFailsTheConnection) {
  const TlsContext context(certificate(), key());
  TlsConnection server(context);
  Client client(certificate(), TLS1_3_VERSION);
  ASSERT_TRUE(connect(server, client, 100'000));
  client.write(pattern(100));
  Octets record = client.give();
  record[record.size() / 2] ^= 1;
  Octets got;
  Status status{};
  const Octets alert = feed(server, record, 100'000, got, status);
  EXPECT_EQ(status, Status::kFailed);
  EXPECT_TRUE(got.empty());
  EXPECT_FALSE(alert.empty());
}

TEST_F(Tls, OldVersionsAreRefused) {
  const TlsContext context(certificate(), key());
  TlsConnection server(context);
  Client client(certificate(), TLS1_1_VERSION);
  EXPECT_FALSE(connect(server, client, 100'000));
}

TEST_F(Tls, FilesThatDoNotFit) {
  EXPECT_EQ(refusal(certificate(), key()), "accepted");
  EXPECT_EQ(refusal(dir_ + "/none.pem", key()).find(dir_ + "/none.pem: no certificate in PEM form"), 0u);
  std::ofstream(dir_ + "/text.pem") << "not a key\n";
  EXPECT_EQ(refusal(certificate(), dir_ + "/text.pem").find(dir_ + "/text.pem: no private key"), 0u);
  write_self_signed(dir_ + "/other.pem", dir_ + "/other_key.pem");
  EXPECT_EQ(refusal(certificate(), dir_ + "/other_key.pem").find(dir_ + "/other_key.pem: "), 0u);
}

}  // namespace
}  // namespace orrery::openssl
