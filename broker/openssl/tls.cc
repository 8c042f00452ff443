// SPDX-License-Identifier: Apache-2.0
// See tls.h. Facts from OpenSSL 3's manual pages of SSL_read, SSL_write, SSL_get_error and BIO_meth_new.
#include "broker/openssl/tls.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <climits>
#include <cstring>
#include <stdexcept>

namespace orrery::openssl {
namespace {

/// The reason of the first error in OpenSSL's queue, which is emptied.
std::string reason_of_first_error() {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  const char* const text = code == 0 ? nullptr : ERR_reason_error_string(code);
  return text != nullptr ? text : "no reason given";
}

[[noreturn]] void refuse(const std::string& file, const char* what) {
  throw std::runtime_error(file + ": " + what + " (" + reason_of_first_error() + ")");
}

int clamp(std::size_t size) { return static_cast<int>(std::min<std::size_t>(size, INT_MAX)); }

}  // namespace

/// A source and sink whose data pointer is the TlsConnection.
struct MemoryBio {
  static TlsConnection& owner(BIO* bio) { return *static_cast<TlsConnection*>(BIO_get_data(bio)); }

  static int read(BIO* bio, char* into, int size) {
    TlsConnection& c = owner(bio);
    BIO_clear_retry_flags(bio);
    const std::size_t n = std::min(static_cast<std::size_t>(size), c.in_.size());
    if (n == 0) {
      BIO_set_retry_read(bio);
      return -1;
    }
    std::memcpy(into, c.in_.data(), n);
    c.in_ = c.in_.subspan(n);
    return static_cast<int>(n);
  }
  static int write(BIO* bio, const char* from, int size) {
    TlsConnection& c = owner(bio);
    BIO_clear_retry_flags(bio);
    const auto* const bytes = reinterpret_cast<const std::uint8_t*>(from);
    c.out_->insert(c.out_->end(), bytes, bytes + size);
    return size;
  }
  static long control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }
  static int create(BIO* bio) {
    BIO_set_init(bio, 1);
    return 1;
  }

  static const BIO_METHOD* method() {
    static BIO_METHOD* const made = [] {
      BIO_METHOD* const m = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "memory of the caller");
      BIO_meth_set_read(m, read);
      BIO_meth_set_write(m, write);
      BIO_meth_set_ctrl(m, control);
      BIO_meth_set_create(m, create);
      return m;
    }();
    return made;
  }
};

void TlsContext::Free::operator()(ssl_ctx_st* context) const { SSL_CTX_free(context); }
void TlsConnection::Free::operator()(ssl_st* connection) const { SSL_free(connection); }

TlsContext::TlsContext(const std::string& certificate_file, const std::string& key_file)
    : context_(SSL_CTX_new(TLS_server_method())) {
  SSL_CTX* const c = context_.get();
  if (c == nullptr) refuse("TLS", "cannot be set up");
  ERR_clear_error();
  SSL_CTX_set_min_proto_version(c, TLS1_2_VERSION);
  SSL_CTX_set_options(c, SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  // Buffers of an idle connection go away; written bytes may be anywhere, since the BIO takes all of them at once.
  SSL_CTX_set_mode(c, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  // Clients may resume with tickets; a cache of sessions in here would grow with the number of clients.
  SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_default_passwd_cb(c, [](char*, int, int, void*) { return 0; });
  if (SSL_CTX_use_certificate_chain_file(c, certificate_file.c_str()) != 1)
    refuse(certificate_file, "no certificate in PEM form can be read from it");
  if (SSL_CTX_use_PrivateKey_file(c, key_file.c_str(), SSL_FILETYPE_PEM) != 1)
    refuse(key_file, "no private key without a passphrase, in PEM form and for the certificate, can be read from it");
  if (SSL_CTX_check_private_key(c) != 1) refuse(key_file, "the key is not that of the certificate");
}

TlsConnection::TlsConnection(const TlsContext& context) : ssl_(SSL_new(context.context_.get())) {
  BIO* const bio = BIO_new(MemoryBio::method());
  BIO_set_data(bio, this);
  SSL_set_bio(ssl_.get(), bio, bio);
  SSL_set_accept_state(ssl_.get());
}

TlsConnection::Status TlsConnection::failed() {
  error_ = reason_of_first_error();
  return Status::kFailed;
}

TlsConnection::Status TlsConnection::read(MutableBytes plain, std::size_t& size, Octets& out) {
  size = 0;
  if (!error_.empty()) return Status::kFailed;
  out_ = &out;
  ERR_clear_error();
  const bool shaking_hands = SSL_in_init(ssl_.get()) != 0;
  const int n = SSL_read(ssl_.get(), plain.data(), clamp(plain.size()));
  const int error = n > 0 ? SSL_ERROR_NONE : SSL_get_error(ssl_.get(), n);
  if (error != SSL_ERROR_NONE && error != SSL_ERROR_WANT_READ && error != SSL_ERROR_ZERO_RETURN) return failed();
  if (shaking_hands && SSL_in_init(ssl_.get()) == 0 && !early_.empty()) {
    const Octets early = std::move(early_);
    early_ = {};
    if (!write(early, out)) return Status::kFailed;
  }
  if (n > 0) size = static_cast<std::size_t>(n);
  return n > 0 ? Status::kMore : error == SSL_ERROR_ZERO_RETURN ? Status::kEnded : Status::kWaits;
}

bool TlsConnection::write(Bytes plain, Octets& out) {
  if (!error_.empty()) return false;
  if (SSL_in_init(ssl_.get()) != 0) {
    early_.insert(early_.end(), plain.begin(), plain.end());
    return true;
  }
  out_ = &out;
  ERR_clear_error();
  while (!plain.empty()) {
    const int n = SSL_write(ssl_.get(), plain.data(), clamp(plain.size()));
    if (n <= 0) {
      failed();
      return false;
    }
    plain = plain.subspan(static_cast<std::size_t>(n));
  }
  return true;
}

void TlsConnection::shut(Octets& out) {
  if (!error_.empty() || SSL_in_init(ssl_.get()) != 0) return;
  out_ = &out;
  ERR_clear_error();
  SSL_shutdown(ssl_.get());
}

}  // namespace orrery::openssl
