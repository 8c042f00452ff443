// SPDX-License-Identifier: Apache-2.0
#include "base/base64.h"

namespace orrery {
namespace {

constexpr std::string_view kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

}  // namespace

char* base64_encode(Bytes bytes, char* out) {
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t n = bytes.size() - i < 3 ? bytes.size() - i : 3;
    std::uint32_t group = 0;
    for (std::size_t k = 0; k < 3; ++k) group = group << 8 | (k < n ? bytes[i + k] : 0u);
    for (std::size_t k = 0; k < 4; ++k) *out++ = k <= n ? kLetters[group >> (18 - 6 * k) & 63] : '=';
  }
  return out;
}

std::string base64_encode(Bytes bytes) {
  std::string out((bytes.size() + 2) / 3 * 4, '\0');
  base64_encode(bytes, out.data());
  return out;
}

std::optional<std::vector<std::uint8_t>> base64_decode(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  std::size_t letters = text.size();
  while (letters + 2 > text.size() && letters > 0 && text[letters - 1] == '=') --letters;
  std::vector<std::uint8_t> out;
  out.reserve(text.size() / 4 * 3);
  std::uint32_t held = 0;
  std::uint32_t bits = 0;
  for (const char letter : text.substr(0, letters)) {
    const std::size_t value = kLetters.find(letter);
    if (value == std::string_view::npos) return std::nullopt;
    held = held << 6 | static_cast<std::uint32_t>(value);
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    out.push_back(static_cast<std::uint8_t>(held >> bits));
    held &= (1u << bits) - 1;
  }
  if (held != 0) return std::nullopt;
  return out;
}

int base64_decoded_size(std::string_view text) {
  if (text.size() % 4 != 0) return -1;
  int padding = 0;
  while (padding < 2 && !text.empty() && text.back() == '=') {
    text.remove_suffix(1);
    ++padding;
  }
  if (text.find_first_not_of(kLetters) != std::string_view::npos) return -1;
  return static_cast<int>((text.size() + static_cast<std::size_t>(padding)) / 4 * 3) - padding;
}

}  // namespace orrery
