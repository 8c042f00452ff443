// SPDX-License-Identifier: Apache-2.0
// The frames between nodes: their numbers and layouts. The page with the grammar and an example is docs/peer-protocol.md.
//
// A frame is u32 length, u8 type, body; length counts type and body. All integers are big-endian. Views point into the input.
#pragma once

#include <cstdint>

#include "broker/base/bytes.h"
#include "broker/base/types.h"

namespace orrery::cluster {

inline constexpr std::uint32_t kPeerMagic = 0x4f525259;  // "ORRY"
/// Raised with every change of a layout or a meaning; peers speak only when they have the same.
inline constexpr std::uint16_t kPeerProtocolVersion = 1;

enum class StreamKind : std::uint8_t { kControl = 0, kLane = 1 };

/// Why an end refused a stream: the body of a refuse frame, and a name for the log.
enum class Refusal : std::uint8_t {
  kNone = 0,
  kMalformed,         // a frame that does not parse, or not here
  kTooLong,           // a frame above the limit
  kVersion,           // another protocol version
  kFingerprint,       // another member list
  kUnknownPlace,      // a node or shard that is not in the list, or not this one
  kStaleIncarnation,  // a newer life of that node is known
  kUnwanted,          // a kind of stream that is not spoken here
  kNoHello,           // no hello within kPeerHelloTimeout
};
const char* refusal_name(Refusal why);

enum class FrameType : std::uint8_t { kHello = 1, kRefuse = 2 };

struct Hello {
  std::uint16_t version = kPeerProtocolVersion;
  StreamKind kind = StreamKind::kControl;
  std::uint64_t fingerprint = 0;
  Place from;
  ShardId to_shard = 0;
  std::uint64_t incarnation = 0;
};

}  // namespace orrery::cluster
