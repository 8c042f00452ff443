// SPDX-License-Identifier: Apache-2.0
#include "sim/crowd/websocket_wire.h"

#include <gtest/gtest.h>

#include <string>

#include "sim/crowd/sha1.h"

namespace orrery::sim {
namespace {

std::string hex_of(const std::array<std::uint8_t, 20>& digest) {
  std::string out;
  for (std::uint8_t b : digest) {
    out += "0123456789abcdef"[b >> 4];
    out += "0123456789abcdef"[b & 15];
  }
  return out;
}

TEST(WebSocketWire, Sha1OfTheStandardsExamples) {
  EXPECT_EQ(hex_of(sha1_short("abc")), "a9993e364706816aba3e25717850c26c9cd0d89d");
  EXPECT_EQ(hex_of(sha1_short("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")),
            "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
}

/// The key of RFC 6455 section 1.3: "the sample nonce".
WebSocketKey sample_key() {
  const std::string_view nonce = "the sample nonce";
  WebSocketKey key;
  for (std::size_t i = 0; i < 8; ++i) {
    key.high |= static_cast<std::uint64_t>(static_cast<std::uint8_t>(nonce[i])) << (8 * i);
    key.low |= static_cast<std::uint64_t>(static_cast<std::uint8_t>(nonce[8 + i])) << (8 * i);
  }
  return key;
}

const std::string kGood =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: WebSocket\r\nconnection: upgrade\r\n"
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n";

TEST(WebSocketWire, RequestCarriesTheKey) {
  std::vector<std::uint8_t> out;
  append_upgrade_request(out, sample_key());
  EXPECT_NE(as_text(out).find("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"), std::string_view::npos);
}

TEST(WebSocketWire, AcceptsTheRightAnswerAndWaitsForAllOfIt) {
  for (std::size_t n = 0; n < kGood.size(); ++n)
    EXPECT_EQ(check_upgrade_response(as_bytes(kGood).first(n), sample_key()).size, 0u);
  const std::string more = kGood + "\x82";
  const UpgradeAnswer answer = check_upgrade_response(as_bytes(more), sample_key());
  EXPECT_EQ(answer.size, kGood.size());
  EXPECT_EQ(answer.error, nullptr);
}

TEST(WebSocketWire, RefusesEveryWrongAnswer) {
  const std::pair<std::string, std::string> edits[] = {
      {"101 Switching", "200 OK       "},
      {"WebSocket\r\n", "h2c\r\n"},
      {"connection: upgrade", "connection: close  "},
      {"s3pPL", "s3pPM"},
      {"mqtt", "http"},
  };
  for (const auto& [from, to] : edits) {
    std::string bad = kGood;
    bad.replace(bad.find(from), from.size(), to);
    EXPECT_NE(check_upgrade_response(as_bytes(bad), sample_key()).error, nullptr) << from;
  }
}

TEST(WebSocketWire, MasksAsTheStandardsExample) {
  std::vector<std::uint8_t> buffer(kFrameHeaderMax);
  for (char c : std::string("Hello")) buffer.push_back(static_cast<std::uint8_t>(c));
  const Bytes frame = finish_frame(buffer, Opcode::kText, 0x3d21fa37);
  const std::vector<std::uint8_t> expected{0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58};
  EXPECT_EQ(std::vector<std::uint8_t>(frame.begin(), frame.end()), expected);
}

TEST(WebSocketWire, FramesOfEveryLengthFormUnmaskToWhatWentIn) {
  for (std::size_t size : {0u, 1u, 7u, 8u, 125u, 126u, 127u, 65535u, 65536u}) {
    std::vector<std::uint8_t> buffer(kFrameHeaderMax);
    for (std::size_t i = 0; i < size; ++i) buffer.push_back(static_cast<std::uint8_t>(i * 7));
    const Bytes frame = finish_frame(buffer, Opcode::kBinary, 0xa1b2c3d4);
    const std::size_t header = size < 126 ? 2 : size < 65536 ? 4 : 10;
    ASSERT_EQ(frame.size(), header + 4 + size);
    EXPECT_EQ(frame[0], 0x82);
    for (std::size_t i = 0; i < size; ++i)
      ASSERT_EQ(frame[header + 4 + i] ^ frame[header + i % 4], static_cast<std::uint8_t>(i * 7)) << size << " at " << i;
  }
}

TEST(WebSocketWire, ParsesAFrameOnlyWhenItIsWhole) {
  const std::vector<std::uint8_t> frame{0x82, 0x7e, 0x00, 0x7e};
  std::vector<std::uint8_t> whole = frame;
  whole.resize(4 + 126, 5);
  for (std::size_t n = 0; n < whole.size(); ++n) EXPECT_EQ(parse_server_frame(Bytes(whole).first(n)).size, 0u);
  EXPECT_EQ(parse_server_frame(whole).size, whole.size());
  EXPECT_EQ(parse_server_frame(whole).payload.size(), 126u);
}

TEST(WebSocketWire, RefusesFramesThatAServerMustNotSend) {
  const std::vector<std::uint8_t> bad[] = {
      {0xc2, 0x00},
      {0x82, 0x80, 1, 2, 3, 4},
      {0x81, 0x00},
      {0x83, 0x00},
      {0x09, 0x00},
      {0x89, 0x7e},
      {0x82, 0x7e, 0x00, 0x7d},
      {0x8b, 0x00},
      {0x82, 0x7f, 0, 0, 0, 0, 0, 0, 0xff, 0xff},
      {0x82, 0x7f, 0, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff},
  };
  for (const auto& bytes : bad)
    EXPECT_NE(parse_server_frame(bytes).error, nullptr) << int{bytes[0]} << " " << int{bytes[1]};
}

}  // namespace
}  // namespace orrery::sim
