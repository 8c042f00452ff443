// SPDX-License-Identifier: Apache-2.0
// A certificate of one's own, for tests: made when they run, so that no key lies in the repository and none expires.
#pragma once

#include <string>

namespace orrery::openssl {

/// Writes a P-256 key and a certificate for localhost and 127.0.0.1, signed by itself and valid for a week, as PEM
/// files; only the owner can read the key. Throws std::runtime_error.
void write_self_signed(const std::string& certificate_file, const std::string& key_file);

}  // namespace orrery::openssl
