// SPDX-License-Identifier: Apache-2.0
// The WebSocket layer as a carrier of messages, against the broker's codec with an echo behind it: sizes, pieces,
// fragments, masks and limits. What goes out must come back, byte for byte, in order.
#include "conformance/cases/all.h"
#include "conformance/cases/echo_client.h"
#include "conformance/driver/echo_node.h"

namespace orrery::conformance {
namespace {

constexpr const char* kComesBack = "One binary message comes back, with the same bytes.";

std::string bytes_of(std::size_t n) { return std::to_string(n) + (n == 1 ? " byte" : " bytes"); }

// ---- one frame ----

// Both sides of every change of the length's form, and the largest that is taken.
constexpr std::size_t kSizes[] = {0, 1, 125, 126, 127, 128, 65535, 65536, kEchoMessageMax};
constexpr std::size_t kBytewiseMax = 128;
constexpr std::pair<std::size_t, std::size_t> kChops[] = {
    {65535, 61},  {65535, 997},  {65535, 4096},  {65535, 65521},          {65536, 61},
    {65536, 997}, {65536, 4096}, {65536, 65521}, {kEchoMessageMax, 4093}, {kEchoMessageMax, 65536},
};

void add_sizes(Cases& cases) {
  for (const std::size_t n : kSizes)
    add_echo(cases, "whole-" + std::to_string(n), "WS-5.2 WS-5.6", "A message of " + bytes_of(n) + " in one frame.",
             kComesBack, [n](Context&, EchoClient& c) {
               c.expect_echo(echo_sample(n));
               c.expect_echo();
             });
  for (const std::size_t n : kSizes)
    if (n <= kBytewiseMax)
      add_echo(cases, "bytewise-" + std::to_string(n), "WS-5.2 WS-5.6",
               "A frame of " + bytes_of(n) + ", header and mask too, in TCP segments of one byte.", kComesBack,
               [n](Context&, EchoClient& c) {
                 c.send_cut(c.message(echo_sample(n)), 1);
                 c.expect_message(echo_sample(n));
                 c.expect_echo();
               });
  for (const auto& [n, piece] : kChops)
    add_echo(cases, "chops-" + std::to_string(n) + "-" + std::to_string(piece), "WS-5.2 WS-5.6",
             "A frame of " + bytes_of(n) + " in TCP segments of " + bytes_of(piece) + ".", kComesBack,
             [size = n, cut = piece](Context&, EchoClient& c) {
               c.send_cut(c.message(echo_sample(size)), cut);
               c.expect_message(echo_sample(size));
               c.expect_echo();
             });
  add_echo(cases, "every-byte", "WS-5.6", "256 messages of three equal bytes, one for each value, then one of all 256.",
           "They come back: what a binary message holds is nobody's business.", [](Context&, EchoClient& c) {
             Octets all;
             for (int b = 0; b < 256; ++b) {
               all += static_cast<char>(b);
               c.expect_echo(Octets(3, static_cast<char>(b)));
             }
             c.expect_echo(all);
           });
  add_echo(cases, "frame-in-frame", "WS-5.6", "The payload is itself a Close frame, a Ping, and a text frame.",
           kComesBack, [](Context&, EchoClient& c) {
             for (const Opcode opcode : {Opcode::kClose, Opcode::kPing, Opcode::kText})
               c.expect_echo(c.encode(make_frame(opcode, opcode == Opcode::kClose ? close_payload(1000) : "x")));
           });
}

// ---- many messages ----

struct Flood {
  std::size_t count;
  std::size_t size;
};
constexpr Flood kFloods[] = {{1000, 0}, {1000, 1}, {1000, 125}, {500, 126}, {20, 65535}};

void add_floods(Cases& cases) {
  for (const Flood& f : kFloods)
    add_echo(cases, "many-" + std::to_string(f.count) + "-of-" + std::to_string(f.size), "WS-5.2 WS-5.6",
             std::to_string(f.count) + " messages of " + bytes_of(f.size) + " leave together.",
             "All come back, in order.", [&f](Context&, EchoClient& c) {
               const auto payload = [&f](std::size_t i) { return echo_sample(f.size + i).substr(0, f.size); };
               Octets all;
               for (std::size_t i = 0; i < f.count; ++i) all += c.message(payload(i));
               c.send_raw(all);
               for (std::size_t i = 0; i < f.count; ++i) c.expect_message(payload(i));
               c.expect_echo();
             });
  add_echo(cases, "many-of-all-sizes", "WS-5.2 WS-5.6", "Messages of 0 to 300 bytes leave together.",
           "All come back, in order.", [](Context&, EchoClient& c) {
             Octets all;
             for (std::size_t n = 0; n <= 300; ++n) all += c.message(echo_sample(n));
             c.send_raw(all);
             for (std::size_t n = 0; n <= 300; ++n) c.expect_message(echo_sample(n));
             c.expect_echo();
           });
}

// ---- fragments ----

constexpr std::size_t kFragments[] = {1, 64, 256, 1024, 4096, 16384, 65535, 65536, 262144};
// A million frames would say nothing that 65,536 do not.
constexpr std::size_t kFramesMax = 65536;

struct Pattern {
  const char* id;
  std::vector<std::size_t> sizes;
};
const Pattern kEmptyFragments[] = {
    {"all", {0, 0, 0}},    {"first", {0, 5}},     {"last", {5, 0}},
    {"middle", {5, 0, 5}}, {"around", {0, 5, 0}}, {"many", {0, 0, 3, 0, 0, 0, 126, 0, 1, 0}},
};

void add_fragments(Cases& cases) {
  for (const std::size_t n : {std::size_t{65536}, kEchoMessageMax})
    for (const std::size_t piece : kFragments) {
      if (piece >= n || n / piece > kFramesMax) continue;
      add_echo(cases, "fragments-" + std::to_string(n) + "-" + std::to_string(piece), "WS-5.4 WS-6.2",
               "A message of " + bytes_of(n) + " in frames of " + bytes_of(piece) + ".", kComesBack,
               [n, piece](Context&, EchoClient& c) {
                 c.send_raw(c.message(echo_sample(n), piece));
                 c.expect_message(echo_sample(n));
                 c.expect_echo();
               });
    }
  for (const Pattern& p : kEmptyFragments) {
    std::string sizes;
    for (const std::size_t n : p.sizes) sizes += (sizes.empty() ? "" : ", ") + std::to_string(n);
    add_echo(cases, std::string("fragments-empty-") + p.id, "WS-5.4 WS-6.2",
             "A message in frames of " + sizes + " bytes.", kComesBack, [&p](Context&, EchoClient& c) {
               Octets whole;
               for (std::size_t i = 0; i < p.sizes.size(); ++i) {
                 const Octets part = echo_sample(p.sizes[i]);
                 whole += part;
                 c.send(make_frame(i == 0 ? Opcode::kBinary : Opcode::kContinuation, part, i + 1 == p.sizes.size()));
               }
               c.expect_message(whole);
               c.expect_echo();
             });
  }
  add_echo(cases, "fragments-bytewise", "WS-5.4 WS-6.2",
           "A message of 130 bytes in frames of one byte, each byte of the stream in a TCP segment of its own.",
           kComesBack, [](Context&, EchoClient& c) {
             c.send_cut(c.message(echo_sample(130), 1), 1);
             c.expect_message(echo_sample(130));
             c.expect_echo();
           });
  add_echo(cases, "fragments-two-anywhere", "WS-5.4 WS-6.2",
           "A message of 130 bytes in two frames, cut after each of its bytes in turn.", kComesBack,
           [](Context&, EchoClient& c) {
             const Octets whole = echo_sample(130);
             for (std::size_t at = 0; at <= whole.size(); ++at) {
               c.send(make_frame(Opcode::kBinary, whole.substr(0, at), false));
               c.send(make_frame(Opcode::kContinuation, whole.substr(at), true));
               c.expect_message(whole);
             }
           });
  add_echo(cases, "fragments-of-many-messages", "WS-5.4 WS-6.2",
           "200 messages in frames of 1 to 7 bytes leave together, every third unfragmented.",
           "All come back, in order.", [](Context&, EchoClient& c) {
             Octets all;
             for (std::size_t i = 1; i <= 200; ++i)
               all += c.message(echo_sample(i), i % 3 == 0 ? std::size_t{SIZE_MAX} : 1 + i % 7);
             c.send_raw(all);
             for (std::size_t i = 1; i <= 200; ++i) c.expect_message(echo_sample(i));
             c.expect_echo();
           });
}

// ---- masks ----

struct Mask {
  const char* id;
  std::uint32_t key;
};
constexpr Mask kMasks[] = {{"zero", 0}, {"ones", 0xffffffff}, {"different", 0x1b2d4f87}, {"one-byte", 0x00008000}};

void add_masks(Cases& cases) {
  for (const Mask& m : kMasks)
    add_echo(cases, std::string("mask-") + m.id, "WS-5.3",
             "Messages of 0 to 33 bytes, masked with one key, cut in two TCP segments after each byte of the frame.",
             "Every payload is unmasked right, wherever the cut is.", [&m](Context&, EchoClient& c) {
               for (std::size_t n = 0; n <= 33; ++n) {
                 const Octets frame = encode_frame(make_frame(Opcode::kBinary, echo_sample(n)), m.key);
                 for (std::size_t at = 1; at < frame.size(); ++at) {
                   c.send_raw(frame.substr(0, at));
                   c.send_raw(frame.substr(at));
                 }
                 for (std::size_t at = 1; at < frame.size(); ++at) c.expect_message(echo_sample(n));
               }
             });
  add_echo(cases, "mask-pieces", "WS-5.3",
           "A frame of 300 bytes, all bytes of its key different, in TCP segments of 1 to 32 bytes.",
           "Every payload is unmasked right.", [](Context&, EchoClient& c) {
             const Octets frame = encode_frame(make_frame(Opcode::kBinary, echo_sample(300)), 0x9a3c5e71);
             for (std::size_t piece = 1; piece <= 32; ++piece) {
               c.send_cut(frame, piece);
               c.expect_message(echo_sample(300));
             }
           });
  add_echo(cases, "mask-behind-others", "WS-5.3",
           "Messages of 0 to 9 and of 31 bytes, each with a key of its own, follow each other in one TCP segment.",
           "Each is unmasked with its own key, at whatever address it lies.", [](Context&, EchoClient& c) {
             Octets all;
             for (std::size_t n = 0; n < 10; ++n)
               for (const std::size_t size : {n, std::size_t{31}})
                 all += encode_frame(make_frame(Opcode::kBinary, echo_sample(size)),
                                     0x1b2d4f87U + static_cast<std::uint32_t>(n) * 0x01030507U);
             c.send_raw(all);
             for (std::size_t n = 0; n < 10; ++n)
               for (const std::size_t size : {n, std::size_t{31}}) c.expect_message(echo_sample(size));
           });
  add_echo(cases, "mask-of-each-fragment", "WS-5.3 WS-5.4",
           "Messages of three fragments of 0 to 5 bytes each, every fragment with a key of its own.",
           "Each fragment is unmasked with its own key, from the key's first byte on.", [](Context&, EchoClient& c) {
             for (std::size_t a = 0; a < 6; ++a)
               for (std::size_t b = 0; b < 6; ++b)
                 for (std::size_t rest = 0; rest < 6; ++rest) {
                   const Octets whole = echo_sample(a + b + rest);
                   c.send_raw(encode_frame(make_frame(Opcode::kBinary, whole.substr(0, a), false), 0x11223344) +
                              encode_frame(make_frame(Opcode::kContinuation, whole.substr(a, b), false), 0xa1b2c3d4) +
                              encode_frame(make_frame(Opcode::kContinuation, whole.substr(a + b), true), 0x0f1e2d3c));
                   c.expect_message(whole);
                 }
           });
}

// ---- limits ----

void add_limits(Cases& cases) {
  add_echo(cases, "limit-frame", "WS-10.4", "A frame has one byte more than the echo takes.",
           "Nothing comes back but a Close with 1009.", [](Context&, EchoClient& c) {
             c.send(make_frame(Opcode::kBinary, echo_sample(kEchoMessageMax + 1)));
             c.expect_close({1009});
           });
  add_echo(cases, "limit-announced", "WS-10.4", "Frames announce too many bytes, from one to 2^63 - 1, and bring none.",
           "A Close with 1009, before any of the bytes has come.", [](Context& t, EchoClient&) {
             for (const std::uint64_t n : {std::uint64_t{kEchoMessageMax} + 1, std::uint64_t{1} << 32,
                                           std::uint64_t{1} << 62, (std::uint64_t{1} << 63) - 1}) {
               EchoClient c(t);
               c.send_raw("\x82\xff" + u32(static_cast<std::uint32_t>(n >> 32)) + u32(static_cast<std::uint32_t>(n)) +
                          "\x01\x02\x03\x04");
               c.expect_close({1009});
             }
           });
  add_echo(cases, "limit-message", "WS-10.4", "A message in frames of 64 KiB has one byte more than the echo takes.",
           "Nothing comes back but a Close with 1009.", [](Context&, EchoClient& c) {
             c.send_raw(c.message(echo_sample(kEchoMessageMax + 1), 65536));
             c.expect_close({1009});
           });
  add_echo(
      cases, "limit-first-frame", "WS-10.4",
      "The first frame has 64 KiB, as much as is taken from somebody unknown; on another connection one byte more.",
      "The one comes back; the other is answered by a Close with 1009.", [](Context& t, EchoClient&) {
        EchoClient good(t, EchoClient::Begin::kUpgraded);
        good.expect_echo(echo_sample(kEchoFirstFrameMax));
        good.expect_echo(echo_sample(kEchoFirstFrameMax + 1));
        EchoClient bad(t, EchoClient::Begin::kUpgraded);
        bad.send(make_frame(Opcode::kBinary, echo_sample(kEchoFirstFrameMax + 1)));
        bad.expect_close({1009});
      });
}

}  // namespace

void add_echo_cases(Cases& cases) {
  add_sizes(cases);
  add_floods(cases);
  add_fragments(cases);
  add_masks(cases);
  add_limits(cases);
  add_echo_frame_cases(cases);
  add_echo_close_cases(cases);
}

}  // namespace orrery::conformance
