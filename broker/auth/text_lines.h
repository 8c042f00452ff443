// SPDX-License-Identifier: Apache-2.0
// What the readers of the two files share: lines that know their number, errors that name it, and texts of unknown
// content made fit to be printed.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace orrery::auth {

class TextLines {
 public:
  /// Both texts must stay. `name` is what errors call the text, usually the file's name.
  TextLines(std::string_view text, std::string_view name);

  /// The next line that is not blank and no comment ('#' first), without its end (LF or CR LF) and trailing blanks. A
  /// byte order mark before the first is passed over.
  bool next(std::string_view& line);
  /// Throws a ConfigError "NAME:LINE: what" about the line that next() gave last.
  [[noreturn]] void fail(const std::string& what) const;

 private:
  std::string_view rest_;
  std::string_view name_;
  std::uint32_t line_ = 0;
};

/// In quotes, cut after 60 bytes, and everything but printable ASCII as \xNN: for errors.
std::string in_quotes(std::string_view text);

/// Whether there is a control character (U+0000 to U+001F, U+007F to U+009F) in well-formed UTF-8.
bool has_control_character(std::string_view text);

/// Why no file can hold this user name, or null: 1 to 65,535 bytes of UTF-8 without control characters.
const char* user_name_fault(std::string_view user_name);

}  // namespace orrery::auth
