// SPDX-License-Identifier: Apache-2.0
#include "broker/auth/password_file.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/base64.h"
#include "base/strict_json.h"
#include "broker/auth/text_lines.h"
#include "broker/mqtt/utf8.h"

namespace orrery::auth {
namespace {

constexpr std::string_view kPbkdf2Prefix = "$7$";
constexpr std::string_view kSha512Prefix = "$6$";
constexpr std::string_view kScramPrefix = "SCRAM-SHA-256$";

/// RFC 5802, 3: the keys that a server keeps.
struct ScramKeys {
  Sha256 stored;
  Sha256 server;
};

ScramKeys scram_keys(const Digest& digest, Bytes password, Bytes salt, std::uint32_t iterations) {
  const Sha256 salted = digest.pbkdf2_sha256(password, salt, iterations);
  return {digest.sha256(digest.hmac_sha256(salted, as_bytes("Client Key"))),
          digest.hmac_sha256(salted, as_bytes("Server Key"))};
}

/// Reads the fields after the user name from left to right. Errors name the field, never its content.
class Fields {
 public:
  Fields(const TextLines& lines, std::string_view user_name, std::string_view rest)
      : lines_(lines), user_name_(user_name), rest_(rest) {}

  bool skip(std::string_view prefix) {
    if (!rest_.starts_with(prefix)) return false;
    rest_.remove_prefix(prefix.size());
    return true;
  }
  [[noreturn]] void fail(const std::string& what) const { lines_.fail("user " + in_quotes(user_name_) + ": " + what); }
  std::uint32_t iterations(char end, std::uint32_t min) {
    const std::string_view text = take(end, "number of iterations");
    std::uint32_t value = 0;
    const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool number = error == std::errc() && stop == text.data() + text.size();
    if (!number || value < min || value > kIterationsMax)
      fail("the iterations are not a number from " + std::to_string(min) + " to " + std::to_string(kIterationsMax));
    return value;
  }
  std::vector<std::uint8_t> salt() {
    std::vector<std::uint8_t> out = binary(take('$', "salt"), "salt");
    if (out.empty() || out.size() > kSaltBytesMax)
      fail("the salt has " + std::to_string(out.size()) + " bytes; 1 to " + std::to_string(kSaltBytesMax) +
           " are right");
    return out;
  }
  /// Up to `end`, or to the end of the line if `end` is 0.
  std::vector<std::uint8_t> key(char end, const char* what, std::size_t size) {
    std::vector<std::uint8_t> out = binary(end == 0 ? rest_ : take(end, what), what);
    if (out.size() != size)
      fail(std::string("the ") + what + " has " + std::to_string(out.size()) + " bytes; " + std::to_string(size) +
           " are right (is the line cut off?)");
    return out;
  }

 private:
  std::string_view take(char end, const char* what) {
    const std::size_t at = rest_.find(end);
    if (at == std::string_view::npos)
      fail(std::string("no '") + end + "' after the " + what + " (is the line cut off?)");
    const std::string_view field = rest_.substr(0, at);
    rest_.remove_prefix(at + 1);
    return field;
  }
  std::vector<std::uint8_t> binary(std::string_view text, const char* what) const {
    std::optional<std::vector<std::uint8_t>> out = base64_decode(text);
    if (!out) fail(std::string("the ") + what + " is not base64 (is the line cut off?)");
    return std::move(*out);
  }

  const TextLines& lines_;
  std::string_view user_name_;
  std::string_view rest_;
};

PasswordEntry read_entry(Fields fields) {
  PasswordEntry entry;
  if (fields.skip(kPbkdf2Prefix)) {
    entry.iterations = fields.iterations('$', 1);
    entry.salt = fields.salt();
    entry.hash = fields.key(0, "hash", sizeof(Sha512));
  } else if (fields.skip(kSha512Prefix)) {
    entry.kind = PasswordKind::kSha512;
    entry.salt = fields.salt();
    entry.hash = fields.key(0, "hash", sizeof(Sha512));
  } else if (fields.skip(kScramPrefix)) {
    entry.kind = PasswordKind::kScramSha256;
    entry.iterations = fields.iterations(':', kScramIterationsMin);
    entry.salt = fields.salt();
    entry.hash = fields.key(':', "stored key", sizeof(Sha256));
    const std::vector<std::uint8_t> server_key = fields.key(0, "server key", sizeof(Sha256));
    std::copy(server_key.begin(), server_key.end(), entry.server_key.begin());
  } else {
    fields.fail(
        "neither $7$, $6$ nor SCRAM-SHA-256$ follows; write the line with orrery-broker passwd or mosquitto_passwd");
  }
  return entry;
}

void check_line_input(std::string_view user_name, Bytes salt, std::uint32_t iterations, std::uint32_t iterations_min) {
  if (const char* const fault = user_name_fault(user_name)) throw ConfigError(fault);
  if (user_name.find(':') != std::string_view::npos)
    throw ConfigError("the user name has a ':', which ends the name in the file; choose a name without");
  if (user_name.starts_with('#')) throw ConfigError("the user name begins with '#', which would make it a comment");
  if (salt.empty() || salt.size() > kSaltBytesMax)
    throw ConfigError("a salt has 1 to " + std::to_string(kSaltBytesMax) + " bytes");
  if (iterations < iterations_min || iterations > kIterationsMax)
    throw ConfigError("iterations: " + std::to_string(iterations_min) + " to " + std::to_string(kIterationsMax));
}

}  // namespace

bool password_matches(const Digest& digest, const PasswordEntry& entry, Bytes password) {
  switch (entry.kind) {
    case PasswordKind::kSha512:
      return digest.constant_time_equal(digest.sha512(password, entry.salt), entry.hash);
    case PasswordKind::kPbkdf2Sha512:
      return digest.constant_time_equal(digest.pbkdf2_sha512(password, entry.salt, entry.iterations), entry.hash);
    case PasswordKind::kScramSha256:
      return digest.constant_time_equal(scram_keys(digest, password, entry.salt, entry.iterations).stored, entry.hash);
  }
  return false;
}

PasswordFile PasswordFile::parse(std::string_view text, std::string_view name) {
  PasswordFile file;
  TextLines lines(text, name);
  std::string_view line;
  while (lines.next(line)) {
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) lines.fail("no ':' after a user name; a line is USER:$7$...");
    const std::string_view user_name = line.substr(0, colon);
    if (const char* const fault = user_name_fault(user_name)) lines.fail("user " + in_quotes(user_name) + ": " + fault);
    const Fields fields(lines, user_name, line.substr(colon + 1));
    if (!file.users_.try_emplace(std::string(user_name), read_entry(fields)).second)
      fields.fail("has a line already; one for each user is right");
  }
  // A map's nodes stay where they are when it is moved.
  for (const auto& [user_name, entry] : file.users_) {
    file.all_.push_back(&entry);
    if (entry.kind == PasswordKind::kScramSha256) file.scram_.push_back(&entry);
  }
  return file;
}

const PasswordEntry* PasswordFile::find(std::string_view user_name) const {
  const auto found = users_.find(user_name);
  return found == users_.end() ? nullptr : &found->second;
}

std::string make_password_line(const Digest& digest, std::string_view user_name, std::string_view password, Bytes salt,
                               std::uint32_t iterations) {
  check_line_input(user_name, salt, iterations, 1);
  const Sha512 hash = digest.pbkdf2_sha512(as_bytes(password), salt, iterations);
  return std::string(user_name) + ":" + std::string(kPbkdf2Prefix) + std::to_string(iterations) + "$" +
         base64_encode(salt) + "$" + base64_encode(hash);
}

std::string make_scram_line(const Digest& digest, std::string_view user_name, std::string_view password, Bytes salt,
                            std::uint32_t iterations) {
  check_line_input(user_name, salt, iterations, kScramIterationsMin);
  if (!mqtt::valid_utf8(password)) throw ConfigError("a password for SCRAM is UTF-8");
  if (has_control_character(password)) throw ConfigError("a password for SCRAM has no control characters");
  const ScramKeys keys = scram_keys(digest, as_bytes(password), salt, iterations);
  return std::string(user_name) + ":" + std::string(kScramPrefix) + std::to_string(iterations) + ":" +
         base64_encode(salt) + "$" + base64_encode(keys.stored) + ":" + base64_encode(keys.server);
}

}  // namespace orrery::auth
