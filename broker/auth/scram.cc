// SPDX-License-Identifier: Apache-2.0
// The grammar is that of RFC 5802, section 7.
#include "broker/auth/scram.h"

#include <algorithm>
#include <optional>

#include "base/base64.h"
#include "broker/auth/text_lines.h"
#include "broker/mqtt/utf8.h"

namespace orrery::auth {
namespace {

using mqtt::ReasonCode;
using session::Verdict;

Verdict malformed(const char* what) { return {ReasonCode::kProtocolError, what, nullptr}; }
Verdict refused(const char* what) { return {ReasonCode::kNotAuthorized, what, nullptr}; }

constexpr const char* kWrong = "wrong user name or password";

/// Takes up to the next ',' or the end. False when nothing is left, not even an empty part.
class Parts {
 public:
  explicit Parts(std::string_view text) : rest_(text) {}
  bool next(std::string_view& part) {
    if (ended_) return false;
    const std::size_t comma = rest_.find(',');
    part = rest_.substr(0, comma);
    ended_ = comma == std::string_view::npos;
    if (!ended_) rest_.remove_prefix(comma + 1);
    return true;
  }
  std::string_view rest() const { return ended_ ? std::string_view{} : rest_; }

 private:
  std::string_view rest_;
  bool ended_ = false;
};

/// attr-val: a letter, '=', and a value of one or more characters.
bool is_attribute(std::string_view part) {
  const char letter = part.empty() ? '\0' : static_cast<char>(part[0] | 0x20);
  return part.size() >= 3 && letter >= 'a' && letter <= 'z' && part[1] == '=';
}

/// saslname: "=2C" is a comma, "=3D" an equals sign, and no other '=' may be there.
std::optional<std::string> decode_name(std::string_view name) {
  std::string out;
  while (!name.empty()) {
    if (name.front() != '=') {
      out += name.front();
      name.remove_prefix(1);
      continue;
    }
    if (!name.starts_with("=2C") && !name.starts_with("=3D")) return std::nullopt;
    out += name[1] == '2' ? ',' : '=';
    name.remove_prefix(3);
  }
  if (out.empty() || has_control_character(out)) return std::nullopt;
  return out;
}

bool printable(std::string_view nonce) {
  return std::all_of(nonce.begin(), nonce.end(), [](char c) { return c > ' ' && c <= '~' && c != ','; });
}

}  // namespace

Verdict ScramExchange::step(Bytes data, std::vector<std::uint8_t>& answer) {
  const std::string_view message = as_text(data);
  std::string said;
  Verdict verdict;
  if (state_ == State::kOver)
    verdict = malformed("the exchange is over");
  else if (!mqtt::valid_utf8(message))
    verdict = malformed("a SCRAM message is UTF-8");
  else
    verdict = state_ == State::kFirst ? first(message, said) : final(message, said);
  state_ = verdict.reason == ReasonCode::kContinueAuthentication ? State::kFinal : State::kOver;
  answer.assign(said.begin(), said.end());
  return verdict;
}

Verdict ScramExchange::first(std::string_view message, std::string& answer) {
  constexpr const char* kForm = "a SCRAM client-first-message is n,,n=USER,r=NONCE";
  Parts parts(message);
  std::string_view flag;
  std::string_view identity;
  if (!parts.next(flag) || !parts.next(identity)) return malformed(kForm);
  const bool binding = flag.starts_with("p=") && flag.size() > 2;
  if (flag != "n" && flag != "y" && !binding) return malformed(kForm);
  const std::string_view bare = parts.rest();
  header_ = message.substr(0, message.size() - bare.size());

  std::string_view part;
  if (!parts.next(part) || !is_attribute(part)) return malformed(kForm);
  if (part.starts_with("m=")) return refused("mandatory SCRAM extensions are not supported");
  const std::optional<std::string> user_name = part.starts_with("n=") ? decode_name(part.substr(2)) : std::nullopt;
  if (!user_name) return malformed(kForm);
  if (!parts.next(part) || !part.starts_with("r=") || part.size() == 2) return malformed(kForm);
  const std::string_view client_nonce = part.substr(2);
  if (!printable(client_nonce)) return malformed(kForm);
  if (client_nonce.size() > kScramNonceMax) return malformed("the SCRAM nonce is too long");
  bool mandatory = false;
  while (parts.next(part)) {
    if (!is_attribute(part)) return malformed(kForm);
    mandatory = mandatory || part.starts_with("m=");
  }
  std::optional<std::string> acts_for = user_name;
  if (!identity.empty()) acts_for = identity.starts_with("a=") ? decode_name(identity.substr(2)) : std::nullopt;
  if (!acts_for) return malformed(kForm);

  if (mandatory) return refused("mandatory SCRAM extensions are not supported");
  if (binding) return refused("channel binding is not offered");
  if (acts_for != user_name) return refused("acting for another user is not offered");

  user_name_ = *user_name;
  user_ = users_.scram_user(user_name_);
  nonce_.insert(0, client_nonce);
  answer = "r=" + nonce_ + ",s=" + base64_encode(user_.salt) + ",i=" + std::to_string(user_.iterations);
  auth_message_ = std::string(bare) + "," + answer;
  return {ReasonCode::kContinueAuthentication, "", nullptr};
}

Verdict ScramExchange::final(std::string_view message, std::string& answer) {
  constexpr const char* kForm = "a SCRAM client-final-message is c=HEADER,r=NONCE,p=PROOF";
  const std::size_t last = message.rfind(',');
  if (last == std::string_view::npos) return malformed(kForm);
  const std::string_view without_proof = message.substr(0, last);
  const std::string_view proof_part = message.substr(last + 1);
  Parts parts(without_proof);
  std::string_view binding;
  std::string_view nonce;
  std::string_view part;
  if (!parts.next(binding) || !binding.starts_with("c=")) return malformed(kForm);
  if (!parts.next(nonce) || !nonce.starts_with("r=")) return malformed(kForm);
  bool mandatory = false;
  while (parts.next(part)) {
    if (!is_attribute(part)) return malformed(kForm);
    mandatory = mandatory || part.starts_with("m=");
  }
  if (!proof_part.starts_with("p=")) return malformed(kForm);
  const auto header = base64_decode(binding.substr(2));
  const auto proof = base64_decode(proof_part.substr(2));
  if (!header || !proof || proof->size() != sizeof(Sha256)) return malformed(kForm);

  if (mandatory) return refused("mandatory SCRAM extensions are not supported");
  if (as_text(*header) != header_) return refused("channel binding does not match");
  if (nonce.substr(2) != nonce_) return refused("the nonce does not match");

  auth_message_ += ",";
  auth_message_ += without_proof;
  const Sha256 client_signature = digest_.hmac_sha256(user_.stored_key, as_bytes(auth_message_));
  Sha256 client_key{};
  for (std::size_t i = 0; i < client_key.size(); ++i)
    client_key[i] = static_cast<std::uint8_t>((*proof)[i] ^ client_signature[i]);
  const bool right = digest_.constant_time_equal(digest_.sha256(client_key), user_.stored_key);
  if (!right || !user_.known) return refused(kWrong);
  answer = "v=" + base64_encode(digest_.hmac_sha256(user_.server_key, as_bytes(auth_message_)));
  return {ReasonCode::kSuccess, "", users_.principal(user_name_, client_id_)};
}

}  // namespace orrery::auth
