// SPDX-License-Identifier: Apache-2.0
#include "broker/routing/levels.h"

#include "base/rng.h"

namespace orrery::routing {

std::uint32_t edge_hash(std::uint32_t parent, std::uint64_t level_hash) {
  return static_cast<std::uint32_t>(mix64(level_hash + parent * 0x9e3779b97f4a7c15ULL) >> 32);
}

}  // namespace orrery::routing
