// SPDX-License-Identifier: Apache-2.0
// The server's side of TLS 1.2 and 1.3 without sockets: bytes of the peer in, plain bytes out, and back.
//
//   TlsContext      certificate and key of one listener, shared by all its connections, on any thread
//   TlsConnection   one connection's state, owned by its link; used by one thread
//
// OpenSSL reads from and writes to memory through a BIO of ours that keeps nothing: input is a view of the read buffer,
// output goes straight into the caller's vector. An idle connection thus holds no buffers but OpenSSL's own state,
// whose record buffers are released when they are empty.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/types.h"

struct ssl_ctx_st;
struct ssl_st;

namespace orrery::openssl {

using Octets = std::vector<std::uint8_t>;

class TlsContext {
 public:
  /// PEM files: the certificate with its chain, and its private key. Throws std::runtime_error with a sentence that
  /// names the file: missing, not PEM, no key, a key of another certificate.
  TlsContext(const std::string& certificate_file, const std::string& key_file);

 private:
  friend class TlsConnection;
  struct Free {
    void operator()(ssl_ctx_st* context) const;
  };
  std::unique_ptr<ssl_ctx_st, Free> context_;
};

class TlsConnection {
 public:
  explicit TlsConnection(const TlsContext& context);
  TlsConnection(const TlsConnection&) = delete;  // OpenSSL holds a pointer to it
  TlsConnection& operator=(const TlsConnection&) = delete;

  enum class Status : std::uint8_t {
    kMore,    // plain bytes, and there may be more of them
    kWaits,   // nothing until the peer sends
    kEnded,   // the peer said goodbye (close_notify)
    kFailed,  // no handshake, or a record that is wrong; error() says what
  };

  /// Gives what the peer sent; the view must stay until read() has returned something other than kMore.
  void feed(Bytes from_peer) { in_ = from_peer; }
  /// What of it read() has not looked at.
  Bytes unread() const { return in_; }
  /// Plain bytes into `plain`, `size` of them; whatever TLS itself has to say (handshake, alerts) is appended to `out`.
  Status read(MutableBytes plain, std::size_t& size, Octets& out);
  /// Encrypts and appends to `out`. Before the handshake is complete nothing can be sent: the bytes wait in here, until
  /// read() has completed it. False when the connection has failed.
  bool write(Bytes plain, Octets& out);
  /// Appends the goodbye.
  void shut(Octets& out);

  const std::string& error() const { return error_; }

 private:
  struct Free {
    void operator()(ssl_st* connection) const;
  };
  friend struct MemoryBio;

  Status failed();

  std::unique_ptr<ssl_st, Free> ssl_;
  Bytes in_;
  Octets* out_ = nullptr;  // during a call
  Octets early_;           // written before the handshake was complete
  std::string error_;
};

}  // namespace orrery::openssl
