// SPDX-License-Identifier: Apache-2.0
// Random numbers that are looked up, not drawn in turn: the value belongs to (seed, entity, stream, index).
//
// A generator with a state gives every caller numbers that depend on all callers before it; remove one client and the
// whole run changes. Here each draw is named, so an entity's draws stay what they are whatever the others do. The
// entity is an identity by content (a client's number, a link's key), the stream says what the number is for, the index
// counts. Integers only; the same with every compiler.
#pragma once

#include <cstdint>

#include "base/rng.h"

namespace orrery::sim {

/// Mixes a further name into a key. Chained: key(key(seed, entity), stream).
constexpr std::uint64_t key(std::uint64_t parent, std::uint64_t name) {
  return mix64(parent ^ mix64(name + 0x9e3779b97f4a7c15ULL));
}

constexpr std::uint64_t draw(std::uint64_t seed, std::uint64_t entity, std::uint64_t stream, std::uint64_t index) {
  return key(key(key(seed, entity), stream), index);
}

/// Makes of a draw a number in 0 to n - 1 (n > 0) by multiply and shift. It uses the draw's upper bits: take further
/// numbers from the same draw only after mix64.
constexpr std::uint64_t below(std::uint64_t drawn, std::uint64_t n) {
  __extension__ using Wide = unsigned __int128;
  return static_cast<std::uint64_t>((static_cast<Wide>(drawn) * n) >> 64);
}

/// True for `per_million` of a million draws.
constexpr bool chance(std::uint64_t drawn, std::uint32_t per_million) { return below(drawn, 1'000'000) < per_million; }

}  // namespace orrery::sim
