// SPDX-License-Identifier: Apache-2.0
// The hash of the broker's own tables: XXH3 with a seed of the node's, so that nobody outside can choose collisions.
// Equal for equal bytes and seed on every machine and compiler.
#pragma once

#include <cstdint>

#include "base/types.h"

namespace orrery {

std::uint64_t hash_bytes(Bytes bytes, std::uint64_t seed);
inline std::uint64_t hash_text(std::string_view text, std::uint64_t seed) { return hash_bytes(as_bytes(text), seed); }

}  // namespace orrery
