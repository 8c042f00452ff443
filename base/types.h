// SPDX-License-Identifier: Apache-2.0
// The few types that everything speaks: time, bytes, and the names of places.
//
// Time is integer nanoseconds since an origin that the world chooses (boot in the real runtime, 0 in the simulator). It
// is always an argument: nothing below broker/runtime_asio can read a clock. Bytes are views; who owns what they show
// is said where they are passed, and by default they are valid only until the call returns.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace orrery {

using Nanos = std::int64_t;
inline constexpr Nanos kMicrosecond = 1'000;
inline constexpr Nanos kMillisecond = 1'000'000;
inline constexpr Nanos kSecond = 1'000'000'000;
inline constexpr Nanos kNever = INT64_MAX;

using Bytes = std::span<const std::uint8_t>;
/// Bytes whose owner lets the callee overwrite them (WebSocket payload is unmasked in place).
using MutableBytes = std::span<std::uint8_t>;

inline Bytes as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
inline std::string_view as_text(Bytes bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

/// Position of a node in the cluster's list of nodes: 0 to kNodesMax - 1.
using NodeId = std::uint16_t;
/// Position of a shard in its node: 0 to the node's shard count - 1. Shard 0 also runs the node's control plane.
using ShardId = std::uint16_t;
/// One byte stream of one shard: a client's connection or a peer's. Dense small integers, chosen by the world, unique
/// in the shard; an id is used again only after link_closed for it has returned.
using LinkId = std::uint32_t;

/// A shard of a node: where a route leads, where a lane ends.
struct Place {
  NodeId node = 0;
  ShardId shard = 0;
  bool operator==(const Place&) const = default;
  auto operator<=>(const Place&) const = default;
};

}  // namespace orrery
