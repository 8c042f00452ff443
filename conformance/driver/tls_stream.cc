// SPDX-License-Identifier: Apache-2.0
// OpenSSL's client between two memory BIOs; the stream underneath moves the bytes.
#include "conformance/driver/tls_stream.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

namespace orrery::conformance {
namespace {

std::string last_error() {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  const char* const text = code == 0 ? nullptr : ERR_reason_error_string(code);
  return text == nullptr ? "the connection was closed" : text;
}

/// One for the whole run: making one reads configuration files.
SSL_CTX* client_context() {
  static SSL_CTX* const context = [] {
    SSL_CTX* const c = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_verify(c, SSL_VERIFY_NONE, nullptr);
    return c;
  }();
  return context;
}

class TlsStream : public Stream {
 public:
  TlsStream(std::unique_ptr<Stream> under, const std::string& host)
      : under_(std::move(under)),
        ssl_(SSL_new(client_context()), SSL_free),
        in_(BIO_new(BIO_s_mem())),
        out_(BIO_new(BIO_s_mem())) {
    SSL_set_bio(ssl_.get(), in_, out_);
    SSL_set_connect_state(ssl_.get());
    const bool number =
        host.find_first_not_of("0123456789.") == std::string::npos || host.find(':') != std::string::npos;
    if (!number) SSL_set_tlsext_host_name(ssl_.get(), host.c_str());
  }

  bool shake_hands(Nanos deadline, std::string& error) {
    for (;;) {
      ERR_clear_error();
      const int done = SSL_do_handshake(ssl_.get());
      const int why = done == 1 ? SSL_ERROR_NONE : SSL_get_error(ssl_.get(), done);
      if (why != SSL_ERROR_NONE && why != SSL_ERROR_WANT_READ) error = last_error();
      flush();
      if (done == 1) return true;
      if (why != SSL_ERROR_WANT_READ) return false;
      const Arrival arrival = feed(deadline);
      if (arrival == Arrival::kBytes) continue;
      error = arrival == Arrival::kClosed ? "the connection was closed in the handshake" : "no handshake in time";
      return false;
    }
  }

  bool send(std::string_view bytes) override {
    ERR_clear_error();
    if (!bytes.empty() && SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size())) <= 0) return false;
    return flush();
  }

  Arrival receive(Octets& into, Nanos deadline) override {
    for (;;) {
      char buffer[16384];
      ERR_clear_error();
      const int n = SSL_read(ssl_.get(), buffer, sizeof buffer);
      if (n > 0) {
        into.append(buffer, static_cast<std::size_t>(n));
        return Arrival::kBytes;
      }
      if (SSL_get_error(ssl_.get(), n) != SSL_ERROR_WANT_READ) return Arrival::kClosed;
      flush();
      const Arrival arrival = feed(deadline);
      if (arrival != Arrival::kBytes) return arrival;
    }
  }

  void close(HowToClose how) override {
    if (how == HowToClose::kOrderly && !closed_) {
      SSL_shutdown(ssl_.get());
      flush();
    }
    closed_ = true;
    under_->close(how);
  }

 private:
  bool flush() {
    char buffer[16384];
    while (BIO_ctrl_pending(out_) > 0) {
      const int n = BIO_read(out_, buffer, sizeof buffer);
      if (!under_->send({buffer, static_cast<std::size_t>(n)})) return false;
    }
    return true;
  }
  Arrival feed(Nanos deadline) {
    Octets bytes;
    const Arrival arrival = under_->receive(bytes, deadline);
    if (!bytes.empty()) BIO_write(in_, bytes.data(), static_cast<int>(bytes.size()));
    return arrival;
  }

  std::unique_ptr<Stream> under_;
  std::unique_ptr<SSL, decltype(&SSL_free)> ssl_;
  BIO* in_;
  BIO* out_;
  bool closed_ = false;
};

}  // namespace

std::unique_ptr<Stream> start_tls(std::unique_ptr<Stream> under, const std::string& host, Nanos deadline,
                                  std::string& error) {
  auto stream = std::make_unique<TlsStream>(std::move(under), host);
  if (!stream->shake_hands(deadline, error)) return nullptr;
  return stream;
}

}  // namespace orrery::conformance
