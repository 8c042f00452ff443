// SPDX-License-Identifier: Apache-2.0
#include "broker/websocket/mask.h"

#include <gtest/gtest.h>

#include <vector>

namespace orrery::websocket {
namespace {

constexpr std::uint8_t kKey[4] = {0x12, 0xF4, 0x00, 0x9B};

/// Byte by byte, as RFC 6455 section 5.3 writes it.
std::vector<std::uint8_t> slowly(std::vector<std::uint8_t> bytes, std::size_t offset = 0) {
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] ^= kKey[(offset + i) % 4];
  return bytes;
}

std::vector<std::uint8_t> counting(std::size_t size) {
  std::vector<std::uint8_t> bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::uint8_t>(i * 31 + 7);
  return bytes;
}

TEST(Mask, EverySizeAtEveryAlignmentAgreesWithTheRfc) {
  for (std::size_t size = 0; size <= 100; ++size)
    for (std::size_t alignment = 0; alignment < 8; ++alignment) {
      const auto plain = counting(size);
      std::vector<std::uint8_t> room(size + alignment + 8, 0xEE);
      std::copy(plain.begin(), plain.end(), room.begin() + static_cast<std::ptrdiff_t>(alignment));
      std::uint8_t key[4] = {kKey[0], kKey[1], kKey[2], kKey[3]};
      apply_mask(MutableBytes(room).subspan(alignment, size), key);
      const auto expected = slowly(plain);
      ASSERT_TRUE(std::equal(expected.begin(), expected.end(), room.begin() + static_cast<std::ptrdiff_t>(alignment)));
      for (std::size_t i = 0; i < alignment; ++i) ASSERT_EQ(room[i], 0xEE);
      for (std::size_t i = size + alignment; i < room.size(); ++i) ASSERT_EQ(room[i], 0xEE);
    }
}

TEST(Mask, ThreePiecesOfAnySizeAreOnePayload) {
  const auto plain = counting(90);
  const auto expected = slowly(plain);
  for (std::size_t a = 0; a <= 90; ++a)
    for (std::size_t b = a; b <= 90; ++b) {
      auto bytes = plain;
      std::uint8_t key[4] = {kKey[0], kKey[1], kKey[2], kKey[3]};
      apply_mask(MutableBytes(bytes).subspan(0, a), key);
      apply_mask(MutableBytes(bytes).subspan(a, b - a), key);
      apply_mask(MutableBytes(bytes).subspan(b), key);
      ASSERT_EQ(bytes, expected) << a << ' ' << b;
      for (std::size_t i = 0; i < 4; ++i) ASSERT_EQ(key[i], kKey[(90 + i) % 4]);
    }
}

}  // namespace
}  // namespace orrery::websocket
