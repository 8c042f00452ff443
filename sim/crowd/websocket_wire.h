// SPDX-License-Identifier: Apache-2.0
// The client's half of WebSocket (RFC 6455): the upgrade request, the check of its answer, masked frames out, frames
// in. Independent of broker/websocket. A key is 16 bytes that the caller draws; a mask is 32 bits that the caller
// draws.
#pragma once

#include <cstdint>
#include <vector>

#include "base/types.h"

namespace orrery::sim {

/// A response to the upgrade longer than this is an error.
inline constexpr std::size_t kResponseBytesMax = 4096;
/// Room in front of a payload for the largest header of a masked frame.
inline constexpr std::size_t kFrameHeaderMax = 14;

/// Two words that become the 16 random bytes of Sec-WebSocket-Key.
struct WebSocketKey {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
};

void append_upgrade_request(std::vector<std::uint8_t>& out, const WebSocketKey& key);

/// Looks for a whole response at the start of `bytes`. `size` is 0 while it is incomplete. `error` is null when it is
/// good: status 101, Upgrade, Connection, the accept value of `key`, and the subprotocol mqtt.
struct UpgradeAnswer {
  std::size_t size = 0;
  const char* error = nullptr;
};
UpgradeAnswer check_upgrade_response(Bytes bytes, const WebSocketKey& key);

enum class Opcode : std::uint8_t { kContinuation = 0, kText = 1, kBinary = 2, kClose = 8, kPing = 9, kPong = 10 };

/// Frames what stands behind kFrameHeaderMax bytes of room in `buffer` (masked in place) and returns the whole frame.
Bytes finish_frame(std::vector<std::uint8_t>& buffer, Opcode opcode, std::uint32_t mask);

/// The first frame of `bytes`. `size` is 0 while header or payload is incomplete; `error` when a server must not send
/// it.
struct ServerFrame {
  std::size_t size = 0;
  const char* error = nullptr;
  Opcode opcode = Opcode::kBinary;
  Bytes payload;
};
ServerFrame parse_server_frame(Bytes bytes);

}  // namespace orrery::sim
