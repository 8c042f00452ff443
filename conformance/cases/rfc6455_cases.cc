// SPDX-License-Identifier: Apache-2.0
// What RFC 6455 demands of a server: the opening handshake, frames, control frames and the end. MQTT is only cargo
// here.
#include "conformance/cases/all.h"
#include "conformance/cases/websocket_client.h"

namespace orrery::conformance {
namespace {

void add(Cases& cases, const std::string& id, const char* statements, std::string what, std::string expect,
         std::function<void(Context&)> body, Level level = Level::kMust) {
  Case c;
  c.id = "rfc6455-" + id;
  c.v311 = statements;
  c.what = std::move(what);
  c.expect = std::move(expect);
  c.level = level;
  c.versions = kOnly311;  // the layer does not know which MQTT it carries
  c.over = Over::kOnlyWebSocket;
  c.body = std::move(body);
  cases.push_back(std::move(c));
}

// ---- the opening handshake ----

struct BadRequest {
  const char* id;
  const char* statement;
  const char* what;
  void (*bend)(UpgradeRequest&);
};
constexpr BadRequest kBadRequests[] = {
    {"no-upgrade", "WS-4.2.1", "The request has no Upgrade field.", [](UpgradeRequest& r) { r.upgrade.reset(); }},
    {"other-upgrade", "WS-4.2.1", "Upgrade names another protocol.", [](UpgradeRequest& r) { r.upgrade = "h2c"; }},
    {"no-connection", "WS-4.2.1", "The request has no Connection field.",
     [](UpgradeRequest& r) { r.connection.reset(); }},
    {"other-connection", "WS-4.2.1", "Connection does not name Upgrade.",
     [](UpgradeRequest& r) { r.connection = "keep-alive"; }},
    {"no-key", "WS-4.2.1", "The request has no Sec-WebSocket-Key.", [](UpgradeRequest& r) { r.key.reset(); }},
    {"empty-key", "WS-4.2.1", "Sec-WebSocket-Key is empty.", [](UpgradeRequest& r) { r.key = ""; }},
    {"bad-key", "WS-4.2.1", "Sec-WebSocket-Key is no base64.",
     [](UpgradeRequest& r) { r.key = "!!!!!!!!!!!!!!!!!!!!!!=="; }},
    {"no-version", "WS-4.2.1", "The request has no Sec-WebSocket-Version.",
     [](UpgradeRequest& r) { r.version.reset(); }},
    {"no-host", "WS-4.2.1", "The request has no Host.", [](UpgradeRequest& r) { r.host.reset(); }},
    {"post", "WS-4.2.1", "The method is POST.", [](UpgradeRequest& r) { r.method = "POST"; }},
    {"http-1.0", "WS-4.2.1", "The request is HTTP/1.0.", [](UpgradeRequest& r) { r.http = "HTTP/1.0"; }},
};

void add_handshake(Cases& cases) {
  for (const BadRequest& bad : kBadRequests)
    add(cases, std::string("request-") + bad.id, bad.statement, bad.what, "No 101: an HTTP error, or the close.",
        [&bad](Context& t) {
          UpgradeRequest r;
          bad.bend(r);
          WebSocketClient c(t, "a");
          const auto response = c.request(r);
          if (!response)
            return t.should(false, "an HTTP error that says why the handshake is refused (RFC 6455 4.2.1)");
          t.check(response->status != 101, "the server answers 101");
          t.check(response->status >= 400 && response->status < 500,
                  "the answer is no client error: " + response->status_line);
        });
  for (const auto& [id, sent_key] : {std::pair{"short-key", "YWJj"}, std::pair{"long-key", "YWJjZGVmZ2hpamtsbW5vcHFy"}})
    add(
        cases, std::string("request-") + id, "WS-4.2.2", "Sec-WebSocket-Key decodes to other than 16 bytes.",
        "Refused, or accepted: a server need not decode it.",
        [key = sent_key](Context& t) {
          UpgradeRequest r;
          r.key = key;
          WebSocketClient c(t, "a");
          const auto response = c.request(r);
          const bool accepted = response && response->status == 101;
          t.chose(std::string("a key that does not decode to 16 bytes is ") + (accepted ? "accepted" : "refused"));
          if (!accepted) return;
          for (const std::string& e : check_upgrade(r, *response)) t.fail("handshake: " + e);
        },
        Level::kMay);
  for (const char* version : {"12", "14", "0", "256", "x"})
    add(cases, std::string("version-") + version, "WS-4.4", std::string("Sec-WebSocket-Version is ") + version + ".",
        "An HTTP error (426 fits) that names version 13.", [version](Context& t) {
          UpgradeRequest r;
          r.version = version;
          WebSocketClient c(t, "a");
          const auto response = c.request(r);
          t.check(response.has_value(), "no HTTP answer came");
          t.check(response->status >= 400 && response->status < 500,
                  "the answer is no client error: " + response->status_line);
          const auto supported = response->all("sec-websocket-version");
          t.check(!supported.empty() && supported[0].find("13") != std::string::npos,
                  "the answer does not name version 13 in Sec-WebSocket-Version");
          t.should(response->status == 426 || response->status == 400, "status 426 for an unsupported version");
        });
  add(cases, "request-tokens", "WS-4.2.1 WS-4.2.2",
      "Upgrade and Connection are given in other cases, in lists, in two fields.", "Accepted.", [](Context& t) {
        const auto accepted = [&t](const UpgradeRequest& r) {
          WebSocketClient c(t, "a");
          c.upgrade(r);
        };
        UpgradeRequest r;
        r.upgrade = "WebSocket";
        r.connection = "keep-alive, Upgrade";
        accepted(r);
        r.upgrade = "WEBSOCKET";
        r.connection = "UPGRADE,keep-alive";
        accepted(r);
        r.upgrade = "h2c, websocket";
        r.connection = "keep-alive";
        r.more = {{"connection", "upgrade"}};
        accepted(r);
        r = UpgradeRequest();
        r.more = {{"Origin", "http://127.0.0.1"}, {"User-Agent", "orrery"}, {"Cookie", "a=b; c=d"}, {"X-Empty", ""}};
        accepted(r);
      });
  add(cases, "request-in-pieces", "WS-4.2.1", "The request comes one byte at a time.", "Accepted.", [](Context& t) {
    UpgradeRequest r;
    r.path = t.path();
    const auto stream = t.open_stream();
    for (const char b : encode_request(r)) stream->send(std::string(1, b));
    Octets bytes;
    while (!parse_response(bytes) && stream->receive(bytes, t.now() + t.patience()) == Arrival::kBytes) continue;
    const auto parsed = parse_response(bytes);
    t.check(parsed.has_value(), "no answer came");
    for (const std::string& e : check_upgrade(r, parsed->first)) t.fail("handshake: " + e);
    stream->close(HowToClose::kReset);
  });
  add(cases, "frame-behind-request", "WS-4.2.2", "The first frame leaves together with the request.",
      "It is processed after the 101.", [](Context& t) {
        const auto stream = t.open_stream();
        UpgradeRequest r;
        r.path = t.path();
        Connect connect;
        connect.client_id = t.id("a");
        stream->send(
            encode_request(r) +
            encode_frame(make_frame(Opcode::kBinary, encode(connect_packet(connect), t.version())), 0x01020304));
        Octets bytes;
        FrameStream frames;
        bool upgraded = false;
        for (;;) {
          t.check(stream->receive(bytes, t.now() + t.patience()) == Arrival::kBytes,
                  upgraded ? "no CONNACK came" : "no 101 came");
          if (!upgraded) {
            const auto parsed = parse_response(bytes);
            if (!parsed) continue;
            t.equal(parsed->first.status, 101, "status");
            bytes.erase(0, parsed->second);
            upgraded = true;
          }
          frames.feed(bytes);
          bytes.clear();
          WebSocketFrame f;
          Octets raw;
          std::vector<std::string> errors;
          if (!frames.next(f, raw, errors)) continue;
          t.equal(f.payload.substr(0, 1), std::string("\x20"), "first byte of the first packet");
          return stream->close(HowToClose::kReset);
        }
      });
  add(cases, "extensions-not-offered", "WS-4.2.2 WS-9.1",
      "The client offers permessage-deflate, an unknown extension, and none.",
      "The server accepts only what was offered, or nothing; the connection works.", [](Context& t) {
        for (const std::optional<std::string>& offer :
             {std::optional<std::string>("x-unknown"), std::optional<std::string>()}) {
          UpgradeRequest r;
          r.extensions = offer;
          WebSocketClient c(t, "a");
          const HttpResponse response = c.upgrade(r);
          t.check(response.all("sec-websocket-extensions").empty(), "an extension is accepted that nobody knows");
        }
        UpgradeRequest deflate;
        deflate.extensions = "permessage-deflate; client_max_window_bits";
        WebSocketClient c(t, "b");
        t.chose(c.upgrade(deflate).all("sec-websocket-extensions").empty() ? "permessage-deflate is not accepted"
                                                                           : "permessage-deflate is accepted");
      });
  add(
      cases, "request-too-large", "WS-10.4", "A request has a field of 200,000 bytes.",
      "An HTTP error (431 fits) or the close.",
      [](Context& t) {
        UpgradeRequest r;
        r.more = {{"X-Large", std::string(200'000, 'x')}};
        WebSocketClient c(t, "a");
        const auto response = c.request(r);
        if (!response) return t.chose("a request that is too large ends the connection");
        t.check(response->status != 101, "the server takes a request of 200,000 bytes");
        t.chose("a request that is too large: " + response->status_line);
      },
      Level::kShould);
  add(cases, "request-garbage", "WS-4.2.1", "Something that is no HTTP arrives, ended by an empty line.",
      "An HTTP error, or the close.", [](Context& t) {
        for (const Octets& bytes :
             {Octets("\x10\x0e\0\x04MQTT\x04\x02\0\x3c\0\x02hi\r\n\r\n", 20), Octets("hello\r\n\r\n"),
              Octets("GET\r\n\r\n"), Octets("GET /mqtt HTTP/1.1\r\n:no name\r\n\r\n")}) {
          const auto stream = t.open_stream();
          stream->send(bytes);
          Octets answer;
          Arrival arrival = Arrival::kBytes;
          const Nanos deadline = t.now() + t.patience();
          while (arrival == Arrival::kBytes && answer.find("\r\n\r\n") == Octets::npos)
            arrival = stream->receive(answer, deadline);
          t.check(arrival != Arrival::kNothing, "neither an answer nor the close");
          t.check(answer.find(" 101 ") == Octets::npos, "the server answers 101");
          stream->close(HowToClose::kReset);
        }
      });
}

// ---- frames ----

void expect_frame_refused(Context& t, const std::function<void(WebSocketClient&)>& send,
                          std::initializer_list<unsigned> codes) {
  WebSocketClient c(t, "a");
  c.connect();
  send(c);
  c.expect_closed(codes);
}

void add_frames(Cases& cases) {
  add(cases, "unmasked", "WS-5.1", "A frame without a mask, of each kind.",
      "The server closes the connection with 1002.", [](Context& t) {
        for (const Opcode opcode : {Opcode::kBinary, Opcode::kPing, Opcode::kPong, Opcode::kClose})
          expect_frame_refused(t,
                               [opcode](WebSocketClient& c) {
                                 WebSocketFrame f =
                                     make_frame(opcode, opcode == Opcode::kBinary ? frame(0xc0, "") : Octets{});
                                 f.masked = false;
                                 c.send(f);
                               },
                               {1002});
      });
  for (unsigned rsv = 1; rsv < 8; ++rsv)
    add(cases, "reserved-bits-" + std::to_string(rsv), "WS-5.2",
        "Reserved bits " + std::to_string(rsv) + " are set and no extension was agreed on.",
        "The server closes the connection with 1002.", [rsv](Context& t) {
          expect_frame_refused(t,
                               [rsv](WebSocketClient& c) {
                                 WebSocketFrame f = make_frame(Opcode::kBinary, frame(0xc0, ""));
                                 f.rsv = rsv;
                                 c.send(f);
                               },
                               {1002});
        });
  for (const unsigned opcode : {3U, 4U, 5U, 6U, 7U, 11U, 12U, 13U, 14U, 15U})
    add(cases, "reserved-opcode-" + std::to_string(opcode), "WS-5.2",
        "A frame has opcode " + std::to_string(opcode) + ", which is reserved.",
        "The server closes the connection with 1002.", [opcode](Context& t) {
          expect_frame_refused(t,
                               [opcode](WebSocketClient& c) {
                                 WebSocketFrame f;
                                 f.opcode = opcode;
                                 c.send(f);
                               },
                               {1002});
        });
  add(
      cases, "length-not-shortest", "WS-5.2", "The length of a small frame is written in 16 and in 64 bits.",
      "The standard forbids sending it; a strict server closes with 1002.",
      [](Context& t) {
        for (const LengthForm form : {LengthForm::k16, LengthForm::k64}) {
          WebSocketClient c(t, "a");
          c.connect();
          c.send(make_frame(Opcode::kPing, "x"), form);
          c.send_binary(frame(0xc0, ""));
          const auto code = c.end_or_packet();
          t.chose(code ? "a length that is not in its shortest form ends the connection"
                       : "a length that is not in its shortest form is taken");
        }
      },
      Level::kMay);
  add(cases, "length-top-bit", "WS-5.2", "A 64-bit length has its top bit set.",
      "The server closes the connection with 1002 or 1009.", [](Context& t) {
        expect_frame_refused(
            t, [](WebSocketClient& c) { c.send_raw("\x82\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x02\x03\x04"); },
            {1002, 1009});
      });
  add(
      cases, "length-huge", "WS-10.4", "A binary frame announces 2^62 bytes and brings none.",
      "The server closes the connection with 1009 and reserves nothing; it may wait for the bytes.",
      [](Context& t) {
        WebSocketClient c(t, "a");
        c.connect();
        c.send_raw(Octets("\x82\xff\x40\0\0\0\0\0\0\0\x01\x02\x03\x04", 14));
        if (c.ended()) return c.expect_closed({1009, 1002});
        t.should(false, "a frame that is larger than all that the server would take ends the connection");
        WebSocketClient(t, "b").connect();
      },
      Level::kShould);
  add(cases, "continuation-alone", "WS-5.4", "A continuation frame comes and there is nothing to continue.",
      "The server closes the connection with 1002.", [](Context& t) {
        for (const bool fin : {true, false})
          expect_frame_refused(t, [fin](WebSocketClient& c) { c.send(make_frame(Opcode::kContinuation, "x", fin)); },
                               {1002});
        expect_frame_refused(t,
                             [](WebSocketClient& c) {
                               c.send(make_frame(Opcode::kBinary, "\xc0", false));
                               c.send(make_frame(Opcode::kContinuation, std::string_view("\0", 1), true));
                               c.send(make_frame(Opcode::kContinuation, "x", true));
                             },
                             {1002});
      });
  add(cases, "data-inside-message", "WS-5.4", "A new binary or text frame comes inside a fragmented message.",
      "The server closes the connection.", [](Context& t) {
        for (const Opcode opcode : {Opcode::kBinary, Opcode::kText})
          expect_frame_refused(t,
                               [opcode](WebSocketClient& c) {
                                 c.send(make_frame(Opcode::kBinary, "\xc0", false));
                                 c.send(make_frame(opcode, "x", true));
                               },
                               {1002, 1003});
      });
}

// ---- control frames ----

void add_control(Cases& cases) {
  for (const std::size_t n : {std::size_t{0}, std::size_t{1}, std::size_t{125}})
    add(cases, "ping-" + std::to_string(n), "WS-5.5.2 WS-5.5.3",
        "A Ping with a payload of " + std::to_string(n) + " bytes, of every value.", "A Pong with the same payload.",
        [n](Context& t) {
          WebSocketClient c(t, "a");
          c.connect();
          Octets payload;
          for (std::size_t i = 0; i < n; ++i) payload += static_cast<char>(i * 2 + 1);
          c.send(make_frame(Opcode::kPing, payload));
          t.equal(c.expect_frame(Opcode::kPong).payload, payload, "payload of the Pong");
          c.expect_alive();
        });
  add(cases, "ping-before-connect", "WS-5.5.2", "A Ping comes after the handshake and before MQTT's CONNECT.",
      "A Pong.", [](Context& t) {
        WebSocketClient c(t, "a");
        c.upgrade();
        c.send(make_frame(Opcode::kPing, "early"));
        t.equal(c.expect_frame(Opcode::kPong).payload, std::string("early"), "payload of the Pong");
      });
  add(cases, "ping-many", "WS-5.5.2", "Ten Pings arrive in one piece.",
      "Ten Pongs in order, or at least one for the last.", [](Context& t) {
        WebSocketClient c(t, "a");
        c.connect();
        Octets all;
        for (char i = '0'; i <= '9'; ++i) all += c.encode(make_frame(Opcode::kPing, std::string(1, i)));
        c.send_raw(all);
        int n = 0;
        for (std::string payload; payload != "9"; ++n) payload = c.expect_frame(Opcode::kPong).payload;
        t.chose(n == 10 ? "every Ping has its Pong" : "several Pings are answered by one Pong");
        c.expect_alive();
      });
  add(cases, "pong-unasked", "WS-5.5.3", "Pongs come that answer nothing.", "They are ignored.", [](Context& t) {
    WebSocketClient c(t, "a");
    c.connect();
    c.send(make_frame(Opcode::kPong, ""));
    c.send(make_frame(Opcode::kPong, "payload"));
    c.expect_alive();
  });
  add(cases, "control-too-long", "WS-5.5", "Ping, Pong and Close with a payload of 126 bytes.",
      "The server closes the connection with 1002.", [](Context& t) {
        for (const Opcode opcode : {Opcode::kPing, Opcode::kPong, Opcode::kClose})
          expect_frame_refused(
              t,
              [opcode](WebSocketClient& c) {
                c.send(make_frame(opcode, opcode == Opcode::kClose ? close_payload(1000, std::string(124, 'x'))
                                                                   : std::string(126, 'x')));
              },
              {1002, 1009});
      });
  add(cases, "control-fragmented", "WS-5.5", "A Ping and a Close that are not final.",
      "The server closes the connection with 1002.", [](Context& t) {
        for (const Opcode opcode : {Opcode::kPing, Opcode::kClose})
          expect_frame_refused(t, [opcode](WebSocketClient& c) { c.send(make_frame(opcode, "", false)); }, {1002});
      });
}

// ---- the end ----

void add_close(Cases& cases) {
  for (const unsigned code :
       {1000U, 1001U, 1002U, 1003U, 1007U, 1008U, 1009U, 1010U, 1011U, 3000U, 3999U, 4000U, 4999U})
    add(cases, "close-" + std::to_string(code), "WS-5.5.1 WS-7.1.1",
        "The client closes with code " + std::to_string(code) + ".",
        "A Close in answer, with the same code or 1000; then the server ends the TCP connection.", [code](Context& t) {
          WebSocketClient c(t, "a");
          c.connect();
          c.send(make_frame(Opcode::kClose, close_payload(code, "done")));
          const auto answer = c.expect_end();
          t.check(answer.has_value(), "no Close came in answer");
          t.check(*answer == code || *answer == 1000, "the answer says " + std::to_string(*answer));
        });
  add(cases, "close-without-code", "WS-5.5.1 WS-7.1.1", "The client closes without a code.",
      "A Close in answer, then the end of TCP.", [](Context& t) {
        WebSocketClient c(t, "a");
        c.connect();
        c.send(make_frame(Opcode::kClose, ""));
        t.check(c.expect_end().has_value(), "no Close came in answer");
      });
  add(cases, "close-before-connect", "WS-5.5.1", "The client closes after the handshake, without any MQTT.",
      "A Close in answer, then the end of TCP.", [](Context& t) {
        WebSocketClient c(t, "a");
        c.upgrade();
        c.send(make_frame(Opcode::kClose, close_payload(1000)));
        t.check(c.expect_end().has_value(), "no Close came in answer");
      });
  for (const unsigned code : {0U, 999U, 1004U, 1005U, 1006U, 1015U, 1016U, 1100U, 2000U, 2999U, 5000U, 65535U})
    add(cases, "close-bad-" + std::to_string(code), "WS-7.4",
        "The client closes with code " + std::to_string(code) + ", which nobody may send.",
        "The end, with 1002 rather than an echo of that code.", [code](Context& t) {
          WebSocketClient c(t, "a");
          c.connect();
          c.send(make_frame(Opcode::kClose, close_payload(code)));
          const auto answer = c.expect_end();
          if (code == 1005 && answer == 1005) return;  // a Close without a code
          t.check(!answer || *answer != code, "the server repeats a code that must not be sent");
          t.should(answer == 1002, "Close 1002 in answer to a code that must not be sent");
        });
  add(cases, "close-one-byte", "WS-5.5.1", "A Close frame has a payload of one byte.",
      "The server closes the connection with 1002.", [](Context& t) {
        expect_frame_refused(t, [](WebSocketClient& c) { c.send(make_frame(Opcode::kClose, "x")); }, {1002});
      });
  add(cases, "close-reason-not-text", "WS-8.1", "The reason of a Close frame is ill-formed UTF-8.",
      "The server closes the connection with 1007 or 1002.", [](Context& t) {
        for (const char* bad : {"\xff", "\xed\xa0\x80", "\xc0\xaf", "\xe2\x82"})
          expect_frame_refused(
              t, [bad](WebSocketClient& c) { c.send(make_frame(Opcode::kClose, close_payload(1000, bad))); },
              {1007, 1002});
      });
  add(cases, "close-then-data", "WS-5.5.1", "A binary frame with a PUBLISH follows the client's Close.",
      "The PUBLISH is not processed.", [](Context& t) {
        Client& watcher = t.connect("w");
        watcher.subscribe(t.topic(), 0);
        WebSocketClient c(t, "a");
        c.connect();
        c.send_raw(c.encode(make_frame(Opcode::kClose, close_payload(1000))) +
                   c.encode(make_frame(Opcode::kBinary, encode(publish_packet(t.topic(), "never"), t.version()))));
        c.expect_end();
        t.publish_from_outside(t.topic(), "marker");
        watcher.expect_publish(t.topic(), "marker");
      });
  add(cases, "close-publishes-will", "WS-7.1.1", "A client with a will closes its WebSocket without MQTT's DISCONNECT.",
      "The will is published.", [](Context& t) {
        Client& watcher = t.connect("w");
        watcher.subscribe(t.topic("will"), 0);
        WebSocketClient c(t, "a");
        c.upgrade();
        Packet connect = c.good_connect();
        connect.connect->will = Will{t.topic("will"), "gone", 0, false, {}};
        c.send_binary(encode(connect, t.version()));
        c.expect_packet(Type::kConnack);
        c.send(make_frame(Opcode::kClose, close_payload(1000)));
        c.expect_end();
        // A server may wait for the client's end of the TCP connection before it counts as closed (RFC 6455 7.1.1).
        c.close();
        watcher.expect_publish(t.topic("will"), "gone");
      });
}

}  // namespace

void add_rfc6455_cases(Cases& cases) {
  add_handshake(cases);
  add_frames(cases);
  add_control(cases);
  add_close(cases);
}

}  // namespace orrery::conformance
