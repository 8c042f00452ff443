// SPDX-License-Identifier: Apache-2.0
// See units.h.
#include "base/units.h"

#include <cctype>

namespace orrery {
namespace {

struct Unit {
  const char* name;
  std::uint64_t factor;
};

constexpr Unit kDurationUnits[] = {
    {"d", 86'400'000'000'000},
    {"h", 3'600'000'000'000},
    {"m", 60'000'000'000},
    {"s", 1'000'000'000},
    {"ms", 1'000'000},
    {"us", 1'000},
    {"ns", 1},
};
constexpr Unit kSizeUnits[] = {
    {"GB", 1 << 30},  {"MB", 1 << 20},  {"KB", 1 << 10},  {"B", 1},
    {"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"", 1},
};

bool same_letters(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (std::tolower(static_cast<unsigned char>(a[i])) != std::tolower(static_cast<unsigned char>(b[i]))) return false;
  return true;
}

/// Takes a whole number and the letters after it off the front of `text`; no value when it is not that or too large.
template <std::size_t n>
std::optional<std::uint64_t> take_quantity(std::string_view& text, const Unit (&units)[n]) {
  std::uint64_t number = 0;
  std::size_t at = 0;
  for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at) {
    const auto digit = static_cast<std::uint64_t>(text[at] - '0');
    if (number > (INT64_MAX - digit) / 10) return std::nullopt;
    number = number * 10 + digit;
  }
  if (at == 0) return std::nullopt;
  const std::size_t letters = at;
  while (at < text.size() && std::isalpha(static_cast<unsigned char>(text[at]))) ++at;
  const std::string_view name = text.substr(letters, at - letters);
  text.remove_prefix(at);
  for (const Unit& unit : units) {
    if (!same_letters(unit.name, name)) continue;
    if (number > INT64_MAX / unit.factor) return std::nullopt;
    return number * unit.factor;
  }
  return std::nullopt;
}

}  // namespace

std::optional<Nanos> parse_duration(std::string_view text) {
  std::uint64_t sum = 0;
  do {
    const auto part = take_quantity(text, kDurationUnits);
    if (!part) return std::nullopt;
    if (*part > INT64_MAX - sum) return std::nullopt;
    sum += *part;
  } while (!text.empty());
  return static_cast<Nanos>(sum);
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
  const auto size = take_quantity(text, kSizeUnits);
  if (!text.empty()) return std::nullopt;
  return size;
}

std::string format_duration(Nanos value) {
  const auto v = static_cast<std::uint64_t>(value);
  if (v == 0) return "0s";
  for (const Unit& unit : kDurationUnits)
    if (v % unit.factor == 0) return std::to_string(v / unit.factor) + unit.name;
  return std::to_string(v) + "ns";
}

std::string format_size(std::uint64_t value) {
  for (int i = 0; i < 3; ++i)
    if (value != 0 && value % kSizeUnits[i].factor == 0)
      return std::to_string(value / kSizeUnits[i].factor) + kSizeUnits[i].name;
  return std::to_string(value) + "B";
}

}  // namespace orrery
