// SPDX-License-Identifier: Apache-2.0
// A node that is the broker's WebSocket codec with an echo behind it instead of MQTT: what comes as a binary message
// goes back as a binary message.
//
// It uses broker/websocket as broker/node/transport.cc does, step for step: handshake, limits, answers to control
// frames and to Close, close codes. What the codec refuses is refused here too, text among it (MQTT 6: binary frames
// only). Links are WebSocket links; any other kind is ended at once. The echo cases (cases/echo_cases.cc) run against
// it.
#pragma once

#include <cstddef>

#include "broker/seam/node.h"

namespace orrery::conformance {

/// Payload of the first message's frames, as for a client whose CONNECT was not accepted yet. Above: close 1009.
inline constexpr std::size_t kEchoFirstFrameMax = 64 * 1024;
/// Payload of every later frame, and of a message in all its frames. Above: close 1009.
inline constexpr std::size_t kEchoMessageMax = 1024 * 1024;

NodeFactory make_echo_node();

}  // namespace orrery::conformance
