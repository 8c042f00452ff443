// SPDX-License-Identifier: Apache-2.0
#include "sim/crowd/sha1.h"

#include <bit>
#include <cstring>

#include "base/assert.h"

namespace orrery::sim {
namespace {

void compress(const std::uint8_t* block, std::array<std::uint32_t, 5>& state) {
  std::uint32_t w[80];
  for (int i = 0; i < 16; ++i)
    w[i] = static_cast<std::uint32_t>(block[4 * i]) << 24 | static_cast<std::uint32_t>(block[4 * i + 1]) << 16 |
           static_cast<std::uint32_t>(block[4 * i + 2]) << 8 | block[4 * i + 3];
  for (int i = 16; i < 80; ++i) w[i] = std::rotl(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
  std::uint32_t a = state[0], b = state[1], c = state[2], d = state[3], e = state[4];
  const auto round = [&](std::uint32_t f, std::uint32_t k, std::uint32_t word) {
    const std::uint32_t t = std::rotl(a, 5) + f + e + k + word;
    e = d;
    d = c;
    c = std::rotl(b, 30);
    b = a;
    a = t;
  };
  for (int i = 0; i < 20; ++i) round(d ^ (b & (c ^ d)), 0x5a827999, w[i]);
  for (int i = 20; i < 40; ++i) round(b ^ c ^ d, 0x6ed9eba1, w[i]);
  for (int i = 40; i < 60; ++i) round((b & c) | (d & (b | c)), 0x8f1bbcdc, w[i]);
  for (int i = 60; i < 80; ++i) round(b ^ c ^ d, 0xca62c1d6, w[i]);
  state = {state[0] + a, state[1] + b, state[2] + c, state[3] + d, state[4] + e};
}

}  // namespace

std::array<std::uint8_t, 20> sha1_short(std::string_view text) {
  ORRERY_ASSERT(text.size() <= 119);
  std::uint8_t padded[128] = {};
  std::memcpy(padded, text.data(), text.size());
  padded[text.size()] = 0x80;
  const std::size_t blocks = text.size() <= 55 ? 1 : 2;
  const std::size_t bits = text.size() * 8;
  padded[64 * blocks - 2] = static_cast<std::uint8_t>(bits >> 8);
  padded[64 * blocks - 1] = static_cast<std::uint8_t>(bits);
  std::array<std::uint32_t, 5> state{0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
  for (std::size_t i = 0; i < blocks; ++i) compress(padded + 64 * i, state);
  std::array<std::uint8_t, 20> out;
  for (std::size_t i = 0; i < 20; ++i) out[i] = static_cast<std::uint8_t>(state[i / 4] >> (24 - 8 * (i % 4)));
  return out;
}

}  // namespace orrery::sim
