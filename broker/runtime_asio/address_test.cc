// SPDX-License-Identifier: Apache-2.0
// Addresses: what is read, what is refused, and how they are written.
#include "broker/runtime_asio/address.h"

#include <gtest/gtest.h>

namespace orrery::runtime {
namespace {

std::string read_and_written(const std::string& text) {
  HostPort parsed;
  Address address;
  if (!parse_host_port(text, parsed).empty()) return "refused";
  if (!numeric_address(parsed, address)) return "a name: " + parsed.host;
  return format_address(address);
}

TEST(Address, ReadAndWritten) {
  EXPECT_EQ(read_and_written("127.0.0.1:1883"), "127.0.0.1:1883");
  EXPECT_EQ(read_and_written(":1883"), "0.0.0.0:1883");
  EXPECT_EQ(read_and_written("1883"), "0.0.0.0:1883");
  EXPECT_EQ(read_and_written("[::1]:8083"), "[::1]:8083");
  EXPECT_EQ(read_and_written("localhost:1883"), "a name: localhost");
}

TEST(Address, Refused) {
  for (const char* bad :
       {"", "127.0.0.1", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:70000", "::1:1883", "a:b:1", "1883 ", "-1"})
    EXPECT_EQ(read_and_written(bad), "refused") << bad;
}

TEST(Address, NamesAreLookedUp) {
  Address address;
  EXPECT_EQ(resolve({"localhost", 7}, address), "");
  EXPECT_EQ(address.port(), 7);
}

}  // namespace
}  // namespace orrery::runtime
