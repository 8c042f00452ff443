// SPDX-License-Identifier: Apache-2.0
#include "sim/report/figures.h"

namespace orrery::sim {
namespace {

std::uint64_t power_of_ten(int n) { return n == 0 ? 1 : 10 * power_of_ten(n - 1); }

}  // namespace

std::string grouped(std::uint64_t n) {
  std::string digits = std::to_string(n);
  for (std::size_t at = digits.size(); at > 3;) digits.insert(at -= 3, 1, ',');
  return digits;
}

std::string decimal(std::uint64_t value, int shift, int digits) {
  const std::uint64_t unit = power_of_ten(shift - digits);
  const std::uint64_t rounded = value / unit + (value % unit * 2 >= unit ? 1 : 0);
  const std::uint64_t one = power_of_ten(digits);
  std::string fraction = std::to_string(rounded % one);
  fraction.insert(0, static_cast<std::size_t>(digits) - fraction.size(), '0');
  return std::to_string(rounded / one) + "." + fraction;
}

std::string micros(std::uint64_t nanos) {
  const std::uint64_t tenths = (nanos + 50) / 100;
  return grouped(tenths / 10) + "." + std::to_string(tenths % 10) + " µs";
}

std::string megabits(std::uint64_t bits_per_second) { return decimal(bits_per_second, 6, 1) + " Mbit/s"; }

std::string binary_size(std::uint64_t bytes) {
  const int shift = bytes >= 1u << 30 ? 30 : bytes >= 1u << 20 ? 20 : 10;
  const char* unit = shift == 30 ? " GiB" : shift == 20 ? " MiB" : " KiB";
  const std::uint64_t hundredths = (bytes * 100) >> shift;
  return decimal(hundredths, 2, shift == 10 ? 1 : 2) + unit;
}

std::string hex(std::uint64_t value) {
  std::string out(16, '0');
  for (std::size_t i = 0; i < 16; ++i) out[i] = "0123456789abcdef"[value >> (60 - 4 * i) & 15];
  return out;
}

std::string percent(std::uint64_t per_million) { return decimal(per_million, 4, 1) + " %"; }

}  // namespace orrery::sim
