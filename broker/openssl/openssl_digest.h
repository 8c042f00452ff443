// SPDX-License-Identifier: Apache-2.0
// broker/auth's Digest by OpenSSL 3. Algorithms are fetched once, when it is made; from then on any thread may call it.
#pragma once

#include <memory>

#include "broker/auth/digest.h"

namespace orrery::openssl {

/// Throws std::runtime_error if this OpenSSL has no SHA-256 or SHA-512.
std::shared_ptr<const auth::Digest> make_digest();

}  // namespace orrery::openssl
