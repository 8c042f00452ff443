// SPDX-License-Identifier: Apache-2.0
// Known answers: FIPS 180-4's "abc", RFC 4231, RFC 7914 section 11, and PBKDF2 by its definition.
#include "broker/openssl/openssl_digest.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace orrery::openssl {
namespace {

using auth::Digest;
using auth::Sha256;

std::string hex(Bytes bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  for (const std::uint8_t byte : bytes) out += {kDigits[byte >> 4], kDigits[byte & 15]};
  return out;
}

const Digest& digest() {
  static const std::shared_ptr<const Digest> made = make_digest();
  return *made;
}

TEST(OpensslDigest, Hashes) {
  EXPECT_EQ(hex(digest().sha256(as_bytes("abc"))), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hex(digest().sha256({})), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  const std::string abc =
      "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e"
      "2a9ac94fa54ca49f";
  EXPECT_EQ(hex(digest().sha512(as_bytes("abc"), {})), abc);
  EXPECT_EQ(hex(digest().sha512({}, as_bytes("abc"))), abc);
  EXPECT_EQ(hex(digest().sha512(as_bytes("a"), as_bytes("bc"))), abc);
}

TEST(OpensslDigest, Hmac) {
  const std::vector<std::uint8_t> key(20, 0x0B);
  EXPECT_EQ(hex(digest().hmac_sha256(key, as_bytes("Hi There"))),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  EXPECT_EQ(hex(digest().hmac_sha256(as_bytes("Jefe"), as_bytes("what do ya want for nothing?"))),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  const std::vector<std::uint8_t> long_key(131, 0xAA);
  EXPECT_EQ(hex(digest().hmac_sha256(long_key, as_bytes("Test Using Larger Than Block-Size Key - Hash Key First"))),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
  EXPECT_EQ(hex(digest().hmac_sha256({}, {})), "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

TEST(OpensslDigest, Pbkdf2) {
  EXPECT_EQ(hex(digest().pbkdf2_sha256(as_bytes("passwd"), as_bytes("salt"), 1)),
            "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc");
  EXPECT_EQ(
      hex(digest().pbkdf2_sha512(as_bytes("password"), as_bytes("salt"), 1)),
      "867f70cf1ade02cff3752599a3a53dc4af34c7a669815ae5d513554e1c8cf252c02d470a285a0501bad999bfe943c08f050235d7d68b1d"
      "a55e63f73b60a57fce");
}

TEST(OpensslDigest, Pbkdf2ByItsDefinition) {
  for (const std::string_view password :
       {std::string_view(), std::string_view("p\0q", 3), std::string_view("pencil")}) {
    std::string salt = "some salt";
    salt += std::string("\0\0\0\1", 4);
    Sha256 u = digest().hmac_sha256(as_bytes(password), as_bytes(salt));
    Sha256 sum = u;
    for (int i = 1; i < 50; ++i) {
      u = digest().hmac_sha256(as_bytes(password), u);
      for (std::size_t k = 0; k < sum.size(); ++k) sum[k] = static_cast<std::uint8_t>(sum[k] ^ u[k]);
    }
    EXPECT_EQ(digest().pbkdf2_sha256(as_bytes(password), as_bytes("some salt"), 50), sum);
  }
}

TEST(OpensslDigest, Equal) {
  EXPECT_TRUE(digest().constant_time_equal({}, {}));
  EXPECT_TRUE(digest().constant_time_equal(as_bytes("abc"), as_bytes("abc")));
  EXPECT_FALSE(digest().constant_time_equal(as_bytes("abc"), as_bytes("abd")));
  EXPECT_FALSE(digest().constant_time_equal(as_bytes("abc"), as_bytes("ab")));
  EXPECT_FALSE(digest().constant_time_equal({}, as_bytes("a")));
}

}  // namespace
}  // namespace orrery::openssl
