// SPDX-License-Identifier: Apache-2.0
// The validator against its slow twin (a decoder of code points, as the standard's words have it) and known cases.
#include "broker/mqtt/utf8.h"

#include <gtest/gtest.h>

#include <string>

#include "base/rng.h"

namespace orrery::mqtt {
namespace {

std::string encode_utf8(std::uint32_t code) {
  std::string out;
  const auto put = [&](std::uint32_t byte) { out += static_cast<char>(byte); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xc0 | code >> 6);
    put(0x80 | (code & 63));
  } else if (code < 0x10000) {
    put(0xe0 | code >> 12);
    put(0x80 | (code >> 6 & 63));
    put(0x80 | (code & 63));
  } else {
    put(0xf0 | code >> 18);
    put(0x80 | (code >> 12 & 63));
    put(0x80 | (code >> 6 & 63));
    put(0x80 | (code & 63));
  }
  return out;
}

/// Takes a character's bits together and encodes them again: what differs was overlong.
bool valid_twin(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = static_cast<std::uint8_t>(text[i]);
    const std::size_t size = lead < 0x80 ? 1 : lead >> 5 == 6 ? 2 : lead >> 4 == 14 ? 3 : lead >> 3 == 30 ? 4 : 0;
    if (size == 0 || size > text.size() - i) return false;
    std::uint32_t code = size == 1 ? lead : lead & (0x7fu >> size);
    for (std::size_t k = 1; k < size; ++k) {
      const auto byte = static_cast<std::uint8_t>(text[i + k]);
      if (byte >> 6 != 2) return false;
      code = code << 6 | (byte & 63);
    }
    if (code == 0 || code > 0x10ffff) return false;
    if (code >= 0xd800 && code <= 0xdfff) return false;
    if (encode_utf8(code) != text.substr(i, size)) return false;
    i += size;
  }
  return true;
}

TEST(Utf8, EveryCodePoint) {
  for (std::uint32_t code = 0; code <= 0x1fffff; code += code < 0x20000 ? 1 : 61) {
    const bool expected = code != 0 && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
    ASSERT_EQ(valid_utf8(encode_utf8(code)), expected) << std::hex << code;
  }
  EXPECT_TRUE(valid_utf8(encode_utf8(0x10ffff)));
  EXPECT_FALSE(valid_utf8(encode_utf8(0x110000)));
}

TEST(Utf8, EveryTwoBytesAndEveryLeadOfLongerOnes) {
  // Continuation bytes from both sides of each border.
  constexpr unsigned kBytes[] = {0x00, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc2, 0xff};
  for (unsigned a = 0; a < 256; ++a) {
    for (unsigned b = 0; b < 256; ++b) {
      const std::string two = {static_cast<char>(a), static_cast<char>(b)};
      ASSERT_EQ(valid_utf8(two), valid_twin(two)) << a << " " << b;
      for (const unsigned c : kBytes) {
        const std::string three = two + static_cast<char>(c);
        ASSERT_EQ(valid_utf8(three), valid_twin(three)) << a << " " << b << " " << c;
        if (a < 0xe0) continue;
        const std::string four = three + '\x80';
        ASSERT_EQ(valid_utf8(four), valid_twin(four)) << a << " " << b << " " << c;
      }
    }
  }
}

/// Every length and position around the eight bytes that are taken at a time.
TEST(Utf8, AWrongByteIsFoundAnywhere) {
  for (std::size_t size = 1; size < 40; ++size) {
    const std::string right(size, 'x');
    EXPECT_TRUE(valid_utf8(right));
    for (std::size_t at = 0; at < size; ++at) {
      for (const char wrong : {'\0', '\x80', '\xff', '\xc3'}) {
        std::string text = right;
        text[at] = wrong;
        ASSERT_FALSE(valid_utf8(text)) << size << " " << at;
      }
      std::string text = right;
      text.insert(at, "\xf0\x9f\x8c\x8c");
      ASSERT_TRUE(valid_utf8(text)) << size << " " << at;
      ASSERT_FALSE(valid_utf8(std::string_view(text).substr(0, at + 3)));
    }
  }
}

TEST(Utf8, RandomTextAgreesWithTheTwin) {
  constexpr std::string_view kParts[] = {"a",
                                         "bc",
                                         "defghijk",
                                         "\u00e9",
                                         "\u20ac",
                                         "\U0001f30c",
                                         "\xc0",
                                         "\x80",
                                         "\xed\xa0",
                                         "\xef\xbb\xbf",
                                         std::string_view("\0", 1),
                                         "\xf4\x90",
                                         "\xe2\x82",
                                         "/"};
  Rng rng(3);
  int valid = 0;
  for (int i = 0; i < 50'000; ++i) {
    std::string text;
    for (std::uint64_t n = rng.below(8); n != 0; --n)
      text += kParts[rng.below(rng.below(3) == 0 ? std::size(kParts) : 6)];
    ASSERT_EQ(valid_utf8(text), valid_twin(text)) << testing::PrintToString(text);
    valid += valid_twin(text) ? 1 : 0;
  }
  EXPECT_GT(valid, 10'000);
  EXPECT_LT(valid, 40'000);
}

TEST(Utf8, ByteOrderMarkAndControlCharactersAreText) {
  EXPECT_TRUE(valid_utf8("\xef\xbb\xbf"));
  EXPECT_TRUE(valid_utf8("\x01\x1f\x7f"));
  EXPECT_TRUE(valid_utf8("\uffff\U0001ffff"));
  EXPECT_TRUE(valid_utf8(""));
}

TEST(ScanTopic, CountsLevelsAndSeesWildcardsAnywhere) {
  for (std::size_t size = 0; size < 40; ++size) {
    const std::string plain(size, '*');  // beside '+' in the alphabet
    EXPECT_EQ(scan_topic(plain).levels, 1u);
    EXPECT_FALSE(scan_topic(plain).has_wildcard);
    EXPECT_EQ(scan_topic(std::string(size, '/')).levels, size + 1);
    for (std::size_t at = 0; at < size; ++at) {
      for (const char c : {'+', '#', '/', '"', ',', '.', '3', '\x0b'}) {
        std::string text = plain;
        text[at] = c;
        const TopicScan scan = scan_topic(text);
        ASSERT_TRUE(scan.valid_utf8);
        ASSERT_EQ(scan.has_wildcard, c == '+' || c == '#') << size << " " << at << " " << c;
        ASSERT_EQ(scan.levels, c == '/' ? 2u : 1u);
      }
    }
  }
}

TEST(ScanTopic, MixedTextAgreesWithCounting) {
  constexpr std::string_view kParts[] = {"a", "/", "\u00e9", "+", "#", "long/level", "\u20ac/"};
  Rng rng(4);
  for (int i = 0; i < 20'000; ++i) {
    std::string text;
    for (std::uint64_t n = rng.below(12); n != 0; --n) text += kParts[rng.below(std::size(kParts))];
    const TopicScan scan = scan_topic(text);
    ASSERT_TRUE(scan.valid_utf8);
    ASSERT_EQ(scan.has_wildcard, text.find_first_of("+#") != std::string::npos) << text;
    ASSERT_EQ(scan.levels, 1 + std::count(text.begin(), text.end(), '/')) << text;
  }
}

}  // namespace
}  // namespace orrery::mqtt
