// SPDX-License-Identifier: Apache-2.0
// MQTT over WebSocket: the four statements of chapter 6 (the same in both versions), with frames cut everywhere.
#include "conformance/cases/all.h"
#include "conformance/cases/websocket_client.h"

namespace orrery::conformance {
namespace {

void add(Cases& cases, const char* id, const char* statements, const char* what, const char* expect,
         std::function<void(Context&)> body, Level level = Level::kMust) {
  Case c;
  c.id = id;
  c.v311 = c.v5 = statements;
  c.what = what;
  c.expect = expect;
  c.level = level;
  c.over = Over::kOnlyWebSocket;
  c.body = std::move(body);
  cases.push_back(std::move(c));
}

void add_kinds(Cases& cases) {
  add(cases, "ws-text-connect", "6.0.0-1", "CONNECT comes in a text frame.",
      "The server closes the connection; 1003 is the fitting code.", [](Context& t) {
        WebSocketClient c(t, "a");
        c.upgrade();
        c.send(make_frame(Opcode::kText, encode(c.good_connect(), t.version())));
        c.expect_closed({1003, 1002, 1007, 1008});
      });
  add(cases, "ws-text-later", "6.0.0-1", "After CONNACK a PINGREQ comes in a text frame.",
      "The server closes the connection; 1003 is the fitting code.", [](Context& t) {
        WebSocketClient c(t, "a");
        c.connect();
        c.send(make_frame(Opcode::kText, frame(0xc0, "")));
        c.expect_closed({1003, 1002, 1007, 1008});
      });
  add(cases, "ws-text-empty", "6.0.0-1", "After CONNACK an empty text frame comes.",
      "The server closes the connection.", [](Context& t) {
        WebSocketClient c(t, "a");
        c.connect();
        c.send(make_frame(Opcode::kText, ""));
        c.expect_closed({1003, 1002, 1007, 1008});
      });
}

void add_alignment(Cases& cases) {
  add(cases, "ws-byte-per-frame", "6.0.0-2", "CONNECT, SUBSCRIBE and PINGREQ come one byte in each frame.",
      "They work as if whole.", [](Context& t) {
        WebSocketClient c(t, "a");
        c.upgrade();
        for (const char b : encode(c.good_connect(), t.version()))
          c.send(make_frame(Opcode::kBinary, std::string(1, b)));
        t.equal(c.expect_packet(Type::kConnack).code, 0U, "CONNACK");
        for (const char b : encode(subscribe_packet(1, {{t.topic(), 0}}), t.version()))
          c.send(make_frame(Opcode::kBinary, std::string(1, b)));
        c.expect_packet(Type::kSuback);
        for (const char b : frame(0xc0, "")) c.send(make_frame(Opcode::kBinary, std::string(1, b)));
        c.expect_packet(Type::kPingresp);
      });
  add(cases, "ws-several-per-frame", "6.0.0-2", "CONNECT, SUBSCRIBE, and three PINGREQ come in one frame.",
      "Each is answered once.", [](Context& t) {
        WebSocketClient c(t, "a");
        c.upgrade();
        c.send_binary(encode(c.good_connect(), t.version()) +
                      encode(subscribe_packet(1, {{t.topic(), 0}}), t.version()) + frame(0xc0, "") + frame(0xc0, "") +
                      frame(0xc0, ""));
        c.expect_packet(Type::kConnack);
        int pings = 0;
        int subacks = 0;
        while (pings < 3 || subacks < 1)
          ++(c.expect_any({Type::kSuback, Type::kPingresp}).type == Type::kSuback ? subacks : pings);
        t.equal(pings, 3, "PINGRESP packets");
        t.equal(subacks, 1, "SUBACK packets");
      });
  add(cases, "ws-cut-everywhere", "6.0.0-2",
      "A PUBLISH to the client itself is cut in two frames after each of its bytes in turn.", "It arrives every time.",
      [](Context& t) {
        WebSocketClient c(t, "a");
        c.connect();
        c.send_binary(encode(subscribe_packet(1, {{t.topic(), 0}}), t.version()));
        c.expect_packet(Type::kSuback);
        const Octets whole = encode(publish_packet(t.topic(), std::string(150, 'p')), t.version());
        for (std::size_t at = 1; at < whole.size(); at += at < 24 ? 1 : 17) {
          c.send_binary(whole.substr(0, at));
          c.send_binary(whole.substr(at));
          t.equal(c.expect_packet(Type::kPublish).payload, std::string(150, 'p'), "payload");
        }
      });
  add(cases, "ws-empty-frames", "6.0.0-2", "Empty binary frames come before, between and inside packets.",
      "They change nothing.", [](Context& t) {
        WebSocketClient c(t, "a");
        c.upgrade();
        c.send_binary("");
        const Octets connect = encode(c.good_connect(), t.version());
        c.send_binary(connect.substr(0, 5));
        c.send_binary("");
        c.send_binary(connect.substr(5));
        c.expect_packet(Type::kConnack);
        c.send_binary("");
        c.expect_alive();
        c.send_binary(Octets("\xc0", 1));
        c.send_binary("");
        c.send_binary(Octets("\0", 1));
        c.expect_packet(Type::kPingresp);
      });
  add(cases, "ws-fragmented", "6.0.0-2",
      "A packet comes as a message of five fragments, some empty, with a Ping between them.",
      "It is processed; the Ping is answered.", [](Context& t) {
        WebSocketClient c(t, "a");
        c.connect();
        c.send_binary(encode(subscribe_packet(1, {{t.topic(), 0}}), t.version()));
        c.expect_packet(Type::kSuback);
        const Octets whole = encode(publish_packet(t.topic(), "fragments"), t.version());
        c.send(make_frame(Opcode::kBinary, whole.substr(0, 1), false));
        c.send(make_frame(Opcode::kContinuation, "", false));
        c.send(make_frame(Opcode::kPing, "between"));
        c.send(make_frame(Opcode::kContinuation, whole.substr(1, 3), false));
        t.equal(c.expect_frame(Opcode::kPong).payload, std::string("between"), "payload of the Pong");
        c.send(make_frame(Opcode::kContinuation, whole.substr(4), false));
        c.send(make_frame(Opcode::kContinuation, "", true));
        t.equal(c.expect_packet(Type::kPublish).payload, std::string("fragments"), "payload");
        c.expect_alive();
      });
  add(cases, "ws-header-byte-by-byte", "6.0.0-2",
      "The TCP stream brings frames byte by byte: with lengths in 7, 16 and 64 bits, and their masks.",
      "They are read as if they had come whole.", [](Context& t) {
        WebSocketClient c(t, "a");
        c.upgrade();
        for (const char b : c.encode(make_frame(Opcode::kBinary, encode(c.good_connect(), t.version()))))
          c.send_raw(std::string(1, b));
        c.expect_packet(Type::kConnack);
        c.send_binary(encode(subscribe_packet(1, {{t.topic(), 0}}), t.version()));
        c.expect_packet(Type::kSuback);
        for (const std::size_t n : {std::size_t{300}, std::size_t{70'000}}) {
          const std::string payload(n, 'h');
          const Octets bytes =
              c.encode(make_frame(Opcode::kBinary, encode(publish_packet(t.topic(), payload), t.version())));
          for (std::size_t i = 0; i < 16; ++i) c.send_raw(bytes.substr(i, 1));
          c.send_raw(bytes.substr(16));
          t.check(c.expect_packet(Type::kPublish).payload == payload, "the payload was changed");
        }
      });
  add(cases, "ws-large-frame", "6.0.0-2",
      "A PUBLISH of 100,000 bytes comes in one frame, and in frames of 1,000 bytes.", "Both arrive.", [](Context& t) {
        t.need(t.facts().maximum_packet_size > 100'100, "the server takes no packet of that size");
        WebSocketClient c(t, "a");
        c.connect();
        c.send_binary(encode(subscribe_packet(1, {{t.topic(), 0}}), t.version()));
        c.expect_packet(Type::kSuback);
        const std::string payload(100'000, 'L');
        const Octets whole = encode(publish_packet(t.topic(), payload), t.version());
        c.send_binary(whole);
        t.check(c.expect_packet(Type::kPublish).payload == payload, "the payload was changed");
        for (std::size_t at = 0; at < whole.size(); at += 1000)
          c.send(make_frame(Opcode::kBinary, whole.substr(at, 1000)));
        t.check(c.expect_packet(Type::kPublish).payload == payload, "the payload was changed");
      });
}

void add_subprotocol(Cases& cases) {
  add(cases, "ws-subprotocol-selected", "6.0.0-3 6.0.0-4",
      "A client offers mqtt alone, among others, and in two fields.", "The answer selects mqtt, in exactly one field.",
      [](Context& t) {
        for (const char* offer : {"mqtt", "chat, mqtt", "mqtt,chat", "chat,  mqtt , other"}) {
          UpgradeRequest r;
          r.protocol = offer;
          WebSocketClient c(t, "a");
          const auto selected = c.upgrade(r).all("sec-websocket-protocol");
          t.check(selected.size() == 1 && selected[0] == "mqtt",
                  std::string("\"") + offer + "\" was offered and mqtt not selected");
        }
        UpgradeRequest two;
        two.protocol = "chat, mqtt";  // the answer is checked against this
        WebSocketClient c(t, "b");
        UpgradeRequest sent = two;
        sent.protocol = "chat";
        sent.more = {{"Sec-WebSocket-Protocol", "mqtt"}};
        const auto response = c.request(sent);
        t.check(response && response->status == 101 && check_upgrade(two, *response).empty(),
                "an offer in two fields is not accepted");
      });
  add(
      cases, "ws-subprotocol-none", "6.0.0-3", "A client offers no subprotocol, or only one that is not MQTT.",
      "The server refuses, or selects none; it never selects what was not offered.",
      [](Context& t) {
        for (const std::optional<std::string>& offer :
             {std::optional<std::string>(), std::optional<std::string>("chat"), std::optional<std::string>("MQTT")}) {
          UpgradeRequest r;
          r.protocol = offer;
          WebSocketClient c(t, "a");
          const auto response = c.request(r);
          const std::string what = offer ? "subprotocol \"" + *offer + "\"" : "no subprotocol";
          if (!response || response->status != 101) {
            t.chose(what + " is refused");
            continue;
          }
          for (const std::string& e : check_upgrade(r, *response)) t.fail("handshake with " + what + ": " + e);
          t.chose(what + " is accepted");
        }
      },
      Level::kMay);
  add(
      cases, "ws-subprotocol-old", "6.0.0-4", "A client offers mqttv3.1, the name from before MQTT 3.1.1.",
      "Selected, or refused.",
      [](Context& t) {
        UpgradeRequest r;
        r.protocol = "mqttv3.1";
        WebSocketClient c(t, "a");
        const auto response = c.request(r);
        if (!response || response->status != 101) return t.chose("subprotocol mqttv3.1 is refused");
        for (const std::string& e : check_upgrade(r, *response)) t.fail("handshake: " + e);
        t.chose(response->all("sec-websocket-protocol").empty() ? "subprotocol mqttv3.1 is ignored"
                                                                : "subprotocol mqttv3.1 is selected");
      },
      Level::kMay);
}

void add_ending(Cases& cases) {
  add(cases, "ws-mqtt-error", "6.0.0-1", "A good frame carries a malformed MQTT packet.",
      "The connection ends in the way of WebSocket: a Close frame, then TCP.", [](Context& t) {
        WebSocketClient c(t, "a");
        c.connect();
        c.send_binary(frame(0x36, text(t.topic()) + u16(1)));
        const auto code = c.expect_end();
        t.should(code.has_value(), "a Close frame before the end after an MQTT error");
        if (code) t.chose("Close " + std::to_string(*code) + " after an MQTT error");
      });
  add(cases, "ws-mqtt-disconnect", "6.0.0-1", "A client says DISCONNECT.", "The server closes the WebSocket, then TCP.",
      [](Context& t) {
        WebSocketClient c(t, "a");
        c.connect();
        c.send_binary(encode(disconnect_packet(), t.version()));
        const auto code = c.expect_end();
        t.should(code.has_value(), "a Close frame after the client's DISCONNECT");
      });
}

}  // namespace

void add_websocket_cases(Cases& cases) {
  add_kinds(cases);
  add_alignment(cases);
  add_subprotocol(cases);
  add_ending(cases);
}

}  // namespace orrery::conformance
