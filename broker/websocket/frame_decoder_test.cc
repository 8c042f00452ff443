// SPDX-License-Identifier: Apache-2.0
// Transcripts of RFC 6455 section 5 and 7, the public defects of other servers' frame parsers, and the slow twin of
// test_twin.h.
#include "broker/websocket/frame_decoder.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/rng.h"
#include "broker/websocket/test_frames.h"
#include "broker/websocket/test_twin.h"

namespace orrery::websocket {
namespace {

using namespace test;

std::string decode(std::string_view bytes) {
  Transcript t;
  t.feed(bytes);
  return t.text();
}

TEST(FrameDecoder, SamplesOfTheRfc) {
  EXPECT_EQ(decode(frame("Hello")), "data:Hello;");
  EXPECT_EQ(decode("\x89\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"), "ping:Hello;");
  EXPECT_EQ(decode(fragment("Hel", true, false) + fragment("lo", false, true)), "data:Hel;data:lo;");
}

TEST(FrameDecoder, EveryLengthForm) {
  for (const std::size_t size : {0u, 1u, 125u, 126u, 127u, 128u, 65'535u, 65'536u}) {
    const std::string payload(size, 'x');
    EXPECT_EQ(decode(frame(payload)), "data:" + payload + ";") << size;
  }
}

TEST(FrameDecoder, MasksAreDemanded) {
  FrameSpec spec;
  spec.masked = false;
  EXPECT_EQ(decode(frame("x", spec)), "error:1002;");
  EXPECT_EQ(decode(frame("", spec)), "error:1002;");
  spec.opcode = 0x9;
  EXPECT_EQ(decode(frame("x", spec)), "error:1002;");
}

// Defect 50: RSV2 and RSV3 as well as RSV1, on every opcode, first and continued.
TEST(FrameDecoder, ReservedBitsAreRefused) {
  for (int rsv = 1; rsv < 8; ++rsv)
    for (const int opcode : {0x0, 0x2, 0x8, 0x9, 0xA}) {
      FrameSpec spec;
      spec.rsv = rsv;
      spec.opcode = opcode;
      EXPECT_EQ(decode(frame("x", spec)), "error:1002;") << rsv << ' ' << opcode;
      EXPECT_EQ(decode(fragment("a", true, false) + frame("x", spec)), "data:a;error:1002;");
    }
}

TEST(FrameDecoder, UnknownOpcodesAreRefusedAndTextIsUnsupported) {
  for (const int opcode : {3, 4, 5, 6, 7, 0xB, 0xC, 0xD, 0xE, 0xF}) {
    FrameSpec spec;
    spec.opcode = opcode;
    EXPECT_EQ(decode(frame("", spec)), "error:1002;") << opcode;
  }
  FrameSpec text;
  text.opcode = 0x1;
  EXPECT_EQ(decode(frame("hello", text)), "error:1003;");
  EXPECT_EQ(decode("\x81"), "error:1003;") << "the first byte is enough";
}

TEST(FrameDecoder, LengthsMustBeInTheirShortestForm) {
  FrameSpec two, eight;
  two.length_form = 2;
  eight.length_form = 8;
  EXPECT_EQ(decode(frame(std::string(125, 'x'), two)), "error:1002;");
  EXPECT_EQ(decode(frame("", two)), "error:1002;");
  EXPECT_EQ(decode(frame(std::string(126, 'x'), two)), "data:" + std::string(126, 'x') + ";");
  EXPECT_EQ(decode(frame(std::string(65'535, 'x'), eight)), "error:1002;");
  EXPECT_EQ(decode(frame(std::string(65'536, 'x'), eight)), "data:" + std::string(65'536, 'x') + ";");
}

// Defects 42 and 43: the top bit, and 2^63 - 1 with no data: answered from the length alone, nothing is allocated.
TEST(FrameDecoder, HugeDeclaredLengthsAreAnsweredAtOnce) {
  EXPECT_EQ(decode(std::string("\x82\xFF\x80\0\0\0\0\0\0\x01", 10)), "error:1002;");
  EXPECT_EQ(decode("\x82\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF"), "error:1002;");
  Transcript t(UINT32_MAX);
  t.feed("\x82\xFF\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFF");
  EXPECT_EQ(t.text(), "error:1009;");
  EXPECT_EQ(t.heap_bytes(), 0u);
}

TEST(FrameDecoder, CapIsExactAndCanBeRaised) {
  Transcript t(200);
  t.feed(frame(std::string(200, 'x')));
  EXPECT_FALSE(t.decoder().finished());
  t.decoder().set_frame_payload_max(300);
  t.feed(frame(std::string(300, 'y')));
  EXPECT_FALSE(t.decoder().finished());
  t.feed(frame(std::string(301, 'z')));
  EXPECT_EQ(t.text(), "data:" + std::string(200, 'x') + ";data:" + std::string(300, 'y') + ";error:1009;");
  EXPECT_EQ(decode(frame("", {.claimed = kFramePayloadBeforeConnectMax + 1})), "error:1009;");
  EXPECT_EQ(decode(frame("", {.claimed = kFramePayloadBeforeConnectMax})), "");
  Transcript small(10);
  small.feed(ping("longer than ten") + frame("longer than ten"));
  EXPECT_EQ(small.text(), "ping:longer than ten;error:1009;") << "the cap is for data";
}

// Defect 41: however the frames' lengths add up, only one of them is ever counted.
TEST(FrameDecoder, ManyLargeFragmentsDoNotAddUp) {
  Transcript t(UINT32_MAX);
  t.feed(fragment("a", true, false));
  for (int i = 0; i < 3; ++i) {
    t.feed(frame("", {.opcode = 0, .fin = false, .claimed = 0x1'0000}));
    t.feed(std::string(0x1'0000, '\0'));
  }
  t.feed(frame("", {.opcode = 0, .fin = true, .claimed = UINT32_MAX}));
  EXPECT_FALSE(t.decoder().finished());
  EXPECT_EQ(t.heap_bytes(), 0u);
}

// Defect 47: fragments without an end cost nothing.
TEST(FrameDecoder, EndlessSmallFragmentsHoldNoMemory) {
  Transcript t;
  t.feed(fragment("", true, false));
  for (int i = 0; i < 10'000; ++i) t.feed(fragment(i % 2 == 0 ? "" : "x", false, false));
  EXPECT_FALSE(t.decoder().finished());
  EXPECT_EQ(t.heap_bytes(), 0u);
}

TEST(FrameDecoder, FragmentationRules) {
  EXPECT_EQ(decode(fragment("x", false, true)), "error:1002;") << "continues nothing";
  EXPECT_EQ(decode(frame("a") + fragment("x", false, true)), "data:a;error:1002;") << "the message had ended";
  EXPECT_EQ(decode(fragment("a", true, false) + frame("b")), "data:a;error:1002;") << "a new one inside";
  EXPECT_EQ(decode(fragment("a", true, false) + fragment("b", false, true) + fragment("c", false, true)),
            "data:a;data:b;error:1002;");
  EXPECT_EQ(decode(fragment("a", true, false) + fragment("b", false, false) + fragment("c", false, true) + frame("d")),
            "data:a;data:b;data:c;data:d;");
}

TEST(FrameDecoder, ControlFramesBetweenFragments) {
  EXPECT_EQ(decode(fragment("a", true, false) + ping("1") + pong("") + fragment("b", false, true) + ping("2")),
            "data:a;ping:1;pong:;data:b;ping:2;");
  EXPECT_EQ(decode(fragment("a", true, false) + close(1001)), "data:a;close:1001:;");
}

TEST(FrameDecoder, ControlFramesAreShortAndWhole) {
  for (const int opcode : {0x8, 0x9, 0xA}) {
    FrameSpec fragmented;
    fragmented.opcode = opcode;
    fragmented.fin = false;
    EXPECT_EQ(decode(frame("", fragmented)), "error:1002;");
    EXPECT_EQ(decode(control(opcode, std::string(126, 'x'))), "error:1002;");
    FrameSpec eight;
    eight.opcode = opcode;
    eight.length_form = 8;
    EXPECT_EQ(decode(frame("", eight)), "error:1002;");
  }
  EXPECT_EQ(decode(ping(std::string(125, 'x'))), "ping:" + std::string(125, 'x') + ";");
}

// Defect 51 (mosquitto #3704, PR #3721): empty frames anywhere, and headers that are split (see the twin below too).
TEST(FrameDecoder, EmptyFramesAnywhere) {
  EXPECT_EQ(decode(frame("")), "data:;");
  EXPECT_EQ(decode(frame("") + frame("a") + frame("") + frame("b")), "data:;data:a;data:;data:b;");
  EXPECT_EQ(decode(fragment("", true, false) + fragment("", false, false) + fragment("", false, true)),
            "data:;data:;data:;");
}

TEST(FrameDecoder, CloseFrames) {
  EXPECT_EQ(decode(close("")), "close:1005:;");
  EXPECT_EQ(decode(close("\x03")), "error:1002;") << "half a code";
  EXPECT_EQ(decode(close(1000, "bye")), "close:1000:bye;");
  EXPECT_EQ(decode(close(1000, "gr\xC3\xBC\xC3\x9F")), "close:1000:gr\xC3\xBC\xC3\x9F;");
  EXPECT_EQ(decode(close(1000, std::string(123, 'r'))), "close:1000:" + std::string(123, 'r') + ";");
  for (const std::string_view bad : {"\x80", "\xC0\x80", "\xED\xA0\x80", "ok\xE2\x82", "\xF4\x90\x80\x80"})
    EXPECT_EQ(decode(close(1000, bad)), "error:1007;") << bad;
}

TEST(FrameDecoder, CloseCodes) {
  for (const int code :
       {1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999})
    EXPECT_EQ(decode(close(static_cast<std::uint16_t>(code))), "close:" + std::to_string(code) + ":;");
  for (const int code : {0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65'535})
    EXPECT_EQ(decode(close(static_cast<std::uint16_t>(code))), "error:1002;") << code;
}

TEST(FrameDecoder, NothingIsHeardAfterCloseOrError) {
  EXPECT_EQ(decode(close(1000) + frame("x") + close(1000)), "close:1000:;");
  FrameSpec spec;
  spec.rsv = 1;
  Transcript t;
  t.feed(frame("a") + frame("x", spec) + ping("y"));
  EXPECT_TRUE(t.decoder().finished());
  t.feed(ping("z"));
  EXPECT_EQ(t.text(), "data:a;error:1002;");
}

TEST(FrameDecoder, ErrorsSayWhatWasWrong) {
  const auto reason_of = [](std::string_view bytes) {
    Transcript t;
    t.feed(bytes);
    return t.reason();
  };
  EXPECT_EQ(reason_of("\x81"), "MQTT is carried in binary frames only");
  EXPECT_EQ(reason_of(std::string("\x82\x00", 2)), "frame of a client without a mask");
  EXPECT_EQ(reason_of(close("\x03")), "close frame with half a code");
}

TEST(FrameDecoder, CutControlFrameHoldsABlockOnlyWhileItIsCut) {
  Transcript t;
  const std::string bytes = ping("payload");
  t.feed(bytes.substr(0, 6));
  EXPECT_EQ(t.heap_bytes(), 0u) << "a header needs no block";
  t.feed(bytes.substr(6, 3));
  EXPECT_GE(t.heap_bytes(), kControlPayloadMax);
  t.feed(bytes.substr(9));
  EXPECT_EQ(t.text(), "ping:payload;");
  EXPECT_EQ(t.heap_bytes(), 0u);
  t.feed(bytes);
  EXPECT_EQ(t.text(), "ping:payload;ping:payload;");
}

TEST(FrameDecoder, DestroyedInTheMiddleOfAControlFrame) {
  Heap heap;
  {
    FrameDecoder decoder(heap);
    std::string bytes = ping("payload").substr(0, 9);
    MutableBytes chunk(reinterpret_cast<std::uint8_t*>(bytes.data()), bytes.size());
    Event event;
    EXPECT_FALSE(decoder.next(chunk, event));
    EXPECT_GT(heap.bytes_in_use(), 0u);
  }
  EXPECT_EQ(heap.bytes_in_use(), 0u);
}

TEST(FrameDecoder, PayloadIsAViewIntoTheChunk) {
  Heap heap;
  FrameDecoder decoder(heap);
  std::string bytes = frame("abc") + ping("de");
  MutableBytes chunk(reinterpret_cast<std::uint8_t*>(bytes.data()), bytes.size());
  const std::uint8_t* begin = chunk.data();
  Event event;
  ASSERT_TRUE(decoder.next(chunk, event));
  EXPECT_EQ(event.payload.data(), begin + 6);
  ASSERT_TRUE(decoder.next(chunk, event));
  EXPECT_EQ(event.payload.data(), begin + 6 + 3 + 6);
}

const std::vector<std::string>& conversations() {
  static const std::vector<std::string> all = {
      frame("Hello") + frame("") + frame(std::string(126, 'q')) + ping("one") + close(1000, "bye"),
      fragment("abc", true, false) + ping("") + fragment("", false, false) + pong("xyz") + fragment("d", false, true),
      frame("", {.length_form = 2}),
      frame("a") + frame("b", {.rsv = 2}),
      frame(std::string(65'600, 'L')).substr(0, 40),
      ping(std::string(125, 'p')) + ping("2") + close(""),
      close("\x03") + frame("late"),
      frame("", {.claimed = INT64_MAX}),
      frame("abc", {.masked = false}),
  };
  return all;
}

TEST(FrameDecoder, SplitAtEveryTwoPlacesEqualsWhole) {
  for (const std::string& bytes : conversations()) {
    const std::string expected = slow_decode(bytes, kFramePayloadBeforeConnectMax);
    EXPECT_EQ(decode(bytes), expected);
    for (std::size_t a = 0; a <= bytes.size(); ++a)
      for (std::size_t b = a; b <= bytes.size(); ++b) {
        Transcript t;
        t.feed(bytes.substr(0, a));
        t.feed(bytes.substr(a, b - a));
        t.feed(bytes.substr(b));
        ASSERT_EQ(t.text(), expected) << a << ' ' << b;
      }
    Transcript t;
    for (const char c : bytes) t.feed({&c, 1});
    EXPECT_EQ(t.text(), expected);
  }
}

std::string random_frame(Rng& rng) {
  static constexpr int kOpcodes[] = {0, 0, 0, 2, 2, 2, 2, 8, 9, 9, 10};
  static constexpr std::size_t kSizes[] = {0, 0, 1, 2, 7, 8, 9, 31, 124, 125, 126, 127, 300, 999};
  FrameSpec spec;
  spec.opcode = kOpcodes[rng.below(std::size(kOpcodes))];
  spec.fin = rng.below(3) > 0 || spec.opcode >= 8;
  spec.key = static_cast<std::uint32_t>(rng.next());
  std::size_t size = kSizes[rng.below(std::size(kSizes))];
  if (spec.opcode >= 8) size = std::min<std::size_t>(size, 125);
  std::string payload;
  for (std::size_t i = 0; i < size; ++i) payload.push_back(static_cast<char>(rng.below(256)));
  if (spec.opcode == 8) payload = payload.size() < 2 ? payload : std::string("\x03\xE8 bye");
  switch (rng.below(40)) {  // now and then something is wrong
    case 0:
      spec.masked = false;
      break;
    case 1:
      spec.rsv = static_cast<int>(rng.below(8));
      break;
    case 2:
      spec.opcode = static_cast<int>(rng.below(16));
      break;
    case 3:
      spec.length_form = 8;
      break;
    case 4:
      spec.claimed = static_cast<std::int64_t>(rng.below(2000));
      break;
    default:
      break;
  }
  return frame(payload, spec);
}

TEST(FrameDecoder, RandomConversationsAgreeWithTheSlowTwin) {
  Rng rng(20'240'611);
  int errors = 0;
  for (int round = 0; round < 3'000; ++round) {
    std::string bytes;
    for (std::uint64_t n = rng.below(9); n > 0; --n) bytes += random_frame(rng);
    const std::string expected = slow_decode(bytes, 800);
    errors += expected.find("error") != std::string::npos;
    Transcript t(800);
    for (std::string_view rest = bytes; !rest.empty();) {
      const std::size_t n = 1 + static_cast<std::size_t>(rng.below(std::min<std::size_t>(rest.size(), 60)));
      t.feed(rest.substr(0, n));
      rest.remove_prefix(n);
    }
    ASSERT_EQ(t.text(), expected) << "round " << round;
  }
  EXPECT_GT(errors, 300);
  EXPECT_LT(errors, 2'700);
}

}  // namespace
}  // namespace orrery::websocket
