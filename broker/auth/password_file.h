// SPDX-License-Identifier: Apache-2.0
// Who may come in: the lines of a password file, one user each, with what proves a password but does not tell it.
//
//   USER:$7$ITERATIONS$SALT$HASH                              PBKDF2 with HMAC-SHA-512, as mosquitto_passwd writes it
//   USER:$6$SALT$HASH                                         SHA-512 of password and salt, as it did before version 2
//   USER:SCRAM-SHA-256$ITERATIONS:SALT$STORED_KEY:SERVER_KEY  RFC 5803's values; works for plain passwords too
//
// Salts, hashes and keys are base64. Blank lines and those that begin with '#' are passed over. Errors never show what
// follows the user name: it may be a password that somebody forgot to hash.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "broker/auth/digest.h"

namespace orrery::auth {

/// A check of a password costs this many HMACs, in the shard that the client is at. More are refused.
inline constexpr std::uint32_t kIterationsMax = 10'000'000;
/// RFC 7677, 4. Fewer are refused in lines for SCRAM.
inline constexpr std::uint32_t kScramIterationsMin = 4'096;
/// For lines that are made here: some two milliseconds of the shard for each CONNECT with a password.
inline constexpr std::uint32_t kIterationsDefault = 1'000;
inline constexpr std::uint32_t kScramIterationsDefault = kScramIterationsMin;
/// Longer salts are refused.
inline constexpr std::size_t kSaltBytesMax = 256;
/// How many random bytes a caller that makes lines should give for a salt.
inline constexpr std::size_t kSaltBytes = 16;

enum class PasswordKind : std::uint8_t { kSha512, kPbkdf2Sha512, kScramSha256 };

struct PasswordEntry {
  PasswordKind kind = PasswordKind::kPbkdf2Sha512;
  std::uint32_t iterations = 1;  // not for kSha512
  std::vector<std::uint8_t> salt;
  std::vector<std::uint8_t> hash;  // of the password; for SCRAM the StoredKey
  Sha256 server_key{};             // SCRAM only
};

/// Whether it is the entry's password; costs the entry's iterations. PBKDF2 cannot tell a password from the same with
/// NUL bytes after it (HMAC fills short keys up with them); that opens nothing to whoever does not know the password.
bool password_matches(const Digest& digest, const PasswordEntry& entry, Bytes password);

class PasswordFile {
 public:
  PasswordFile(PasswordFile&&) = default;
  PasswordFile& operator=(PasswordFile&&) = default;

  /// Throws ConfigError "NAME:LINE: what is wrong; what would be right". `name` is what errors call the text.
  static PasswordFile parse(std::string_view text, std::string_view name);

  /// Null for a user that is not there.
  const PasswordEntry* find(std::string_view user_name) const;
  /// All of them, and those with SCRAM, in an order that depends on the file alone.
  const std::vector<const PasswordEntry*>& all() const { return all_; }
  const std::vector<const PasswordEntry*>& scram() const { return scram_; }

 private:
  PasswordFile() = default;

  std::map<std::string, PasswordEntry, std::less<>> users_;
  std::vector<const PasswordEntry*> all_;
  std::vector<const PasswordEntry*> scram_;
};

/// A line of the first kind, without line end. `salt` is random and the user's own. Throws ConfigError if the user name
/// cannot stand in a file, or a number is out of bounds.
std::string make_password_line(const Digest& digest, std::string_view user_name, std::string_view password, Bytes salt,
                               std::uint32_t iterations = kIterationsDefault);
/// The same for SCRAM. Also refuses a password that is not UTF-8 or has control characters, as clients have to.
std::string make_scram_line(const Digest& digest, std::string_view user_name, std::string_view password, Bytes salt,
                            std::uint32_t iterations = kScramIterationsDefault);

}  // namespace orrery::auth
