// SPDX-License-Identifier: Apache-2.0
// UNSUBSCRIBE and UNSUBACK (sections 3.10 and 3.11).
#include "conformance/cases/all.h"
#include "conformance/cases/context.h"

namespace orrery::conformance {
namespace {

void expect_closed_after(Context& t, const Octets& bytes, Reason reason) {
  Client& c = t.connect("a");
  c.send_raw(bytes);
  c.expect_closed(reason);
}

void check_codes(Context& t, const Packet& unsuback, const std::vector<unsigned>& wanted) {
  if (!t.v5()) return;
  t.equal(unsuback.codes.size(), wanted.size(), "codes");
  for (std::size_t i = 0; i < wanted.size(); ++i)
    t.equal(unsuback.codes[i], wanted[i], "code " + std::to_string(i + 1));
}

void add_effect(Cases& cases) {
  cases.push_back({.id = "unsubscribe-ends-delivery",
                   .v311 = "3.10.4-1 3.10.4-2 3.10.4-4 2.3.1-7",
                   .v5 = "3.10.4-1 3.10.4-2 3.10.4-4 3.10.4-5 3.11.3-2 2.2.1-6",
                   .what = "A client subscribes to two topics and leaves one of them.",
                   .expect = "UNSUBACK with the same identifier (5: code 0x00); messages for that topic no longer "
                             "come, those for the other do.",
                   .versions = kAllVersions,
                   .needs = bit(Capability::kQos1),
                   .body = [](Context& t) {
                     Client& c = t.connect("a");
                     c.subscribe(t.topic("left"), 1);
                     c.subscribe(t.topic("kept"), 1);
                     check_codes(t, c.unsubscribe({t.topic("left")}), {0});
                     Client& p = t.connect("p");
                     p.publish(t.topic("left"), "never", 1);
                     p.publish(t.topic("kept"), "marker", 1);
                     c.expect_publish(t.topic("kept"), "marker");
                   }});
  cases.push_back(
      {.id = "unsubscribe-nothing",
       .v311 = "3.10.4-5",
       .v5 = "3.10.4-5 3.11.3-2",
       .what = "A client leaves a topic that it never subscribed to.",
       .expect = "UNSUBACK all the same (5: code 0x11).",
       .versions = kAllVersions,
       .body = [](Context& t) { check_codes(t, t.connect("a").unsubscribe({t.topic("unknown")}), {0x11}); }});
  cases.push_back(
      {.id = "unsubscribe-exact-match",
       .v311 = "3.10.4-1 4.7.3-4",
       .v5 = "3.10.4-1 4.7.3-4",
       .what = "A client has a/+ and leaves a/b, a/#, A/+, a/+/ and a.",
       .expect = "None of these is its subscription, which goes on.",
       .needs = bit(Capability::kWildcard),
       .body = [](Context& t) {
         Client& c = t.connect("a");
         c.subscribe(t.topic("a/+"), 0);
         check_codes(t, c.unsubscribe({t.topic("a/b"), t.topic("a/#"), t.topic("A/+"), t.topic("a/+/"), t.topic("a")}),
                     {0x11, 0x11, 0x11, 0x11, 0x11});
         t.publish_from_outside(t.topic("a/b"), "x");
         c.expect_publish(t.topic("a/b"), "x");
       }});
  cases.push_back({.id = "unsubscribe-several",
                   .v311 = "3.10.4-6",
                   .v5 = "3.10.4-6 3.11.3-1",
                   .what = "One UNSUBSCRIBE names four filters, the second of which does not exist.",
                   .expect = "One UNSUBACK (5: four codes in order); the three are gone, the fifth stays.",
                   .body = [](Context& t) {
                     Client& c = t.connect("a");
                     for (const char* name : {"1", "3", "4", "5"}) c.subscribe(t.topic(name), 0);
                     check_codes(t, c.unsubscribe({t.topic("1"), t.topic("2"), t.topic("3"), t.topic("4")}),
                                 {0, 0x11, 0, 0});
                     Client& p = t.connect("p");
                     for (const char* name : {"1", "2", "3", "4", "5"}) p.publish(t.topic(name), name, 0U);
                     c.expect_publish(t.topic("5"), "5");
                   }});
  cases.push_back(
      {.id = "unsubscribe-finishes-what-began",
       .v311 = "3.10.4-3",
       .v5 = "3.10.4-3",
       .what = "A client leaves a topic while a QoS 2 delivery waits for PUBREC and a QoS 1 delivery for PUBACK.",
       .expect = "The QoS 2 handshake is completed; both deliveries come again after a reconnect if they were not.",
       .needs = bit(Capability::kQos1) | bit(Capability::kQos2),
       .body = [](Context& t) {
         Client& c = t.client("a");
         c.auto_ack = false;
         ConnectOptions o;
         o.persistent = true;
         c.connect(o);
         c.subscribe(t.topic("one"), 1);
         c.subscribe(t.topic("two"), 2);
         Client& p = t.connect("p");
         p.publish(t.topic("one"), "one", 1);
         p.publish(t.topic("two"), "two", 2);
         // On two topics they may come in either order (4.6).
         Packet one = c.take(Type::kPublish);
         Packet two = c.take(Type::kPublish);
         if (one.qos == 2) std::swap(one, two);
         t.equal(one.payload, std::string("one"), "message of QoS 1");
         t.equal(two.payload, std::string("two"), "message of QoS 2");
         c.unsubscribe({t.topic("one"), t.topic("two")});
         c.send(ack_packet(Type::kPubrec, two.id));
         c.take_id(Type::kPubrel, two.id);
         c.send(ack_packet(Type::kPubcomp, two.id));
         c.ping();
         c.drop();
         o.clean = false;
         Client& again = t.connect("a", o);
         t.equal(again.expect_publish(t.topic("one"), "one").id, one.id, "identifier");
       }});
}

void add_malformed(Cases& cases) {
  cases.push_back({.id = "unsubscribe-flags",
                   .v311 = "3.10.1-1 2.2.2-2 4.8.0-1",
                   .v5 = "3.10.1-1 2.1.3-1 4.13.1-1",
                   .what = "UNSUBSCRIBE comes with header flags other than 0010.",
                   .expect = "The server closes the connection (5: malformed packet).",
                   .body = [](Context& t) {
                     for (const unsigned first : {0xa0U, 0xa1U, 0xa3U, 0xa6U, 0xaaU})
                       expect_closed_after(t, frame(first, u16(1) + (t.v5() ? varint(0) : Octets{}) + text(t.topic())),
                                           kMalformed);
                   }});
  cases.push_back({.id = "unsubscribe-without-filter",
                   .v311 = "3.10.3-2 4.8.0-1",
                   .v5 = "3.10.3-2 4.13.1-1",
                   .what = "UNSUBSCRIBE has no filter.",
                   .expect = "The server closes the connection (5: protocol error).",
                   .body = [](Context& t) {
                     expect_closed_after(t, frame(0xa2, u16(1) + (t.v5() ? varint(0) : Octets{})), kProtocolError);
                   }});
  cases.push_back({.id = "unsubscribe-identifier-zero",
                   .v311 = "2.3.1-1 4.8.0-1",
                   .v5 = "2.2.1-3 4.13.1-1",
                   .what = "UNSUBSCRIBE has packet identifier 0.",
                   .expect = "The server closes the connection (5: protocol error).",
                   .body = [](Context& t) {
                     expect_closed_after(t, frame(0xa2, u16(0) + (t.v5() ? varint(0) : Octets{}) + text(t.topic())),
                                         kProtocolError);
                   }});
  cases.push_back(
      {.id = "unsubscribe-filter-not-text",
       .v311 = "3.10.3-1 1.5.3-1 4.8.0-1",
       .v5 = "3.10.3-1 1.5.4-1 4.13.1-1",
       .what = "The filter is ill-formed UTF-8, holds NUL or is empty.",
       .expect = "The server closes the connection (5: malformed packet, or 0x8f).",
       .body = [](Context& t) {
         for (const std::string& bad : {std::string("\xff"), std::string("\xed\xa0\x80"), std::string("a\0b", 3)})
           expect_closed_after(t, frame(0xa2, u16(1) + (t.v5() ? varint(0) : Octets{}) + text(t.topic(bad))),
                               kBadFilter);
         expect_closed_after(t, frame(0xa2, u16(1) + (t.v5() ? varint(0) : Octets{}) + text("")), kBadFilter);
       }});
}

}  // namespace

void add_unsubscribe_cases(Cases& cases) {
  add_effect(cases);
  add_malformed(cases);
}

}  // namespace orrery::conformance
