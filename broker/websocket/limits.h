// SPDX-License-Identifier: Apache-2.0
// Every limit of the WebSocket layer, and what happens there.
//
// The HTTP limits bound what one connection can make a shard hold before it has been upgraded; the frame limits bound
// what a single declared length may promise. Data frames are never buffered here, so a frame's cap is a policy, not a
// buffer.
#pragma once

#include <cstddef>
#include <cstdint>

namespace orrery::websocket {

/// Request line, header fields and the empty line together. Above: 431, and the link is closed.
inline constexpr std::size_t kRequestBytesMax = 8 * 1024;
/// Header fields of one request. Above: 431.
inline constexpr std::size_t kRequestFieldsMax = 64;
/// First block for a request that comes in pieces; it doubles up to kRequestBytesMax.
inline constexpr std::size_t kRequestBlockFirst = 512;

/// Payload of one data frame before the client's CONNECT was accepted. Above: close 1009.
inline constexpr std::uint32_t kFramePayloadBeforeConnectMax = 64 * 1024;
/// The same afterwards: a whole MQTT packet of the largest size and its five bytes of header fit in one frame.
inline constexpr std::uint32_t kFramePayloadMax = 268'435'455 + 5;

/// RFC 6455 5.5: payload of Close, Ping and Pong. Above: close 1002.
inline constexpr std::size_t kControlPayloadMax = 125;
/// Bytes of the text in a Close frame; a longer reason of ours is cut before the character that does not fit.
inline constexpr std::size_t kCloseReasonMax = kControlPayloadMax - 2;

}  // namespace orrery::websocket
