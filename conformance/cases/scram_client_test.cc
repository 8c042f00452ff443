// SPDX-License-Identifier: Apache-2.0
// The conversation that RFC 7677 prints in its section 3, and server messages that must be refused.
#include "conformance/cases/scram_client.h"

#include <gtest/gtest.h>

namespace orrery::conformance {
namespace {

constexpr const char* kServerFirst =
    "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";

TEST(ScramClient, HoldsTheConversationOfTheRfc) {
  ScramClient c("user", "pencil", "rOprNGfwEbeRWgbNEkqO");
  EXPECT_EQ(c.first(), "n,,n=user,r=rOprNGfwEbeRWgbNEkqO");
  EXPECT_EQ(c.take_first(kServerFirst), "");
  EXPECT_EQ(
      c.final(),
      "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=");
  EXPECT_EQ(c.take_final("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="), "");
}

TEST(ScramClient, NoticesAWrongSignature) {
  ScramClient c("user", "pencil", "rOprNGfwEbeRWgbNEkqO");
  c.take_first(kServerFirst);
  c.final();
  EXPECT_EQ(c.take_final("v=7rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="), "the signature is not the server's");
  EXPECT_EQ(c.take_final("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4"), "the signature is no base64");
  EXPECT_EQ(c.take_final("e=other-error"), "it is not v=SIGNATURE");
  EXPECT_EQ(c.take_final(""), "it is not v=SIGNATURE");
}

TEST(ScramClient, NoticesABadServerFirst) {
  const auto error = [](std::string_view message) { return ScramClient("user", "pencil", "abc").take_first(message); };
  EXPECT_EQ(error("r=abcX,s=YWJj,i=4096"), "");
  EXPECT_EQ(error("r=abcX,s=YWJj,i=4096,later=x"), "");
  EXPECT_EQ(error("r=abc,s=YWJj,i=4096"), "the server adds no nonce of its own");
  EXPECT_EQ(error("r=abXc,s=YWJj,i=4096"), "its nonce does not begin with the client's");
  EXPECT_EQ(error("r=abc X,s=YWJj,i=4096"), "its nonce is not printable");
  EXPECT_EQ(error("r=abcX,s=YWJ,i=4096"), "its salt is no base64");
  EXPECT_EQ(error("r=abcX,s=YW=j,i=4096"), "its salt is no base64");
  EXPECT_EQ(error("r=abcX,s=YWJj,i=4095"), "its iteration count is below 4096");
  EXPECT_EQ(error("r=abcX,s=YWJj,i=4096x"), "its iteration count is no number, or a huge one");
  EXPECT_EQ(error("s=YWJj,r=abcX,i=4096"), "it is not r=NONCE,s=SALT,i=ITERATIONS");
  EXPECT_EQ(error(""), "it is not r=NONCE,s=SALT,i=ITERATIONS");
}

TEST(ScramClient, EscapesNames) { EXPECT_EQ(scram_name("a,b=c"), "a=2Cb=3Dc"); }

}  // namespace
}  // namespace orrery::conformance
