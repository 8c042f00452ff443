// SPDX-License-Identifier: Apache-2.0
// Every limit of the admin's HTTP, and what happens there. Sizes are bytes.
//
// Together they bound what all admin links make shard 0 hold: kLinksMax times the sum of header, body and held bytes,
// and one answer for each that its transport has not taken.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/types.h"

namespace orrery::admin {

/// Request line, header fields and the empty line together. Above: 431 (414 while the request line has not ended).
inline constexpr std::size_t kRequestHeaderBytesMax = 8 * 1024;
/// The request's target, its query included. Above: 414.
inline constexpr std::size_t kRequestTargetBytesMax = 2 * 1024;
/// Header fields of one request. Above: 431.
inline constexpr std::size_t kRequestFieldsMax = 64;
/// The body, which comes with Content-Length (411 when it comes in chunks). Above: 413.
inline constexpr std::size_t kRequestBodyBytesMax = 64 * 1024;
/// What came behind a request that is not answered yet. Above: 429 in its turn, and the link is closed.
inline constexpr std::size_t kHeldBytesMax = 64 * 1024;
/// Requests of one link that one event begins; the others are begun in later events.
inline constexpr std::uint32_t kRequestsPerEvent = 16;
/// Admin links of a node at one time. The next one is answered 503 and closed.
inline constexpr std::size_t kLinksMax = 32;

/// Without a request in all this time a link is closed.
inline constexpr Nanos kIdleTimeout = 60 * kSecond;
/// From the first byte of a request to its last. Above: 408, and the link is closed.
inline constexpr Nanos kRequestTimeout = 10 * kSecond;
/// For the client to take an answer. Above: the link is reset.
inline constexpr Nanos kTakeTimeout = 30 * kSecond;

}  // namespace orrery::admin
