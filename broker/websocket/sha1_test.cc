// SPDX-License-Identifier: Apache-2.0
#include "broker/websocket/sha1.h"

#include <gtest/gtest.h>
#include <openssl/sha.h>

#include "base/base64.h"

namespace orrery::websocket {
namespace {

std::string hex(Bytes bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  for (const std::uint8_t b : bytes) {
    out.push_back(kDigits[b >> 4]);
    out.push_back(kDigits[b & 15]);
  }
  return out;
}

TEST(Sha1, KnownAnswersOfFips180) {
  EXPECT_EQ(hex(sha1({})), "da39a3ee5e6b4b0d3255bfef95601890afd80709");
  EXPECT_EQ(hex(sha1(as_bytes("abc"))), "a9993e364706816aba3e25717850c26c9cd0d89d");
  EXPECT_EQ(hex(sha1(as_bytes("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"))),
            "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
  EXPECT_EQ(hex(sha1(as_bytes(std::string(1'000'000, 'a')))), "34aa973cd4c4daa4f61eeb2bdbad27316534016f");
}

TEST(Sha1, EveryLengthAroundTheBlocksAgreesWithOpenSsl) {
  std::string message;
  for (int size = 0; size < 300; ++size) {
    std::array<std::uint8_t, 20> expected;
    SHA1(reinterpret_cast<const unsigned char*>(message.data()), message.size(), expected.data());
    ASSERT_EQ(hex(sha1(as_bytes(message))), hex(expected)) << size;
    message.push_back(static_cast<char>(size * 7));
  }
}

TEST(Sha1, AcceptValueOfRfc6455) {
  EXPECT_EQ(base64_encode(sha1(as_bytes("dGhlIHNhbXBsZSBub25jZQ==258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))),
            "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

}  // namespace
}  // namespace orrery::websocket
