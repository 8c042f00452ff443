// SPDX-License-Identifier: Apache-2.0
// CONNECT and CONNACK: what a server must accept, what it must refuse, and how (section 3.1 and 3.2 of both versions).
#include "conformance/cases/all.h"
#include "conformance/cases/context.h"

namespace orrery::conformance {
namespace {

Packet good(Context& t, Client& c) {
  (void)t;
  return c.connect_packet_for({});
}

// A CONNECT with chosen flags and the payload given as bytes.
Octets raw_connect(Context& t, unsigned flags, const Octets& payload) {
  Octets body = text("MQTT") + u8(static_cast<unsigned>(t.version())) + u8(flags) + u16(300);
  if (t.v5()) body += varint(0);
  return frame(0x10, body + payload);
}

void expect_refused(Context& t, const Octets& bytes, Reason reason) {
  Client& c = t.client("a");
  c.open();
  c.send_raw(bytes);
  c.expect_closed(reason);
}

Octets will_fields(Context& t) { return (t.v5() ? varint(0) : Octets{}) + text(t.topic("will")) + text("w"); }

void add_accepting(Cases& cases) {
  cases.push_back({.id = "connect-accepted",
                   .v311 = "3.1.4-4 3.2.0-1 3.2.2-1 3.1.4-3 7.1.1-1",
                   .v5 = "3.1.4-5 3.2.0-1 3.2.2-1 3.2.2-2 3.2.2-8 3.1.4-4 2.2.2-1 4.2.0-1",
                   .what = "A client sends a well-formed CONNECT that asks for a clean session.",
                   .expect = "CONNACK with code 0 and session present 0, before anything else.",
                   .versions = kAllVersions,
                   .body = [](Context& t) {
                     const Packet connack = t.connect("a").connack();
                     t.equal(connack.session_present, false, "session present");
                   }});
  cases.push_back(
      {.id = "connect-all-fields",
       .v311 = "3.1.3-1",
       .v5 = "3.1.3-1",
       .what = "A CONNECT carries a will, a user name and a password, in the order that the standard gives.",
       .expect = "It is accepted, or refused for its user name; when accepted the will is published as it was given.",
       .body = [](Context& t) {
         Client& watcher = t.connect("w");
         watcher.subscribe(t.topic("will"), 0);
         Client& c = t.client("a");
         ConnectOptions o;
         o.will = Will{t.topic("will"), "gone", 0, false, {}};
         o.user_name = "somebody";
         o.password = "secret";
         const auto connack = c.try_connect(c.connect_packet_for(o));
         if (!connack) return t.should(false, "a CONNACK that says that the user is refused, before the close (3.1.4)");
         if (connack->code != 0) {
           const unsigned bad = t.v5() ? 0x86 : 4;
           const unsigned denied = t.v5() ? 0x87 : 5;
           t.check(connack->code == bad || connack->code == denied,
                   "the CONNECT is refused for another reason than its user");
           t.chose("a user name that nobody knows is refused");
           return;
         }
         t.chose("a user name that nobody knows is accepted");
         c.drop();
         watcher.expect_publish(t.topic("will"), "gone");
       }});
  cases.push_back({.id = "connect-pipelined",
                   .v311 = "3.2.0-1",
                   .v5 = "3.2.0-1",
                   .what = "CONNECT, SUBSCRIBE and PUBLISH leave in one piece, before the CONNACK can have come.",
                   .expect = "CONNACK comes first; the other two are processed. Whether its own message reaches it "
                             "before SUBACK is open.",
                   .body = [](Context& t) {
                     Client& watcher = t.connect("w");
                     watcher.subscribe(t.topic(), 0);
                     Client& c = t.client("a");
                     c.ignore_rest = true;
                     c.open();
                     const std::uint16_t id = c.next_id();
                     c.send_raw(encode(good(t, c), t.version()) +
                                encode(subscribe_packet(id, {{t.topic(), 0}}), t.version()) +
                                encode(publish_packet(t.topic(), "early"), t.version()));
                     t.equal(c.take(Type::kConnack).code, 0U, "CONNACK");
                     c.take_id(Type::kSuback, id);
                     watcher.expect_publish(t.topic(), "early");
                     t.publish_from_outside(t.topic(), "late");
                     watcher.expect_publish(t.topic(), "late");
                     const bool own = c.take(Type::kPublish).payload == "early";
                     if (own) c.expect_publish(t.topic(), "late");
                     t.chose(own ? "a PUBLISH right behind a SUBSCRIBE meets the new subscription"
                                 : "a PUBLISH right behind a SUBSCRIBE does not meet the new subscription");
                   }});
  cases.push_back({.id = "connect-byte-by-byte",
                   .v311 = "7.1.1-1",
                   .v5 = "4.2.0-1",
                   .what = "A CONNECT and a PINGREQ arrive one byte at a time.",
                   .expect = "They work as if they had come whole.",
                   .body = [](Context& t) {
                     Client& c = t.client("a");
                     c.open();
                     for (const char b : encode(good(t, c), t.version())) c.send_raw(std::string(1, b));
                     t.equal(c.take(Type::kConnack).code, 0U, "CONNACK");
                     for (const char b : frame(0xc0, "")) c.send_raw(std::string(1, b));
                     c.take(Type::kPingresp);
                   }});
}

void add_first_and_second(Cases& cases) {
  cases.push_back(
      {.id = "connect-must-be-first",
       .v311 = "3.1.0-1 4.8.0-1",
       .v5 = "3.1.0-1 3.14.0-1 4.13.1-1",
       .what = "The first packet of a connection is PUBLISH, SUBSCRIBE, UNSUBSCRIBE, PINGREQ, PUBACK, PUBREL or "
               "DISCONNECT.",
       .expect = "The server closes the connection and answers nothing that only a connected client may get.",
       .body = [](Context& t) {
         const Packet firsts[] = {publish_packet(t.topic(), "x"),        publish_packet(t.topic(), "x", 1, 5),
                                  subscribe_packet(1, {{t.topic(), 0}}), unsubscribe_packet(1, {t.topic()}),
                                  plain_packet(Type::kPingreq),          ack_packet(Type::kPuback, 1),
                                  ack_packet(Type::kPubrel, 1),          disconnect_packet()};
         for (const Packet& first : firsts) {
           Client& c = t.client("a");
           c.open();
           c.send(first);
           c.expect_end();
         }
       }});
  cases.push_back({.id = "connect-second",
                   .v311 = "3.1.0-2 4.8.0-1",
                   .v5 = "3.1.0-2 4.13.1-1 3.2.0-2",
                   .what = "An accepted client sends CONNECT once more on the same connection.",
                   .expect = "The server closes the connection (5: protocol error) and sends no second CONNACK.",
                   .body = [](Context& t) {
                     Client& c = t.connect("a");
                     c.send(good(t, c));
                     c.expect_closed(kProtocolError);
                   }});
  cases.push_back(
      {.id = "connect-refused-then-ignored",
       .v311 = "3.1.4-5 3.2.2-5 3.2.2-4",
       .v5 = "3.1.4-6 3.2.2-7 3.2.2-6",
       .what = "A CONNECT that must be refused and a PUBLISH arrive in one piece.",
       .expect = "The PUBLISH is not processed: a subscriber gets only what somebody else publishes afterwards.",
       .body = [](Context& t) {
         Client& watcher = t.connect("w");
         watcher.subscribe(t.topic(), 0);
         Client& c = t.client("a");
         Packet connect = good(t, c);
         if (t.v5())
           connect.properties.push_back(text_property(PropertyId::kAuthMethod, "ORRERY-NO-SUCH-METHOD"));
         else
           connect.connect->client_id.clear(), connect.connect->clean = false;
         c.open();
         c.send_raw(encode(connect, t.version()) + encode(publish_packet(t.topic(), "never"), t.version()));
         c.expect_end();
         t.publish_from_outside(t.topic(), "marker");
         watcher.expect_publish(t.topic(), "marker");
       }});
}

void add_protocol_fields(Cases& cases) {
  cases.push_back({.id = "connect-protocol-name",
                   .v311 = "3.1.2-1",
                   .v5 = "3.1.2-1",
                   .what = "CONNECT names a protocol that is not MQTT.",
                   .expect = "The server closes the connection; in MQTT 5 a CONNACK 0x84 may come first.",
                   .body = [](Context& t) {
                     t.forgive(
                         "X-field-truncated");  // a server that cannot know the version may answer in the form of 3.1.1
                     t.forgive("MQTT-3.2.2-8");
                     for (const char* name : {"MQTX", "mqtt", "MQT", "HTTP"}) {
                       Client& c = t.client("a");
                       c.open();
                       Packet connect = good(t, c);
                       connect.connect->protocol_name = name;
                       c.send(connect);
                       const auto connack = c.expect_end();
                       t.chose(connack ? "CONNACK " + code_name(t.version(), Type::kConnack, connack->code) +
                                             " for a wrong protocol name"
                                       : std::string("no CONNACK for a wrong protocol name"));
                     }
                   }});
  cases.push_back({.id = "connect-protocol-level",
                   .v311 = "3.1.2-2 3.2.2-4 3.2.2-5",
                   .v5 = "3.1.2-2",
                   .what = "CONNECT has a protocol level that does not exist: 2 in 3.1.1, 7 in 5.",
                   .expect = "3.1.1: CONNACK 0x01, then the close. 5: the close, before it perhaps CONNACK 0x84.",
                   .body = [](Context& t) {
                     Client& c = t.client("a");
                     Packet connect = good(t, c);
                     connect.connect->level = t.v5() ? 7 : 2;
                     c.open();
                     if (t.v5()) {
                       t.forgive("X-field-truncated");
                       t.forgive("MQTT-3.2.2-8");
                     }
                     c.send(connect);
                     const auto connack = c.expect_end();
                     if (!t.v5()) {
                       t.check(connack.has_value(), "no CONNACK came before the close");
                       return t.equal(connack->code, 1U, "CONNACK code");
                     }
                     if (!connack) return t.chose("no CONNACK for an unknown protocol level");
                     t.chose("CONNACK " + code_name(Version::k5, Type::kConnack, connack->code) +
                             " for an unknown protocol level");
                     t.check(connack->code == 0x84 || connack->code == 1,
                             "the CONNACK's code says something else than the version");
                   }});
  cases.push_back({.id = "connect-reserved-flag",
                   .v311 = "3.1.2-3 3.1.4-1 3.2.2-6",
                   .v5 = "3.1.2-3 3.1.4-1",
                   .what = "The reserved bit of the connect flags is 1.",
                   .expect = "The server closes the connection (3.1.1: without CONNACK; 5: malformed packet).",
                   .body = [](Context& t) {
                     Client& c = t.client("a");
                     Packet connect = good(t, c);
                     connect.connect->flags = 0x03;
                     c.open();
                     c.send(connect);
                     if (t.v5()) return c.expect_closed(kMalformed);
                     t.check(!c.expect_end().has_value(), "a CONNACK came before the close");
                   }});
  cases.push_back({.id = "connect-31-name",
                   .v311 = "X-31-name",
                   .v5 = "",
                   .what = "A client of MQTT 3.1 connects with the protocol name MQIsdp and level 3.",
                   .expect = "A server that takes 3.1 accepts it; any other refuses it with code 1 or closes.",
                   .level = Level::kMay,
                   .versions = kOnly31,
                   .body = [](Context& t) {
                     Client& c = t.client("a");
                     const auto connack = c.try_connect(good(t, c));
                     if (!connack) return t.chose("MQTT 3.1 is not taken, and not answered");
                     t.check(connack->code <= 1,
                             "CONNACK has code " + code_name(t.version(), Type::kConnack, connack->code));
                     t.chose(connack->code == 0 ? "MQTT 3.1 is taken" : "MQTT 3.1 is refused with code 1");
                   }});
  cases.push_back(
      {.id = "connect-31-long-id",
       .v311 = "X-31-identifier",
       .v5 = "",
       .what = "A client of MQTT 3.1 connects with an identifier of 24 characters, one more than that version allows.",
       .expect = "CONNACK 2, identifier rejected; servers that are generous accept it.",
       .level = Level::kShould,
       .versions = kOnly31,
       .body = [](Context& t) {
         Client& c = t.client("a");
         Packet connect = good(t, c);
         connect.connect->client_id = (t.id("a") + std::string(24, 'x')).substr(0, 24);
         const auto connack = c.try_connect(connect);
         t.should(connack && connack->code == 2,
                  "MQTT 3.1: an identifier of more than 23 characters is rejected with code 2");
       }});
}

void add_flag_rules(Cases& cases) {
  cases.push_back({.id = "connect-will-qos-3",
                   .v311 = "3.1.2-14 3.1.4-1",
                   .v5 = "3.1.2-12 3.1.4-1",
                   .what = "The will flag is set and both bits of the will QoS.",
                   .expect = "The server closes the connection (5: malformed packet).",
                   .body = [](Context& t) {
                     expect_refused(t, raw_connect(t, 0x02 | 0x04 | 0x18, text(t.id("a")) + will_fields(t)),
                                    kMalformed);
                   }});
  cases.push_back({.id = "connect-will-bits-without-will",
                   .v311 = "3.1.2-11 3.1.2-13 3.1.2-15 3.1.4-1",
                   .v5 = "3.1.2-11 3.1.2-13 3.1.4-1",
                   .what = "The will flag is 0 and will QoS is 1, 2 or 3, or will retain is 1.",
                   .expect = "The server closes the connection (5: malformed packet).",
                   .body = [](Context& t) {
                     for (const unsigned bits : {0x08U, 0x10U, 0x18U, 0x20U})
                       expect_refused(t, raw_connect(t, 0x02 | bits, text(t.id("a"))), kMalformed);
                   }});
  cases.push_back(
      {.id = "connect-will-fields-missing",
       .v311 = "3.1.2-9 3.1.4-1",
       .v5 = "3.1.2-9 3.1.4-1",
       .what = "The will flag is set and the payload ends after the client identifier, or after the will topic.",
       .expect = "The server closes the connection (5: malformed packet).",
       .body = [](Context& t) {
         expect_refused(t, raw_connect(t, 0x06, text(t.id("a"))), kMalformed);
         expect_refused(t,
                        raw_connect(t, 0x06, text(t.id("a")) + (t.v5() ? varint(0) : Octets{}) + text(t.topic("will"))),
                        kMalformed);
       }});
  cases.push_back({.id = "connect-will-fields-unasked",
                   .v311 = "3.1.2-11 3.1.4-1",
                   .v5 = "3.1.2-9 3.1.4-1",
                   .what = "The will flag is 0 and the payload has a will topic and a will message.",
                   .expect = "The server closes the connection (5: malformed packet).",
                   .body = [](Context& t) {
                     expect_refused(t, raw_connect(t, 0x02, text(t.id("a")) + will_fields(t)), kMalformed);
                   }});
  cases.push_back({.id = "connect-user-name-missing",
                   .v311 = "3.1.2-19 3.1.4-1",
                   .v5 = "3.1.2-17 3.1.4-1",
                   .what = "The user name flag is set and there is no user name.",
                   .expect = "The server closes the connection (5: malformed packet).",
                   .body = [](Context& t) { expect_refused(t, raw_connect(t, 0x82, text(t.id("a"))), kMalformed); }});
  cases.push_back({.id = "connect-user-name-unasked",
                   .v311 = "3.1.2-18 3.1.4-1",
                   .v5 = "3.1.2-16 3.1.4-1",
                   .what = "The user name flag is 0 and there is a user name.",
                   .expect = "The server closes the connection (5: malformed packet).",
                   .body = [](Context& t) {
                     expect_refused(t, raw_connect(t, 0x02, text(t.id("a")) + text("user")), kMalformed);
                   }});
  cases.push_back({.id = "connect-password-missing",
                   .v311 = "3.1.2-21 3.1.4-1",
                   .v5 = "3.1.2-19 3.1.4-1",
                   .what = "User name and password flags are set and the password is not there.",
                   .expect = "The server closes the connection (5: malformed packet).",
                   .body = [](Context& t) {
                     expect_refused(t, raw_connect(t, 0xc2, text(t.id("a")) + text("user")), kMalformed);
                   }});
  cases.push_back({.id = "connect-password-unasked",
                   .v311 = "3.1.2-20 3.1.4-1",
                   .v5 = "3.1.2-18 3.1.4-1",
                   .what = "The user name flag is set, the password flag is 0 and there are both.",
                   .expect = "The server closes the connection (5: malformed packet).",
                   .body = [](Context& t) {
                     expect_refused(t, raw_connect(t, 0x82, text(t.id("a")) + text("user") + text("secret")),
                                    kMalformed);
                   }});
  cases.push_back(
      {.id = "connect-password-without-user",
       .v311 = "3.1.2-22 3.1.4-1",
       .v5 = "X-password-alone",
       .what = "A CONNECT has a password and no user name.",
       .expect =
           "3.1.1 forbids it: the server closes the connection. 5 allows it: accepted, or refused for its credentials.",
       .body = [](Context& t) {
         Client& c = t.client("a");
         ConnectOptions o;
         o.password = "secret";
         const Packet connect = c.connect_packet_for(o);
         if (!t.v5()) {
           c.open();
           c.send(connect);
           c.expect_end();
           return;
         }
         const auto connack = c.try_connect(connect);
         t.check(connack.has_value(), "the CONNECT got no CONNACK");
         t.check(connack->code == 0 || connack->code == 0x86 || connack->code == 0x87,
                 "a password alone is refused with " + code_name(Version::k5, Type::kConnack, connack->code));
       }});
}

void add_identifiers(Cases& cases) {
  cases.push_back({.id = "connect-id-missing",
                   .v311 = "3.1.3-3 3.1.4-1",
                   .v5 = "3.1.3-3 3.1.4-1",
                   .what = "A CONNECT has no payload at all.",
                   .expect = "The server closes the connection (5: malformed packet).",
                   .body = [](Context& t) { expect_refused(t, raw_connect(t, 0x02, ""), kMalformed); }});
  cases.push_back({.id = "connect-id-not-text",
                   .v311 = "3.1.3-4 1.5.3-1 1.5.3-2",
                   .v5 = "3.1.3-4 1.5.4-1 1.5.4-2",
                   .what = "The client identifier is ill-formed UTF-8, a surrogate, an overlong form, or holds NUL.",
                   .expect = "The server closes the connection (5: malformed packet, or 0x85).",
                   .body = [](Context& t) {
                     for (const char* bad : {"a\xff", "\xed\xa0\x80", "\xc0\xaf", "\xf4\x90\x80\x80", "\xe2\x82"})
                       expect_refused(t, raw_connect(t, 0x02, text(bad)), {0x81, false, 0x85});
                     expect_refused(t, raw_connect(t, 0x02, text(std::string("a\0b", 3))), {0x81, false, 0x85});
                   }});
  cases.push_back({.id = "connect-id-alphabet",
                   .v311 = "3.1.3-5",
                   .v5 = "3.1.3-5",
                   .what = "Identifiers of 1 and of 23 characters, from every letter and digit.",
                   .expect = "All are accepted.",
                   .body = [](Context& t) {
                     const std::string letters = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
                     for (std::size_t at = 0; at < letters.size(); at += 11) {
                       ConnectOptions o;
                       o.client_id = (t.id("") + letters.substr(at, 11)).substr(0, 23);
                       t.connect("a", o).disconnect();
                     }
                     // A single character cannot be a name of our own: whoever holds it is taken over for a moment.
                     ConnectOptions one;
                     one.client_id = t.id("").substr(5, 1);
                     t.connect("a", one).disconnect();
                   }});
  cases.push_back({.id = "connect-id-long",
                   .v311 = "3.1.3-9",
                   .v5 = "3.1.3-8",
                   .what = "An identifier of 24 characters and one of 200.",
                   .expect = "Accepted, or refused with 0x02 (3.1.1) or 0x85 (5) and closed.",
                   .level = Level::kMay,
                   .body = [](Context& t) {
                     for (const std::size_t length : {std::size_t{24}, std::size_t{200}}) {
                       Client& c = t.client("a");
                       ConnectOptions o;
                       o.client_id = (t.id("") + std::string(length, 'x')).substr(0, length);
                       const auto connack = c.try_connect(c.connect_packet_for(o));
                       t.check(connack.has_value(), "the CONNECT got no CONNACK");
                       const std::string what = "an identifier of " + std::to_string(length) + " characters";
                       t.chose(what + (connack->code == 0 ? " is accepted" : " is refused"));
                       if (connack->code == 0) {
                         c.disconnect();
                         continue;
                       }
                       t.equal(connack->code, t.v5() ? 0x85U : 2U, "CONNACK code for " + what);
                       t.check(c.ended(t.patience()), "the connection stays open after the refusal");
                     }
                   }});
  cases.push_back({.id = "connect-id-empty",
                   .v311 = "3.1.3-6 3.1.3-7",
                   .v5 = "3.1.3-6 3.1.3-7 3.2.2-16",
                   .what = "Two clients connect with an empty identifier and a clean session.",
                   .expect = "Both are served at once, each under an identifier of its own (5: told in CONNACK, and "
                             "good for a takeover).",
                   .needs = bit(Capability::kEmptyClientId),
                   .body = [](Context& t) {
                     ConnectOptions o;
                     o.client_id = "";
                     Client& a = t.connect("a", o);
                     Client& b = t.connect("b", o);
                     a.expect_quiet();
                     b.expect_quiet();
                     if (!t.v5()) return;
                     const Property* id_a = find(a.connack().properties, PropertyId::kAssignedClientId);
                     const Property* id_b = find(b.connack().properties, PropertyId::kAssignedClientId);
                     t.check(id_a != nullptr && id_b != nullptr, "CONNACK assigns no client identifier");
                     t.check(!id_a->text.empty() && id_a->text != id_b->text,
                             "the assigned identifiers are not unique");
                     o.client_id = id_a->text;
                     t.connect("c", o);
                     a.expect_closed({0x8e});
                   }});
  cases.push_back(
      {.id = "connect-id-empty-lasting",
       .v311 = "3.1.3-8 3.1.3-7 3.2.2-5",
       .v5 = "3.1.3-6 3.1.3-7",
       .what = "A client connects with an empty identifier and Clean Session 0 (5: Clean Start 0).",
       .expect = "3.1.1: CONNACK 0x02 and the close. 5: accepted with an assigned identifier and no session.",
       .needs = bit(Capability::kEmptyClientId),
       .body = [](Context& t) {
         Client& c = t.client("a");
         ConnectOptions o;
         o.client_id = "";
         o.clean = false;
         const auto connack = c.try_connect(c.connect_packet_for(o));
         t.check(connack.has_value(), "the CONNECT got no CONNACK");
         t.equal(connack->code, t.v5() ? 0U : 2U, "CONNACK code");
         if (t.v5()) return t.equal(connack->session_present, false, "session present");
         t.check(c.ended(t.patience()), "the connection stays open after the refusal");
       }});
}

void add_texts(Cases& cases) {
  cases.push_back({.id = "connect-user-name-not-text",
                   .v311 = "3.1.3-11 1.5.3-1 1.5.3-2",
                   .v5 = "3.1.3-12 1.5.4-1 1.5.4-2",
                   .what = "The user name is ill-formed UTF-8 or holds NUL.",
                   .expect = "The server closes the connection (5: malformed packet).",
                   .body = [](Context& t) {
                     for (const std::string& bad :
                          {std::string("u\xff"), std::string("\xed\xbf\xbf"), std::string("u\0", 2)})
                       expect_refused(t, raw_connect(t, 0x82, text(t.id("a")) + text(bad)), {0x81, false, 0x86});
                   }});
  cases.push_back(
      {.id = "connect-will-topic-not-text",
       .v311 = "3.1.3-10 1.5.3-1",
       .v5 = "3.1.3-11 1.5.4-1",
       .what = "The will topic is ill-formed UTF-8 or holds NUL.",
       .expect = "The server closes the connection (5: malformed packet, or 0x90).",
       .body = [](Context& t) {
         for (const std::string& bad : {std::string("w\xc3"), std::string("\xed\xa0\x80"), std::string("w\0x", 3)})
           expect_refused(
               t, raw_connect(t, 0x06, text(t.id("a")) + (t.v5() ? varint(0) : Octets{}) + text(bad) + text("w")),
               kBadTopic);
       }});
  cases.push_back(
      {.id = "connect-will-topic-wildcard",
       .v311 = "4.7.1-1",
       .v5 = "4.7.0-1",
       .what = "The will topic holds a wildcard, or is empty.",
       .expect = "The server closes the connection (5: malformed packet, or 0x90).",
       .body = [](Context& t) {
         for (const char* bad : {"a/#", "+/a", ""})
           expect_refused(
               t, raw_connect(t, 0x06, text(t.id("a")) + (t.v5() ? varint(0) : Octets{}) + text(bad) + text("w")),
               kBadTopic);
       }});
}

}  // namespace

void add_connect_cases(Cases& cases) {
  add_accepting(cases);
  add_first_and_second(cases);
  add_protocol_fields(cases);
  add_flag_rules(cases);
  add_identifiers(cases);
  add_texts(cases);
}

}  // namespace orrery::conformance
