// SPDX-License-Identifier: Apache-2.0
// Random packets through the encoders, the framing and the decoders and back; and every one of them cut short.
#include <gtest/gtest.h>

#include <memory>

#include "broker/mqtt/packet_text.h"
#include "broker/mqtt/random_packet.h"
#include "broker/mqtt/stream_decoder.h"

namespace orrery::mqtt {
namespace {

struct Side {
  Version version;
  Sender sender;
};
constexpr Side kSides[] = {{Version::k31, Sender::kClient},  {Version::k31, Sender::kServer},
                           {Version::k311, Sender::kClient}, {Version::k311, Sender::kServer},
                           {Version::k5, Sender::kClient},   {Version::k5, Sender::kServer}};

Buffer encoded(Version version, const AnyView& view) {
  Buffer out;
  encode_any(version, view, out);
  return out;
}

/// The bytes in a block of exactly their size, so that a sanitizer sees a read past the end.
struct Exact {
  explicit Exact(Bytes bytes) : block(std::make_unique<std::uint8_t[]>(bytes.size())), size(bytes.size()) {
    std::copy(bytes.begin(), bytes.end(), block.get());
  }
  Bytes view() const { return {block.get(), size}; }
  std::unique_ptr<std::uint8_t[]> block;
  std::size_t size;
};

RawPacket framed(const Exact& bytes) {
  Heap heap;
  StreamDecoder decoder;
  RawPacket packet;
  Bytes chunk = bytes.view();
  EXPECT_EQ(decoder.next(heap, chunk, packet, kVariableByteIntegerMax), StreamDecoder::Status::kPacket);
  EXPECT_TRUE(chunk.empty());
  return packet;
}

TEST(RoundTrip, DecodedIsWhatWasEncoded) {
  RandomPacket random(1);
  for (int i = 0; i < 12'000; ++i) {
    const Side side = kSides[i % 6];
    const AnyView view = random.make(side.version, side.sender);
    const Exact bytes(encoded(side.version, view));
    ASSERT_EQ(bytes.size, any_size(side.version, view));
    AnyView decoded;
    const DecodeResult result = decode_any(side.version, side.sender, framed(bytes), decoded);
    ASSERT_TRUE(result.ok()) << result.what << "\n" << describe(view);
    ASSERT_TRUE(same(view, decoded)) << describe(view) << "\n" << describe(decoded);
    ASSERT_EQ(describe(view), describe(decoded));
    ASSERT_EQ(encoded(side.version, decoded), Buffer(bytes.view().begin(), bytes.view().end()));
  }
}

/// Some packets are right even when they are cut: a shorter payload, fewer filters or codes, a short form. They must
/// then be a packet of their own, not the whole one.
TEST(RoundTrip, ABodyCutShortIsNeverTheWholePacket) {
  RandomPacket random(2);
  int refused = 0;
  int accepted = 0;
  for (int i = 0; i < 1'200; ++i) {
    const Side side = kSides[i % 6];
    const AnyView view = random.make(side.version, side.sender);
    const Exact bytes(encoded(side.version, view));
    const RawPacket whole = framed(bytes);
    for (std::size_t n = 0; n < whole.body.size(); ++n) {
      const Exact body(whole.body.first(n));
      AnyView decoded;
      if (!decode_any(side.version, side.sender, {whole.first, body.view()}, decoded).ok()) {
        ++refused;
        continue;
      }
      ++accepted;
      ASSERT_FALSE(same(view, decoded)) << describe(view) << " cut to " << n;
      AnyView again;
      const Exact reencoded(encoded(side.version, decoded));
      ASSERT_TRUE(decode_any(side.version, side.sender, framed(reencoded), again).ok());
      ASSERT_TRUE(same(decoded, again));
    }
  }
  EXPECT_GT(refused, 10'000);
  EXPECT_GT(accepted, 100);
}

/// A byte too many is noticed, except where the packet's last part is what is left.
TEST(RoundTrip, ALongerBodyIsNeverTheWholePacket) {
  RandomPacket random(3);
  for (int i = 0; i < 3'000; ++i) {
    const Side side = kSides[i % 6];
    const AnyView view = random.make(side.version, side.sender);
    const Exact bytes(encoded(side.version, view));
    const RawPacket whole = framed(bytes);
    Buffer longer(whole.body.begin(), whole.body.end());
    longer.push_back(0xff);
    AnyView decoded;
    const DecodeResult result = decode_any(side.version, side.sender, {whole.first, longer}, decoded);
    ASSERT_FALSE(result.ok() && same(view, decoded)) << describe(view);
  }
}

/// What the server forwards of a PUBLISH is the publisher's section without the properties of one hop.
TEST(RoundTrip, ForwardedPublishKeepsWhatItMust) {
  RandomPacket random(4);
  int copies = 0;
  for (int i = 0; i < 6'000; ++i) {
    const AnyView any = random.make(Version::k5, Sender::kClient);
    if (!std::holds_alternative<PublishView>(any)) continue;
    const PublishView& in = std::get<PublishView>(any);
    Buffer forwardable;
    in.properties.append_forwardable(forwardable);
    ASSERT_EQ(forwardable.size(), in.properties.forwardable_size());
    if (in.properties.all_forwardable())
      ASSERT_EQ(as_text(forwardable), as_text(in.properties.raw()));
    else
      ++copies;

    PublishOut out;
    out.topic = "other";
    out.payload = in.payload;
    out.qos = 1;
    out.packet_id = 7;
    out.forwardable = forwardable;
    out.message_expiry_interval = 9;
    out.topic_alias = 3;
    constexpr std::uint32_t kIdentifiers[] = {1, 200'000'000};
    out.subscription_identifiers = kIdentifiers;
    Buffer wire;
    encode_publish(Version::k5, out, wire);
    ASSERT_EQ(wire.size(), publish_size(Version::k5, out));
    PublishView back;
    const Exact exact(wire);
    const RawPacket packet = framed(exact);
    ASSERT_TRUE(decode_publish(Version::k5, Sender::kServer, packet.flags(), packet.body, back).ok());
    EXPECT_EQ(back.properties.payload_format_indicator(), in.properties.payload_format_indicator());
    EXPECT_EQ(back.properties.content_type(), in.properties.content_type());
    EXPECT_EQ(back.properties.response_topic(), in.properties.response_topic());
    EXPECT_EQ(back.properties.has(Property::kCorrelationData), in.properties.has(Property::kCorrelationData));
    EXPECT_EQ(back.properties.message_expiry_interval(), 9u);
    EXPECT_EQ(back.properties.topic_alias(), 3u);
    std::vector<std::uint32_t> identifiers;
    for (const std::uint32_t id : back.properties.subscription_identifiers()) identifiers.push_back(id);
    EXPECT_EQ(identifiers, (std::vector<std::uint32_t>{1, 200'000'000}));
    std::vector<UserProperty> sent, got;
    for (const UserProperty& property : in.properties.user_properties()) sent.push_back(property);
    for (const UserProperty& property : back.properties.user_properties()) got.push_back(property);
    EXPECT_EQ(sent, got);
  }
  EXPECT_GT(copies, 20);
}

TEST(RoundTrip, OlderVersionsLeaveOutWhatTheyCannotSay) {
  Buffer section, out;
  PropertyBuilder properties(section);
  properties.text(Property::kReasonString, "why");

  encode_ack(Version::k311, {PacketType::kPubrec, 7, ReasonCode::kQuotaExceeded, properties.view()}, out);
  EXPECT_EQ(out, parse_bytes("50 [0007]"));
  out.clear();
  encode_connack(Version::k311, {false, ReasonCode::kBanned, properties.view()}, out);
  EXPECT_EQ(out, parse_bytes("20 [00 05]"));
  out.clear();
  encode_disconnect(Version::k31, {ReasonCode::kProtocolError, properties.view()}, out);
  EXPECT_EQ(out, parse_bytes("e0 00"));
  out.clear();
  const Buffer codes = {0x00, 0x02, 0x87, 0x9e};
  encode_suback(Version::k311, {7, properties.view(), codes}, out);
  EXPECT_EQ(out, parse_bytes("90 [0007 00 02 80 80]"));
  out.clear();
  encode_unsuback(Version::k311, {7, properties.view(), codes}, out);
  EXPECT_EQ(out, parse_bytes("b0 [0007]"));
  out.clear();
  PublishOut publish;
  publish.topic = "a";
  publish.payload = as_bytes("x");
  publish.forwardable = section;
  publish.message_expiry_interval = 5;
  publish.topic_alias = 1;
  encode_publish(Version::k311, publish, out);
  EXPECT_EQ(out, parse_bytes("30 [\"a\" 'x']"));
  EXPECT_EQ(out.size(), publish_size(Version::k311, publish));
}

}  // namespace
}  // namespace orrery::mqtt
