// SPDX-License-Identifier: Apache-2.0
#include "broker/auth/text_lines.h"

#include "base/strict_json.h"
#include "broker/mqtt/utf8.h"

namespace orrery::auth {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr std::size_t kShownMax = 60;
constexpr std::size_t kUserNameBytesMax = 65'535;  // MQTT's strings are no longer

}  // namespace

TextLines::TextLines(std::string_view text, std::string_view name) : rest_(text), name_(name) {
  if (rest_.starts_with(kByteOrderMark)) rest_.remove_prefix(kByteOrderMark.size());
}

bool TextLines::next(std::string_view& line) {
  while (!rest_.empty()) {
    const std::size_t end = rest_.find('\n');
    line = rest_.substr(0, end);
    rest_ = end == std::string_view::npos ? std::string_view{} : rest_.substr(end + 1);
    ++line_;
    while (!line.empty() && (line.back() == ' ' || line.back() == '\t' || line.back() == '\r')) line.remove_suffix(1);
    if (!line.empty() && line.front() != '#') return true;
  }
  return false;
}

void TextLines::fail(const std::string& what) const {
  throw ConfigError(std::string(name_) + ":" + std::to_string(line_) + ": " + what);
}

std::string in_quotes(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out = "\"";
  for (const char c : text.substr(0, kShownMax)) {
    const auto byte = static_cast<std::uint8_t>(c);
    if (byte >= 0x20 && byte < 0x7F)
      out += c;
    else
      (out += "\\x") += {kHex[byte >> 4], kHex[byte & 15]};
  }
  return out + (text.size() > kShownMax ? "...\"" : "\"");
}

bool has_control_character(std::string_view text) {
  std::uint8_t before = 0;
  for (const char c : text) {
    const auto byte = static_cast<std::uint8_t>(c);
    if (byte < 0x20 || byte == 0x7F) return true;
    if (before == 0xC2 && byte < 0xA0) return true;
    before = byte;
  }
  return false;
}

const char* user_name_fault(std::string_view user_name) {
  if (user_name.empty()) return "a user name has one or more characters";
  if (user_name.size() > kUserNameBytesMax) return "a user name has at most 65535 bytes";
  if (has_control_character(user_name)) return "a user name has no control characters";
  if (!mqtt::valid_utf8(user_name)) return "a user name is UTF-8";
  return nullptr;
}

}  // namespace orrery::auth
