// SPDX-License-Identifier: Apache-2.0
// Facts from OpenSSL 3's manual pages of EVP_MD_fetch, EVP_DigestInit, EVP_Q_mac, PKCS5_PBKDF2_HMAC and CRYPTO_memcmp.
#include "broker/openssl/openssl_digest.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <stdexcept>
#include <string>

#include "base/assert.h"

namespace orrery::openssl {
namespace {

using auth::Sha256;
using auth::Sha512;

struct FreeHash {
  void operator()(EVP_MD* hash) const { EVP_MD_free(hash); }
};
using Hash = std::unique_ptr<EVP_MD, FreeHash>;

struct FreeContext {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

Hash fetch(const char* name) {
  Hash hash(EVP_MD_fetch(nullptr, name, nullptr));
  if (!hash) throw std::runtime_error(std::string("OpenSSL has no ") + name);
  return hash;
}

/// Some functions take a null pointer for "none given", which an empty text is not.
const std::uint8_t* data_of(Bytes bytes) {
  static constexpr std::uint8_t kNone = 0;
  return bytes.empty() ? &kNone : bytes.data();
}

/// What can fail in these functions is memory alone.
class OpensslDigest final : public auth::Digest {
 public:
  Sha256 sha256(Bytes text) const override {
    Sha256 out;
    const int ok = EVP_Digest(data_of(text), text.size(), out.data(), nullptr, sha256_.get(), nullptr);
    ORRERY_ASSERT(ok == 1);
    return out;
  }

  Sha512 sha512(Bytes first, Bytes second) const override {
    Sha512 out;
    const std::unique_ptr<EVP_MD_CTX, FreeContext> context(EVP_MD_CTX_new());
    ORRERY_ASSERT(EVP_DigestInit_ex(context.get(), sha512_.get(), nullptr) == 1);
    ORRERY_ASSERT(EVP_DigestUpdate(context.get(), data_of(first), first.size()) == 1);
    ORRERY_ASSERT(EVP_DigestUpdate(context.get(), data_of(second), second.size()) == 1);
    ORRERY_ASSERT(EVP_DigestFinal_ex(context.get(), out.data(), nullptr) == 1);
    return out;
  }

  Sha256 hmac_sha256(Bytes key, Bytes text) const override {
    Sha256 out;
    const std::uint8_t* const ok = EVP_Q_mac(nullptr, "HMAC", nullptr, "SHA256", nullptr, data_of(key), key.size(),
                                             data_of(text), text.size(), out.data(), out.size(), nullptr);
    ORRERY_ASSERT(ok != nullptr);
    return out;
  }

  Sha256 pbkdf2_sha256(Bytes password, Bytes salt, std::uint32_t iterations) const override {
    return pbkdf2<Sha256>(password, salt, iterations, sha256_.get());
  }
  Sha512 pbkdf2_sha512(Bytes password, Bytes salt, std::uint32_t iterations) const override {
    return pbkdf2<Sha512>(password, salt, iterations, sha512_.get());
  }

  bool constant_time_equal(Bytes a, Bytes b) const override {
    return a.size() == b.size() && CRYPTO_memcmp(data_of(a), data_of(b), a.size()) == 0;
  }

 private:
  template <class Out>
  static Out pbkdf2(Bytes password, Bytes salt, std::uint32_t iterations, const EVP_MD* hash) {
    Out out;
    const int ok = PKCS5_PBKDF2_HMAC(reinterpret_cast<const char*>(data_of(password)),
                                     static_cast<int>(password.size()), data_of(salt), static_cast<int>(salt.size()),
                                     static_cast<int>(iterations), hash, static_cast<int>(out.size()), out.data());
    ORRERY_ASSERT(ok == 1);
    return out;
  }

  Hash sha256_ = fetch("SHA256");
  Hash sha512_ = fetch("SHA512");
};

}  // namespace

std::shared_ptr<const auth::Digest> make_digest() { return std::make_shared<OpensslDigest>(); }

}  // namespace orrery::openssl
