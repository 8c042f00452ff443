// SPDX-License-Identifier: Apache-2.0
#include "client/octets.h"

#include <gtest/gtest.h>

namespace orrery::client {
namespace {

TEST(Octets, VarintsOfTheStandardsTable) {
  EXPECT_EQ(varint(0), std::string("\0", 1));
  EXPECT_EQ(varint(127), "\x7f");
  EXPECT_EQ(varint(128), std::string("\x80\x01"));
  EXPECT_EQ(varint(16'383), std::string("\xff\x7f"));
  EXPECT_EQ(varint(16'384), std::string("\x80\x80\x01"));
  EXPECT_EQ(varint(kVarintMax), std::string("\xff\xff\xff\x7f"));
  EXPECT_EQ(varint(1, 3), std::string("\x81\x80\0", 3));
  EXPECT_EQ(varint(0, 5), std::string("\x80\x80\x80\x80\0", 5));
}

TEST(Octets, CursorReadsVarintsBackAndSeesOverlongOnes) {
  for (const std::uint32_t value : {0U, 1U, 127U, 128U, 300U, 16'383U, 16'384U, 2'097'151U, 2'097'152U, kVarintMax}) {
    const Octets bytes = varint(value);
    Cursor in(bytes);
    bool shortest = false;
    EXPECT_EQ(in.varint(shortest), value);
    EXPECT_TRUE(shortest);
    EXPECT_EQ(in.remaining(), 0U);
  }
  const Octets overlong = varint(5, 2);
  Cursor in(overlong);
  bool shortest = true;
  EXPECT_EQ(in.varint(shortest), 5U);
  EXPECT_FALSE(shortest);
  const Octets endless = varint(5, 5);
  Cursor never(endless);
  never.varint(shortest);
  EXPECT_TRUE(never.failed());
}

TEST(Octets, CursorFailsAtTheEndAndStaysFailed) {
  Cursor in("\x01\x02\x03");
  EXPECT_EQ(in.u16(), 0x0102U);
  EXPECT_EQ(in.u16(), 0U);
  EXPECT_TRUE(in.failed());
  EXPECT_EQ(in.u8(), 0U);
}

// The slow twin: every code point encoded by hand is good exactly when it is no surrogate and not NUL.
TEST(Octets, EveryCodePointIsJudgedRight) {
  for (std::uint32_t c = 0; c <= 0x110000; c += c < 0x3000 || (c > 0xd700 && c < 0xe100) || c > 0x10ff00 ? 1 : 97) {
    Octets text = "a";
    if (c < 0x80)
      text += u8(c);
    else if (c < 0x800)
      text += u8(0xc0 | c >> 6) + u8(0x80 | (c & 63));
    else if (c < 0x10000)
      text += u8(0xe0 | c >> 12) + u8(0x80 | (c >> 6 & 63)) + u8(0x80 | (c & 63));
    else
      text += u8(0xf0 | c >> 18) + u8(0x80 | (c >> 12 & 63)) + u8(0x80 | (c >> 6 & 63)) + u8(0x80 | (c & 63));
    const bool good = c != 0 && (c < 0xd800 || c > 0xdfff) && c <= 0x10ffff;
    ASSERT_EQ(text_error(text) == nullptr, good) << c;
  }
}

TEST(Octets, IllFormedTextIsRefused) {
  for (const char* bad : {"\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xe0\x9f\xbf", "\xf0\x8f\xbf\xbf",
                          "\xf5\x80\x80\x80", "\xff", "\xc3", "\xe2\x82", "\xf0\x9f\x98", "\xc3(", "\xe2(\xa1"})
    EXPECT_NE(text_error(bad), nullptr) << hex(bad);
  EXPECT_EQ(text_error(""), nullptr);
  EXPECT_EQ(text_error("\xef\xbb\xbf mark"), nullptr);
}

TEST(Octets, HexIsCut) {
  EXPECT_EQ(hex("\x30\x05"), "30 05");
  EXPECT_EQ(hex("abc", 2), "61 62 ... 1 more");
}

}  // namespace
}  // namespace orrery::client
