// SPDX-License-Identifier: Apache-2.0
// The hash functions that passwords and SCRAM need, as an interface: the core links no cryptography; broker/openssl
// implements it. An implementation keeps no state between calls, and all its functions may be called from any thread.
#pragma once

#include <array>
#include <cstdint>

#include "base/types.h"

namespace orrery::auth {

using Sha256 = std::array<std::uint8_t, 32>;
using Sha512 = std::array<std::uint8_t, 64>;

class Digest {
 public:
  virtual ~Digest() = default;

  virtual Sha256 sha256(Bytes text) const = 0;
  /// Of `first` followed by `second`.
  virtual Sha512 sha512(Bytes first, Bytes second) const = 0;
  virtual Sha256 hmac_sha256(Bytes key, Bytes text) const = 0;
  /// PBKDF2 (RFC 8018, 5.2) with HMAC; as many bytes as the hash has. `iterations` is at least 1.
  virtual Sha256 pbkdf2_sha256(Bytes password, Bytes salt, std::uint32_t iterations) const = 0;
  virtual Sha512 pbkdf2_sha512(Bytes password, Bytes salt, std::uint32_t iterations) const = 0;
  /// Takes a time that depends on the sizes alone.
  virtual bool constant_time_equal(Bytes a, Bytes b) const = 0;
};

}  // namespace orrery::auth
