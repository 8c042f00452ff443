// SPDX-License-Identifier: Apache-2.0
// Lines that mosquitto_passwd 2.0.11 wrote, lines that are made here, and lines that are wrong.
#include "broker/auth/password_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "base/base64.h"
#include "base/strict_json.h"
#include "broker/openssl/openssl_digest.h"

namespace orrery::auth {
namespace {

using testing::HasSubstr;
using testing::Not;

// Passwords: "correct horse", the empty one, and "p\u00E4ssword".
constexpr std::string_view kMosquittos =
    "alice:$7$101$YEBQULJFtdBCfTNN$RbFCn++glSwbW4fYxZk5lYojeRKPJGaZArxPXg7kLEJEU0usg98MZO9+ZROPMwBhOlNiejhHGI52Kv/"
    "kxmHM4w==\n"
    "bob smith:$7$101$rQ1sxtT2gPTy8ZFj$F9CR/OurcAxfrbE0Nkl3drtgOWXPOeWIEZPDsPHhnMz96MV0iYSF4WR0xRaW5LpGWbaJueCRtOLkDsOY"
    "G4qE2w==\n"
    "carol:$6$0vIw1a1l9tR4gTKY$l6e3xQzZ7BhW3PpKVBWcR8K5wyAqsHGmvvafPI3Gu4VgsKsZCCOku7jA3cp1yAd2JHOIuLBOsYyed1IwZc3NGw=="
    "\n";

// RFC 7677, section 3: user "user", password "pencil". The keys are confirmed by its proofs in scram_test.cc.
constexpr std::uint8_t kSalt[] = {0x5B, 0x6D, 0x99, 0x68, 0x9D, 0x12, 0x35, 0x8E,
                                  0xEC, 0xA0, 0x4B, 0x14, 0x12, 0x36, 0xFA, 0x81};

const Digest& digest() {
  static const std::shared_ptr<const Digest> made = openssl::make_digest();
  return *made;
}

bool comes_in(const PasswordFile& file, std::string_view user, std::string_view password) {
  const PasswordEntry* const entry = file.find(user);
  return entry != nullptr && password_matches(digest(), *entry, as_bytes(password));
}

std::string error_of(std::string_view text) {
  try {
    PasswordFile::parse(text, "pw");
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "none";
}

TEST(PasswordFile, LinesOfMosquitto) {
  const PasswordFile file = PasswordFile::parse(kMosquittos, "pw");
  EXPECT_TRUE(comes_in(file, "alice", "correct horse"));
  EXPECT_TRUE(comes_in(file, "bob smith", ""));
  EXPECT_TRUE(comes_in(file, "carol", "p\xC3\xA4ssword"));
  EXPECT_FALSE(comes_in(file, "alice", "correct hors"));
  EXPECT_FALSE(comes_in(file, "alice", "correct horse "));
  EXPECT_FALSE(comes_in(file, "alice", std::string_view("correct\0horse", 13)));
  EXPECT_FALSE(comes_in(file, "alice", ""));
  EXPECT_FALSE(comes_in(file, "bob smith", "x"));
  EXPECT_FALSE(comes_in(file, "carol", "correct horse"));
  EXPECT_FALSE(comes_in(file, "Alice", "correct horse"));
  EXPECT_FALSE(comes_in(file, "", ""));
  EXPECT_EQ(file.all().size(), 3u);
  EXPECT_TRUE(file.scram().empty());
}

TEST(PasswordFile, LinesMadeHere) {
  const std::string hashed = make_password_line(digest(), "dave", "secret", kSalt, 7);
  const std::string scram = make_scram_line(digest(), "user", "pencil", kSalt);
  EXPECT_TRUE(hashed.starts_with("dave:$7$7$W22ZaJ0SNY7soEsUEjb6gQ==$")) << hashed;
  EXPECT_EQ(scram,
            "user:SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:"
            "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=");
  for (const char* end : {"\n", "\r\n", " \r\n"}) {
    const PasswordFile file = PasswordFile::parse("# two users\n\n" + hashed + end + scram + end, "pw");
    EXPECT_TRUE(comes_in(file, "dave", "secret"));
    EXPECT_FALSE(comes_in(file, "dave", "pencil"));
    EXPECT_TRUE(comes_in(file, "user", "pencil"));
    EXPECT_FALSE(comes_in(file, "user", "secret"));
    ASSERT_EQ(file.scram().size(), 1u);
    EXPECT_EQ(file.scram()[0], file.find("user"));
    EXPECT_EQ(file.find("user")->iterations, 4'096u);
  }
}

TEST(PasswordFile, AMovedFileKeepsItsEntries) {
  PasswordFile one = PasswordFile::parse(kMosquittos, "pw");
  const PasswordFile other = std::move(one);
  EXPECT_EQ(other.all()[0], other.find("alice"));
}

TEST(PasswordFile, LinesThatCannotBeMade) {
  const auto refused = [](std::string_view user, std::string_view password, Bytes salt, std::uint32_t iterations) {
    EXPECT_THROW(make_scram_line(digest(), user, password, salt, iterations), ConfigError);
  };
  refused("", "p", kSalt, 4'096);
  refused("a:b", "p", kSalt, 4'096);
  refused("#a", "p", kSalt, 4'096);
  refused("a\nb", "p", kSalt, 4'096);
  refused("\xFF", "p", kSalt, 4'096);
  refused("a", "p\n", kSalt, 4'096);
  refused("a", "\xFF", kSalt, 4'096);
  refused("a", "p", {}, 4'096);
  refused("a", "p", std::vector<std::uint8_t>(257), 4'096);
  refused("a", "p", kSalt, 4'095);
  refused("a", "p", kSalt, 10'000'001);
  EXPECT_THROW(make_password_line(digest(), "a:b", "p", kSalt, 1), ConfigError);
  EXPECT_THROW(make_password_line(digest(), "a", "p", kSalt, 0), ConfigError);
  EXPECT_THROW(make_password_line(digest(), "a", "p", {}, 1), ConfigError);
}

TEST(PasswordFile, Errors) {
  const std::string hash = base64_encode(Sha512{});
  const std::string key = base64_encode(Sha256{});
  const std::string salt = "c2FsdA==";
  const std::string scram = "u:SCRAM-SHA-256$4096:" + salt + "$" + key + ":" + key;
  EXPECT_EQ(error_of("u:$7$1$" + salt + "$" + hash + "\nv:$6$" + salt + "$" + hash + "\n" + "w" + scram), "none");

  EXPECT_EQ(error_of("# a\n\nalice"), "pw:3: no ':' after a user name; a line is USER:$7$...");
  EXPECT_THAT(error_of(":x"), HasSubstr("pw:1: user \"\": a user name has one or more characters"));
  EXPECT_THAT(error_of(std::string("a\0:x", 4)), HasSubstr("user \"a\\x00\": a user name has no control characters"));
  EXPECT_THAT(error_of(std::string(65'536, 'u') + ":x"), HasSubstr("...\": a user name has at most 65535 bytes"));
  EXPECT_EQ(error_of(std::string(65'535, 'u') + ":$7$1$" + salt + "$" + hash), "none");
  EXPECT_EQ(error_of(scram + "\n" + scram), "pw:2: user \"u\": has a line already; one for each user is right");

  for (const char* rest : {"hunter2", "", "$5$a$b", "$argon2id$v=19$m=1", "SCRAM-SHA-1$4096:a$b:c", "scram-sha-256$1"})
    EXPECT_THAT(error_of(std::string("u:") + rest), HasSubstr("neither $7$, $6$ nor SCRAM-SHA-256$ follows")) << rest;

  for (const char* n : {"", "0", "-1", "+1", " 1", "1 ", "1e3", "0x10", "10000001", "4294967297",
                        "18446744073709551617", "99999999999999999999999999999999999999"}) {
    EXPECT_THAT(error_of("u:$7$" + std::string(n) + "$" + salt + "$" + hash), HasSubstr("from 1 to 10000000")) << n;
    EXPECT_THAT(error_of("u:SCRAM-SHA-256$" + std::string(n) + ":" + salt + "$" + key + ":" + key),
                HasSubstr("from 4096 to 10000000"))
        << n;
  }
  EXPECT_THAT(error_of("u:SCRAM-SHA-256$4095:" + salt + "$" + key + ":" + key), HasSubstr("from 4096 to 10000000"));
  EXPECT_EQ(error_of("u:$7$10000000$" + salt + "$" + hash), "none");

  EXPECT_THAT(error_of("u:$7$1$$" + hash), HasSubstr("the salt has 0 bytes; 1 to 256 are right"));
  EXPECT_THAT(error_of("u:$6$" + base64_encode(std::vector<std::uint8_t>(257)) + "$" + hash), HasSubstr("257 bytes"));
  EXPECT_THAT(error_of("u:$6$sal$" + hash), HasSubstr("the salt is not base64"));
  EXPECT_THAT(error_of("u:$6$" + salt + "$" + hash + "="), HasSubstr("the hash is not base64"));
  EXPECT_THAT(error_of("u:$6$" + salt + "$" + hash + hash), HasSubstr("the hash is not base64"));
  EXPECT_THAT(error_of("u:$6$" + salt + "$" + key), HasSubstr("the hash has 32 bytes; 64 are right"));
  EXPECT_THAT(error_of("u:SCRAM-SHA-256$4096:" + salt + "$" + hash + ":" + key), HasSubstr("the stored key has 64"));
  EXPECT_THAT(error_of("u:SCRAM-SHA-256$4096:" + salt + "$" + key + ":" + hash), HasSubstr("the server key has 64"));
  EXPECT_THAT(error_of("u:SCRAM-SHA-256$4096:" + salt + "$" + key), HasSubstr("no ':' after the stored key"));
}

TEST(PasswordFile, ErrorsDoNotTellPasswords) {
  for (const char* line : {"alice:hunter2", "alice:$7$hunter2", "alice:$6$hunter2$", "alice:$7$1$hunter2$x",
                           "alice:SCRAM-SHA-256$4096:c2FsdA==$hunter2:x"})
    EXPECT_THAT(error_of(line), Not(HasSubstr("hunter2"))) << line;
}

/// A file that is cut off anywhere: every line of it that is not whole is refused.
TEST(PasswordFile, EveryPrefixOfALine) {
  const std::string scram = make_scram_line(digest(), "user", "pencil", kSalt) + "\n";
  const std::string file = std::string(kMosquittos) + scram;
  std::size_t accepted = 0;
  for (std::size_t n = 0; n <= file.size(); ++n) {
    const std::string error = error_of(file.substr(0, n));
    const bool whole = n == 0 || file[n - 1] == '\n' || file[n] == '\n';
    EXPECT_EQ(error == "none", whole) << n << " " << error;
    accepted += error == "none" ? 1 : 0;
  }
  EXPECT_EQ(accepted, 9u);
}

}  // namespace
}  // namespace orrery::auth
