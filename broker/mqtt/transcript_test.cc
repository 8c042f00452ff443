// SPDX-License-Identifier: Apache-2.0
// Packets in, words out: testdata/*.txt. A case is a title line, an input line "VERSION SENDER: BYTES" (version 3, 4 or
// 5, sender client or server, bytes as in packet_text.h), the lines that are expected, and an empty line. With
// ORRERY_REWRITE=1 in the environment the expected lines are written anew, to be reviewed as a diff.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "broker/mqtt/packet_text.h"

namespace orrery::mqtt {
namespace {

std::string answer_to(const std::string& input) {
  const std::size_t colon = input.find(':');
  const auto version = static_cast<Version>(input.at(0) - '0');
  const std::string sender = input.substr(2, colon - 2);
  EXPECT_TRUE(sender == "client" || sender == "server") << input;
  const std::vector<std::uint8_t> stream = parse_bytes(std::string_view(input).substr(colon + 1));
  return describe_stream(version, sender == "client" ? Sender::kClient : Sender::kServer, stream);
}

class Transcript : public testing::TestWithParam<const char*> {};

TEST_P(Transcript, Holds) {
  const std::string path = std::string("broker/mqtt/testdata/") + GetParam() + ".txt";
  std::ifstream in(path);
  ASSERT_TRUE(in) << path;
  std::ostringstream rewritten;
  const bool rewrite = std::getenv("ORRERY_REWRITE") != nullptr;
  int cases = 0;
  for (std::string title; std::getline(in, title);) {
    if (title.empty() || title[0] == '#') {
      rewritten << title << "\n";
      continue;
    }
    std::string input, line, expected;
    std::getline(in, input);
    while (std::getline(in, line) && !line.empty()) expected += line + "\n";
    const std::string answer = answer_to(input);
    if (!rewrite) {
      EXPECT_EQ(answer, expected) << title << "\n" << input;
    }
    rewritten << title << "\n" << input << "\n" << answer << "\n";
    ++cases;
  }
  EXPECT_GT(cases, 5);
  if (rewrite) std::ofstream(path) << rewritten.str();
}

INSTANTIATE_TEST_SUITE_P(Mqtt, Transcript,
                         testing::Values("connect", "publish", "subscribe", "other", "framing", "past_defects"),
                         [](const auto& name) { return std::string(name.param); });

}  // namespace
}  // namespace orrery::mqtt
