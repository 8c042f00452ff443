// SPDX-License-Identifier: Apache-2.0
// QoS 2 in both directions, with repeats, resumes and refusals at every step (sections 3.5 to 3.7, 4.3.3, 4.4).
#include "conformance/cases/all.h"
#include "conformance/cases/context.h"

namespace orrery::conformance {
namespace {

ConnectOptions lasting(bool clean = false) {
  ConnectOptions o;
  o.persistent = true;
  o.clean = clean;
  return o;
}

Packet repeated(Packet m) {
  m.dup = true;
  return m;
}

void add_receiving(Cases& cases) {
  cases.push_back({.id = "qos2-handshake",
                   .v311 = "3.3.4-1 4.3.3-2 2.3.1-6",
                   .v5 = "3.3.4-1 4.3.3-8 4.3.3-11 2.2.1-5 3.5.2-1 3.7.2-1",
                   .what = "Messages of QoS 2 are published with the identifiers 1, 256 and 65535.",
                   .expect = "PUBREC, after PUBREL a PUBCOMP, all with the identifier; one delivery each.",
                   .versions = kAllVersions,
                   .needs = bit(Capability::kQos2),
                   .body = [](Context& t) {
                     Client& s = t.connect("s");
                     s.subscribe(t.topic(), 2);
                     Client& p = t.connect("p");
                     for (const unsigned id : {1U, 256U, 65535U}) {
                       p.send(publish_packet(t.topic(), std::to_string(id), 2, id));
                       t.check(p.take_id(Type::kPubrec, id).code < 0x80, "PUBREC refuses a good message");
                       p.send(ack_packet(Type::kPubrel, id));
                       t.equal(p.take_id(Type::kPubcomp, id).code, 0U, "PUBCOMP code");
                       s.expect_publish(t.topic(), std::to_string(id));
                     }
                   }});
  cases.push_back(
      {.id = "qos2-publish-never-puback",
       .v311 = "3.3.4-1 4.3.3-2",
       .v5 = "",
       .what = "A message of QoS 2 is published, whatever QoS the server grants to subscribers.",
       .expect = "PUBREC, and PUBCOMP after PUBREL; a server that refuses it can only close the connection.",
       .versions = kOnly31 | kOnly311,
       .body = [](Context& t) {
         Client& p = t.connect("p");
         p.send(publish_packet(t.topic(), "m", 2, 7));
         const auto ack = p.try_take(Type::kPubrec, t.patience());
         if (!ack && p.ended(0)) return t.chose("a PUBLISH of QoS 2 ends the connection");
         t.check(ack.has_value(), "a PUBLISH of QoS 2 is not answered with PUBREC");
         p.send(ack_packet(Type::kPubrel, 7));
         p.take_id(Type::kPubcomp, 7);
       }});
  cases.push_back({.id = "qos2-repeat-before-pubrel",
                   .v311 = "4.3.3-2",
                   .v5 = "4.3.3-10",
                   .what = "Before PUBREL a publisher sends the same message three more times, with DUP.",
                   .expect = "Every one gets a PUBREC; the subscriber gets the message once.",
                   .needs = bit(Capability::kQos2),
                   .body = [](Context& t) {
                     Client& s = t.connect("s");
                     s.subscribe(t.topic(), 2);
                     Client& p = t.connect("p");
                     const Packet m = publish_packet(t.topic(), "once", 2, 77);
                     p.send(m);
                     p.take_id(Type::kPubrec, 77);
                     for (int i = 0; i < 3; ++i) {
                       p.send(repeated(m));
                       t.check(p.take_id(Type::kPubrec, 77).code < 0x80, "a repeat before PUBREL is refused");
                     }
                     p.send(ack_packet(Type::kPubrel, 77));
                     p.take_id(Type::kPubcomp, 77);
                     s.expect_publish(t.topic(), "once");
                     p.publish(t.topic(), "marker", 2);
                     s.expect_publish(t.topic(), "marker");
                   }});
  cases.push_back({.id = "qos2-identifier-again",
                   .v311 = "4.3.3-2",
                   .v5 = "4.3.3-12",
                   .what = "After PUBCOMP the same identifier carries a second message, then a third with DUP set.",
                   .expect = "Both are new messages and are delivered.",
                   .needs = bit(Capability::kQos2),
                   .body = [](Context& t) {
                     Client& s = t.connect("s");
                     s.subscribe(t.topic(), 2);
                     Client& p = t.connect("p");
                     for (const char* payload : {"one", "two", "three"}) {
                       Packet m = publish_packet(t.topic(), payload, 2, 5);
                       m.dup = std::string(payload) == "three";
                       p.send(m);
                       p.take_id(Type::kPubrec, 5);
                       p.send(ack_packet(Type::kPubrel, 5));
                       p.take_id(Type::kPubcomp, 5);
                       s.expect_publish(t.topic(), payload);
                     }
                   }});
  cases.push_back({.id = "qos2-repeat-after-reconnect",
                   .v311 = "4.3.3-2 4.1.0-1 3.1.2-4",
                   .v5 = "4.3.3-10 4.3.3-11",
                   .what = "A publisher's connection breaks after PUBREC; it resumes, sends the message again with "
                           "DUP, then PUBREL twice.",
                   .expect = "PUBREC, then PUBCOMP for each PUBREL; the subscriber gets the message once.",
                   .needs = bit(Capability::kQos2),
                   .body = [](Context& t) {
                     Client& s = t.connect("s");
                     s.subscribe(t.topic(), 2);
                     Client& p = t.connect("p", lasting(true));
                     const Packet m = publish_packet(t.topic(), "once", 2, 11);
                     p.send(m);
                     p.take_id(Type::kPubrec, 11);
                     p.drop();
                     Client& again = t.connect("p", lasting());
                     t.equal(again.connack().session_present, true, "session present");
                     again.send(repeated(m));
                     again.take_id(Type::kPubrec, 11);
                     again.send(ack_packet(Type::kPubrel, 11));
                     again.take_id(Type::kPubcomp, 11);
                     again.send(ack_packet(Type::kPubrel, 11));
                     again.take_id(Type::kPubcomp, 11);
                     s.expect_publish(t.topic(), "once");
                     again.publish(t.topic(), "marker", 2);
                     s.expect_publish(t.topic(), "marker");
                   }});
  cases.push_back({.id = "qos2-pubrel-after-reconnect",
                   .v311 = "4.3.3-2 4.1.0-1",
                   .v5 = "4.3.3-11",
                   .what = "A publisher's connection breaks after PUBREC; it resumes and goes on with PUBREL.",
                   .expect = "PUBCOMP 0x00, and the identifier is free for a new message.",
                   .needs = bit(Capability::kQos2),
                   .body = [](Context& t) {
                     Client& s = t.connect("s");
                     s.subscribe(t.topic(), 2);
                     Client& p = t.connect("p", lasting(true));
                     p.send(publish_packet(t.topic(), "one", 2, 12));
                     p.take_id(Type::kPubrec, 12);
                     p.drop();
                     Client& again = t.connect("p", lasting());
                     again.send(ack_packet(Type::kPubrel, 12));
                     t.equal(again.take_id(Type::kPubcomp, 12).code, 0U, "PUBCOMP code");
                     s.expect_publish(t.topic(), "one");
                     again.send(publish_packet(t.topic(), "two", 2, 12));
                     again.take_id(Type::kPubrec, 12);
                     again.send(ack_packet(Type::kPubrel, 12));
                     again.take_id(Type::kPubcomp, 12);
                     s.expect_publish(t.topic(), "two");
                   }});
  cases.push_back({.id = "qos2-clean-start-forgets",
                   .v311 = "3.1.2-6",
                   .v5 = "3.1.2-4",
                   .what = "A publisher's connection breaks after PUBREC; it connects with a clean session and uses "
                           "the identifier again.",
                   .expect = "It is a new message and is delivered.",
                   .needs = bit(Capability::kQos2),
                   .body = [](Context& t) {
                     Client& s = t.connect("s");
                     s.subscribe(t.topic(), 2);
                     Client& p = t.connect("p", lasting(true));
                     p.send(publish_packet(t.topic(), "one", 2, 13));
                     p.take_id(Type::kPubrec, 13);
                     p.drop();
                     Client& again = t.connect("p");
                     again.send(publish_packet(t.topic(), "two", 2, 13));
                     again.take_id(Type::kPubrec, 13);
                     again.send(ack_packet(Type::kPubrel, 13));
                     again.take_id(Type::kPubcomp, 13);
                     // Delivery may begin with PUBLISH or with PUBREL, so the first message may or may not have gone
                     // out.
                     Packet m = s.take(Type::kPublish);
                     if (m.payload == "one") {
                       t.chose("a QoS 2 message is delivered before its PUBREL");
                       m = s.take(Type::kPublish);
                     }
                     t.equal(m.payload, std::string("two"), "payload");
                   }});
  cases.push_back({.id = "qos2-pubrel-unknown",
                   .v311 = "4.3.3-2",
                   .v5 = "4.3.3-11 3.7.2-1",
                   .what = "A client sends PUBREL with an identifier that is not in use.",
                   .expect = "PUBCOMP with that identifier (5: 0x92 or 0x00).",
                   .needs = bit(Capability::kQos2),
                   .body = [](Context& t) {
                     Client& p = t.connect("p");
                     p.send(ack_packet(Type::kPubrel, 4242));
                     const unsigned code = p.take_id(Type::kPubcomp, 4242).code;
                     if (t.v5()) t.should(code == 0x92, "PUBCOMP 0x92 for an identifier that is not in use (3.7.2.1)");
                   }});
  cases.push_back({.id = "qos2-pubrel-flags",
                   .v311 = "3.6.1-1 2.2.2-2 4.8.0-1",
                   .v5 = "3.6.1-1 4.13.1-1",
                   .what = "PUBREL comes with header flags other than 0010.",
                   .expect = "The server closes the connection (5: malformed packet).",
                   .body = [](Context& t) {
                     for (const unsigned flags : {0x0U, 0x1U, 0x3U, 0x6U, 0xaU}) {
                       Client& p = t.connect("p");
                       p.send_raw(frame(0x60 | flags, u16(1)));
                       p.expect_closed(kMalformed);
                     }
                   }});
}

void add_sending(Cases& cases) {
  cases.push_back({.id = "qos2-delivery",
                   .v311 = "4.3.3-1 2.3.1-4 2.3.1-6",
                   .v5 = "4.3.3-1 4.3.3-2 4.3.3-3 4.3.3-4 4.3.3-5 2.2.1-4 3.6.2-1",
                   .what = "A message is delivered at QoS 2, step by step.",
                   .expect = "PUBLISH with DUP 0, PUBREL only after PUBREC, nothing after PUBCOMP.",
                   .needs = bit(Capability::kQos2),
                   .body = [](Context& t) {
                     Client& s = t.connect("s");
                     s.subscribe(t.topic(), 2);
                     s.auto_ack = false;
                     t.publish_from_outside(t.topic(), "m", 2U);
                     const Packet m = s.expect_publish(t.topic(), "m");
                     t.equal(m.qos, 2U, "QoS");
                     t.equal(m.dup, false, "DUP");
                     s.expect_quiet("PUBREL should wait for PUBREC");
                     s.send(ack_packet(Type::kPubrec, m.id));
                     t.equal(s.take_id(Type::kPubrel, m.id).code, 0U, "PUBREL code");
                     s.send(ack_packet(Type::kPubcomp, m.id));
                     s.expect_quiet("after PUBCOMP the delivery is over");
                   }});
  cases.push_back({.id = "qos2-publish-again-after-reconnect",
                   .v311 = "4.4.0-1 3.3.1-1 4.1.0-1",
                   .v5 = "4.4.0-1 3.3.1-1 4.3.3-3",
                   .what = "A subscriber's connection breaks before it has sent PUBREC; it resumes its session.",
                   .expect = "The PUBLISH comes again with its identifier and DUP 1, and the handshake completes.",
                   .needs = bit(Capability::kQos2),
                   .body = [](Context& t) {
                     Client& s = t.connect("s", lasting(true));
                     s.subscribe(t.topic(), 2);
                     s.auto_ack = false;
                     t.publish_from_outside(t.topic(), "m", 2U);
                     const Packet m = s.expect_publish(t.topic(), "m");
                     s.drop();
                     Client& again = t.client("s");
                     again.auto_ack = false;
                     again.connect(lasting());
                     const Packet repeat = again.expect_publish(t.topic(), "m");
                     t.equal(repeat.id, m.id, "identifier");
                     t.equal(repeat.dup, true, "DUP");
                     again.send(ack_packet(Type::kPubrec, m.id));
                     again.take_id(Type::kPubrel, m.id);
                     again.send(ack_packet(Type::kPubcomp, m.id));
                   }});
  cases.push_back({.id = "qos2-pubrel-again-after-reconnect",
                   .v311 = "4.4.0-1 4.3.3-1 4.1.0-1",
                   .v5 = "4.4.0-1 4.3.3-5 4.3.3-6",
                   .what = "A subscriber's connection breaks after it has got PUBREL; it resumes its session.",
                   .expect = "PUBREL comes again, the PUBLISH does not.",
                   .needs = bit(Capability::kQos2),
                   .body = [](Context& t) {
                     Client& s = t.connect("s", lasting(true));
                     s.subscribe(t.topic(), 2);
                     s.auto_ack = false;
                     t.publish_from_outside(t.topic(), "m", 2U);
                     const Packet m = s.expect_publish(t.topic(), "m");
                     s.send(ack_packet(Type::kPubrec, m.id));
                     s.take_id(Type::kPubrel, m.id);
                     s.drop();
                     Client& again = t.client("s");
                     again.auto_ack = false;
                     again.connect(lasting());
                     again.take_id(Type::kPubrel, m.id);
                     again.send(ack_packet(Type::kPubcomp, m.id));
                     again.expect_quiet("the PUBLISH should not come again");
                   }});
  cases.push_back({.id = "qos2-refused-by-client",
                   .v311 = "",
                   .v5 = "4.3.3-4 4.4.0-2",
                   .what = "A client answers a QoS 2 delivery with PUBREC 0x80, breaks off and resumes its session.",
                   .expect = "No PUBREL follows, and the delivery does not come again.",
                   .versions = kOnly5,
                   .needs = bit(Capability::kQos2),
                   .body = [](Context& t) {
                     Client& s = t.connect("s", lasting(true));
                     s.subscribe(t.topic(), 2);
                     s.auto_ack = false;
                     t.publish_from_outside(t.topic(), "refused", 2U);
                     s.send(ack_packet(Type::kPubrec, s.expect_publish(t.topic(), "refused").id, 0x80));
                     s.expect_quiet("a refused delivery gets no PUBREL");
                     s.drop();
                     Client& again = t.connect("s", lasting());
                     t.publish_from_outside(t.topic(), "marker", 2U);
                     again.expect_publish(t.topic(), "marker");
                   }});
  cases.push_back({.id = "qos2-pubrec-unknown",
                   .v311 = "",
                   .v5 = "3.6.2-1",
                   .what = "A client sends PUBREC with an identifier that is not in use.",
                   .expect = "PUBREL 0x92 or 0x00, or a DISCONNECT; never another code.",
                   .level = Level::kMay,
                   .versions = kOnly5,
                   .body = [](Context& t) {
                     t.forgive("MQTT-4.3.3-4");  // the observer's view of a PUBREL that answers nothing it knows of
                     Client& s = t.connect("s");
                     s.auto_ack = false;
                     s.send(ack_packet(Type::kPubrec, 4242));
                     s.send(plain_packet(Type::kPingreq));
                     if (s.try_take(Type::kPingresp, t.patience())) {
                       const auto pubrel = s.try_take(Type::kPubrel, 0);
                       t.chose(pubrel ? "PUBREL " + code_name(Version::k5, Type::kPubrel, pubrel->code) +
                                            " answers an unknown PUBREC"
                                      : std::string("nothing answers an unknown PUBREC"));
                       return;
                     }
                     t.check(s.ended(t.patience()), "neither an answer nor the end of the connection");
                     t.chose("an unknown PUBREC ends the connection");
                   }});
}

}  // namespace

void add_qos2_cases(Cases& cases) {
  add_receiving(cases);
  add_sending(cases);
}

}  // namespace orrery::conformance
