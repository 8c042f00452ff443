// SPDX-License-Identifier: Apache-2.0
// Authenticating again on a connection that is open (MQTT 5, 4.12.1), AUTH where none belongs, and AUTH for clients
// that take small packets or no problem information.
#include "conformance/cases/all.h"
#include "conformance/cases/login.h"

namespace orrery::conformance {
namespace {

void add(Cases& cases, std::string id, std::string statements, std::string what, std::string expect,
         std::function<void(Context&)> body, Capabilities needs = 0) {
  cases.push_back({.id = std::move(id),
                   .v311 = "",
                   .v5 = std::move(statements),
                   .what = std::move(what),
                   .expect = std::move(expect),
                   .versions = kOnly5,
                   .needs = needs,
                   .body = std::move(body)});
}

// A client that has logged in with SCRAM.
Client& logged_in(Context& t, std::string_view name, const ConnectOptions& o = {}) {
  Client& c = t.client(name);
  ScramClient s = scram_user(t, std::string(name) + "0");
  scram_login(t, c, s, o);
  return c;
}

void add_again(Cases& cases) {
  add(cases, "scram-again", "4.12.1-1 4.12.0-5 3.15.2-1 X-scram-first X-scram-signature",
      "A client that came in with SCRAM authenticates again, twice.",
      "AUTH 0x18, then AUTH 0 with the server's signature, all with the method; the connection goes on.",
      [](Context& t) {
        Client& c = logged_in(t, "a");
        for (const char* nonce : {"1", "2"}) {
          ScramClient s = scram_user(t, nonce);
          begin_again(t, c, s);
          finish_again(t, c, s);
          c.expect_quiet();
        }
      });
  add(
      cases, "scram-again-while-messages-flow", "4.12.1-1 X-auth-other-packets",
      "In the middle of authenticating again the client subscribes, publishes at each QoS, and gets messages.",
      "Everything else goes on under the rights that it has (4.12.1); then the exchange is finished.",
      [](Context& t) {
        Client& c = logged_in(t, "a");
        c.subscribe(t.topic("before"), 2);
        Client& other = connect_user(t, "b");
        other.subscribe(t.topic("back"), 2);
        ScramClient s = scram_user(t, "1");
        begin_again(t, c, s);
        c.subscribe(t.topic("within"), 2);
        for (unsigned qos = 0; qos < 3; ++qos)
          for (const char* topic : {"before", "within"}) {
            other.publish(t.topic(topic), std::to_string(qos), qos);
            c.expect_publish(t.topic(topic), std::to_string(qos));
          }
        for (unsigned qos = 0; qos < 3; ++qos) {
          c.publish(t.topic("back"), std::to_string(qos), qos);
          other.expect_publish(t.topic("back"), std::to_string(qos));
        }
        c.unsubscribe({t.topic("within")});
        c.ping();
        finish_again(t, c, s);
        other.publish(t.topic("before"), "after", 1);
        c.expect_publish(t.topic("before"), "after");
      },
      bit(Capability::kQos1) | bit(Capability::kQos2));
  add(
      cases, "scram-again-in-one-piece", "4.12.1-1 X-auth-other-packets",
      "AUTH 0x19 comes between two messages of QoS 1, all in one piece.",
      "The messages are acknowledged and delivered in order, and AUTH 0x18 comes.",
      [](Context& t) {
        Client& c = logged_in(t, "a");
        Client& w = connect_user(t, "w");
        w.subscribe(t.topic(), 0);
        ScramClient s = scram_user(t, "1");
        c.send_raw(encode(publish_packet(t.topic(), "1", 1, 1), Version::k5) +
                   encode(auth_packet(0x19, scram_data(s.first())), Version::k5) +
                   encode(publish_packet(t.topic(), "2", 1, 2), Version::k5));
        take_challenge(t, c, s);
        for (const unsigned id : {1U, 2U}) c.take_id(Type::kPuback, id);
        finish_again(t, c, s);
        for (const char* payload : {"1", "2"}) w.expect_publish(t.topic(), payload);
      },
      bit(Capability::kQos1));
}

// The connection is closed, and nothing has said that the client is who it says.
void expect_again_refused(Context& t, Client& c, Reason reason) {
  c.expect_closed(reason);
  while (const auto auth = c.try_take(Type::kAuth, 0)) t.check(auth->code != 0, "AUTH 0 comes before the close");
}

void add_again_refused(Cases& cases) {
  add(cases, "scram-again-wrong-password", "4.12.1-2 3.1.2-8 X-scram-proof",
      "A client with a will authenticates again, with a wrong password.",
      "DISCONNECT 0x87 and the close; the will is published.", [](Context& t) {
        Client& w = connect_user(t, "w");
        w.subscribe(t.topic("will"), 0);
        Client& c = logged_in(t, "a", {.will = Will{t.topic("will"), "gone", 0, false, {}}});
        ScramClient s = scram_user(t, "1", "wrong");
        begin_again(t, c, s);
        c.send(auth_packet(0x18, scram_data(s.final())));
        expect_again_refused(t, c, {0x87});
        w.expect_publish(t.topic("will"), "gone");
      });
  add(cases, "scram-again-unknown-user", "4.12.1-2 X-scram-proof",
      "A client authenticates again, as a user that the server does not know.", "DISCONNECT 0x87 and the close.",
      [](Context& t) {
        Client& c = logged_in(t, "a");
        ScramClient s = scram_user(t, "1", "wrong");
        s.name_part = "n=" + scram_name(unknown_user(t));
        c.send(auth_packet(0x19, scram_data(s.first())));
        const auto auth = c.try_take(Type::kAuth, t.patience());
        const Property* data = auth ? find(auth->properties, PropertyId::kAuthData) : nullptr;
        if (data != nullptr && s.take_first(data->text).empty()) c.send(auth_packet(0x18, scram_data(s.final())));
        expect_again_refused(t, c, {0x87});
      });
  add(cases, "scram-again-garbage", "4.12.1-2 X-scram-form",
      "AUTH 0x19 comes with data that is no SCRAM, and without data.", "The connection is closed.", [](Context& t) {
        for (const bool data : {true, false}) {
          Client& c = logged_in(t, "a");
          Properties properties = scram_data("garbage");
          if (!data) properties.pop_back();
          c.send(auth_packet(0x19, properties));
          expect_again_refused(t, c, {0x82, false, 0x87});
        }
      });
  add(cases, "scram-again-other-method", "4.12.1-1 4.12.0-5 4.13.1-1",
      "AUTH 0x19 names another method than CONNECT, or none.", "Protocol error.", [](Context& t) {
        for (const char* method : {"SCRAM-SHA-1", "scram-sha-256", ""}) {
          Client& c = logged_in(t, "a");
          c.send(auth_packet(0x19, scram_data(scram_user(t, "1").first(), method)));
          expect_again_refused(t, c, {0x82, false, 0x8c});
        }
      });
  add(cases, "scram-again-not-begun", "4.12.1-1 4.12.0-3 3.15.2-1 4.13.1-1",
      "A client that has logged in sends AUTH 0x18 without AUTH 0x19 before it, AUTH 0x00, and codes that AUTH does "
      "not "
      "have.",
      "Protocol error.", [](Context& t) {
        for (const unsigned code : {0x18U, 0x00U, 0x01U, 0x87U}) {
          Client& c = logged_in(t, "a");
          c.send(auth_packet(code, scram_data(scram_user(t, "1").first())));
          expect_again_refused(t, c, kProtocolError);
        }
      });
  add(cases, "scram-again-replay", "4.12.1-2 X-scram-nonce",
      "A client authenticates again with the very messages of its login.", "DISCONNECT 0x87 and the close.",
      [](Context& t) {
        Client& c = t.client("a");
        ScramClient s = scram_user(t, "0");
        begin_scram(t, c, s);
        const Octets old = s.final();
        c.send(auth_packet(0x18, scram_data(old)));
        t.equal(c.take(Type::kConnack).code, 0U, "code of CONNACK");
        ScramClient same = scram_user(t, "0");
        begin_again(t, c, same);
        c.send(auth_packet(0x18, scram_data(old)));
        expect_again_refused(t, c, {0x87});
      });
}

void strip_optional(Properties& properties) {
  std::erase_if(properties, [](const Property& p) {
    return p.id == static_cast<std::uint32_t>(PropertyId::kReasonString) ||
           p.id == static_cast<std::uint32_t>(PropertyId::kUserProperty);
  });
}

void add_unasked(Cases& cases) {
  add(cases, "scram-on-plain-connection", "4.12.0-6 4.12.0-7 4.13.1-1",
      "The user logs in by password, without a method, and later sends AUTH 0x19 and 0x18 with the method that the "
      "server has.",
      "The server sends no AUTH and no method of its own; the client's AUTH is a protocol error.", [](Context& t) {
        for (const unsigned code : {0x19U, 0x18U}) {
          ScramClient s = scram_user(t, "1");
          Client& c = connect_user(t, "a");
          c.expect_quiet();
          c.send(auth_packet(code, scram_data(s.first())));
          c.expect_closed({0x82, false, 0x8c});
        }
      });
  add(cases, "scram-size-of-the-client", "3.15.2-2 3.15.2-3",
      "A client learns how large the server's AUTH is; another one takes packets of just the size that it has without "
      "reason string and user properties.",
      "AUTH comes without them.", [](Context& t) {
        Client& c = t.client("a");
        ScramClient s = scram_user(t);
        Packet auth = begin_scram(t, c, s);
        c.send(disconnect_packet());
        c.drop();
        strip_optional(auth.properties);
        const auto size = static_cast<std::uint32_t>(encode(auth, Version::k5).size());
        Client& exact = t.client("b");
        begin_scram(t, exact, s, {.properties = {number_property(PropertyId::kMaximumPacketSize, size)}});
        exact.send(disconnect_packet());
      });
  add(cases, "scram-size-too-small", "3.1.2-24", "A client that takes packets of 20 bytes begins to log in.",
      "There is no AUTH that is small enough: the server sends none and closes.", [](Context& t) {
        Client& c = t.client("a");
        c.open();
        c.send(scram_connect(c, scram_user(t).first(),
                             {.properties = {number_property(PropertyId::kMaximumPacketSize, 20)}}));
        c.ended(t.patience());
        t.check(!c.try_take(Type::kAuth, 0), "AUTH comes to a client that takes 20 bytes");
        c.expect_end(0);
      });
  add(cases, "scram-no-problem-information", "3.1.2-29",
      "A client that wants no problem information logs in and authenticates again.",
      "No AUTH carries a reason string or a user property.", [](Context& t) {
        Client& c = logged_in(t, "a", {.properties = {number_property(PropertyId::kRequestProblemInfo, 0)}});
        ScramClient s = scram_user(t, "1");
        begin_again(t, c, s);
        finish_again(t, c, s);
      });
}

}  // namespace

void add_scram_again_cases(Cases& cases) {
  add_again(cases);
  add_again_refused(cases);
  add_unasked(cases);
}

}  // namespace orrery::conformance
