// SPDX-License-Identifier: Apache-2.0
#include "base/utf8.h"

#include <gtest/gtest.h>

#include <string>

namespace orrery {
namespace {

/// The obvious twin: decode the bits, then ask whether the number may be written so.
bool slow_well_formed(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto byte = [&](std::size_t k) { return static_cast<std::uint32_t>(static_cast<std::uint8_t>(text[k])); };
    const std::uint32_t lead = byte(i);
    std::size_t more = 0;
    std::uint32_t code = 0;
    if (lead < 0x80)
      code = lead;
    else if ((lead & 0xE0) == 0xC0)
      more = 1, code = lead & 0x1F;
    else if ((lead & 0xF0) == 0xE0)
      more = 2, code = lead & 0x0F;
    else if ((lead & 0xF8) == 0xF0)
      more = 3, code = lead & 0x07;
    else
      return false;
    if (i + more >= text.size()) return false;
    for (std::size_t k = 1; k <= more; ++k) {
      if ((byte(i + k) & 0xC0) != 0x80) return false;
      code = code << 6 | (byte(i + k) & 0x3F);
    }
    static constexpr std::uint32_t kLeast[] = {0, 0x80, 0x800, 0x10000};
    if (code < kLeast[more] || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) return false;
    i += more + 1;
  }
  return true;
}

TEST(Utf8, EveryTwoBytes) {
  std::string text(2, '\0');
  for (int a = 0; a < 256; ++a)
    for (int b = 0; b < 256; ++b) {
      text[0] = static_cast<char>(a);
      text[1] = static_cast<char>(b);
      ASSERT_EQ(utf8_well_formed(as_bytes(text)), slow_well_formed(text)) << a << ' ' << b;
    }
}

TEST(Utf8, EdgesOfEveryRangeInFourBytes) {
  static constexpr int kEdges[] = {0x00, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC1, 0xC2, 0xDF,
                                   0xE0, 0xE1, 0xEC, 0xED, 0xEE, 0xEF, 0xF0, 0xF1, 0xF3, 0xF4, 0xF5, 0xFF};
  int good = 0;
  for (int a : kEdges)
    for (int b : kEdges)
      for (int c : kEdges)
        for (int d : kEdges) {
          std::string text;
          for (int v : {a, b, c, d}) text.push_back(static_cast<char>(v));
          ASSERT_EQ(utf8_well_formed(as_bytes(text)), slow_well_formed(text)) << a << ' ' << b << ' ' << c << ' ' << d;
          good += slow_well_formed(text);
        }
  EXPECT_GT(good, 300);
}

TEST(Utf8, BadByteAtEveryPlaceOfALongText) {
  for (std::size_t size = 1; size < 40; ++size) {
    EXPECT_TRUE(utf8_well_formed(as_bytes(std::string(size, 'a'))));
    for (std::size_t at = 0; at < size; ++at) {
      std::string text(size, 'a');
      text[at] = '\x80';
      EXPECT_FALSE(utf8_well_formed(as_bytes(text))) << size << ' ' << at;
    }
  }
}

}  // namespace
}  // namespace orrery
