// SPDX-License-Identifier: Apache-2.0
// RFC 5802, 3 (the algorithm) and 7 (the grammar), with SHA-256 (RFC 7677).
#include "conformance/cases/scram_client.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <tuple>
#include <vector>

namespace orrery::conformance {
namespace {

constexpr std::size_t kHash = 32;
// RFC 7677, 4.
constexpr unsigned kIterationsMin = 4096;
// More would be a server that wants us to hash for minutes.
constexpr unsigned kIterationsMax = 10'000'000;

const unsigned char* raw(std::string_view s) { return reinterpret_cast<const unsigned char*>(s.data()); }

Octets hash(std::string_view bytes) {
  Octets out(kHash, '\0');
  EVP_Digest(raw(bytes), bytes.size(), reinterpret_cast<unsigned char*>(out.data()), nullptr, EVP_sha256(), nullptr);
  return out;
}

Octets hmac(std::string_view key, std::string_view bytes) {
  Octets out(kHash, '\0');
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), raw(bytes), bytes.size(),
       reinterpret_cast<unsigned char*>(out.data()), nullptr);
  return out;
}

// Hi() of RFC 5802. The last one is kept: cases that log in again and again have the same salt.
const Octets& salted(const std::string& password, const Octets& salt, unsigned iterations) {
  thread_local std::tuple<std::string, Octets, unsigned> known;
  thread_local Octets out;
  const std::tuple<std::string, Octets, unsigned> asked{password, salt, iterations};
  if (out.empty() || known != asked) {
    known = asked;
    out.assign(kHash, '\0');
    PKCS5_PBKDF2_HMAC(password.data(), static_cast<int>(password.size()), raw(salt), static_cast<int>(salt.size()),
                      static_cast<int>(iterations), EVP_sha256(), kHash, reinterpret_cast<unsigned char*>(out.data()));
  }
  return out;
}

std::vector<std::string> parts_of(std::string_view message) {
  std::vector<std::string> out(1);
  for (const char c : message) {
    if (c == ',')
      out.emplace_back();
    else
      out.back() += c;
  }
  return out;
}

bool printable_ascii(std::string_view text) {
  for (const char c : text)
    if (c <= ' ' || c > '~') return false;
  return true;
}

}  // namespace

Octets base64(std::string_view bytes) {
  Octets out((bytes.size() + 2) / 3 * 4 + 1, '\0');
  const int size =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()), raw(bytes), static_cast<int>(bytes.size()));
  out.resize(static_cast<std::size_t>(size));
  return out;
}

bool from_base64(std::string_view text, Octets& bytes) {
  if (text.empty() || text.size() % 4 != 0) return false;
  bytes.assign(text.size() / 4 * 3, '\0');
  if (EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()), raw(text), static_cast<int>(text.size())) < 0)
    return false;
  for (std::size_t i = 0; i < 2 && text[text.size() - 1 - i] == '='; ++i) bytes.pop_back();
  // OpenSSL passes over blanks and padding in the wrong place; there is one form alone.
  return base64(bytes) == text;
}

std::string scram_name(std::string_view user) {
  std::string out;
  for (const char c : user) out += c == ',' ? "=2C" : c == '=' ? "=3D" : std::string(1, c);
  return out;
}

ScramClient::ScramClient(std::string_view user, std::string_view password, std::string client_nonce)
    : name_part("n=" + scram_name(user)), nonce(std::move(client_nonce)), password_(password) {}

std::string ScramClient::take_first(std::string_view server_first) {
  server_first_ = server_first;
  const std::vector<std::string> parts = parts_of(server_first);
  if (parts.size() < 3 || parts[0].rfind("r=", 0) != 0 || parts[1].rfind("s=", 0) != 0 || parts[2].rfind("i=", 0) != 0)
    return "it is not r=NONCE,s=SALT,i=ITERATIONS";
  whole_nonce_ = parts[0].substr(2);
  if (whole_nonce_.rfind(nonce, 0) != 0) return "its nonce does not begin with the client's";
  if (whole_nonce_.size() == nonce.size()) return "the server adds no nonce of its own";
  if (!printable_ascii(whole_nonce_)) return "its nonce is not printable";
  if (!from_base64(std::string_view(parts[1]).substr(2), salt_)) return "its salt is no base64";
  iterations_ = 0;
  for (const char c : parts[2].substr(2)) {
    if (c < '0' || c > '9' || iterations_ > kIterationsMax) return "its iteration count is no number, or a huge one";
    iterations_ = iterations_ * 10 + static_cast<unsigned>(c - '0');
  }
  if (iterations_ < kIterationsMin) return "its iteration count is below 4096";
  return {};
}

Octets ScramClient::final(std::string_view whole_nonce) {
  const Octets& password = salted(password_, salt_, iterations_);
  const Octets without_proof = "c=" + base64(final_header) + ",r=" + std::string(whole_nonce);
  const Octets message = bare() + "," + server_first_ + "," + without_proof;
  const Octets client_key = hmac(password, "Client Key");
  Octets proof = hmac(hash(client_key), message);
  for (std::size_t i = 0; i < kHash; ++i) proof[i] = static_cast<char>(proof[i] ^ client_key[i]);
  signature_ = hmac(hmac(password, "Server Key"), message);
  return without_proof + ",p=" + base64(proof);
}

std::string ScramClient::take_final(std::string_view server_final) const {
  const std::vector<std::string> parts = parts_of(server_final);
  if (parts[0].rfind("v=", 0) != 0) return "it is not v=SIGNATURE";
  Octets got;
  if (!from_base64(std::string_view(parts[0]).substr(2), got)) return "the signature is no base64";
  return got == signature_ ? std::string{} : "the signature is not the server's";
}

}  // namespace orrery::conformance
