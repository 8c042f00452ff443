// SPDX-License-Identifier: Apache-2.0
// Every limit of the codec, by name, with what happens there. The standard's own limits come first; the rest are ours,
// chosen so that a real client never meets them. None of them is a size of memory that is taken in advance.
#pragma once

#include <cstddef>
#include <cstdint>

namespace orrery::mqtt {

/// The largest value of a variable byte integer of four bytes (1.5.5). A fifth byte: Malformed Packet.
inline constexpr std::uint32_t kVariableByteIntegerMax = 268'435'455;

/// Strings and binary data carry a length of two bytes. An encoder that is given more is a programmer's error.
inline constexpr std::size_t kStringMax = 65'535;

/// The largest packet, fixed header included, unless the configuration says otherwise. Beyond: Packet too large, as
/// soon as the fixed header is known.
inline constexpr std::uint32_t kPacketSizeDefault = 1024 * 1024;

/// The largest packet before CONNECT was accepted: room for each of CONNECT's five fields at its full length and some
/// properties. Beyond: Packet too large, as soon as the fixed header is known.
inline constexpr std::uint32_t kConnectPacketSize = 384 * 1024;

/// Levels of a topic name or filter, the share name not counted. Beyond: Topic Name invalid or Topic Filter invalid.
inline constexpr std::uint32_t kTopicLevelsMax = 128;

/// User properties of one packet (a will counts apart). Beyond: Quota exceeded.
inline constexpr std::uint32_t kUserPropertiesMax = 1024;

/// Topic filters of one SUBSCRIBE or UNSUBSCRIBE. Beyond: Quota exceeded.
inline constexpr std::uint32_t kFiltersPerPacketMax = 8192;

/// A partial packet's first buffer. It doubles with the bytes that really arrive and never exceeds the packet.
inline constexpr std::uint32_t kCarryOverFirst = 64;

}  // namespace orrery::mqtt
