// SPDX-License-Identifier: Apache-2.0
#include "broker/auth/text_lines.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/strict_json.h"

namespace orrery::auth {
namespace {

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> out;
  TextLines lines(text, "f");
  std::string_view line;
  while (lines.next(line)) {
    try {
      lines.fail(std::string(line));
    } catch (const ConfigError& error) {
      out.emplace_back(error.what());
    }
  }
  return out;
}

TEST(TextLines, NumbersAndEnds) {
  using Out = std::vector<std::string>;
  EXPECT_EQ(lines_of(""), Out{});
  EXPECT_EQ(lines_of("a"), Out{"f:1: a"});
  EXPECT_EQ(lines_of("a\nb\n"), (Out{"f:1: a", "f:2: b"}));
  EXPECT_EQ(lines_of("a\r\nb\r\n"), (Out{"f:1: a", "f:2: b"}));
  EXPECT_EQ(lines_of("\n \t\n# no\n#\r\n x # y \t\n"), Out{"f:5:  x # y"});
  EXPECT_EQ(lines_of("\xEF\xBB\xBF"
                     "a\n\xEF\xBB\xBF"
                     "b"),
            (Out{"f:1: a",
                 "f:2: \xEF\xBB\xBF"
                 "b"}));
}

TEST(TextLines, QuotesShowNothingThatATerminalObeys) {
  EXPECT_EQ(in_quotes("a b~"), "\"a b~\"");
  EXPECT_EQ(in_quotes(std::string_view("\0\x1b\xC3\xA9\x7F", 5)), "\"\\x00\\x1B\\xC3\\xA9\\x7F\"");
  EXPECT_EQ(in_quotes(std::string(60, 'a')), "\"" + std::string(60, 'a') + "\"");
  EXPECT_EQ(in_quotes(std::string(65'536, 'a')), "\"" + std::string(60, 'a') + "...\"");
}

TEST(TextLines, ControlCharacters) {
  EXPECT_FALSE(has_control_character(""));
  EXPECT_FALSE(has_control_character("a b~"));
  EXPECT_FALSE(has_control_character("\xC2\xA0\xC3\x80\xE2\x82\x80"));  // no-break space, A grave, subscript zero
  for (const std::string& text : {std::string(1, '\0'), std::string("\x1F"), std::string("a\x7F"),
                                  std::string("\xC2\x80"), std::string("a\xC2\x9F")})
    EXPECT_TRUE(has_control_character(text)) << in_quotes(text);
}

TEST(TextLines, UserNames) {
  EXPECT_EQ(user_name_fault("bob smith"), nullptr);
  EXPECT_EQ(user_name_fault("ren\xC3\xA9"), nullptr);
  EXPECT_EQ(user_name_fault(std::string(65'535, 'u')), nullptr);
  for (const std::string& name :
       {std::string(), std::string(65'536, 'u'), std::string("\xC3"), std::string("a\0b", 3), std::string("a\tb")})
    EXPECT_NE(user_name_fault(name), nullptr) << in_quotes(name);
}

}  // namespace
}  // namespace orrery::auth
