// SPDX-License-Identifier: Apache-2.0
#include "broker/auth/file_gate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "base/base64.h"
#include "base/strict_json.h"
#include "broker/openssl/openssl_digest.h"

namespace orrery::auth {
namespace {

using mqtt::ReasonCode;
using session::Verdict;
using testing::HasSubstr;

/// Hashes for real, and notes the iterations of each check of a password.
class CountingDigest final : public Digest {
 public:
  Sha256 sha256(Bytes text) const override { return real_->sha256(text); }
  Sha512 sha512(Bytes first, Bytes second) const override {
    costs.push_back(1);
    return real_->sha512(first, second);
  }
  Sha256 hmac_sha256(Bytes key, Bytes text) const override { return real_->hmac_sha256(key, text); }
  Sha256 pbkdf2_sha256(Bytes password, Bytes salt, std::uint32_t iterations) const override {
    costs.push_back(iterations);
    return real_->pbkdf2_sha256(password, salt, iterations);
  }
  Sha512 pbkdf2_sha512(Bytes password, Bytes salt, std::uint32_t iterations) const override {
    costs.push_back(iterations);
    return real_->pbkdf2_sha512(password, salt, iterations);
  }
  bool constant_time_equal(Bytes a, Bytes b) const override { return real_->constant_time_equal(a, b); }

  mutable std::vector<std::uint32_t> costs;

 private:
  std::shared_ptr<const Digest> real_ = openssl::make_digest();
};

const std::shared_ptr<const CountingDigest>& digest() {
  static const std::shared_ptr<const CountingDigest> made = std::make_shared<CountingDigest>();
  return made;
}

const std::vector<std::uint8_t> kSecret(16, 0x5A);
constexpr std::uint8_t kSalt[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};

/// alice (alice's), bob (bob's) by hash, carol (carol's) by SCRAM.
std::string passwords() {
  static const std::string text = make_password_line(*digest(), "alice", "alice's", kSalt, 100) + "\n" +
                                  make_password_line(*digest(), "bob", "bob's", kSalt, 200) + "\n" +
                                  make_scram_line(*digest(), "carol", "carol's", kSalt, 5'000) + "\n";
  return text;
}

FileGate gate(std::optional<std::string> password_text, std::optional<std::string> acl_text, bool anonymous = false,
              std::vector<std::uint8_t> secret = kSecret) {
  FileGateOptions options;
  if (password_text) options.passwords = FileText{"pw", *password_text};
  if (acl_text) options.acl = FileText{"acl", *acl_text};
  options.allow_anonymous = anonymous;
  return FileGate(options, digest(), std::move(secret));
}

Verdict admit(const FileGate& g, std::optional<std::string_view> user, std::optional<std::string_view> password,
              std::string_view client_id = "id") {
  session::Credentials credentials{client_id, user, std::nullopt};
  if (password) credentials.password = as_bytes(*password);
  Verdict verdict = g.admit(credentials);
  EXPECT_EQ(verdict.principal != nullptr, verdict.reason == ReasonCode::kSuccess);
  EXPECT_EQ(std::string(verdict.what).empty(), verdict.reason == ReasonCode::kSuccess);
  return verdict;
}

/// The answer to a client-first-message.
std::string challenge(const FileGate& g, const std::string& user, std::uint64_t draw, std::string_view id = "id") {
  const auto exchange = g.begin("SCRAM-SHA-256", id, draw);
  if (exchange == nullptr) return "no such method";
  std::vector<std::uint8_t> answer;
  const Verdict verdict = exchange->step(as_bytes("n,,n=" + user + ",r=x"), answer);
  EXPECT_EQ(verdict.reason, ReasonCode::kContinueAuthentication);
  return std::string(as_text(answer));
}

/// From "s=" on: salt and iterations.
std::string salt_part(const FileGate& g, const std::string& user) {
  const std::string answer = challenge(g, user, 1);
  return answer.substr(answer.find(",s=") + 1);
}

TEST(FileGate, WithoutFilesEverybodyMayEverything) {
  for (const bool anonymous : {false, true}) {
    const FileGate g = gate(std::nullopt, std::nullopt, anonymous);
    EXPECT_EQ(admit(g, std::nullopt, std::nullopt).reason, ReasonCode::kSuccess);
    const Verdict verdict = admit(g, "who", "ever");
    ASSERT_NE(verdict.principal, nullptr);
    EXPECT_EQ(verdict.principal->user_name(), "who");
    EXPECT_TRUE(verdict.principal->may_publish("a"));
    EXPECT_TRUE(verdict.principal->may_subscribe("#"));
    EXPECT_EQ(g.begin("SCRAM-SHA-256", "id", 1), nullptr);
  }
}

TEST(FileGate, NamesAndPasswords) {
  for (const bool anonymous : {false, true}) {
    const FileGate g = gate(passwords(), std::nullopt, anonymous);
    EXPECT_EQ(admit(g, "alice", "alice's").reason, ReasonCode::kSuccess);
    EXPECT_EQ(admit(g, "carol", "carol's").reason, ReasonCode::kSuccess);
    EXPECT_EQ(admit(g, "alice", "alice's").principal->user_name(), "alice");
    EXPECT_EQ(admit(g, "alice", "bob's").reason, ReasonCode::kBadUserNameOrPassword);
    EXPECT_EQ(admit(g, "alice", std::nullopt).reason, ReasonCode::kBadUserNameOrPassword);
    EXPECT_EQ(admit(g, "dave", "alice's").reason, ReasonCode::kBadUserNameOrPassword);
    EXPECT_EQ(admit(g, "", "").reason, ReasonCode::kBadUserNameOrPassword);
    EXPECT_EQ(admit(g, std::string(65'535, 'u'), std::string(65'535, 'p')).reason, ReasonCode::kBadUserNameOrPassword);
    EXPECT_EQ(admit(g, std::string_view("alice\0", 6), "alice's").reason, ReasonCode::kBadUserNameOrPassword);
    EXPECT_EQ(admit(g, "alice", std::string_view("\0alice's", 8)).reason, ReasonCode::kBadUserNameOrPassword);
    const ReasonCode nobody = anonymous ? ReasonCode::kSuccess : ReasonCode::kNotAuthorized;
    EXPECT_EQ(admit(g, std::nullopt, std::nullopt).reason, nobody);
    EXPECT_EQ(admit(g, std::nullopt, "alice's").reason, nobody);
  }
}

TEST(FileGate, AnEmptyPasswordFileKeepsEverybodyOut) {
  const FileGate g = gate("# none yet\n", std::nullopt);
  EXPECT_EQ(admit(g, "alice", "alice's").reason, ReasonCode::kBadUserNameOrPassword);
  EXPECT_EQ(admit(g, std::nullopt, std::nullopt).reason, ReasonCode::kNotAuthorized);
  EXPECT_EQ(g.begin("SCRAM-SHA-256", "id", 1), nullptr);
}

TEST(FileGate, AnUnknownUserCostsWhatAKnownOneDoes) {
  const FileGate g = gate(passwords(), std::nullopt);
  const auto cost = [&](const std::string& user, const char* password) {
    digest()->costs.clear();
    admit(g, user, password);
    EXPECT_EQ(digest()->costs.size(), 1u) << user;
    return digest()->costs.empty() ? 0 : digest()->costs[0];
  };
  EXPECT_EQ(cost("alice", "alice's"), 100u);
  EXPECT_EQ(cost("alice", "wrong"), 100u);
  EXPECT_EQ(cost("carol", "wrong"), 5'000u);
  std::set<std::uint32_t> seen;
  for (int i = 0; i < 40; ++i) {
    const std::string user = "unknown" + std::to_string(i);
    seen.insert(cost(user, "wrong"));
    EXPECT_EQ(cost(user, "wrong"), cost(user, "other")) << user;
  }
  EXPECT_EQ(seen, (std::set<std::uint32_t>{100, 200, 5'000}));
}

TEST(FileGate, AnUnknownUserLooksLikeAKnownOne) {
  const FileGate g = gate(passwords(), std::nullopt);
  const std::string known = salt_part(g, "carol");
  EXPECT_EQ(known, "s=" + base64_encode(kSalt) + ",i=5000");
  const std::string unknown = salt_part(g, "dave");
  EXPECT_EQ(unknown.size(), known.size());
  EXPECT_TRUE(unknown.ends_with(",i=5000"));
  EXPECT_EQ(salt_part(g, "dave"), unknown) << "the same at every attempt";
  EXPECT_NE(salt_part(g, "erin"), unknown);
  EXPECT_EQ(salt_part(gate(passwords(), std::nullopt), "dave"), unknown) << "and with every gate of that secret";
  EXPECT_NE(salt_part(gate(passwords(), std::nullopt, false, std::vector<std::uint8_t>(16, 1)), "dave"), unknown);
  EXPECT_EQ(salt_part(g, "alice").size(), known.size()) << "a user without keys for SCRAM is unknown to it";
  EXPECT_NE(salt_part(g, "alice"), known);

  const std::string long_salt = make_scram_line(*digest(), "carol", "x", std::vector<std::uint8_t>(256, 7), 4'096);
  const FileGate other = gate(long_salt, std::nullopt);
  EXPECT_EQ(salt_part(other, "dave").size(), salt_part(other, "carol").size());
}

TEST(FileGate, NoncesDiffer) {
  const FileGate g = gate(passwords(), std::nullopt);
  std::set<std::string> seen;
  for (std::uint64_t draw = 0; draw < 100; ++draw) seen.insert(challenge(g, "carol", draw));
  seen.insert(challenge(g, "carol", 1, "another id"));
  seen.insert(challenge(gate(passwords(), std::nullopt, false, std::vector<std::uint8_t>(16, 1)), "carol", 1));
  EXPECT_EQ(seen.size(), 102u);
  EXPECT_EQ(challenge(g, "carol", 5), challenge(g, "carol", 5));
}

TEST(FileGate, ScramFromFileToPrincipal) {
  const FileGate g = gate(passwords(), "user carol\ntopic read a/#\npattern write to/%u/%c\n");
  const auto exchange = g.begin("SCRAM-SHA-256", "id", 7);
  ASSERT_NE(exchange, nullptr);
  std::vector<std::uint8_t> answer;
  ASSERT_EQ(exchange->step(as_bytes("n,,n=carol,r=x"), answer).reason, ReasonCode::kContinueAuthentication);
  const std::string first(as_text(answer));

  const Sha256 salted = digest()->pbkdf2_sha256(as_bytes("carol's"), kSalt, 5'000);
  const Sha256 client_key = digest()->hmac_sha256(salted, as_bytes("Client Key"));
  const std::string without_proof = "c=biws," + first.substr(0, first.find(','));
  const std::string auth_message = "n=carol,r=x," + first + "," + without_proof;
  Sha256 proof = digest()->hmac_sha256(digest()->sha256(client_key), as_bytes(auth_message));
  for (std::size_t i = 0; i < proof.size(); ++i) proof[i] = static_cast<std::uint8_t>(proof[i] ^ client_key[i]);

  answer.clear();
  const Verdict verdict = exchange->step(as_bytes(without_proof + ",p=" + base64_encode(proof)), answer);
  ASSERT_EQ(verdict.reason, ReasonCode::kSuccess);
  const Sha256 server_key = digest()->hmac_sha256(salted, as_bytes("Server Key"));
  EXPECT_EQ(as_text(answer), "v=" + base64_encode(digest()->hmac_sha256(server_key, as_bytes(auth_message))));
  ASSERT_NE(verdict.principal, nullptr);
  EXPECT_EQ(verdict.principal->user_name(), "carol");
  EXPECT_TRUE(verdict.principal->may_subscribe("a/+"));
  EXPECT_FALSE(verdict.principal->may_publish("a/b"));
  EXPECT_TRUE(verdict.principal->may_publish("to/carol/id"));
  EXPECT_FALSE(verdict.principal->may_publish("to/carol/other"));
}

TEST(FileGate, Methods) {
  const FileGate g = gate(passwords(), std::nullopt);
  for (const char* method : {"", "SCRAM-SHA-1", "scram-sha-256", "SCRAM-SHA-256-PLUS", "SCRAM-SHA-256 "})
    EXPECT_EQ(g.begin(method, "id", 1), nullptr) << method;
  EXPECT_EQ(gate(make_password_line(*digest(), "a", "b", kSalt, 1), std::nullopt).begin("SCRAM-SHA-256", "id", 1),
            nullptr);
}

TEST(FileGate, RightsOfTheAclFile) {
  const FileGate g = gate(passwords(), "topic read public\nuser alice\ntopic a\npattern %c\n", true);
  const Verdict alice = admit(g, "alice", "alice's", "c1");
  EXPECT_TRUE(alice.principal->may_publish("a"));
  EXPECT_TRUE(alice.principal->may_subscribe("c1"));
  EXPECT_FALSE(alice.principal->may_subscribe("c2"));
  EXPECT_FALSE(alice.principal->may_subscribe("public"));
  const Verdict nobody = admit(g, std::nullopt, std::nullopt, "c2");
  EXPECT_TRUE(nobody.principal->may_subscribe("public"));
  EXPECT_FALSE(nobody.principal->may_publish("public"));
  EXPECT_TRUE(nobody.principal->may_publish("c2"));
  EXPECT_FALSE(nobody.principal->may_publish("a"));
}

TEST(FileGate, ErrorsNameTheFile) {
  const auto error = [](std::optional<std::string> password_text, std::optional<std::string> acl_text) {
    try {
      gate(std::move(password_text), std::move(acl_text));
    } catch (const ConfigError& e) {
      return std::string(e.what());
    }
    return std::string("none");
  };
  EXPECT_THAT(error("alice", std::nullopt), HasSubstr("pw:1: "));
  EXPECT_THAT(error(std::nullopt, "\nalice"), HasSubstr("acl:2: "));
}

}  // namespace
}  // namespace orrery::auth
