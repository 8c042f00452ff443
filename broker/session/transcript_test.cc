// SPDX-License-Identifier: Apache-2.0
// Sessions by transcript: testdata/*.txt, in the language of testdata/README.md.
//
// A transcript is a title line "== what it shows", then lines for TestHost, each followed by what must come of it
// (indented). Any difference fails. With ORRERY_REWRITE=1 in the environment the indented lines are written anew, to be
// reviewed as a diff.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "broker/session/test_host.h"

namespace orrery::session {
namespace {

constexpr const char* kFolder = "broker/session/testdata";

std::vector<std::string> files() {
  std::vector<std::string> names;
  std::error_code failed;
  for (const auto& entry : std::filesystem::directory_iterator(kFolder, failed))
    if (entry.path().extension() == ".txt") names.push_back(entry.path().stem().string());
  std::sort(names.begin(), names.end());
  return names;
}

class Transcript : public testing::TestWithParam<std::string> {};

TEST_P(Transcript, Holds) {
  const std::string path = std::string(kFolder) + "/" + GetParam() + ".txt";
  std::ifstream in(path);
  ASSERT_TRUE(in) << path;
  const bool rewrite = std::getenv("ORRERY_REWRITE") != nullptr;
  std::ostringstream rewritten;
  std::unique_ptr<TestHost> host;
  int number = 0, cases = 0, asked = 0;
  std::string title, line, input, answer, expected;
  const auto settle = [&] {  // the last input and what was expected of it
    if (!input.empty() && !rewrite) {
      EXPECT_EQ(answer, expected) << title << "\n" << input;
    }
    rewritten << answer;
    input.clear();
    answer.clear();
    expected.clear();
  };
  const auto end_case = [&] {
    settle();
    if (host != nullptr) {
      EXPECT_EQ(host->finish(), "") << title;
      EXPECT_GT(asked, 0) << title;
    }
    host.reset();
    asked = 0;
  };
  while (std::getline(in, line)) {
    ++number;
    SCOPED_TRACE(path + ":" + std::to_string(number));
    if (line.starts_with("  ")) {
      ASSERT_FALSE(input.empty()) << "an answer to nothing";
      expected += line + "\n";
      continue;
    }
    if (line.starts_with("==")) {
      end_case();
      ++cases;
      title = line;
      host = std::make_unique<TestHost>();
    } else if (!line.empty() && line[0] != '#') {
      ASSERT_NE(host, nullptr) << "a line before the first title";
      settle();
      input = line;
      rewritten << line << "\n";
      answer = host->run(line);
      ++asked;
      ASSERT_FALSE(HasFatalFailure()) << line;
      continue;
    } else {
      settle();
    }
    rewritten << line << "\n";
  }
  end_case();
  EXPECT_GT(cases, 0);
  if (rewrite) std::ofstream(path) << rewritten.str();
}

INSTANTIATE_TEST_SUITE_P(Session, Transcript, testing::ValuesIn(files()), [](const auto& name) { return name.param; });

}  // namespace
}  // namespace orrery::session
