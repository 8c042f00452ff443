// SPDX-License-Identifier: Apache-2.0
#include "broker/session/message.h"

#include <gtest/gtest.h>

#include <string>

namespace orrery::session {
namespace {

MessageView sample() {
  MessageView m;
  m.id = 0x0102030405060708;
  m.publisher = 77;
  m.qos = 2;
  m.retain = true;
  m.expires_at = 100 * kSecond;
  m.topic = "a/b";
  m.properties = as_bytes("properties");
  m.payload = as_bytes("payload");
  return m;
}

void expect_same(const MessageView& a, const MessageView& b) {
  EXPECT_EQ(a.id, b.id);
  EXPECT_EQ(a.publisher, b.publisher);
  EXPECT_EQ(a.qos, b.qos);
  EXPECT_EQ(a.retain, b.retain);
  EXPECT_EQ(a.topic, b.topic);
  EXPECT_EQ(as_text(a.properties), as_text(b.properties));
  EXPECT_EQ(as_text(a.payload), as_text(b.payload));
}

TEST(Message, IsACopyThatLivesUntilItsLastHolder) {
  Heap heap;
  const MessageView view = sample();
  Message* m = Message::make(heap, view);
  m->hold();
  expect_same(m->view(), view);
  EXPECT_EQ(m->view().expires_at, view.expires_at);
  Message::release(heap, m);
  expect_same(m->view(), view);
  Message::release(heap, m);
  EXPECT_EQ(heap.bytes_in_use(), 0u);
}

TEST(Message, TravelsWithWhatIsLeftOfItsExpiry) {
  std::vector<std::uint8_t> wire;
  encode_message(wire, sample(), 40 * kSecond);
  EXPECT_EQ(encoded_size_max(sample()), wire.size());
  ByteReader in(wire);
  const MessageView there = decode_message(in, 7 * kSecond);  // a node whose clock has another origin
  EXPECT_TRUE(in.done());
  expect_same(there, sample());
  EXPECT_EQ(there.publisher, 77u);
  EXPECT_EQ(there.expires_at, 67 * kSecond);
  EXPECT_EQ(there.expiry_seconds(7 * kSecond), 60u);
  EXPECT_FALSE(there.expired(66 * kSecond));
  EXPECT_TRUE(there.expired(67 * kSecond));
}

TEST(Message, EveryTruncationIsNoticed) {
  std::vector<std::uint8_t> wire;
  encode_message(wire, sample(), 0);
  for (std::size_t n = 0; n < wire.size(); ++n) {
    ByteReader in(Bytes(wire.data(), n));
    decode_message(in, 0);
    EXPECT_TRUE(in.failed()) << n;
  }
  wire[0] = 3;  // QoS 3
  ByteReader in(wire);
  decode_message(in, 0);
  EXPECT_TRUE(in.failed());
}

}  // namespace
}  // namespace orrery::session
