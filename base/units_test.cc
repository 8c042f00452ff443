// SPDX-License-Identifier: Apache-2.0
// Durations and sizes: what is read, what is refused, and that the printed form reads back.
#include "base/units.h"

#include <gtest/gtest.h>

namespace orrery {
namespace {

TEST(Units, Durations) {
  EXPECT_EQ(parse_duration("15s"), 15 * kSecond);
  EXPECT_EQ(parse_duration("250ms"), 250 * kMillisecond);
  EXPECT_EQ(parse_duration("1h30m"), 5400 * kSecond);
  EXPECT_EQ(parse_duration("2d"), 172'800 * kSecond);
  EXPECT_EQ(parse_duration("0s"), 0);
  for (const char* bad : {"", "s", "15", "15 s", "-1s", "1.5s", "1y", "9999999999d", "292277h9999999d", "1s "})
    EXPECT_EQ(parse_duration(bad), std::nullopt) << bad;
}

TEST(Units, Sizes) {
  EXPECT_EQ(parse_size("1MB"), 1u << 20);
  EXPECT_EQ(parse_size("1MiB"), 1u << 20);
  EXPECT_EQ(parse_size("64kib"), 65536u);
  EXPECT_EQ(parse_size("17"), 17u);
  EXPECT_EQ(parse_size("17B"), 17u);
  for (const char* bad : {"", "MB", "1 MB", "-1", "1TB", "1MBx", "99999999999999999999"})
    EXPECT_EQ(parse_size(bad), std::nullopt) << bad;
}

TEST(Units, PrintedFormsReadBack) {
  for (Nanos v :
       {Nanos{0}, Nanos{1}, kMicrosecond, 1500 * kMillisecond, 90 * kSecond, 7200 * kSecond, 86'400 * kSecond})
    EXPECT_EQ(parse_duration(format_duration(v)), v);
  for (std::uint64_t v : {0u, 1u, 1023u, 1024u, 65536u, 1u << 20, 1u << 30, (1u << 30) + 1})
    EXPECT_EQ(parse_size(format_size(v)), v);
  EXPECT_EQ(format_duration(7200 * kSecond), "2h");
  EXPECT_EQ(format_size(1 << 20), "1MB");
}

}  // namespace
}  // namespace orrery
