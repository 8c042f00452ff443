// SPDX-License-Identifier: Apache-2.0
// Every layout survives the wire, and nothing shorter, longer or out of range passes for it.
#include "broker/cluster/peer_frame.h"

#include <gtest/gtest.h>

#include <string>

#include "broker/cluster/control_frames.h"
#include "broker/cluster/limits.h"

namespace orrery::cluster {
namespace {

using Buffer = ByteWriter::Buffer;

std::string hex(Bytes bytes) {
  std::string out;
  for (const std::uint8_t b : bytes) {
    out += "0123456789abcdef"[b >> 4];
    out += "0123456789abcdef"[b & 15];
  }
  return out;
}

Bytes body_of(const Buffer& frame) { return Bytes(frame).subspan(kFrameLengthBytes + 1); }

ClusterSetup four_nodes() {
  ClusterSetup setup;
  setup.members = {{"c1", true, 1}, {"c2", true, 1}, {"r1", false, 2}, {"r2", false, 2}};
  return setup;
}

TEST(PeerFrame, HelloAsInTheDocumentation) {
  Hello hello;
  hello.kind = StreamKind::kLane;
  hello.fingerprint = 0x1122334455667788;
  hello.from = {2, 1};
  hello.to = {3, 0};
  hello.incarnation = 5;
  Buffer frame;
  encode(hello, frame);
  EXPECT_EQ(hex(frame),
            "00000020"
            "01"
            "4f525259"
            "0002"
            "01"
            "1122334455667788"
            "0002"
            "0001"
            "0003"
            "0000"
            "0000000000000005");
  Hello back;
  EXPECT_EQ(decode(body_of(frame), back), Refusal::kNone);
  EXPECT_EQ(back.kind, hello.kind);
  EXPECT_EQ(back.fingerprint, hello.fingerprint);
  EXPECT_EQ(back.from, hello.from);
  EXPECT_EQ(back.to, hello.to);
  EXPECT_EQ(back.incarnation, hello.incarnation);
}

TEST(PeerFrame, HelloThatIsNone) {
  Buffer frame;
  encode(Hello{}, frame);
  Hello back;
  EXPECT_EQ(decode(body_of(frame), back), Refusal::kMalformed) << "incarnation 0";
  frame.clear();
  Hello hello;
  hello.incarnation = 1;
  encode(hello, frame);
  const Bytes body = body_of(frame);
  for (std::size_t n = 0; n < body.size(); ++n) EXPECT_EQ(decode(body.first(n), back), Refusal::kMalformed) << n;
  Buffer changed(body.begin(), body.end());
  changed[5] = kPeerProtocolVersion + 1;
  EXPECT_EQ(decode(changed, back), Refusal::kVersion);
  changed.resize(7);
  EXPECT_EQ(decode(changed, back), Refusal::kVersion) << "what follows a version that is not ours is not read";
  changed.assign(body.begin(), body.end());
  changed[6] = 2;
  EXPECT_EQ(decode(changed, back), Refusal::kMalformed) << "kind";
  changed[0] = 'X';
  EXPECT_EQ(decode(changed, back), Refusal::kMalformed) << "magic";
}

TEST(PeerFrame, RefusalsHaveNames) {
  for (std::uint8_t n = 1; n <= static_cast<std::uint8_t>(Refusal::kNoHello); ++n) {
    Buffer frame;
    encode_refuse(static_cast<Refusal>(n), frame);
    EXPECT_EQ(decode_refuse(body_of(frame)), static_cast<Refusal>(n));
    EXPECT_STRNE(refusal_text(static_cast<Refusal>(n)), "unknown");
  }
  EXPECT_EQ(decode_refuse(Buffer{0}), Refusal::kMalformed);
  EXPECT_EQ(decode_refuse(Buffer{200}), Refusal::kMalformed);
}

TEST(PeerFrame, LaneData) {
  const LaneDataHead head = lane_data_head(0x0102030405060708, true, 3);
  EXPECT_EQ(hex(head),
            "0000000d"
            "11"
            "01"
            "0102030405060708");
  Buffer body(head.begin() + 5, head.end());
  body.insert(body.end(), {'a', 'b', 'c'});
  LaneData data;
  ASSERT_TRUE(decode(body, data));
  EXPECT_EQ(data.sequence, 0x0102030405060708u);
  EXPECT_TRUE(data.wants_ack);
  EXPECT_EQ(as_text(data.message), "abc");
  EXPECT_FALSE(decode(Bytes(body).first(8), data));
  body[0] = 2;
  EXPECT_FALSE(decode(body, data)) << "an unknown flag";
}

/// Reads `body` cut at every length; only the whole may pass.
template <class Read>
void only_whole(const Buffer& body, Read read) {
  for (std::size_t n = 0; n <= body.size(); ++n) {
    ByteReader r(Bytes(body).first(n));
    EXPECT_EQ(read(r), n == body.size()) << n << " of " << body.size();
  }
  Buffer longer = body;
  longer.push_back(0);
  ByteReader r(longer);
  EXPECT_FALSE(read(r)) << "one byte too many";
}

TEST(ControlFrames, OnlyWholeFramesPass) {
  const ClusterSetup setup = four_nodes();
  Buffer body;
  ByteWriter w(body);
  write(w, Have{true, true, {{1, {2, 3}}, {3, {4, 5}}}});
  only_whole(body, [&](ByteReader& r) {
    Have have;
    return read(r, setup, have) && r.done() && have.full && have.newborn && have.positions.size() == 2 &&
           have.positions[1].owner == 3 && have.positions[1].at == Position{4, 5};
  });
  body.clear();
  write(w, Heartbeat{0xf, {{0, {1, 1}}}});
  only_whole(body, [&](ByteReader& r) {
    Heartbeat beat;
    return read(r, setup, beat) && r.done() && beat.hears == 0xf && beat.positions.size() == 1;
  });
  body.clear();
  write(w, CopyHead{CopyKind::kWhole, {2, {7, 8}}});
  only_whole(body, [&](ByteReader& r) {
    CopyHead head;
    return read(r, setup, head) && head.kind == CopyKind::kWhole && head.of.at == Position{7, 8};
  });
  body.clear();
  write(w, HolderShard{1, 2});
  only_whole(body, [&](ByteReader& r) {
    HolderShard back;
    return read(r, back) && r.done() && back.shard == 1 && back.incarnation == 2;
  });
}

TEST(ControlFrames, NamesOfNodesThatAreNotThereAreRefused) {
  const ClusterSetup setup = four_nodes();
  Buffer body;
  ByteWriter w(body);
  Have have;
  write(w, Have{false, false, {{4, {1, 1}}}});
  ByteReader have_reader(body);
  EXPECT_FALSE(read(have_reader, setup, have));
  body.clear();
  Heartbeat beat;
  write(w, Heartbeat{0x10, {}});
  ByteReader beat_reader(body);
  EXPECT_FALSE(read(beat_reader, setup, beat));
  body.clear();
  Envelope envelope;
  write(w, Envelope{0, 4, 0});
  ByteReader envelope_reader(body);
  EXPECT_FALSE(read(envelope_reader, setup, envelope));
  body.clear();
  EntriesHead head;
  write(w, EntriesHead{1, 1, 0, 1});
  ByteReader head_reader(body);
  EXPECT_FALSE(read(head_reader, setup, head)) << "there is no entry 0";
}

/// What is written reads back, or not.
template <class Frame>
bool passes(const Frame& frame) {
  Buffer body;
  ByteWriter w(body);
  write(w, frame);
  ByteReader r(body);
  Frame back;
  return read(r, four_nodes(), back);
}

TEST(ControlFrames, PositionsThatNobodyCanHaveAreRefused) {
  EXPECT_TRUE(passes(Have{false, false, {{1, {1, kSequenceMax}}}}));
  EXPECT_FALSE(passes(Have{false, false, {{1, {1, kSequenceMax + 1}}}}));
  EXPECT_FALSE(passes(Heartbeat{0, {{1, {1, UINT64_MAX}}}}));
  EXPECT_TRUE(passes(EntriesHead{1, 1, kSequenceMax, 1}));
  EXPECT_FALSE(passes(EntriesHead{1, 1, kSequenceMax, 2}));
  EXPECT_FALSE(passes(EntriesHead{1, 1, UINT64_MAX, 2}));
  EXPECT_FALSE(passes(EntriesHead{1, 0, 1, 1})) << "incarnation 0";
  EXPECT_TRUE(passes(CopyHead{CopyKind::kWhole, {2, {7, 8}}}));
  EXPECT_FALSE(passes(CopyHead{CopyKind::kWhole, {2, {0, 8}}}));
  EXPECT_FALSE(passes(CopyHead{CopyKind::kWhole, {2, {7, UINT64_MAX}}}));
  EXPECT_TRUE(passes(CopyHead{CopyKind::kRetainedOnly, {2, {0, kFromSettled}}}));
  EXPECT_FALSE(passes(CopyHead{CopyKind::kRetainedOnly, {2, {0, kFromSettled + 1}}}));
  EXPECT_FALSE(passes(CopyHead{CopyKind::kRetainedOnly, {2, {1, 1}}}));
  EXPECT_FALSE(passes(CopyHead{static_cast<CopyKind>(2), {2, {1, 1}}}));
  EXPECT_TRUE(passes(Envelope{0, 3, kHopsMax}));
  EXPECT_FALSE(passes(Envelope{0, 3, kHopsMax + 1}));
}

}  // namespace
}  // namespace orrery::cluster
