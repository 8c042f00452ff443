// SPDX-License-Identifier: Apache-2.0
// QoS 1 in both directions: identifiers, acknowledgements, and what is sent again after a reconnect
// (sections 3.4, 4.3.2, 4.4).
#include <set>

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

void add_receiving(Cases& cases) {
  cases.push_back({.id = "qos1-acknowledged",
                   .v311 = "3.3.4-1 4.3.2-2 2.3.1-6",
                   .v5 = "3.3.4-1 4.3.2-4 2.2.1-5 3.4.2-1",
                   .what = "Messages of QoS 1 are published with the identifiers 1, 2, 255, 256, 32768 and 65535.",
                   .expect = "Each gets one PUBACK with its identifier (5: a code below 0x80) and is delivered once.",
                   .versions = kAllVersions,
                   .needs = bit(Capability::kQos1),
                   .body = [](Context& t) {
                     Client& s = t.connect("s");
                     s.subscribe(t.topic(), 1);
                     Client& p = t.connect("p");
                     for (const unsigned id : {1U, 2U, 255U, 256U, 32768U, 65535U}) {
                       p.send(publish_packet(t.topic(), std::to_string(id), 1, id));
                       t.check(p.take_id(Type::kPuback, id).code < 0x80, "PUBACK refuses a good message");
                       s.expect_publish(t.topic(), std::to_string(id));
                     }
                   }});
  cases.push_back(
      {.id = "qos1-no-false-no-subscribers",
       .v311 = "",
       .v5 = "3.4.2-1",
       .what = "A message of QoS 1 is published, first to a topic with a subscriber and then to one without.",
       .expect = "PUBACK 0x00 for the first, 0x00 or 0x10 for the second.",
       .versions = kOnly5,
       .needs = bit(Capability::kQos1),
       .body = [](Context& t) {
         Client& s = t.connect("s");
         s.subscribe(t.topic(), 1);
         Client& p = t.connect("p");
         t.equal(p.publish(t.topic(), "x", 1).code, 0U, "PUBACK code with a subscriber");
         s.expect_publish(t.topic(), "x");
         const unsigned code = p.publish(t.topic("nobody"), "x", 1).code;
         t.check(code == 0 || code == 0x10, "PUBACK has neither 0x00 nor 0x10");
         t.chose(code == 0 ? "PUBACK does not tell that nobody subscribed"
                           : "PUBACK 0x10 tells that nobody subscribed");
       }});
  cases.push_back({.id = "qos1-identifier-again",
                   .v311 = "4.3.2-2",
                   .v5 = "4.3.2-5",
                   .what = "After the PUBACK the same identifier carries a second message, then a third with DUP set.",
                   .expect = "Both are new messages: acknowledged and delivered.",
                   .needs = bit(Capability::kQos1),
                   .body = [](Context& t) {
                     Client& s = t.connect("s");
                     s.subscribe(t.topic(), 1);
                     Client& p = t.connect("p");
                     for (const char* payload : {"one", "two", "three"}) {
                       Packet m = publish_packet(t.topic(), payload, 1, 9);
                       m.dup = std::string(payload) == "three";
                       p.send(m);
                       p.take_id(Type::kPuback, 9);
                       s.expect_publish(t.topic(), payload);
                     }
                   }});
  cases.push_back({.id = "qos1-burst",
                   .v311 = "4.3.2-2 4.6.0-6",
                   .v5 = "4.3.2-4 4.6.0-5",
                   .what = "Twenty messages of QoS 1 leave in one piece.",
                   .expect = "Twenty PUBACKs; twenty deliveries in order.",
                   .needs = bit(Capability::kQos1),
                   .body = [](Context& t) {
                     Client& s = t.connect("s");
                     s.subscribe(t.topic(), 1);
                     Client& p = t.connect("p");
                     const unsigned n = std::min(20U, t.facts().receive_maximum);
                     Octets all;
                     for (unsigned i = 1; i <= n; ++i)
                       all += encode(publish_packet(t.topic(), std::to_string(i), 1, i), t.version());
                     p.send_raw(all);
                     for (unsigned i = 1; i <= n; ++i) p.take_id(Type::kPuback, i);
                     for (unsigned i = 1; i <= n; ++i) s.expect_publish(t.topic(), std::to_string(i));
                   }});
}

void add_sending(Cases& cases) {
  cases.push_back(
      {.id = "qos1-delivery-identifiers",
       .v311 = "2.3.1-4 4.3.2-1",
       .v5 = "2.2.1-4 4.3.2-1 4.3.2-2 4.3.2-3",
       .what = "Ten messages are delivered at QoS 1 to a client that acknowledges none of them yet.",
       .expect =
           "Each has QoS 1, DUP 0 and a non-zero identifier of its own; after the acknowledgements nothing more comes.",
       .needs = bit(Capability::kQos1),
       .body = [](Context& t) {
         Client& s = t.connect("s");
         s.subscribe(t.topic(), 1);
         s.auto_ack = false;
         Client& p = t.connect("p");
         for (int i = 0; i < 10; ++i) p.publish(t.topic(), std::to_string(i), 1);
         std::set<std::uint16_t> ids;
         for (int i = 0; i < 10; ++i) {
           const Packet m = s.expect_publish(t.topic(), std::to_string(i));
           t.equal(m.qos, 1U, "QoS");
           t.equal(m.dup, false, "DUP");
           ids.insert(m.id);
         }
         t.equal(ids.size(), std::size_t{10}, "different identifiers");
         for (const std::uint16_t id : ids) s.send(ack_packet(Type::kPuback, id));
       }});
  cases.push_back(
      {.id = "qos1-sent-again-after-reconnect",
       .v311 = "4.4.0-1 3.3.1-1 4.1.0-1 4.6.0-1 2.3.1-4",
       .v5 = "4.4.0-1 3.3.1-1 4.3.2-3 4.6.0-1",
       .what =
           "Of three deliveries a client acknowledges the second; its connection breaks and it resumes its session.",
       .expect =
           "The first and the third come again, in that order, with their identifiers and DUP 1; the second does not.",
       .needs = bit(Capability::kQos1),
       .body = [](Context& t) {
         Client& s = t.connect("s", lasting(true));
         s.subscribe(t.topic(), 1);
         s.auto_ack = false;
         Client& p = t.connect("p");
         for (const char* payload : {"1", "2", "3"}) p.publish(t.topic(), payload, 1);
         const Packet first = s.expect_publish(t.topic(), "1");
         const Packet second = s.expect_publish(t.topic(), "2");
         const Packet third = s.expect_publish(t.topic(), "3");
         s.send(ack_packet(Type::kPuback, second.id));
         s.ping();
         s.drop();
         Client& again = t.connect("s", lasting());
         t.equal(again.connack().session_present, true, "session present");
         for (const Packet& m : {first, third}) {
           const Packet repeat = again.expect_publish(t.topic(), m.payload);
           t.equal(repeat.id, m.id, "identifier of the repeat");
           t.equal(repeat.dup, true, "DUP of the repeat");
           t.equal(repeat.qos, 1U, "QoS of the repeat");
         }
       }});
  cases.push_back({.id = "qos1-not-sent-again-by-itself",
                   .v311 = "",
                   .v5 = "4.4.0-1",
                   .what = "A client leaves a QoS 1 delivery unacknowledged and its connection open.",
                   .expect = "In MQTT 5 the server does not send it again on this connection.",
                   .versions = kOnly5,
                   .needs = bit(Capability::kQos1),
                   .body = [](Context& t) {
                     Client& s = t.connect("s");
                     s.subscribe(t.topic(), 1);
                     s.auto_ack = false;
                     t.publish_from_outside(t.topic(), "x", 1U);
                     const Packet m = s.expect_publish(t.topic(), "x");
                     t.wait(3 * kSecond);
                     s.expect_quiet("the delivery should not be repeated");
                     s.send(ack_packet(Type::kPuback, m.id));
                   }});
  cases.push_back({.id = "qos1-refused-by-client",
                   .v311 = "",
                   .v5 = "4.4.0-2",
                   .what = "A client answers a QoS 1 delivery with PUBACK 0x80, breaks off and resumes its session.",
                   .expect = "The delivery is over: it does not come again.",
                   .versions = kOnly5,
                   .needs = bit(Capability::kQos1),
                   .body = [](Context& t) {
                     Client& s = t.connect("s", lasting(true));
                     s.subscribe(t.topic(), 1);
                     s.auto_ack = false;
                     t.publish_from_outside(t.topic(), "refused", 1U);
                     s.send(ack_packet(Type::kPuback, s.expect_publish(t.topic(), "refused").id, 0x80));
                     s.ping();
                     s.drop();
                     Client& again = t.connect("s", lasting());
                     t.publish_from_outside(t.topic(), "marker", 1U);
                     again.expect_publish(t.topic(), "marker");
                   }});
  cases.push_back(
      {.id = "qos1-identifiers-of-both-sides",
       .v311 = "X-identifier-spaces",
       .v5 = "X-identifier-spaces",
       .what = "While a delivery waits for its acknowledgement the client publishes with the very same identifier.",
       .expect = "The two do not disturb each other.",
       .needs = bit(Capability::kQos1),
       .body = [](Context& t) {
         Client& s = t.connect("s");
         s.subscribe(t.topic(), 1);
         s.auto_ack = false;
         t.publish_from_outside(t.topic(), "theirs", 1U);
         const Packet theirs = s.expect_publish(t.topic(), "theirs");
         s.send(publish_packet(t.topic("own"), "ours", 1, theirs.id));
         s.take_id(Type::kPuback, theirs.id);
         s.send(ack_packet(Type::kPuback, theirs.id));
         s.expect_quiet();
       }});
}

}  // namespace

void add_qos1_cases(Cases& cases) {
  add_receiving(cases);
  add_sending(cases);
}

}  // namespace orrery::conformance
