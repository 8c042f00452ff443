// SPDX-License-Identifier: Apache-2.0
#include "broker/auth/file_gate.h"

#include <algorithm>

#include "base/assert.h"
#include "base/base64.h"
#include "base/bytes.h"

namespace orrery::auth {
namespace {

using mqtt::ReasonCode;
using session::Verdict;

constexpr const char* kWrong = "wrong user name or password";

Verdict refused(ReasonCode reason, const char* what) { return {reason, what, nullptr}; }

class FilePrincipal final : public session::Principal {
 public:
  FilePrincipal(std::string_view user_name, std::optional<Rights> rights)
      : user_name_(user_name), rights_(std::move(rights)) {}

  std::string_view user_name() const override { return user_name_; }
  bool may_publish(std::string_view topic) const override { return !rights_ || rights_->may_publish(topic); }
  bool may_subscribe(std::string_view topic_filter) const override {
    return !rights_ || rights_->may_subscribe(topic_filter);
  }

 private:
  std::string user_name_;
  std::optional<Rights> rights_;  // none: everything
};

}  // namespace

FileGate::FileGate(const FileGateOptions& options, std::shared_ptr<const Digest> digest,
                   std::vector<std::uint8_t> secret)
    : digest_(std::move(digest)), secret_(std::move(secret)), allow_anonymous_(options.allow_anonymous) {
  ORRERY_ASSERT(digest_ != nullptr);
  ORRERY_ASSERT(secret_.size() >= kSecretBytesMin);
  if (options.passwords) passwords_ = PasswordFile::parse(options.passwords->text, options.passwords->name);
  if (options.acl) acl_ = AclFile::parse(options.acl->text, options.acl->name);
}

Verdict FileGate::admit(const session::Credentials& credentials) const {
  const std::string_view user_name = credentials.user_name.value_or(std::string_view{});
  if (passwords_ && credentials.user_name) {
    if (!credentials.password || passwords_->all().empty()) return refused(ReasonCode::kBadUserNameOrPassword, kWrong);
    // Picked for known users too, so that both kinds take the same steps.
    const PasswordEntry& other = stand_in(passwords_->all(), user_name);
    const PasswordEntry* const known = passwords_->find(user_name);
    const bool right = password_matches(*digest_, known != nullptr ? *known : other, *credentials.password);
    if (known == nullptr || !right) return refused(ReasonCode::kBadUserNameOrPassword, kWrong);
  } else if (passwords_ && !allow_anonymous_) {
    return refused(ReasonCode::kNotAuthorized, "a user name and password are needed");
  }
  return {ReasonCode::kSuccess, "", principal(user_name, credentials.client_id)};
}

std::unique_ptr<session::Exchange> FileGate::begin(std::string_view method, std::string_view client_id,
                                                   std::uint64_t draw) const {
  if (method != kScramMethod || !passwords_ || passwords_->scram().empty()) return nullptr;
  std::vector<std::uint8_t> text;
  ByteWriter writer(text);
  writer.u64(draw);
  writer.bytes(as_bytes(client_id));
  const ScramUsers& users = *this;
  return std::make_unique<ScramExchange>(*digest_, users, client_id, base64_encode(keyed("nonce", as_text(text))));
}

ScramUser FileGate::scram_user(std::string_view user_name) const {
  const PasswordEntry& other = stand_in(passwords_->scram(), user_name);
  ScramUser made_up{false, other.iterations, {}, keyed("stored key", user_name), keyed("server key", user_name)};
  Sha256 block = keyed("salt", user_name);
  while (made_up.salt.size() < other.salt.size()) {
    made_up.salt.insert(made_up.salt.end(), block.begin(), block.end());
    block = keyed("more salt", as_text(block));
  }
  made_up.salt.resize(other.salt.size());

  const PasswordEntry* const known = passwords_->find(user_name);
  if (known == nullptr || known->kind != PasswordKind::kScramSha256) return made_up;
  ScramUser user{true, known->iterations, known->salt, {}, known->server_key};
  std::copy(known->hash.begin(), known->hash.end(), user.stored_key.begin());
  return user;
}

std::unique_ptr<session::Principal> FileGate::principal(std::string_view user_name, std::string_view client_id) const {
  std::optional<Rights> rights;
  if (acl_) rights = acl_->rights_of(user_name, client_id);
  return std::make_unique<FilePrincipal>(user_name, std::move(rights));
}

Sha256 FileGate::keyed(std::string_view purpose, std::string_view text) const {
  std::string whole(purpose);
  whole += '\0';
  whole += text;
  return digest_->hmac_sha256(secret_, as_bytes(whole));
}

const PasswordEntry& FileGate::stand_in(const std::vector<const PasswordEntry*>& entries,
                                        std::string_view user_name) const {
  const Sha256 pick = keyed("stand-in", user_name);
  return *entries[ByteReader(pick).u64() % entries.size()];
}

}  // namespace orrery::auth
