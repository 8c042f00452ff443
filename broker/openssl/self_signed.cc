// SPDX-License-Identifier: Apache-2.0
// See self_signed.h.
#include "broker/openssl/self_signed.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <cstdio>
#include <memory>
#include <stdexcept>

namespace orrery::openssl {
namespace {

void require(bool done, const std::string& what) {
  if (!done) throw std::runtime_error("self-signed certificate: " + what);
}

void add_extension(X509* certificate, int nid, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value);
  require(extension != nullptr, value);
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

struct File {
  File(const std::string& path, int mode) {
    const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
    require(fd >= 0, path + " cannot be written");
    stream = ::fdopen(fd, "w");
  }
  ~File() { std::fclose(stream); }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  std::FILE* stream;
};

}  // namespace

void write_self_signed(const std::string& certificate_file, const std::string& key_file) {
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(EVP_EC_gen("P-256"), EVP_PKEY_free);
  const std::unique_ptr<X509, decltype(&X509_free)> owned(X509_new(), X509_free);
  X509* const certificate = owned.get();
  require(key != nullptr && certificate != nullptr, "no key");
  constexpr long kWeek = 7 * 24 * 3600;
  X509_set_version(certificate, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate), kWeek);
  X509_set_pubkey(certificate, key.get());
  X509_NAME* const name = X509_get_subject_name(certificate);
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("localhost"), -1, -1, 0);
  X509_set_issuer_name(certificate, name);
  add_extension(certificate, NID_basic_constraints, "critical,CA:TRUE");
  add_extension(certificate, NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1");
  require(X509_sign(certificate, key.get(), EVP_sha256()) > 0, "it cannot be signed");
  const File key_out(key_file, 0600);
  require(PEM_write_PrivateKey(key_out.stream, key.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1, key_file);
  const File certificate_out(certificate_file, 0644);
  require(PEM_write_X509(certificate_out.stream, certificate) == 1, certificate_file);
}

}  // namespace orrery::openssl
