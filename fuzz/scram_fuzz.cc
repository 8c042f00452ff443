// SPDX-License-Identifier: Apache-2.0
// SCRAM-SHA-256 against hostile messages. Whoever does not know the password never succeeds; whoever does succeeds only
// as that user, for the header and the nonce of this exchange.
//
// Input: one byte, whose lowest bit says whether the client knows the password, then the two messages with a line feed
// between them. A client that knows it gets the right proof put after its second message.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/assert.h"
#include "base/base64.h"
#include "broker/auth/scram.h"
#include "broker/openssl/openssl_digest.h"

namespace {

using namespace orrery;
using mqtt::ReasonCode;

constexpr const char* kNonce = "3rfcNHYJY1ZVvWVs7j";

const auth::Digest& digest() {
  static const std::shared_ptr<const auth::Digest> made = openssl::make_digest();
  return *made;
}

class AnyPrincipal final : public session::Principal {
 public:
  explicit AnyPrincipal(std::string_view user_name) : name_(user_name) {}
  std::string_view user_name() const override { return name_; }
  bool may_publish(std::string_view) const override { return false; }
  bool may_subscribe(std::string_view) const override { return false; }

 private:
  std::string name_;
};

/// One user, "user", with the password "pencil".
class OneUser final : public auth::ScramUsers {
 public:
  OneUser() {
    const std::uint8_t salt[] = {1, 2, 3, 4, 5, 6, 7, 8};
    const auth::Sha256 salted = digest().pbkdf2_sha256(as_bytes("pencil"), salt, 4'096);
    client_key = digest().hmac_sha256(salted, as_bytes("Client Key"));
    user_ = {true, 4'096, {salt, salt + sizeof salt}, digest().sha256(client_key), {}};
    user_.server_key = digest().hmac_sha256(salted, as_bytes("Server Key"));
  }
  auth::ScramUser scram_user(std::string_view user_name) const override {
    auth::ScramUser user = user_;
    user.known = user_name == "user";
    return user;
  }
  std::unique_ptr<session::Principal> principal(std::string_view user_name, std::string_view) const override {
    return std::make_unique<AnyPrincipal>(user_name);
  }

  auth::Sha256 client_key{};

 private:
  auth::ScramUser user_;
};

const OneUser& one_user() {
  static const OneUser made;
  return made;
}

std::string proof_of(const std::string& auth_message) {
  const auth::Sha256& key = one_user().client_key;
  auth::Sha256 proof = digest().hmac_sha256(digest().sha256(key), as_bytes(auth_message));
  for (std::size_t i = 0; i < proof.size(); ++i) proof[i] = static_cast<std::uint8_t>(proof[i] ^ key[i]);
  return base64_encode(proof);
}

void check(const session::Verdict& verdict, const std::vector<std::uint8_t>& answer) {
  const bool refused = verdict.reason == ReasonCode::kNotAuthorized || verdict.reason == ReasonCode::kProtocolError;
  ORRERY_ASSERT(refused == (*verdict.what != '\0'));
  ORRERY_ASSERT(refused == answer.empty());
  ORRERY_ASSERT((verdict.principal != nullptr) == (verdict.reason == ReasonCode::kSuccess));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const bool knows = (data[0] & 1) != 0;
  const std::string input(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::size_t end = input.find('\n');
  const std::string first = input.substr(0, end);
  std::string second = end == std::string::npos ? std::string() : input.substr(end + 1);

  auth::ScramExchange exchange(digest(), one_user(), "id", kNonce);
  std::vector<std::uint8_t> answer;
  session::Verdict verdict = exchange.step(as_bytes(first), answer);
  check(verdict, answer);
  ORRERY_ASSERT(verdict.reason != ReasonCode::kSuccess);
  if (verdict.reason == ReasonCode::kContinueAuthentication) {
    const std::string challenge(as_text(answer));
    // The bare message follows the second comma.
    const std::size_t header_size = first.find(',', first.find(',') + 1) + 1;
    ORRERY_ASSERT(challenge.find(std::string(kNonce) + ",s=") != std::string::npos);
    if (knows) second += ",p=" + proof_of(first.substr(header_size) + "," + challenge + "," + second);
    answer.clear();
    verdict = exchange.step(as_bytes(second), answer);
    check(verdict, answer);
    ORRERY_ASSERT(verdict.reason != ReasonCode::kContinueAuthentication);
    if (verdict.reason == ReasonCode::kSuccess) {
      ORRERY_ASSERT(knows);
      ORRERY_ASSERT(verdict.principal->user_name() == "user");
      const std::string gs2_header = first.substr(0, header_size);
      ORRERY_ASSERT(gs2_header.substr(1) == ",," || gs2_header.substr(1) == ",a=user,");
      const std::string header = base64_encode(as_bytes(gs2_header));
      ORRERY_ASSERT(second.starts_with("c=" + header + "," + challenge.substr(0, challenge.find(',')) + ","));
    }
  }
  answer.clear();
  verdict = exchange.step(as_bytes(first), answer);
  ORRERY_ASSERT(verdict.reason != ReasonCode::kSuccess);
  return 0;
}
