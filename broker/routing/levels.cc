// SPDX-License-Identifier: Apache-2.0
#include "broker/routing/levels.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/rng.h"

namespace orrery::routing {

std::uint64_t text_hash(std::string_view text, std::uint64_t seed) {
  return XXH3_64bits_withSeed(text.data(), text.size(), seed);
}

std::uint32_t edge_hash(std::uint32_t parent, std::uint64_t level_hash) {
  return static_cast<std::uint32_t>(mix64(level_hash + parent * 0x9e3779b97f4a7c15ULL) >> 32);
}

}  // namespace orrery::routing
