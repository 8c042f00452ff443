// SPDX-License-Identifier: Apache-2.0
// Limits of sessions that no operator sets (those that one does are in options.h), and what happens there.
#pragma once

#include <cstddef>
#include <cstdint>

namespace orrery::session {

/// What one packet or one end of a session may do at once, in units of WorkBudget (a filter each); the rest goes on in
/// later events, and the connection's next packet waits for it.
inline constexpr std::uint32_t kUnitsAtOnce = 256;
/// What one turn of a session may do before the next one's turn comes.
inline constexpr std::uint32_t kUnitsPerTurn = 128;

/// Bytes of a session's SUBSCRIBE and UNSUBSCRIBE packets under way, retained messages wanted included. Above it the
/// connection's next packet waits until some of them are done with.
inline constexpr std::size_t kRequestBytesMax = std::size_t{1} * 1024 * 1024;

/// Deliveries that wait for a session while its next retained messages are asked for; above it they are asked for when
/// acknowledgements have come.
inline constexpr std::uint32_t kWaitingBeforeRetained = 16;

}  // namespace orrery::session
