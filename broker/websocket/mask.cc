// SPDX-License-Identifier: Apache-2.0
#include "broker/websocket/mask.h"

#include <cstring>

namespace orrery::websocket {
namespace {

/// Whole words: the key repeats every four bytes, so a word's place does not matter, nor does the machine's byte order.
std::size_t mask_words(std::uint8_t* at, std::size_t size, std::uint64_t key) {
  std::size_t i = 0;
  for (; i + 32 <= size; i += 32) {
    std::uint64_t w[4];
    std::memcpy(w, at + i, 32);
    for (std::uint64_t& word : w) word ^= key;
    std::memcpy(at + i, w, 32);
  }
  for (; i + 8 <= size; i += 8) {
    std::uint64_t word;
    std::memcpy(&word, at + i, 8);
    word ^= key;
    std::memcpy(at + i, &word, 8);
  }
  return i;
}

}  // namespace

void apply_mask(MutableBytes bytes, std::uint8_t key[4]) {
  std::uint8_t twice[8];
  std::memcpy(twice, key, 4);
  std::memcpy(twice + 4, key, 4);
  std::uint64_t word;
  std::memcpy(&word, twice, 8);

  std::size_t i = mask_words(bytes.data(), bytes.size(), word);
  for (; i < bytes.size(); ++i) bytes[i] ^= key[i % 4];
  std::memcpy(key, twice + bytes.size() % 4, 4);
}

}  // namespace orrery::websocket
