// SPDX-License-Identifier: Apache-2.0
#include "base/base64.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace orrery {
namespace {

/// RFC 4648, section 10.
TEST(Base64, TestVectors) {
  const std::pair<const char*, const char*> vectors[] = {{"", ""},
                                                         {"f", "Zg=="},
                                                         {"fo", "Zm8="},
                                                         {"foo", "Zm9v"},
                                                         {"foob", "Zm9vYg=="},
                                                         {"fooba", "Zm9vYmE="},
                                                         {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, encoded] : vectors) {
    EXPECT_EQ(base64_encode(as_bytes(plain)), encoded);
    const auto decoded = base64_decode(encoded);
    ASSERT_TRUE(decoded) << encoded;
    EXPECT_EQ(as_text(*decoded), plain);
    EXPECT_EQ(base64_decoded_size(encoded), static_cast<int>(decoded->size()));
  }
}

TEST(Base64, RoundTrip) {
  std::vector<std::uint8_t> bytes;
  for (int i = 0; i < 300; ++i) {
    EXPECT_EQ(base64_decode(base64_encode(bytes)), bytes);
    bytes.push_back(static_cast<std::uint8_t>(i * 37));
  }
}

TEST(Base64, Refused) {
  for (const char* text : {"Z", "Zg", "Zg=", "Zm9vZ", "====", "Z===", "=Zg=", "Zg==Zg==", "Zm9v====", "Zg= =", " Zg==",
                           "Zg==\n", "Zm-_", "Zm9\xC3", "Zh==", "Zm9="})
    EXPECT_FALSE(base64_decode(text)) << text;
  EXPECT_FALSE(base64_decode(std::string_view("Zg=\0", 4)));
}

TEST(Base64, WhatIsNotBase64HasNoSize) {
  for (const std::string_view text : {"Zg=", "Zg", "Zg===", "Z===", "====", "Zm9v\n", "Zm 9", "Zm9-", "=Zm9", "Zm=v"})
    EXPECT_EQ(base64_decoded_size(text), -1) << text;
  EXPECT_EQ(base64_decoded_size("Zh=="), 1);
}

/// One text for each value: whatever is accepted is what encoding gives, over every text of four and eight letters of a
/// small alphabet that has all of the interesting ones.
TEST(Base64, OnlyTheCanonicalText) {
  const std::string letters = "AQgw/=";
  int accepted = 0;
  for (const std::size_t size : {4u, 8u}) {
    std::size_t count = 1;
    for (std::size_t i = 0; i < size; ++i) count *= letters.size();
    for (std::size_t n = 0; n < count; n += size == 8 ? 7 : 1) {
      std::string text;
      for (std::size_t rest = n, i = 0; i < size; ++i, rest /= letters.size()) text += letters[rest % letters.size()];
      const auto decoded = base64_decode(text);
      if (!decoded) continue;
      ++accepted;
      ASSERT_EQ(base64_encode(*decoded), text);
    }
  }
  EXPECT_GT(accepted, 1'000);
}

}  // namespace
}  // namespace orrery
