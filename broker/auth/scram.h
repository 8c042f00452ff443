// SPDX-License-Identifier: Apache-2.0
// The server's side of SCRAM-SHA-256 (RFC 5802, RFC 7677) as an Exchange: the client proves that it knows the password
// without sending it, the server that it knows the user. Two steps; the hashing of the password is the client's work.
//
//   client-first   n,,n=alice,r=CLIENT                server-first   r=CLIENT+SERVER,s=SALT,i=4096
//   client-final   c=biws,r=CLIENT+SERVER,p=PROOF     server-final   v=SIGNATURE
//
// - Channel binding is not offered: flags "n" and "y" are right, "p=" is refused. An authorization identity must be
//   empty or the user's name. Extensions that are mandatory ("m=") are refused, others are passed over.
// - Names and passwords are compared byte by byte. Of SASLprep only the ban on control characters is kept: whoever
//   writes the file and whoever types the name must use the same Unicode normal form.
// - An unknown user fails where a wrong password does, at the end.
//
// Refusals: kNotAuthorized for a message that is well-formed, kProtocolError for one that is not.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "broker/auth/digest.h"
#include "broker/session/gate.h"

namespace orrery::auth {

inline constexpr std::string_view kScramMethod = "SCRAM-SHA-256";
/// A longer nonce of the client is refused; those in use have 18 to 64 characters.
inline constexpr std::size_t kScramNonceMax = 256;

/// What the server keeps of a user; for an unknown one made up, in a way that nobody can tell.
struct ScramUser {
  bool known = false;
  std::uint32_t iterations = 0;
  std::vector<std::uint8_t> salt;
  Sha256 stored_key{};
  Sha256 server_key{};
};

class ScramUsers {
 public:
  virtual ScramUser scram_user(std::string_view user_name) const = 0;
  virtual std::unique_ptr<session::Principal> principal(std::string_view user_name,
                                                        std::string_view client_id) const = 0;

 protected:
  ~ScramUsers() = default;
};

class ScramExchange final : public session::Exchange {
 public:
  /// `digest` and `users` must stay. `server_nonce`: printable ASCII without ',', never the same twice, not to be
  /// guessed.
  ScramExchange(const Digest& digest, const ScramUsers& users, std::string_view client_id, std::string server_nonce)
      : digest_(digest), users_(users), client_id_(client_id), nonce_(std::move(server_nonce)) {}

  session::Verdict step(Bytes data, std::vector<std::uint8_t>& answer) override;

 private:
  enum class State : std::uint8_t { kFirst, kFinal, kOver };

  session::Verdict first(std::string_view message, std::string& answer);
  session::Verdict final(std::string_view message, std::string& answer);

  const Digest& digest_;
  const ScramUsers& users_;
  std::string client_id_;
  std::string nonce_;  // the server's part; from the first step on the whole
  State state_ = State::kFirst;
  std::string header_;  // gs2-header
  std::string user_name_;
  std::string auth_message_;  // as far as it is known
  ScramUser user_;
};

}  // namespace orrery::auth
