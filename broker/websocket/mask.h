// SPDX-License-Identifier: Apache-2.0
// The XOR of RFC 6455 section 5.3, fast: it touches every byte that a client sends.
#pragma once

#include <cstdint>

#include "base/types.h"

namespace orrery::websocket {

/// XORs `bytes` with the four-byte key, key[0] first, and rotates the key so that key[0] belongs to the byte after.
/// Pieces of one payload may thus be given one after another, of any length and alignment.
void apply_mask(MutableBytes bytes, std::uint8_t key[4]);

}  // namespace orrery::websocket
