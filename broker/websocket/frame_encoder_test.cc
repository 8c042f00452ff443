// SPDX-License-Identifier: Apache-2.0
#include "broker/websocket/frame_encoder.h"

#include <gtest/gtest.h>

#include <string>

namespace orrery::websocket {
namespace {

using Buffer = std::vector<std::uint8_t>;

TEST(FrameEncoder, LengthsAreInTheirShortestForm) {
  static constexpr std::uint64_t kSizes[] = {0, 1, 125, 126, 255, 256, 65'535, 65'536, 268'435'460};
  const Buffer headers[] = {{0x82, 0},
                            {0x82, 1},
                            {0x82, 125},
                            {0x82, 126, 0, 126},
                            {0x82, 126, 0, 255},
                            {0x82, 126, 1, 0},
                            {0x82, 126, 0xFF, 0xFF},
                            {0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0},
                            {0x82, 127, 0, 0, 0, 0, 0x10, 0, 0, 4}};
  for (std::size_t i = 0; i < std::size(kSizes); ++i) {
    Buffer out = {0xAA};
    append_header(out, Opcode::kBinary, kSizes[i]);
    Buffer expected = headers[i];
    expected.insert(expected.begin(), 0xAA);
    EXPECT_EQ(out, expected) << kSizes[i];
    EXPECT_EQ(out.size() - 1, header_size(kSizes[i]));
    EXPECT_LE(header_size(kSizes[i]), kServerHeaderMax);
  }
}

TEST(FrameEncoder, PingAndPongCarryTheirPayload) {
  Buffer out;
  append_ping(out, as_bytes("ab"));
  append_pong(out, {});
  EXPECT_EQ(out, (Buffer{0x89, 2, 'a', 'b', 0x8A, 0}));
}

TEST(FrameEncoder, CloseCarriesCodeAndReason) {
  Buffer out;
  append_close(out, kCloseProtocolError, "no");
  append_close(out, kCloseNoStatus, "dropped, since there is no code to go with it");
  EXPECT_EQ(out, (Buffer{0x88, 4, 0x03, 0xEA, 'n', 'o', 0x88, 0}));
}

TEST(FrameEncoder, LongReasonIsCutBetweenCharacters) {
  // 121 letters, then a character of three bytes that would reach byte 124.
  const std::string reason = std::string(121, 'x') + "\xE2\x82\xAC";
  Buffer out;
  append_close(out, kCloseNormal, reason);
  EXPECT_EQ(out.size(), 2u + 2u + 121u);
  EXPECT_EQ(out[1], 123);

  out.clear();
  append_close(out, kCloseNormal, std::string(200, 'y'));
  EXPECT_EQ(out.size(), 2 + kControlPayloadMax);
}

TEST(FrameEncoderDeathTest, CodesThatMustNotBeSentAreAProgrammersError) {
  Buffer out;
  EXPECT_DEATH(append_close(out, 1006), "close_code_allowed");
  EXPECT_DEATH(append_ping(out, as_bytes(std::string(126, 'x'))), "kControlPayloadMax");
}

}  // namespace
}  // namespace orrery::websocket
