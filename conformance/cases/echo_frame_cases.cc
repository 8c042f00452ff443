// SPDX-License-Identifier: Apache-2.0
// Control frames among messages, and the frames that RFC 6455 forbids, against the broker's codec with an echo behind
// it.
#include "conformance/cases/echo_client.h"

namespace orrery::conformance {
namespace {

// ---- Ping and Pong ----

void add_pings(Cases& cases) {
  for (const std::size_t n : {std::size_t{0}, std::size_t{1}, std::size_t{125}}) {
    add_echo(cases, "ping-" + std::to_string(n), "WS-5.5.2 WS-5.5.3",
             "A Ping with " + std::to_string(n) + " bytes of every value, whole and in TCP segments of one byte.",
             "Each time a Pong with the same payload.", [n](Context&, EchoClient& c) {
               const Octets ping = c.encode(make_frame(Opcode::kPing, echo_sample(n)));
               for (const std::size_t piece : {ping.size(), std::size_t{1}}) {
                 c.send_cut(ping, piece);
                 c.expect_pong(echo_sample(n));
               }
               c.expect_echo();
             });
    add_echo(cases, "pong-" + std::to_string(n), "WS-5.5.3",
             "A Pong with " + std::to_string(n) + " bytes comes that answers nothing, then a message.",
             "Only the message comes back.", [n](Context&, EchoClient& c) {
               c.send(make_frame(Opcode::kPong, echo_sample(n)));
               c.expect_echo();
             });
  }
  for (const auto& [id, piece] : {std::pair{"together", std::size_t{SIZE_MAX}}, std::pair{"bytewise", std::size_t{1}}})
    add_echo(cases, std::string("pings-ten-") + id, "WS-5.5.2",
             std::string("Ten Pings in a row, ") + (piece == 1 ? "in TCP segments of one byte." : "in one segment."),
             "Ten Pongs, in order, each with its payload.", [cut = piece](Context&, EchoClient& c) {
               Octets all;
               for (std::size_t i = 0; i < 10; ++i) all += c.encode(make_frame(Opcode::kPing, echo_sample(12 * i)));
               c.send_cut(all, cut);
               for (std::size_t i = 0; i < 10; ++i) c.expect_pong(echo_sample(12 * i));
               c.expect_echo();
             });
  add_echo(cases, "pings-and-messages", "WS-5.5.2", "Fifty times a Ping and a message, all in one go.",
           "Pongs and messages come back in the order of what they answer.", [](Context&, EchoClient& c) {
             Octets all;
             for (std::size_t i = 0; i < 50; ++i)
               all += c.encode(make_frame(Opcode::kPing, echo_sample(i))) + c.message(echo_sample(3 * i));
             c.send_raw(all);
             for (std::size_t i = 0; i < 50; ++i) {
               c.expect_pong(echo_sample(i));
               c.expect_message(echo_sample(3 * i));
             }
           });
}

void add_between(Cases& cases) {
  add_echo(cases, "ping-between", "WS-5.4 WS-5.5.2",
           "A Ping comes between two fragments; the second is sent only after its Pong.",
           "The Pong comes while the message is incomplete, then the message.", [](Context&, EchoClient& c) {
             c.send(make_frame(Opcode::kBinary, "first ", false));
             c.send(make_frame(Opcode::kPing, "between"));
             c.expect_pong("between");
             c.send(make_frame(Opcode::kContinuation, "second", true));
             c.expect_message("first second");
             c.expect_echo();
           });
  add_echo(cases, "ping-between-together", "WS-5.4 WS-5.5.2",
           "Fragment, Ping, last fragment and another Ping in one TCP segment, then the same in segments of one byte.",
           "Pong, message, Pong.", [](Context&, EchoClient& c) {
             const Octets all = c.encode(make_frame(Opcode::kBinary, "first ", false)) +
                                c.encode(make_frame(Opcode::kPing, "between")) +
                                c.encode(make_frame(Opcode::kContinuation, "second", true)) +
                                c.encode(make_frame(Opcode::kPing, "behind"));
             for (const std::size_t piece : {all.size(), std::size_t{1}}) {
               c.send_cut(all, piece);
               c.expect_pong("between");
               c.expect_message("first second");
               c.expect_pong("behind");
             }
           });
  add_echo(cases, "ping-between-each", "WS-5.4 WS-5.5.2 WS-5.5.3",
           "A message of eight fragments has a Ping, a Pong and a Ping in each gap, cut anywhere.",
           "Every Ping is answered in its gap; the message is whole.", [](Context&, EchoClient& c) {
             for (const std::size_t piece : {1, 2, 3, 5, 7, 11, 1000}) {
               Octets all;
               Octets whole;
               for (std::size_t i = 0; i < 8; ++i) {
                 const Octets part = echo_sample(i * 5);
                 whole += part;
                 all += c.encode(make_frame(i == 0 ? Opcode::kBinary : Opcode::kContinuation, part, i == 7));
                 if (i == 7) break;
                 all += c.encode(make_frame(Opcode::kPing, echo_sample(i))) +
                        c.encode(make_frame(Opcode::kPong, "nothing")) +
                        c.encode(make_frame(Opcode::kPing, echo_sample(125)));
               }
               c.send_cut(all, piece);
               for (std::size_t i = 0; i < 7; ++i) {
                 c.expect_pong(echo_sample(i));
                 c.expect_pong(echo_sample(125));
               }
               c.expect_message(whole);
             }
           });
}

// ---- what ends the connection ----

struct Wrong {
  std::string id;
  const char* statement;
  std::string what;
  unsigned code;
  std::function<Octets(EchoClient&)> bytes;
};

// A good message goes before and one behind. The first must come back and the second must not: a frame that is refused
// takes nothing with it, and after it nothing counts.
void add_wrong_frame(Cases& cases, Wrong wrong) {
  const std::string id = wrong.id;
  const char* const statement = wrong.statement;
  const std::string what = wrong.what + " A good message comes before and one after it.";
  const std::string expect = "The first message comes back, then a Close with " + std::to_string(wrong.code) +
                             ", then the end of TCP; the same when the bytes come one by one.";
  add_echo(cases, id, statement, what, expect, [w = std::move(wrong)](Context& t, EchoClient&) {
    for (const std::size_t piece : {std::size_t{SIZE_MAX}, std::size_t{1}}) {
      EchoClient c(t);
      c.send_cut(c.message("before") + w.bytes(c) + c.message("after"), piece);
      c.expect_message("before");
      c.expect_close({w.code});
    }
  });
}

Octets bent(EchoClient& c, Opcode opcode, bool masked, unsigned rsv, std::string_view payload = "abc") {
  WebSocketFrame f = make_frame(opcode, opcode == Opcode::kClose ? close_payload(1000, payload) : Octets(payload));
  f.masked = masked;
  f.rsv = rsv;
  // A continuation has something to continue.
  const Octets start = opcode == Opcode::kContinuation ? c.encode(make_frame(Opcode::kBinary, "x", false)) : Octets();
  return start + c.encode(f);
}

constexpr std::pair<const char*, Opcode> kKinds[] = {{"binary", Opcode::kBinary},
                                                     {"continuation", Opcode::kContinuation},
                                                     {"ping", Opcode::kPing},
                                                     {"pong", Opcode::kPong},
                                                     {"close", Opcode::kClose}};

void add_headers(Cases& cases) {
  for (const auto& [name, opcode] : kKinds)
    add_wrong_frame(
        cases, {std::string("unmasked-") + name, "WS-5.1", std::string("A ") + name + " frame is not masked.", 1002,
                [code = opcode](EchoClient& c) { return bent(c, code, false, 0); }});
  for (unsigned rsv = 1; rsv < 8; ++rsv)
    add_wrong_frame(cases, {"rsv-" + std::to_string(rsv), "WS-5.2",
                            "The reserved bits of a binary frame are " + std::to_string(rsv) + " (RSV1 counts 4).",
                            1002, [rsv](EchoClient& c) { return bent(c, Opcode::kBinary, true, rsv); }});
  for (const auto& [name, opcode] : kKinds)
    for (const unsigned rsv : {4U, 2U, 1U})
      if (opcode != Opcode::kBinary)
        add_wrong_frame(
            cases, {std::string("rsv-") + name + "-" + std::to_string(rsv), "WS-5.2",
                    std::string("A reserved bit of a ") + name + " frame is set (" + std::to_string(rsv) + ").", 1002,
                    [code = opcode, rsv](EchoClient& c) { return bent(c, code, true, rsv); }});
  for (const unsigned opcode : {3U, 4U, 5U, 6U, 7U, 11U, 12U, 13U, 14U, 15U})
    add_wrong_frame(cases, {"opcode-" + std::to_string(opcode), "WS-5.2",
                            "A frame has the reserved opcode " + std::to_string(opcode) + ".", 1002,
                            [opcode](EchoClient& c) { return bent(c, static_cast<Opcode>(opcode), true, 0); }});
  add_wrong_frame(cases, {"length-top-bit", "WS-5.2", "A 64-bit length has its top bit set.", 1002,
                          [](EchoClient&) { return "\x82\xff\x80" + Octets(7, '\0') + "\x01\x02\x03\x04"; }});
  struct Form {
    const char* id;
    const char* what;
    Opcode opcode;
    std::size_t size;
    LengthForm form;
  };
  static constexpr Form kForms[] = {
      {"16", "The length of a frame of 5 bytes is written in 16 bits.", Opcode::kBinary, 5, LengthForm::k16},
      {"64", "The length of a frame of 5 bytes is written in 64 bits.", Opcode::kBinary, 5, LengthForm::k64},
      {"64-of-16", "The length of a frame of 300 bytes is written in 64 bits.", Opcode::kBinary, 300, LengthForm::k64},
      {"ping", "The length of a Ping of 5 bytes is written in 16 bits.", Opcode::kPing, 5, LengthForm::k16},
  };
  for (const Form& f : kForms)
    add_echo(
        cases, std::string("length-not-shortest-") + f.id, "WS-5.2", f.what,
        "A client must not send it. The server ends the connection with 1002, or takes the frame.",
        [&f](Context& t, EchoClient& c) {
          c.send(make_frame(f.opcode, echo_sample(f.size)), f.form);
          if (c.ended()) {
            c.expect_close({1002});
            return t.chose("a length that is not in its shortest form ends the connection");
          }
          f.opcode == Opcode::kPing ? c.expect_pong(echo_sample(f.size)) : c.expect_message(echo_sample(f.size));
          t.chose("a length that is not in its shortest form is taken");
        },
        Level::kMay);
}

void add_order(Cases& cases) {
  const auto start = [](EchoClient& c) { return c.encode(make_frame(Opcode::kBinary, "start", false)); };
  for (const bool fin : {true, false}) {
    const std::string suffix = fin ? "" : "-more";
    add_wrong_frame(cases, {"continuation-alone" + suffix, "WS-5.4",
                            std::string("A ") + (fin ? "last" : "further") + " fragment comes without a first.", 1002,
                            [fin](EchoClient& c) { return c.encode(make_frame(Opcode::kContinuation, "x", fin)); }});
    add_wrong_frame(
        cases, {"data-inside" + suffix, "WS-5.4",
                std::string("A new binary frame, ") + (fin ? "" : "not ") + "final, comes inside a message.", 1002,
                [start, fin](EchoClient& c) { return start(c) + c.encode(make_frame(Opcode::kBinary, "new", fin)); }});
  }
  add_wrong_frame(cases, {"continuation-empty", "WS-5.4", "An empty last fragment comes without a first.", 1002,
                          [](EchoClient& c) { return c.encode(make_frame(Opcode::kContinuation, "")); }});
  add_wrong_frame(cases, {"continuation-after-ping", "WS-5.4", "A last fragment follows a Pong that answers nothing.",
                          1002, [](EchoClient& c) {
                            return c.encode(make_frame(Opcode::kPong, "p")) +
                                   c.encode(make_frame(Opcode::kContinuation, "x"));
                          }});
  add_wrong_frame(
      cases,
      {"data-inside-after-pong", "WS-5.4", "Fragment, Pong, and then a new message.", 1002, [start](EchoClient& c) {
         return start(c) + c.encode(make_frame(Opcode::kPong, "p")) + c.encode(make_frame(Opcode::kBinary, "new"));
       }});
  add_wrong_frame(cases, {"control-continued", "WS-5.4 WS-5.5", "A Ping is not final and goes on in a continuation.",
                          1002, [](EchoClient& c) {
                            return c.encode(make_frame(Opcode::kPing, "x", false)) +
                                   c.encode(make_frame(Opcode::kContinuation, "y"));
                          }});
  for (const auto& [name, opcode] : kKinds) {
    if (static_cast<unsigned>(opcode) < 8) continue;
    const Octets start_of_payload = opcode == Opcode::kClose ? close_payload(1000) : Octets();
    add_wrong_frame(
        cases, {std::string("control-too-long-") + name, "WS-5.5", std::string("A ") + name + " frame has 126 bytes.",
                1002, [code = opcode, start_of_payload](EchoClient& c) {
                  return c.encode(make_frame(code, start_of_payload + Octets(126 - start_of_payload.size(), 'x')));
                }});
    add_wrong_frame(
        cases, {std::string("control-fragmented-") + name, "WS-5.5", std::string("A ") + name + " frame is not final.",
                1002, [code = opcode, start_of_payload](EchoClient& c) {
                  return c.encode(make_frame(code, start_of_payload, false));
                }});
  }
}

void add_text(Cases& cases) {
  struct Text {
    const char* id;
    const char* what;
    const char* payload;
    bool fin;
  };
  static constexpr Text kTexts[] = {{"empty", "An empty text frame.", "", true},
                                    {"plain", "A text frame.", "hello", true},
                                    {"fragment", "The first fragment of a text message.", "hel", false},
                                    {"ill-formed", "A text frame whose payload is not UTF-8.", "\xff\xfe", true}};
  for (const Text& x : kTexts)
    add_wrong_frame(cases, {std::string("text-") + x.id, "WS-5.6", x.what, 1003,
                            [&x](EchoClient& c) { return c.encode(make_frame(Opcode::kText, x.payload, x.fin)); }});
  add_wrong_frame(
      cases, {"text-inside", "WS-5.6 WS-5.4", "A text frame comes inside a binary message.", 1003, [](EchoClient& c) {
                return c.encode(make_frame(Opcode::kBinary, "start", false)) +
                       c.encode(make_frame(Opcode::kText, "text"));
              }});
}

}  // namespace

void add_echo_frame_cases(Cases& cases) {
  add_pings(cases);
  add_between(cases);
  add_headers(cases);
  add_order(cases);
  add_text(cases);
}

}  // namespace orrery::conformance
