// SPDX-License-Identifier: Apache-2.0
// The client's side of SCRAM-SHA-256 (RFC 5802, RFC 7677), written from the RFCs alone and sharing nothing with the
// broker, so that the two can disagree. It says what a server's message lacks instead of throwing.
//
//   client-first   n,,n=alice,r=CLIENT                server-first   r=CLIENT+SERVER,s=SALT,i=4096
//   client-final   c=biws,r=CLIENT+SERVER,p=PROOF     server-final   v=SIGNATURE
//
// The public fields may be changed between the steps; the proof is always computed over what is really sent, so that a
// server that refuses the message cannot have refused it for the proof alone.
#pragma once

#include <string>
#include <string_view>

#include "conformance/wire.h"

namespace orrery::conformance {

inline constexpr const char* kScramMethod = "SCRAM-SHA-256";

Octets base64(std::string_view bytes);
/// False when it is not base64 with its padding.
bool from_base64(std::string_view text, Octets& bytes);
/// A user name as SCRAM sends it: "=2C" for a comma, "=3D" for an equals sign.
std::string scram_name(std::string_view user);

class ScramClient {
 public:
  /// `nonce`: printable ASCII without a comma, another one for each login.
  ScramClient(std::string_view user, std::string_view password, std::string nonce);

  /// What stands before the nonce: "n=alice".
  std::string name_part;
  /// What follows the nonce, comma included.
  std::string first_extensions;
  /// The channel binding header: "n,,".
  std::string header = "n,,";
  /// The header as client-final repeats it.
  std::string final_header = "n,,";
  std::string nonce;

  Octets first() const { return header + bare(); }
  /// Takes server-first. What is wrong with it, or empty.
  std::string take_first(std::string_view server_first);
  /// client-final, with the whole nonce that the server gave or with another one.
  Octets final() { return final(whole_nonce_); }
  Octets final(std::string_view whole_nonce);
  /// What is wrong with server-final after final(), or empty: its signature proves that the server knows the user.
  std::string take_final(std::string_view server_final) const;

  const std::string& whole_nonce() const { return whole_nonce_; }
  const Octets& salt() const { return salt_; }
  unsigned iterations() const { return iterations_; }

 private:
  std::string bare() const { return name_part + ",r=" + nonce + first_extensions; }

  std::string password_;
  std::string server_first_;
  std::string whole_nonce_;
  Octets salt_;
  unsigned iterations_ = 0;
  Octets signature_;
};

}  // namespace orrery::conformance
