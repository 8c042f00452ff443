// SPDX-License-Identifier: Apache-2.0
// How a connection ends, against the broker's codec with an echo behind it: codes, reasons, what was under way, what
// comes too late, and clients that are just gone.
#include "conformance/cases/echo_client.h"
#include "conformance/driver/echo_node.h"

namespace orrery::conformance {
namespace {

constexpr const char* kSameCode = "A Close with the same code, then the end of TCP.";

// The client's Close, and the answer to it.
void add_close(Cases& cases, const std::string& id, const char* statements, std::string what, std::string expect,
               Octets payload, unsigned code) {
  add_echo(cases, "close-" + id, statements, std::move(what), std::move(expect),
           [payload = std::move(payload), code](Context&, EchoClient& c) {
             c.send(make_frame(Opcode::kClose, payload));
             c.expect_close({code});
           });
}

void add_codes(Cases& cases) {
  add_close(cases, "no-code", "WS-5.5.1 WS-7.1.1", "A Close without a code.",
            "A Close without a code, then the end of TCP.", "", 1005);
  for (const unsigned code :
       {1000U, 1001U, 1002U, 1003U, 1007U, 1008U, 1009U, 1010U, 1011U, 3000U, 3999U, 4000U, 4999U})
    add_close(cases, std::to_string(code), "WS-5.5.1 WS-7.1.1 WS-7.4",
              "A Close with code " + std::to_string(code) + ".", kSameCode, close_payload(code), code);
  for (const unsigned code : {1012U, 1013U, 1014U})
    add_echo(
        cases, "close-" + std::to_string(code), "WS-7.4",
        "A Close with code " + std::to_string(code) + ", registered after RFC 6455 was written.",
        "A Close with the same code, or with 1002.",
        [code](Context& t, EchoClient& c) {
          c.send(make_frame(Opcode::kClose, close_payload(code)));
          if (!c.ended()) t.fail("the connection should be closed and is still open");
          const bool known = !c.unread().empty() && close_code(c.unread().front().payload) == code;
          c.expect_close({code, 1002});
          t.chose(std::string("close codes 1012 to 1014 are ") + (known ? "known" : "refused"));
        },
        Level::kMay);
  for (const unsigned code :
       {0U, 1U, 999U, 1004U, 1005U, 1006U, 1015U, 1016U, 1100U, 2000U, 2999U, 5000U, 32768U, 65535U})
    add_close(cases, "bad-" + std::to_string(code), "WS-7.4",
              "A Close with code " + std::to_string(code) + ", which nobody may send.",
              "A Close with 1002, then the end of TCP.", close_payload(code), 1002);
  add_close(cases, "one-byte", "WS-5.5.1", "A Close with half a code.", "A Close with 1002, then the end of TCP.",
            "\x03", 1002);
}

struct Reason {
  const char* id;
  const char* what;
  const char* text;
};
// 123 bytes are as many as fit.
const std::string kLongReason(123, 'r');
const Reason kGoodReasons[] = {
    {"short", "A Close with a reason.", "done"},
    {"long", "A Close with a reason of 123 bytes.", kLongReason.c_str()},
    {"characters", "A Close with a reason of characters of two, three and four bytes.",
     "\xc3\xa9\xe2\x82\xac\xf0\x9f\x90\x8b"},
    {"ends", "A Close with the first and the last characters of each length as its reason.",
     "\x01\x7f\xc2\x80\xdf\xbf\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf\xf0\x90\x80\x80\xf4\x8f\xbf\xbf"},
};
constexpr Reason kBadReasons[] = {
    {"no-start", "The reason begins in the middle of a character.", "\x80good"},
    {"cut", "The reason ends in the middle of a character.", "good\xe2\x82"},
    {"surrogate", "The reason has half of a surrogate pair.", "\xed\xa0\x80"},
    {"overlong", "The reason has a slash in two bytes.", "\xc0\xaf"},
    {"overlong-3", "The reason has a character in three bytes that needs two.", "\xe0\x9f\xbf"},
    {"too-high", "The reason has a character above U+10FFFF.", "\xf4\x90\x80\x80"},
    {"never", "The reason has a byte that UTF-8 never has.", "\xff"},
};

void add_reasons(Cases& cases) {
  for (const Reason& r : kGoodReasons)
    add_close(cases, std::string("reason-") + r.id, "WS-5.5.1 WS-8.1", r.what, kSameCode, close_payload(1001, r.text),
              1001);
  for (const Reason& r : kBadReasons)
    add_close(cases, std::string("reason-bad-") + r.id, "WS-8.1", r.what, "A Close with 1007, then the end of TCP.",
              close_payload(1000, r.text), 1007);
}

// What still goes out before the end, and what does not.
void add_under_way(Cases& cases) {
  add_echo(cases, "close-bytewise", "WS-5.5.1", "A Close with a reason comes in TCP segments of one byte.", kSameCode,
           [](Context&, EchoClient& c) {
             c.send_cut(c.encode(make_frame(Opcode::kClose, close_payload(1001, "one by one"))), 1);
             c.expect_close({1001});
           });
  add_echo(cases, "close-behind-message", "WS-5.5.1", "A message and a Close leave together.",
           "The message comes back, then the Close.", [](Context&, EchoClient& c) {
             c.send_raw(c.message("last") + c.encode(make_frame(Opcode::kClose, close_payload(1000))));
             c.expect_message("last");
             c.expect_close({1000});
           });
  add_echo(
      cases, "close-behind-large", "WS-5.5.1 WS-7.1.1",
      "The largest message and a Close leave together, so that the echo is still on its way at the Close.",
      "The whole message comes back, then the Close, then the end of TCP.", [](Context&, EchoClient& c) {
        c.send_raw(c.message(echo_sample(kEchoMessageMax)) + c.encode(make_frame(Opcode::kClose, close_payload(1000))));
        c.expect_message(echo_sample(kEchoMessageMax));
        c.expect_close({1000});
      });
  add_echo(cases, "close-behind-ping", "WS-5.5.1 WS-5.5.2", "A Ping and a Close leave together.",
           "A Pong, then the Close.", [](Context&, EchoClient& c) {
             c.send_raw(c.encode(make_frame(Opcode::kPing, "last")) +
                        c.encode(make_frame(Opcode::kClose, close_payload(1000))));
             c.expect_pong("last");
             c.expect_close({1000});
           });
  add_echo(cases, "close-inside-message", "WS-5.4 WS-5.5.1", "A Close comes between the fragments of a message.",
           "A Close with the same code; the message does not come back.", [](Context& t, EchoClient&) {
             for (const bool together : {true, false}) {
               EchoClient c(t);
               const Octets close = c.encode(make_frame(Opcode::kClose, close_payload(1000)));
               const Octets rest = c.encode(make_frame(Opcode::kContinuation, "second"));
               c.send(make_frame(Opcode::kBinary, "first", false));
               c.send_raw(together ? close + rest : close);
               if (!together) c.send_raw(rest);
               c.expect_close({1000});
             }
           });
}

struct Late {
  const char* id;
  const char* what;
  Octets (*bytes)(EchoClient&);
};
constexpr Late kLate[] = {
    {"message", "A message", [](EchoClient& c) { return c.message("late"); }},
    {"ping", "A Ping", [](EchoClient& c) { return c.encode(make_frame(Opcode::kPing, "late")); }},
    {"pong", "A Pong", [](EchoClient& c) { return c.encode(make_frame(Opcode::kPong, "late")); }},
    {"close", "A second Close, with another code,",
     [](EchoClient& c) { return c.encode(make_frame(Opcode::kClose, close_payload(1001))); }},
    {"bad-frame", "A frame with a reserved opcode",
     [](EchoClient& c) {
       WebSocketFrame f;
       f.opcode = 15;
       return c.encode(f);
     }},
    {"part", "The first three bytes of a frame", [](EchoClient& c) { return c.message("late").substr(0, 3); }},
};

void add_late(Cases& cases) {
  for (const Late& late : kLate)
    add_echo(
        cases, std::string("close-then-") + late.id, "WS-5.5.1",
        std::string(late.what) + " follows the client's Close: with it, right behind it, half a millisecond later.",
        "One Close with the code of the first, then the end of TCP, and nothing else.",
        [&late](Context& t, EchoClient&) {
          for (const Nanos pause : {Nanos{-1}, Nanos{0}, kMillisecond / 2}) {
            EchoClient c(t);
            const Octets close = c.encode(make_frame(Opcode::kClose, close_payload(3000)));
            c.send_raw(pause < 0 ? close + late.bytes(c) : close);
            if (pause > 0) t.wait(pause);
            if (pause >= 0) c.send_raw(late.bytes(c));
            c.expect_close({3000});
          }
        });
}

// A client that ends TCP without a word, wherever it is in the stream.
void add_gone(Cases& cases) {
  add_echo(
      cases, "gone-anywhere", "WS-7.1.1",
      "Clients end the TCP connection after each byte of a fragment with its Ping and the message's last fragment.",
      "The server goes on: each next client is served.", [](Context& t, EchoClient& c) {
        const Octets all = c.encode(make_frame(Opcode::kBinary, "first", false)) +
                           c.encode(make_frame(Opcode::kPing, "inside")) +
                           c.encode(make_frame(Opcode::kContinuation, "second"));
        for (std::size_t at = 1; at < all.size(); ++at) {
          EchoClient gone(t);
          gone.send_cut(std::string_view(all).substr(0, at), at % 2 == 0 ? 1 : at);
          t.wait(kMillisecond);
          if (at % 3 == 0) gone.close();  // otherwise a reset
        }
        c.expect_echo();
      });
}

}  // namespace

void add_echo_close_cases(Cases& cases) {
  add_codes(cases);
  add_reasons(cases);
  add_under_way(cases);
  add_late(cases);
  add_gone(cases);
}

}  // namespace orrery::conformance
