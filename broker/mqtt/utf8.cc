// SPDX-License-Identifier: Apache-2.0
#include "broker/mqtt/utf8.h"

#include <cstring>

namespace orrery::mqtt {
namespace {

// Eight bytes at a time. The order of the bytes in the word does not matter to any of the questions.
constexpr std::uint64_t kOnes = 0x0101010101010101;
constexpr std::uint64_t kHighs = 0x8080808080808080;
constexpr std::uint64_t repeated(char c) { return kOnes * static_cast<std::uint8_t>(c); }

std::uint64_t load_word(const char* at) {
  std::uint64_t word;
  std::memcpy(&word, at, 8);
  return word;
}

/// Fewer than eight bytes, filled up with a letter.
std::uint64_t load_tail(const char* at, std::size_t n) {
  std::uint64_t word = 0;
  if ((n & 4) != 0) {
    std::uint32_t four;
    std::memcpy(&four, at, 4);
    word = four;
    at += 4;
  }
  if ((n & 2) != 0) {
    std::uint16_t two;
    std::memcpy(&two, at, 2);
    word = word << 16 | two;
    at += 2;
  }
  if ((n & 1) != 0) word = word << 8 | static_cast<std::uint8_t>(*at);
  return word | repeated('a') << (8 * n);
}

/// The high bit of every byte that is 0, for bytes below 0x80: none of them borrows from the next.
std::uint64_t zeros(std::uint64_t ascii) { return ~((ascii | kHighs) - kOnes) & kHighs; }

/// Counts what a topic wants to know; for plain text it counts nothing and compiles to nothing.
template <bool kTopic>
struct Tally {
  std::uint64_t wildcards = 0;
  std::uint32_t slashes = 0;

  void word(std::uint64_t ascii) {
    if constexpr (kTopic) {
      static_assert(('+' | 8) == ('#' | 8));
      wildcards |= zeros((ascii | repeated(8)) ^ repeated('+'));
      slashes += static_cast<std::uint32_t>((zeros(ascii ^ repeated('/')) >> 7) * kOnes >> 56);
    }
  }
  void character(char c) {
    if constexpr (kTopic) {
      wildcards |= static_cast<std::uint64_t>(c == '+' || c == '#');
      slashes += static_cast<std::uint32_t>(c == '/');
    }
  }
};

bool in(char c, std::uint8_t low, std::uint8_t high) {
  const auto byte = static_cast<std::uint8_t>(c);
  return byte >= low && byte <= high;
}

/// Bytes of the well-formed character that starts here (Unicode table 3-7), 0 if there is none or it is U+0000.
std::size_t character_size(const char* at, std::size_t n) {
  const auto lead = static_cast<std::uint8_t>(*at);
  if (lead < 0x80) return lead != 0 ? 1 : 0;
  if (lead < 0xc2) return 0;
  if (lead < 0xe0) return n >= 2 && in(at[1], 0x80, 0xbf) ? 2 : 0;
  if (lead < 0xf0) {
    const std::uint8_t low = lead == 0xe0 ? 0xa0 : 0x80;   // below: overlong
    const std::uint8_t high = lead == 0xed ? 0x9f : 0xbf;  // above: surrogates
    return n >= 3 && in(at[1], low, high) && in(at[2], 0x80, 0xbf) ? 3 : 0;
  }
  if (lead > 0xf4) return 0;
  const std::uint8_t low = lead == 0xf0 ? 0x90 : 0x80;   // below: overlong
  const std::uint8_t high = lead == 0xf4 ? 0x8f : 0xbf;  // above: beyond U+10FFFF
  return n >= 4 && in(at[1], low, high) && in(at[2], 0x80, 0xbf) && in(at[3], 0x80, 0xbf) ? 4 : 0;
}

template <bool kTopic>
bool scan(std::string_view text, Tally<kTopic>& tally) {
  const char* at = text.data();
  std::size_t left = text.size();
  while (left != 0) {
    const std::size_t n = left < 8 ? left : 8;
    const std::uint64_t word = n == 8 ? load_word(at) : load_tail(at, n);
    if ((word & kHighs) == 0) {
      if (zeros(word) != 0) return false;
      tally.word(word);
      at += n;
      left -= n;
      continue;
    }
    // Something in these bytes is not ASCII: take them character by character.
    for (const char* stop = at + n; at < stop;) {
      const std::size_t size = character_size(at, left);
      if (size == 0) return false;
      tally.character(*at);
      at += size;
      left -= size;
    }
  }
  return true;
}

}  // namespace

bool valid_utf8(std::string_view text) {
  Tally<false> tally;
  return scan(text, tally);
}

TopicScan scan_topic(std::string_view topic) {
  Tally<true> tally;
  const bool valid = scan(topic, tally);
  return {valid, tally.wildcards != 0, tally.slashes + 1};
}

}  // namespace orrery::mqtt
