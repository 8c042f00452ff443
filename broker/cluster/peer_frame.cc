// SPDX-License-Identifier: Apache-2.0
#include "broker/cluster/peer_frame.h"

namespace orrery::cluster {
namespace {
constexpr std::uint8_t kWantsAck = 1;
}

const char* refusal_text(Refusal why) {
  switch (why) {
    case Refusal::kNone:
      return "for no reason";
    case Refusal::kMalformed:
      return "a frame was malformed, or out of place";
    case Refusal::kTooLong:
      return "a frame was longer than frames may be";
    case Refusal::kVersion:
      return "the two speak different versions of the peer protocol";
    case Refusal::kFingerprint:
      return "their lists of members differ: cluster.members must be the same, in the same order, on every node";
    case Refusal::kUnknownPlace:
      return "a node or shard that the list does not have, or not this one, was named";
    case Refusal::kStaleIncarnation:
      return "a newer life of that node is known";
    case Refusal::kUnwanted:
      return "it is not wanted here";
    case Refusal::kNoHello:
      return "no hello came in time";
  }
  return "unknown";
}

void encode(const Hello& hello, ByteWriter::Buffer& out) {
  FrameWriter w(out, FrameType::kHello);
  w.u32(kPeerMagic);
  w.u16(hello.version);
  w.u8(static_cast<std::uint8_t>(hello.kind));
  w.u64(hello.fingerprint);
  w.u16(hello.from.node);
  w.u16(hello.from.shard);
  w.u16(hello.to.node);
  w.u16(hello.to.shard);
  w.u64(hello.incarnation);
}

Refusal decode(Bytes body, Hello& hello) {
  ByteReader r(body);
  const std::uint32_t magic = r.u32();
  hello.version = r.u16();
  if (r.failed() || magic != kPeerMagic) return Refusal::kMalformed;
  if (hello.version != kPeerProtocolVersion) return Refusal::kVersion;
  const std::uint8_t kind = r.u8();
  hello.kind = static_cast<StreamKind>(kind);
  hello.fingerprint = r.u64();
  hello.from.node = r.u16();
  hello.from.shard = r.u16();
  hello.to.node = r.u16();
  hello.to.shard = r.u16();
  hello.incarnation = r.u64();
  return r.done() && kind < kStreamKinds && hello.incarnation != 0 ? Refusal::kNone : Refusal::kMalformed;
}

void encode_refuse(Refusal why, ByteWriter::Buffer& out) {
  FrameWriter w(out, FrameType::kRefuse);
  w.u8(static_cast<std::uint8_t>(why));
}

Refusal decode_refuse(Bytes body) {
  ByteReader r(body);
  const std::uint8_t why = r.u8();
  if (!r.done() || why == 0 || why > static_cast<std::uint8_t>(Refusal::kNoHello)) return Refusal::kMalformed;
  return static_cast<Refusal>(why);
}

LaneDataHead lane_data_head(std::uint64_t sequence, bool wants_ack, std::size_t message_bytes) {
  LaneDataHead head{};
  const auto length = static_cast<std::uint32_t>(message_bytes + kLaneDataHeadBytes - kFrameLengthBytes);
  for (unsigned i = 0; i < 4; ++i) head[i] = static_cast<std::uint8_t>(length >> (24 - 8 * i));
  head[4] = static_cast<std::uint8_t>(FrameType::kLaneData);
  head[5] = wants_ack ? kWantsAck : 0;
  for (unsigned i = 0; i < 8; ++i) head[6 + i] = static_cast<std::uint8_t>(sequence >> (56 - 8 * i));
  return head;
}

bool decode(Bytes body, LaneData& data) {
  ByteReader r(body);
  const std::uint8_t flags = r.u8();
  data.sequence = r.u64();
  data.wants_ack = (flags & kWantsAck) != 0;
  data.message = r.rest();
  return !r.failed() && flags <= kWantsAck;
}

void encode_sequence(FrameType type, std::uint64_t sequence, ByteWriter::Buffer& out) {
  FrameWriter w(out, type);
  w.u64(sequence);
}

bool decode_sequence(Bytes body, std::uint64_t& sequence) {
  ByteReader r(body);
  sequence = r.u64();
  return r.done();
}

}  // namespace orrery::cluster
