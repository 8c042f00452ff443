// SPDX-License-Identifier: Apache-2.0
// The Gate of a broker with a password file, an ACL file, or both. It is made once from their texts and never changes:
// a changed file is a new gate, and the old one must stay until its last Principal and Exchange are gone.
//
// - Without passwords everybody comes in, under whatever user name they give. Without an ACL everything is allowed.
// - With passwords: a wrong name or password is kBadUserNameOrPassword. A client without a user name is kNotAuthorized,
//   unless `allow_anonymous`. SCRAM-SHA-256 is offered if the file has a line for it.
// - An unknown user costs the hashing of one that the file has, picked by its name, so that time tells nothing; in
//   SCRAM it gets a made-up salt, always the same one for as long as the secret is.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "broker/auth/acl_file.h"
#include "broker/auth/digest.h"
#include "broker/auth/password_file.h"
#include "broker/auth/scram.h"
#include "broker/session/gate.h"

namespace orrery::auth {

struct FileText {
  std::string name;  // what errors call it
  std::string text;
};

struct FileGateOptions {
  std::optional<FileText> passwords;
  std::optional<FileText> acl;
  bool allow_anonymous = false;  // matters only with passwords
};

/// A shorter secret is a programmer's error.
inline constexpr std::size_t kSecretBytesMin = 16;

class FileGate final : public session::Gate, private ScramUsers {
 public:
  /// `secret`: random bytes that nobody else knows; server nonces (with `draw`) and made-up salts come from it. Where
  /// it stays the same from start to start and from node to node, so do the made-up salts, as those of the file do;
  /// begin()'s draws must then differ from start to start as well. Throws ConfigError about the texts.
  FileGate(const FileGateOptions& options, std::shared_ptr<const Digest> digest, std::vector<std::uint8_t> secret);

  session::Verdict admit(const session::Credentials& credentials) const override;
  std::unique_ptr<session::Exchange> begin(std::string_view method, std::string_view client_id,
                                           std::uint64_t draw) const override;

 private:
  ScramUser scram_user(std::string_view user_name) const override;
  std::unique_ptr<session::Principal> principal(std::string_view user_name, std::string_view client_id) const override;

  /// HMAC with the secret; `purpose` keeps the uses apart.
  Sha256 keyed(std::string_view purpose, std::string_view text) const;
  /// An entry for a user name that has none: always the same one. `entries` is not empty.
  const PasswordEntry& stand_in(const std::vector<const PasswordEntry*>& entries, std::string_view user_name) const;

  std::shared_ptr<const Digest> digest_;
  std::vector<std::uint8_t> secret_;
  std::optional<PasswordFile> passwords_;
  std::optional<AclFile> acl_;
  bool allow_anonymous_;
};

}  // namespace orrery::auth
