// SPDX-License-Identifier: Apache-2.0
// Logging in with SCRAM-SHA-256 (MQTT 5, 3.15 and 4.12; RFC 5802, RFC 7677): the way it should go, and everything that
// may go wrong before CONNACK. What comes after CONNACK is in scram_again_cases.cc, wrong messages in
// scram_message_cases.cc.
#include "conformance/cases/all.h"
#include "conformance/cases/login.h"

namespace orrery::conformance {
namespace {

void add(Cases& cases, std::string id, std::string statements, std::string what, std::string expect,
         std::function<void(Context&)> body, Level level = Level::kMust) {
  cases.push_back({.id = std::move(id),
                   .v311 = "",
                   .v5 = std::move(statements),
                   .what = std::move(what),
                   .expect = std::move(expect),
                   .level = level,
                   .versions = kOnly5,
                   .body = std::move(body)});
}

void add_logins(Cases& cases) {
  add(cases, "scram-login", "4.12.0-2 4.12.0-5 3.2.0-1 3.15.2-1 X-scram-first X-scram-signature",
      "A client logs in with SCRAM-SHA-256, publishes and subscribes.",
      "AUTH 0x18 with the method and a good first message; CONNACK 0 with the method and the server's signature.",
      [](Context& t) {
        Client& c = t.client("a");
        ScramClient s = scram_user(t);
        scram_login(t, c, s);
        c.subscribe(t.topic(), 0);
        c.publish(t.topic(), "m", 0U);
        c.expect_publish(t.topic(), "m");
      });
  add(cases, "scram-login-nonces", "X-scram-nonce", "Two clients log in with the same client nonce, side by side.",
      "The server adds another nonce of its own to each, and both get in.", [](Context& t) {
        Client& a = t.client("a");
        Client& b = t.client("b");
        ScramClient one = scram_user(t);
        ScramClient two = scram_user(t);
        begin_scram(t, a, one);
        begin_scram(t, b, two);
        t.check(one.whole_nonce() != two.whole_nonce(), "the server gives the same nonce twice");
        finish_scram(t, b, two);
        finish_scram(t, a, one);
      });
  add(cases, "scram-login-session", "3.2.2-3 3.1.2-23 4.12.0-5",
      "A client with a lasting session logs in with SCRAM, subscribes, leaves, and comes back with SCRAM.",
      "Session present 1, and the message that waited comes after CONNACK.", [](Context& t) {
        t.need((t.facts().capabilities & bit(Capability::kQos1)) != 0, "the server has no QoS 1");
        ConnectOptions lasting;
        lasting.persistent = true;
        Client& c = t.client("a");
        ScramClient s = scram_user(t, "1");
        scram_login(t, c, s, lasting);
        c.subscribe(t.topic(), 1);
        c.disconnect();
        connect_user(t, "p").publish(t.topic(), "m", 1);
        lasting.clean = false;
        Client& again = t.client("a");
        ScramClient other = scram_user(t, "2");
        t.equal(scram_login(t, again, other, lasting).session_present, true, "session present");
        again.expect_publish(t.topic(), "m");
      });
  add(cases, "scram-login-empty-id", "3.2.2-16 4.12.0-5",
      "A client with an empty client identifier logs in with SCRAM.",
      "It gets an identifier, with the method and the signature.", [](Context& t) {
        t.need((t.facts().capabilities & bit(Capability::kEmptyClientId)) != 0, "the server takes no empty identifier");
        Client& c = t.client("a");
        ScramClient s = scram_user(t);
        ConnectOptions o;
        o.client_id = "";
        scram_login(t, c, s, o);
        c.ping();
      });
  add(cases, "scram-takeover", "3.1.4-3 3.1.4-2",
      "While a client is connected, somebody begins a SCRAM login with its client identifier, fails, and tries again "
      "with the right password.",
      "The first connection stays until the login has succeeded; then it gets DISCONNECT 0x8e.", [](Context& t) {
        Client& c = connect_user(t, "a");
        Client& bad = t.client("a");
        ScramClient wrong = scram_user(t, "1", "wrong");
        begin_scram(t, bad, wrong);
        c.expect_quiet("a login that has only begun takes nothing over");
        bad.send(auth_packet(0x18, scram_data(wrong.final())));
        expect_login_refused(t, bad);
        c.expect_quiet("a failed login takes nothing over");
        Client& good = t.client("a");
        ScramClient right = scram_user(t, "2");
        scram_login(t, good, right);
        const auto last = c.expect_end(t.patience());
        t.check(last && last->code == 0x8e, "the first connection gets no DISCONNECT 0x8e");
        good.ping();
      });
}

void add_refused(Cases& cases) {
  add(cases, "scram-wrong-password", "4.12.0-4 3.1.4-2 3.2.2-6 3.2.2-7 X-scram-proof",
      "The proof is made from a wrong password.", "CONNACK 0x86 or 0x87 and the close, or just the close.",
      [](Context& t) {
        Client& c = t.client("a");
        ScramClient s = scram_user(t, "n", t.access().password + "x");
        begin_scram(t, c, s);
        c.send(auth_packet(0x18, scram_data(s.final())));
        const auto connack = expect_login_refused(t, c);
        if (connack)
          t.check(connack->code == 0x86 || connack->code == 0x87,
                  "a wrong password is refused with " + code_name(Version::k5, Type::kConnack, connack->code));
      });
  add(
      cases, "scram-unknown-user", "4.12.0-4 3.1.4-2 X-scram-proof",
      "A user name that the server does not know, twice, and the known one with a wrong password.",
      "It is refused, and should not be told apart from the known one: a salt of the same size that stays the same, as "
      "many iterations, and the same end.",
      [](Context& t) {
        std::optional<Packet> ends[3];
        std::vector<ScramClient> logins;
        for (int i = 0; i < 3; ++i) {
          ScramClient s = scram_user(t, std::to_string(i), "wrong");
          if (i != 0) s.name_part = "n=" + scram_name(unknown_user(t));
          Client& c = t.client("a");
          c.open();
          c.send(scram_connect(c, s.first()));
          const auto auth = c.try_take(Type::kAuth, t.patience());
          const Property* data = auth ? find(auth->properties, PropertyId::kAuthData) : nullptr;
          if (data == nullptr || !s.take_first(data->text).empty())
            return t.should(false, "an unknown user gets a first message of the server, as a known one does");
          c.send(auth_packet(0x18, scram_data(s.final())));
          ends[i] = expect_login_refused(t, c);
          logins.push_back(s);
        }
        const auto& [known, first, second] = std::tie(logins[0], logins[1], logins[2]);
        t.should(first.salt() == second.salt(), "an unknown user's salt stays the same, as a known one's does");
        t.should(first.salt() != known.salt(), "an unknown user's salt is another than the known one's");
        t.should(first.salt().size() == known.salt().size(), "an unknown user's salt has the usual size");
        t.should(first.iterations() == known.iterations(), "an unknown user has the usual number of iterations");
        for (int i = 1; i < 3; ++i)
          t.should(ends[0].has_value() == ends[i].has_value() &&
                       (!ends[0] || (ends[0]->code == ends[i]->code && ends[0]->properties == ends[i]->properties)),
                   "an unknown user's login ends as that with a wrong password does");
      },
      Level::kShould);
  add(cases, "scram-replay", "X-scram-nonce X-scram-proof",
      "Somebody sends the very messages of a login that succeeded.", "The server's nonce is another one now: refused.",
      [](Context& t) {
        Client& c = t.client("a");
        ScramClient s = scram_user(t);
        begin_scram(t, c, s);
        const Octets old = s.final();
        c.send(auth_packet(0x18, scram_data(old)));
        t.equal(c.take(Type::kConnack).code, 0U, "code of CONNACK");
        c.disconnect();
        Client& thief = t.client("b");
        ScramClient same = scram_user(t);
        begin_scram(t, thief, same);
        thief.send(auth_packet(0x18, scram_data(old)));
        expect_login_refused(t, thief);
      });
}

// Begins a login with a will, sends a packet in the middle of it, and expects a refusal and nothing else.
void break_with(Context& t, const Packet& packet, Reason reason) {
  Client& c = t.client("a");
  ScramClient s = scram_user(t);
  begin_scram(t, c, s, {.will = Will{t.topic("will"), "never", 0, false, {}}});
  c.send(packet);
  c.expect_closed(reason);
}

void add_midway(Cases& cases) {
  add(cases, "scram-other-packet", "3.1.2-30 4.13.1-1",
      "Between the server's AUTH and CONNACK the client sends PUBLISH, SUBSCRIBE, UNSUBSCRIBE, PINGREQ or CONNECT.",
      "Protocol error; the PUBLISH is not delivered, nor is the will.", [](Context& t) {
        Client& w = connect_user(t, "w");
        w.subscribe(t.topic("#"), 0);
        Connect connect;
        connect.client_id = t.id("other");
        for (const Packet& p : {publish_packet(t.topic(), "never"), publish_packet(t.topic(), "never", 1, 1),
                                subscribe_packet(1, {{t.topic(), 0}}), unsubscribe_packet(1, {t.topic()}),
                                plain_packet(Type::kPingreq), connect_packet(connect)})
          break_with(t, p, kProtocolError);
        connect_user(t, "p").publish(t.topic(), "marker", 0U);
        w.expect_publish(t.topic(), "marker");
      });
  add(cases, "scram-disconnect", "3.1.2-30 3.14.4-3",
      "Between the server's AUTH and CONNACK a client with a will sends DISCONNECT; another one breaks off.",
      "The server closes, accepts nobody, and publishes no will.", [](Context& t) {
        Client& w = connect_user(t, "w");
        w.subscribe(t.topic("#"), 0);
        const ConnectOptions o = {.will = Will{t.topic("will"), "never", 0, false, {}}};
        Client& c = t.client("a");
        ScramClient s = scram_user(t, "1");
        begin_scram(t, c, s, o);
        c.send(disconnect_packet());
        t.should(c.ended(3 * kSecond), "the server closes after DISCONNECT (3.14.4)");
        t.check(!c.accepted(), "the server accepts a client that has said DISCONNECT");
        Client& broken = t.client("b");
        ScramClient other = scram_user(t, "2");
        begin_scram(t, broken, other, o);
        broken.drop();
        connect_user(t, "p").publish(t.topic(), "marker", 0U);
        w.expect_publish(t.topic(), "marker");
      });
  add(cases, "scram-other-method", "4.12.0-5 4.13.1-1", "The client's second AUTH names another method.",
      "Protocol error, or 0x8c.", [](Context& t) {
        for (const char* method : {"SCRAM-SHA-1", "scram-sha-256", ""}) {
          Client& c = t.client("a");
          ScramClient s = scram_user(t);
          begin_scram(t, c, s);
          Properties properties = scram_data(s.final());
          properties[0].text = method;
          c.send(auth_packet(0x18, properties));
          c.expect_closed({0x82, false, 0x8c});
        }
      });
  add(cases, "scram-no-method", "X-auth-method-missing 4.13.1-1",
      "The client's second AUTH names no method, once with data, once with no property, once with no byte at all.",
      "Protocol error.", [](Context& t) {
        Client& c = t.client("a");
        ScramClient s = scram_user(t);
        begin_scram(t, c, s);
        c.send(auth_packet(0x18, scram_data(s.final(), "")));
        c.expect_closed({0x82, false, 0x8c});
        begin_scram(t, c, s);
        c.send_raw(frame(0xf0, u8(0x18) + varint(0)));
        c.expect_closed({0x82, false, 0x8c});
        begin_scram(t, c, s);
        c.send_raw(frame(0xf0, ""));
        c.expect_closed({0x82, false, 0x8c});
      });
  add(cases, "scram-wrong-code", "4.12.0-3 4.12.1-1 3.15.2-1 4.13.1-1",
      "The client's second AUTH is a good one, but for its code: 0x19, 0x00, and codes that AUTH does not have.",
      "Only 0x18 goes on with what was begun: protocol error.", [](Context& t) {
        for (const unsigned code : {0x19U, 0x00U, 0x01U, 0x80U, 0x87U}) {
          Client& c = t.client("a");
          ScramClient s = scram_user(t, std::to_string(code));
          begin_scram(t, c, s);
          c.send(auth_packet(code, scram_data(s.final())));
          c.expect_closed(kProtocolError);
        }
      });
  add(cases, "scram-flags", "3.15.1-1 4.13.1-1", "The client's second AUTH has reserved header flags set.",
      "The server closes the connection with malformed packet.", [](Context& t) {
        Client& c = t.client("a");
        ScramClient s = scram_user(t);
        begin_scram(t, c, s);
        c.send_raw(frame(0xf2, encode_body(auth_packet(0x18, scram_data(s.final())), Version::k5)));
        c.expect_closed(kMalformed);
      });
}

void add_silence(Cases& cases) {
  add(cases, "scram-silence", "3.1.2-22",
      "A client with a keep alive of 4 seconds says nothing after the server's AUTH.",
      "The server closes the connection after one and a half keep alives, CONNACK or not.", [](Context& t) {
        Client& c = t.client("a");
        ScramClient s = scram_user(t);
        begin_scram(t, c, s, {.keep_alive = 4});
        c.expect_end(6 * kSecond + t.slack());
      });
  add(
      cases, "scram-silence-for-ever", "X-login-unfinished",
      "A client without a keep alive says nothing after the server's AUTH.",
      "The server should not wait for ever, as it should not for CONNECT (3.1.4).",
      [](Context& t) {
        Client& c = t.client("a");
        ScramClient s = scram_user(t);
        begin_scram(t, c, s, {.keep_alive = 0});
        t.should(c.ended(30 * kSecond), "a login that is never finished is ended within half a minute");
        t.check(!c.accepted(), "the server accepts a client that has not finished its login");
      },
      Level::kShould);
}

}  // namespace

void add_scram_cases(Cases& cases) {
  add_logins(cases);
  add_refused(cases);
  add_midway(cases);
  add_silence(cases);
}

}  // namespace orrery::conformance
