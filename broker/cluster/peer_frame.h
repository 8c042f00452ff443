// SPDX-License-Identifier: Apache-2.0
// The frames between nodes: their numbers, the layouts that streams and lanes use, and how a frame is written. The
// layouts of the control plane are in control_frames.h. The page with the grammar and an example is
// docs/peer-protocol.md.
//
// A frame is u32 length, u8 type, body; length counts type and body. All integers are big-endian. Views that decoding
// gives point into the input.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "base/types.h"

namespace orrery::cluster {

inline constexpr std::uint32_t kPeerMagic = 0x4f525259;  // "ORRY"
/// Raised with every change of a layout or a meaning; peers speak only when they have the same.
inline constexpr std::uint16_t kPeerProtocolVersion = 2;

enum class StreamKind : std::uint8_t { kControl = 0, kLane = 1 };
inline constexpr std::size_t kStreamKinds = 2;

enum class FrameType : std::uint8_t {
  kHello = 1,
  kRefuse = 2,
  // lanes
  kLaneStart = 16,
  kLaneData = 17,
  kLaneAck = 18,
  // the control plane; every body begins with the sender's clock
  kHeartbeat = 32,
  kAttach = 33,
  kDetach = 34,
  kHave = 35,
  kEntries = 36,
  kAck = 37,
  kCopyBegin = 38,
  kCopyRows = 39,
  kCopyEnd = 40,
  // the registrar
  kClaim = 48,
  kGrant = 49,
  kClaimRefused = 50,
  kYield = 51,
  kYielded = 52,
  kRelease = 53,
  kHold = 54,
  kHeldAll = 55,
};

/// Why an end refused a stream: the body of a refuse frame, and words for both ends' logs.
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
const char* refusal_text(Refusal why);

inline constexpr std::size_t kFrameLengthBytes = 4;

/// Writes one frame at the end of a buffer; the length is filled in when the writer ends.
class FrameWriter : public ByteWriter {
 public:
  FrameWriter(Buffer& out, FrameType type) : ByteWriter(out), at_(out.size()) {
    u32(0);
    u8(static_cast<std::uint8_t>(type));
  }
  ~FrameWriter() { patch_u32(at_, static_cast<std::uint32_t>(size() - at_ - kFrameLengthBytes)); }
  FrameWriter(const FrameWriter&) = delete;
  FrameWriter& operator=(const FrameWriter&) = delete;

 private:
  std::size_t at_;
};

struct Hello {
  std::uint16_t version = kPeerProtocolVersion;
  StreamKind kind = StreamKind::kControl;
  std::uint64_t fingerprint = 0;
  Place from;
  Place to;
  std::uint64_t incarnation = 0;
};
void encode(const Hello& hello, ByteWriter::Buffer& out);
/// kMalformed, kVersion (the rest is then not read) or kNone. Values are not judged.
Refusal decode(Bytes body, Hello& hello);

void encode_refuse(Refusal why, ByteWriter::Buffer& out);
/// An unknown number is kMalformed.
Refusal decode_refuse(Bytes body);

/// The head of a lane's data frame, made apart from the message so that neither is copied twice.
inline constexpr std::size_t kLaneDataHeadBytes = kFrameLengthBytes + 1 + 1 + 8;
using LaneDataHead = std::array<std::uint8_t, kLaneDataHeadBytes>;
LaneDataHead lane_data_head(std::uint64_t sequence, bool wants_ack, std::size_t message_bytes);
struct LaneData {
  std::uint64_t sequence = 0;
  bool wants_ack = false;
  Bytes message;
};
bool decode(Bytes body, LaneData& data);

/// kLaneStart and kLaneAck hold one sequence.
void encode_sequence(FrameType type, std::uint64_t sequence, ByteWriter::Buffer& out);
bool decode_sequence(Bytes body, std::uint64_t& sequence);

}  // namespace orrery::cluster
