// SPDX-License-Identifier: Apache-2.0
// Framing: however a stream is cut, the same packets and the same error; memory follows what arrived.
#include "broker/mqtt/stream_decoder.h"

#include <gtest/gtest.h>

#include <string>

#include "broker/mqtt/packet_text.h"
#include "broker/mqtt/random_packet.h"

namespace orrery::mqtt {
namespace {

using Status = StreamDecoder::Status;

/// What came out of a stream: packets as bytes, then how it ended.
struct Framed {
  std::vector<std::pair<int, std::string>> packets;
  std::string end = "more";
  bool operator==(const Framed&) const = default;
};

/// Feeds `stream` in pieces whose sizes `cut` gives.
template <class Cut>
Framed frame(Bytes stream, Cut cut, std::uint32_t size_max = kPacketSizeDefault, Expect expect = Expect::kAnyPacket) {
  Framed out;
  Heap heap;
  StreamDecoder decoder;
  bool error = false;
  while (!stream.empty() && !error) {
    const std::size_t n = std::min<std::size_t>(stream.size(), cut());
    const Buffer piece(stream.begin(), stream.begin() + static_cast<std::ptrdiff_t>(n));
    stream = stream.subspan(n);
    Bytes chunk = piece;
    for (;;) {
      RawPacket packet;
      const Status status = decoder.next(heap, chunk, packet, size_max, expect);
      if (status == Status::kPacket) {
        out.packets.emplace_back(packet.first, as_text(packet.body));
        continue;
      }
      error = status == Status::kError;
      if (error) out.end = decoder.error().what;
      break;
    }
  }
  if (!error && decoder.buffered() != 0) out.end = "partial";
  decoder.reset(heap);
  EXPECT_EQ(heap.bytes_in_use(), 0u);
  return out;
}

Framed whole(Bytes stream) {
  return frame(stream, [] { return SIZE_MAX; });
}

Buffer random_stream(RandomPacket& random, int packets) {
  Buffer stream;
  for (int i = 0; i < packets; ++i) encode_any(Version::k5, random.make(Version::k5, Sender::kClient), stream);
  return stream;
}

TEST(StreamDecoder, CutAnywhereIsTheSameAsWhole) {
  RandomPacket random(7);
  Rng rng(8);
  for (int round = 0; round < 60; ++round) {
    Buffer stream = random_stream(random, 6);
    if (round % 3 == 1) stream.resize(stream.size() - 1);                                  // ends within a packet
    if (round % 3 == 2) ByteWriter(stream).u32(round % 2 == 0 ? 0x00800001 : 0xffffffff);  // or badly
    const Framed expected = whole(stream);
    EXPECT_GE(expected.packets.size(), 5u);
    for (std::size_t first = 1; first < stream.size(); ++first) {
      bool begun = false;
      ASSERT_EQ(frame(stream, [&] { return std::exchange(begun, true) ? SIZE_MAX : first; }), expected) << first;
    }
    ASSERT_EQ(frame(stream, [] { return 1; }), expected);
    for (int i = 0; i < 20; ++i) ASSERT_EQ(frame(stream, [&] { return 1 + rng.below(40); }), expected);
  }
}

TEST(StreamDecoder, AWholePacketIsAViewIntoTheChunk) {
  Heap heap;
  StreamDecoder decoder;
  const Buffer stream = parse_bytes("30 [\"a\" 'payload'] c0 00");
  Bytes chunk = stream;
  RawPacket packet;
  ASSERT_EQ(decoder.next(heap, chunk, packet, kPacketSizeDefault), Status::kPacket);
  EXPECT_EQ(packet.body.data(), stream.data() + 2);
  EXPECT_EQ(packet.type(), PacketType::kPublish);
  ASSERT_EQ(decoder.next(heap, chunk, packet, kPacketSizeDefault), Status::kPacket);
  EXPECT_EQ(packet.type(), PacketType::kPingreq);
  ASSERT_EQ(decoder.next(heap, chunk, packet, kPacketSizeDefault), Status::kNeedMore);
  EXPECT_EQ(heap.bytes_reserved(), 0u);
}

/// CVE-2017-7651 and CVE-2019-0222: 200 MB announced, a few bytes sent.
TEST(StreamDecoder, MemoryFollowsWhatArrivesAndNotWhatIsPromised) {
  Heap heap;
  StreamDecoder decoder;
  RawPacket packet;
  const Buffer header = parse_bytes("30 80808060");
  Bytes chunk = header;
  ASSERT_EQ(decoder.next(heap, chunk, packet, kVariableByteIntegerMax), Status::kNeedMore);
  EXPECT_LE(heap.bytes_in_use(), 64u);
  const Buffer piece(1000, 'x');
  std::size_t arrived = header.size();
  for (int i = 0; i < 300; ++i) {
    chunk = piece;
    ASSERT_EQ(decoder.next(heap, chunk, packet, kVariableByteIntegerMax), Status::kNeedMore);
    EXPECT_TRUE(chunk.empty());
    arrived += piece.size();
    EXPECT_EQ(decoder.buffered(), arrived);
    ASSERT_LE(heap.bytes_in_use(), 2 * arrived + 64);
  }
  decoder.reset(heap);
  EXPECT_EQ(heap.bytes_in_use(), 0u);
}

TEST(StreamDecoder, TheBufferIsGoneWithItsPacket) {
  Heap heap;
  StreamDecoder decoder;
  RawPacket packet;
  const Buffer stream = parse_bytes("32 [\"topic\" 0001 'payload'] 30");
  Bytes first = Bytes(stream).first(4);
  Bytes second = Bytes(stream).subspan(4);
  ASSERT_EQ(decoder.next(heap, first, packet, kPacketSizeDefault), Status::kNeedMore);
  EXPECT_GT(heap.bytes_in_use(), 0u);
  ASSERT_EQ(decoder.next(heap, second, packet, kPacketSizeDefault), Status::kPacket);
  EXPECT_EQ(as_text(packet.body.last(7)), "payload");
  second = second.first(0);
  ASSERT_EQ(decoder.next(heap, second, packet, kPacketSizeDefault), Status::kNeedMore);
  EXPECT_EQ(heap.bytes_in_use(), 0u);
}

struct LengthCase {
  std::uint32_t length;
  const char* header;
};

/// OASIS MQTT-275: the borders of each size, and a packet of each length where memory allows.
TEST(StreamDecoder, LengthsAtTheBordersOfTheirEncoding) {
  const LengthCase cases[] = {
      {0, "30 00"},          {127, "30 7f"},           {128, "30 8001"},          {16'383, "30 ff7f"},
      {16'384, "30 808001"}, {2'097'151, "30 ffff7f"}, {2'097'152, "30 80808001"}};
  for (const LengthCase& c : cases) {
    Buffer stream = parse_bytes(c.header);
    stream.resize(stream.size() + c.length, 'x');
    const auto size = static_cast<std::uint32_t>(stream.size());
    const auto framed = [&](std::size_t cut, std::uint32_t size_max) {
      return frame(stream, [&] { return cut; }, size_max);
    };
    for (const std::size_t cut : {SIZE_MAX, std::size_t{100'000}}) {
      const Framed out = framed(cut, size);
      ASSERT_EQ(out.packets.size(), 1u) << c.length;
      EXPECT_EQ(out.packets[0].second.size(), c.length);
      EXPECT_EQ(out.end, "more");
      EXPECT_EQ(framed(cut, size - 1).end, "packet too large");
    }
  }
}

TEST(StreamDecoder, TheLargestLengthIsReadAndAFifthByteIsNot) {
  Heap heap;
  RawPacket packet;
  for (const std::uint32_t size_max : {kVariableByteIntegerMax + 5, kVariableByteIntegerMax + 4}) {
    StreamDecoder decoder;
    const Buffer largest = parse_bytes("30 ffffff7f");
    Bytes chunk = largest;
    const bool fits = size_max == kVariableByteIntegerMax + 5;
    ASSERT_EQ(decoder.next(heap, chunk, packet, size_max), fits ? Status::kNeedMore : Status::kError);
    if (!fits) {
      EXPECT_EQ(decoder.error().reason, ReasonCode::kPacketTooLarge);
    }
    decoder.reset(heap);
  }
  for (const char* text : {"30 80808080", "30 ffffffff", "30 ffffffff00", "30 ffffffff7f"}) {
    const Framed out = whole(parse_bytes(text));
    EXPECT_EQ(out.end, "remaining length of more than four bytes") << text;
  }
  for (const char* text : {"30 8000", "30 808000", "30 80808000", "30 ff00"}) {
    EXPECT_EQ(whole(parse_bytes(text)).end, "remaining length not in its shortest form") << text;
  }
}

/// CVE-2023-0809: something else than CONNECT comes first and promises a lot.
TEST(StreamDecoder, TheFirstByteTellsWhetherItIsConnect) {
  const auto first = [](const char* text) {
    return frame(parse_bytes(text), [] { return 1; }, kConnectPacketSize, Expect::kConnect);
  };
  EXPECT_EQ(first("30").end, "first packet is not CONNECT");
  EXPECT_EQ(first("40 02 0001").end, "first packet is not CONNECT");
  EXPECT_EQ(first("00").end, "reserved packet type");
  EXPECT_EQ(first("10 ffffff7f").end, "packet too large");
  EXPECT_EQ(first("10 [\"MQTT\"]").packets.size(), 1u);
}

TEST(StreamDecoder, ResetBeginsAnew) {
  Heap heap;
  StreamDecoder decoder;
  RawPacket packet;
  const Buffer bad = parse_bytes("30 05 00");
  Bytes chunk = bad;
  ASSERT_EQ(decoder.next(heap, chunk, packet, 6), Status::kError);
  decoder.reset(heap);
  EXPECT_TRUE(decoder.error().ok());
  const Buffer good = parse_bytes("c0 00");
  chunk = good;
  EXPECT_EQ(decoder.next(heap, chunk, packet, 6), Status::kPacket);
}

}  // namespace
}  // namespace orrery::mqtt
