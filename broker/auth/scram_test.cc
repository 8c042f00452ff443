// SPDX-License-Identifier: Apache-2.0
// The exchange of RFC 7677, section 3, word by word; then a client that follows RFC 5802, and messages that are wrong.
#include "broker/auth/scram.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "base/base64.h"
#include "broker/auth/password_file.h"
#include "broker/openssl/openssl_digest.h"

namespace orrery::auth {
namespace {

using mqtt::ReasonCode;
using session::Verdict;

constexpr const char* kServerNonce = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
constexpr const char* kFirst = "n,,n=user,r=rOprNGfwEbeRWgbNEkqO";
constexpr const char* kChallenge =
    "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
constexpr const char* kWithoutProof = "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
constexpr const char* kProof = "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";
constexpr const char* kSignature = "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=";

const Digest& digest() {
  static const std::shared_ptr<const Digest> made = openssl::make_digest();
  return *made;
}

class TestPrincipal final : public session::Principal {
 public:
  TestPrincipal(std::string_view user_name, std::string_view client_id) : name_(user_name) {
    (name_ += "/") += client_id;
  }
  std::string_view user_name() const override { return name_; }
  bool may_publish(std::string_view) const override { return true; }
  bool may_subscribe(std::string_view) const override { return true; }

 private:
  std::string name_;
};

/// "user" with the password "pencil"; anybody else is unknown, with the same keys.
class TestUsers final : public ScramUsers {
 public:
  explicit TestUsers(std::string known = "user") : known_(std::move(known)) {
    const auto salt = base64_decode("W22ZaJ0SNY7soEsUEjb6gQ==");
    const PasswordFile file = PasswordFile::parse(make_scram_line(digest(), "user", "pencil", *salt, 4'096), "pw");
    const PasswordEntry& entry = *file.find("user");
    user_ = {true, entry.iterations, entry.salt, {}, entry.server_key};
    std::copy(entry.hash.begin(), entry.hash.end(), user_.stored_key.begin());
  }
  ScramUser scram_user(std::string_view user_name) const override {
    ScramUser user = user_;
    user.known = user_name == known_;
    return user;
  }
  std::unique_ptr<session::Principal> principal(std::string_view user_name, std::string_view client_id) const override {
    return std::make_unique<TestPrincipal>(user_name, client_id);
  }

 private:
  std::string known_;
  ScramUser user_;
};

struct Server {
  explicit Server(std::string known = "user")
      : users(std::move(known)), exchange(digest(), users, "id", kServerNonce) {}
  std::string say(std::string_view message) {
    std::vector<std::uint8_t> out;
    verdict = exchange.step(as_bytes(message), out);
    return std::string(as_text(out));
  }

  TestUsers users;
  ScramExchange exchange;
  Verdict verdict;
};

/// p= of a client that knows "pencil", by RFC 5802's formulas.
std::string proof_of(const std::string& first_bare, const std::string& challenge, const std::string& without_proof) {
  static const Sha256 salted =
      digest().pbkdf2_sha256(as_bytes("pencil"), *base64_decode("W22ZaJ0SNY7soEsUEjb6gQ=="), 4'096);
  const std::string auth_message = first_bare + "," + challenge + "," + without_proof;
  const Sha256 client_key = digest().hmac_sha256(salted, as_bytes("Client Key"));
  Sha256 proof = digest().hmac_sha256(digest().sha256(client_key), as_bytes(auth_message));
  for (std::size_t i = 0; i < proof.size(); ++i) proof[i] = static_cast<std::uint8_t>(proof[i] ^ client_key[i]);
  return base64_encode(proof);
}

/// The reason after a client-first-message of `header` and `bare` and the right client-final-message for it.
ReasonCode run(const std::string& header, const std::string& bare, std::string known = "user", std::string tail = "") {
  Server server(std::move(known));
  const std::string challenge = server.say(header + bare);
  if (server.verdict.reason != ReasonCode::kContinueAuthentication) return server.verdict.reason;
  const std::string nonce = challenge.substr(0, challenge.find(','));
  const std::string without_proof = "c=" + base64_encode(as_bytes(header)) + "," + nonce + tail;
  server.say(without_proof + ",p=" + proof_of(bare, challenge, without_proof));
  EXPECT_EQ(server.verdict.principal != nullptr, server.verdict.reason == ReasonCode::kSuccess);
  return server.verdict.reason;
}

TEST(Scram, ExampleOfTheRfc) {
  Server server;
  EXPECT_EQ(server.say(kFirst), kChallenge);
  EXPECT_EQ(server.verdict.reason, ReasonCode::kContinueAuthentication);
  EXPECT_EQ(server.verdict.principal, nullptr);
  EXPECT_EQ(server.say(std::string(kWithoutProof) + ",p=" + kProof), kSignature);
  EXPECT_EQ(server.verdict.reason, ReasonCode::kSuccess);
  ASSERT_NE(server.verdict.principal, nullptr);
  EXPECT_EQ(server.verdict.principal->user_name(), "user/id");

  EXPECT_EQ(server.say(std::string(kWithoutProof) + ",p=" + kProof), "");
  EXPECT_EQ(server.verdict.reason, ReasonCode::kProtocolError);
}

TEST(Scram, HeadersAndNames) {
  EXPECT_EQ(run("n,,", "n=user,r=x"), ReasonCode::kSuccess);
  EXPECT_EQ(run("y,,", "n=user,r=x"), ReasonCode::kSuccess);
  EXPECT_EQ(run("n,a=user,", "n=user,r=x"), ReasonCode::kSuccess);
  EXPECT_EQ(run("n,a=root,", "n=user,r=x"), ReasonCode::kNotAuthorized);
  EXPECT_EQ(run("p=tls-unique,,", "n=user,r=x"), ReasonCode::kNotAuthorized);
  EXPECT_EQ(run("n,,", "n=User,r=x"), ReasonCode::kNotAuthorized);
  EXPECT_EQ(run("n,,", "n=a=2Cb=3Dc=2C,r=x", "a,b=c,"), ReasonCode::kSuccess);
  EXPECT_EQ(run("n,a=a=3D,", "n=a=3D,r=x", "a="), ReasonCode::kSuccess);
  EXPECT_EQ(run("n,,", "n=a=3D2C,r=x", "a=2C"), ReasonCode::kSuccess);
  EXPECT_EQ(run("n,,", "n=ren\xC3\xA9,r=x", "ren\xC3\xA9"), ReasonCode::kSuccess);
  EXPECT_EQ(run("n,,", "n=" + std::string(65'000, 'u') + ",r=x", std::string(65'000, 'u')), ReasonCode::kSuccess);
}

TEST(Scram, Extensions) {
  EXPECT_EQ(run("n,,", "n=user,r=x,e=any=thing,F=2"), ReasonCode::kSuccess);
  EXPECT_EQ(run("n,,", "n=user,r=x", "user", ",e=1"), ReasonCode::kSuccess);
  EXPECT_EQ(run("n,,", "m=must,n=user,r=x"), ReasonCode::kNotAuthorized);
  EXPECT_EQ(run("n,,", "n=user,r=x,m=must"), ReasonCode::kNotAuthorized);
  EXPECT_EQ(run("n,,", "n=user,r=x", "user", ",m=must"), ReasonCode::kNotAuthorized);
  EXPECT_EQ(run("n,,", "n=user,r=x,e"), ReasonCode::kProtocolError);
  EXPECT_EQ(run("n,,", "n=user,r=x,1=e"), ReasonCode::kProtocolError);
  EXPECT_EQ(run("n,,", "n=user,r=x,"), ReasonCode::kProtocolError);
  EXPECT_EQ(run("n,,", "n=user,r=x", "user", ",e="), ReasonCode::kProtocolError);
}

/// The proof is right for what is said, by a client that knows the password: the checks that are left.
TEST(Scram, TheProofDoesNotReplaceTheChecks) {
  for (const std::string& without_proof :
       {std::string(kWithoutProof), std::string("c=eSws") + (kWithoutProof + 6),
        std::string("c=") + (kWithoutProof + 6), std::string("c=biws,r=rOprNGfwEbeRWgbNEkqO"), std::string("c=biws,r="),
        std::string(kWithoutProof) + "x"}) {
    Server server;
    server.say(kFirst);
    server.say(without_proof + ",p=" + proof_of(kFirst + 3, kChallenge, without_proof));
    EXPECT_EQ(server.verdict.reason, without_proof == kWithoutProof ? ReasonCode::kSuccess : ReasonCode::kNotAuthorized)
        << without_proof;
  }
}

/// Even with the right proof, which a made-up user has none of.
TEST(Scram, AnUnknownUserFailsAtTheEndOnly) {
  Server server("somebody else");
  EXPECT_EQ(server.say(kFirst), kChallenge);
  EXPECT_EQ(server.verdict.reason, ReasonCode::kContinueAuthentication);
  EXPECT_EQ(server.say(std::string(kWithoutProof) + ",p=" + kProof), "");
  EXPECT_EQ(server.verdict.reason, ReasonCode::kNotAuthorized);
  const std::string what = server.verdict.what;

  Server other;
  other.say(kFirst);
  other.say(std::string(kWithoutProof) + ",p=" + base64_encode(Sha256{}));
  EXPECT_EQ(other.verdict.reason, ReasonCode::kNotAuthorized);
  EXPECT_EQ(other.verdict.what, what);
}

TEST(Scram, FirstMessagesThatAreWrong) {
  const std::string nul("n,,n=us\0er,r=x", 14);
  const std::string wrong[] = {"",
                               ",",
                               ",,",
                               "n",
                               "n,",
                               "n,,",
                               "x,,n=user,r=x",
                               "n,,n=user",
                               "n,,r=x,n=user",
                               "n,,n=,r=x",
                               "n,,n=user,r=",
                               nul,
                               "n,,n=us=er,r=x",
                               "n,,n=us=2cer,r=x",
                               "n,,n=us=2,r=x",
                               "n,,n=us=,r=x",
                               "n,,n=us\x01"
                               "er,r=x",
                               "n,,n=us\xC2\x85"
                               "er,r=x",
                               "n,,n=us\xC3,r=x",
                               "n,,n=user,r=a b",
                               "n,,n=user,r=\xC3\xA9",
                               "n,,n=user,r=a\x7F",
                               "n,,n=user,r=" + std::string(257, 'x'),
                               "n,,n=user,r=" + std::string(65'000, 'x'),
                               "n,b=user,n=user,r=x",
                               "n,a=,n=user,r=x",
                               "n,a=us=er,n=user,r=x",
                               "p=,,n=user,r=x",
                               "p,,n=user,r=x",
                               "N,,n=user,r=x",
                               "nn,,n=user,r=x",
                               std::string(65'535, 'n'),
                               std::string(65'535, ','),
                               std::string(65'535, '=')};
  for (const std::string& message : wrong) {
    Server server;
    EXPECT_EQ(server.say(message), "") << message;
    EXPECT_EQ(server.verdict.reason, ReasonCode::kProtocolError) << message;
    EXPECT_STRNE(server.verdict.what, "") << message;
    server.say(kFirst);
    EXPECT_EQ(server.verdict.reason, ReasonCode::kProtocolError) << "over, and not begun anew: " << message;
  }
  EXPECT_EQ(run("n,,", "n=user,r=" + std::string(256, 'x')), ReasonCode::kSuccess);
}

TEST(Scram, FinalMessagesThatAreWrong) {
  const std::string nonce = std::string(kWithoutProof).substr(7);
  const std::string proof = std::string(",p=") + kProof;
  const std::pair<std::string, ReasonCode> wrong[] = {
      {"", ReasonCode::kProtocolError},
      {kWithoutProof, ReasonCode::kProtocolError},
      {std::string(kWithoutProof) + ",p=", ReasonCode::kProtocolError},
      {std::string(kWithoutProof) + ",p=AAAA", ReasonCode::kProtocolError},
      {std::string(kWithoutProof) + ",q=" + kProof, ReasonCode::kProtocolError},
      {std::string(kWithoutProof) + proof + ",", ReasonCode::kProtocolError},
      {std::string(kWithoutProof) + proof + proof, ReasonCode::kNotAuthorized},
      {nonce + ",c=biws" + proof, ReasonCode::kProtocolError},
      {"c=biw," + nonce + proof, ReasonCode::kProtocolError},
      {"c=," + nonce + proof, ReasonCode::kNotAuthorized},
      {"c=eSws," + nonce + proof, ReasonCode::kNotAuthorized},
      {"c=biws,r=rOprNGfwEbeRWgbNEkqO" + proof, ReasonCode::kNotAuthorized},
      {"c=biws,r=" + proof, ReasonCode::kNotAuthorized},
      {"c=biws," + nonce + "x" + proof, ReasonCode::kNotAuthorized},
      {std::string(kWithoutProof) + ",p=" + base64_encode(Sha256{}), ReasonCode::kNotAuthorized},
      {std::string(65'535, ','), ReasonCode::kProtocolError},
      {kFirst, ReasonCode::kProtocolError}};
  for (const auto& [message, reason] : wrong) {
    Server server;
    server.say(kFirst);
    EXPECT_EQ(server.say(message), "") << message;
    EXPECT_EQ(server.verdict.reason, reason) << message;
    EXPECT_EQ(server.verdict.principal, nullptr) << message;
  }
}

TEST(Scram, EveryPrefixOfTheFirstMessage) {
  const std::string first = kFirst;
  for (std::size_t n = 0; n < first.size(); ++n) {
    Server server;
    server.say(first.substr(0, n));
    const bool has_nonce = n > first.find("r=") + 2;
    EXPECT_EQ(server.verdict.reason, has_nonce ? ReasonCode::kContinueAuthentication : ReasonCode::kProtocolError)
        << first.substr(0, n);
  }
}

TEST(Scram, EveryPrefixAndEveryBitOfTheFinalMessage) {
  const std::string right = std::string(kWithoutProof) + ",p=" + kProof;
  const auto refused = [](const std::string& message) {
    static const TestUsers users;
    ScramExchange exchange(digest(), users, "id", kServerNonce);
    std::vector<std::uint8_t> answer;
    exchange.step(as_bytes(kFirst), answer);
    const Verdict verdict = exchange.step(as_bytes(message), answer);
    const bool reason = verdict.reason == ReasonCode::kProtocolError || verdict.reason == ReasonCode::kNotAuthorized;
    return reason && answer.empty() && verdict.principal == nullptr;
  };
  for (std::size_t n = 0; n < right.size(); ++n) EXPECT_TRUE(refused(right.substr(0, n))) << right.substr(0, n);
  for (std::size_t bit = 0; bit < right.size() * 8; ++bit) {
    std::string message = right;
    message[bit / 8] = static_cast<char>(message[bit / 8] ^ (1 << bit % 8));
    EXPECT_TRUE(refused(message)) << message;
  }
  EXPECT_FALSE(refused(right));
}

}  // namespace
}  // namespace orrery::auth
