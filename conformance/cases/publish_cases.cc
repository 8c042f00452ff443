// SPDX-License-Identifier: Apache-2.0
// PUBLISH as such: fields, flags, the topic name, and what reaches a subscriber (section 3.3).
#include "conformance/cases/all.h"
#include "conformance/cases/context.h"

namespace orrery::conformance {
namespace {

// PUBLISH with a topic given as bytes and the QoS in the flags.
Octets raw_publish(Context& t, std::string_view topic, unsigned first_byte = 0x30, const Octets& id = {}) {
  return frame(first_byte, text(topic) + id + (t.v5() ? varint(0) : Octets{}) + "payload");
}

void expect_closed_after(Context& t, const Octets& bytes, Reason reason) {
  Client& c = t.connect("a");
  c.send_raw(bytes);
  c.expect_closed(reason);
}

void add_delivery(Cases& cases) {
  cases.push_back({.id = "publish-qos0",
                   .v311 = "3.3.4-1 4.3.1-1 4.5.0-1 3.3.1-2 2.3.1-5 3.3.1-9",
                   .v5 = "3.3.4-1 4.3.1-1 4.5.0-1 3.3.1-2 2.2.1-2 2.2.2-1",
                   .what = "A message of QoS 0 is published to a topic with one subscriber.",
                   .expect = "It arrives once, at QoS 0, with DUP and retain 0, no identifier and its payload "
                             "unchanged; the publisher gets no answer.",
                   .versions = kAllVersions,
                   .body = [](Context& t) {
                     Client& s = t.connect("s");
                     s.subscribe(t.topic(), 0);
                     Client& p = t.connect("p");
                     p.publish(t.topic(), std::string("\0\1\xff payload", 11), 0U);
                     const Packet m = s.expect_publish(t.topic(), std::string("\0\1\xff payload", 11));
                     t.equal(m.qos, 0U, "QoS");
                     t.equal(m.retain, false, "retain");
                     p.expect_quiet("nothing answers a PUBLISH of QoS 0");
                   }});
  cases.push_back({.id = "publish-all-subscribers",
                   .v311 = "4.5.0-1",
                   .v5 = "4.5.0-1",
                   .what = "Five clients subscribe to a topic, the publisher among them, and a sixth to another.",
                   .expect = "Each of the five gets the message once, the sixth gets nothing.",
                   .versions = kAllVersions,
                   .body = [](Context& t) {
                     std::vector<Client*> clients;
                     for (const char* name : {"a", "b", "c", "d", "e"}) {
                       clients.push_back(&t.connect(name));
                       clients.back()->subscribe(t.topic(), 1);
                     }
                     Client& other = t.connect("o");
                     other.subscribe(t.topic("other"), 1);
                     clients[0]->publish(t.topic(), "all", 1);
                     for (Client* c : clients) c->expect_publish(t.topic(), "all");
                     clients[0]->publish(t.topic("other"), "marker", 1);
                     other.expect_publish(t.topic("other"), "marker");
                   }});
  cases.push_back({.id = "publish-qos-is-the-lesser",
                   .v311 = "3.8.4-6 4.3.1-1 4.3.2-1 4.3.3-1",
                   .v5 = "3.8.4-8 4.3.1-1 4.3.2-2 4.3.3-2",
                   .what = "Messages of QoS 0, 1 and 2 meet subscriptions of QoS 0, 1 and 2.",
                   .expect = "Each arrives at the lesser of the two.",
                   .versions = kAllVersions,
                   .needs = bit(Capability::kQos1) | bit(Capability::kQos2),
                   .body = [](Context& t) {
                     Client& p = t.connect("p");
                     Client& s = t.connect("s");
                     for (unsigned granted = 0; granted < 3; ++granted) {
                       const std::string topic = t.topic(std::to_string(granted));
                       s.subscribe(topic, granted);
                       for (unsigned sent = 0; sent < 3; ++sent) {
                         p.publish(topic, std::to_string(sent), sent);
                         t.equal(s.expect_publish(topic, std::to_string(sent)).qos, std::min(sent, granted),
                                 "QoS of a message sent at " + std::to_string(sent) + " to a subscription of " +
                                     std::to_string(granted));
                       }
                     }
                   }});
  cases.push_back({.id = "publish-dup-not-forwarded",
                   .v311 = "3.3.1-3",
                   .v5 = "3.3.1-3",
                   .what = "A publisher sets DUP on messages of QoS 1 and 2 that the server has never seen.",
                   .expect = "They are delivered, with DUP 0.",
                   .needs = bit(Capability::kQos1) | bit(Capability::kQos2),
                   .body = [](Context& t) {
                     Client& s = t.connect("s");
                     s.subscribe(t.topic(), 2);
                     Client& p = t.connect("p");
                     for (const unsigned qos : {1U, 2U}) {
                       Packet m = publish_packet(t.topic(), "m" + std::to_string(qos), qos, p.next_id());
                       m.dup = true;
                       p.send(m);
                       p.take_id(qos == 1 ? Type::kPuback : Type::kPubrec, m.id);
                       if (qos == 2) {
                         p.send(ack_packet(Type::kPubrel, m.id));
                         p.take_id(Type::kPubcomp, m.id);
                       }
                       t.equal(s.expect_publish(t.topic(), m.payload).dup, false, "DUP");
                     }
                   }});
  cases.push_back({.id = "publish-empty-payload",
                   .v311 = "3.3.4-1",
                   .v5 = "3.3.4-1",
                   .what = "A message without a payload is published.",
                   .expect = "It is delivered, with no payload.",
                   .versions = kAllVersions,
                   .body = [](Context& t) {
                     Client& s = t.connect("s");
                     s.subscribe(t.topic(), 0);
                     t.publish_from_outside(t.topic(), "");
                     s.expect_publish(t.topic(), "");
                   }});
  cases.push_back({.id = "publish-remaining-length-forms",
                   .v311 = "X-remaining-length",
                   .v5 = "1.5.5-1",
                   .what = "Payloads put the remaining length on both sides of 127/128, 16,383/16,384 and at 200,000.",
                   .expect = "Every message arrives with its payload unchanged, its length in the shortest form.",
                   .versions = kAllVersions,
                   .body = [](Context& t) {
                     Client& s = t.connect("s");
                     s.subscribe(t.topic(), 0);
                     Client& p = t.connect("p");
                     const std::size_t overhead = 2 + t.topic().size() + (t.v5() ? 1 : 0);
                     for (const std::size_t length : {std::size_t{127}, std::size_t{128}, std::size_t{16383},
                                                      std::size_t{16384}, std::size_t{200000}}) {
                       if (length + 5 > t.facts().maximum_packet_size) continue;
                       std::string payload(length - overhead, '\0');
                       for (std::size_t i = 0; i < payload.size(); ++i) payload[i] = static_cast<char>(i * 31 + length);
                       p.publish(t.topic(), payload, 0U);
                       s.expect_publish(t.topic(), payload);
                     }
                   }});
}

void add_flags(Cases& cases) {
  cases.push_back({.id = "publish-qos-3",
                   .v311 = "3.3.1-4 4.8.0-1",
                   .v5 = "3.3.1-4 4.13.1-1",
                   .what = "A PUBLISH has both QoS bits set.",
                   .expect = "The server closes the connection (5: malformed packet).",
                   .body = [](Context& t) {
                     expect_closed_after(t, raw_publish(t, t.topic(), 0x36, u16(7)), kMalformed);
                     expect_closed_after(t, raw_publish(t, t.topic(), 0x3e, u16(7)), kMalformed);
                   }});
  cases.push_back({.id = "publish-qos0-dup",
                   .v311 = "3.3.1-2 4.8.0-1",
                   .v5 = "3.3.1-2 4.13.1-1",
                   .what = "A PUBLISH of QoS 0 has DUP set.",
                   .expect = "The server closes the connection (5: malformed packet or protocol error).",
                   .body = [](Context& t) { expect_closed_after(t, raw_publish(t, t.topic(), 0x38), kMalformed); }});
  cases.push_back({.id = "publish-identifier-zero",
                   .v311 = "2.3.1-1 4.8.0-1",
                   .v5 = "2.2.1-3 4.13.1-1",
                   .what = "PUBLISH of QoS 1 and of QoS 2 with packet identifier 0.",
                   .expect = "The server closes the connection (5: protocol error).",
                   .body = [](Context& t) {
                     expect_closed_after(t, raw_publish(t, t.topic(), 0x32, u16(0)), kProtocolError);
                     expect_closed_after(t, raw_publish(t, t.topic(), 0x34, u16(0)), kProtocolError);
                   }});
}

void add_topic_names(Cases& cases) {
  cases.push_back({.id = "publish-topic-wildcard",
                   .v311 = "3.3.2-2 4.7.1-1 4.8.0-1",
                   .v5 = "3.3.2-2 4.7.0-1 4.13.1-1",
                   .what = "The topic name of a PUBLISH holds a wildcard character.",
                   .expect = "The server closes the connection (5: malformed packet, or 0x90).",
                   .body = [](Context& t) {
                     for (const char* suffix : {"#", "+", "a+", "a#b", "+/x"})
                       expect_closed_after(t, raw_publish(t, t.topic(suffix)), kBadTopic);
                   }});
  cases.push_back({.id = "publish-topic-empty",
                   .v311 = "4.7.3-1 4.8.0-1",
                   .v5 = "4.7.3-1 4.13.1-1",
                   .what = "The topic name of a PUBLISH is empty (5: and there is no topic alias), at QoS 0, 1 and 2.",
                   .expect = "The server closes the connection (5: protocol error).",
                   .body = [](Context& t) {
                     const Reason reason{0x82, false, 0x90};
                     expect_closed_after(t, raw_publish(t, ""), reason);
                     expect_closed_after(t, raw_publish(t, "", 0x32, u16(3)), reason);
                     expect_closed_after(t, raw_publish(t, "", 0x34, u16(3)), reason);
                   }});
  cases.push_back(
      {.id = "publish-topic-not-text",
       .v311 = "3.3.2-1 1.5.3-1 4.8.0-1",
       .v5 = "3.3.2-1 1.5.4-1 4.13.1-1",
       .what =
           "The topic name is ill-formed UTF-8: a lone byte, a surrogate, an overlong form, beyond U+10FFFF, cut off.",
       .expect = "The server closes the connection (5: malformed packet).",
       .body = [](Context& t) {
         for (const char* bad : {"\xff", "\x80", "\xed\xa0\x80", "\xed\xbf\xbf", "\xc0\xaf", "\xe0\x80\xaf",
                                 "\xf0\x80\x80\xaf", "\xf4\x90\x80\x80", "\xf8\x88\x80\x80\x80", "\xe2\x82", "\xc3("})
           expect_closed_after(t, raw_publish(t, t.topic(bad)), kBadTopic);
       }});
  cases.push_back(
      {.id = "publish-topic-nul",
       .v311 = "1.5.3-2 4.7.3-2 4.8.0-1",
       .v5 = "1.5.4-2 4.7.3-2 4.13.1-1",
       .what = "The topic name holds U+0000.",
       .expect = "The server closes the connection (5: malformed packet).",
       .body = [](Context& t) { expect_closed_after(t, raw_publish(t, t.topic(std::string("a\0b", 3))), kBadTopic); }});
  cases.push_back({.id = "publish-topic-byte-order-mark",
                   .v311 = "1.5.3-3 4.7.3-4",
                   .v5 = "1.5.4-3 4.7.3-4",
                   .what = "One topic begins with EF BB BF, another is the same without.",
                   .expect = "They are two topics; the character is kept.",
                   .body = [](Context& t) {
                     const std::string marked = "\xef\xbb\xbf" + t.topic();
                     Client& s = t.connect("s");
                     s.subscribe(marked, 0);
                     Client& p = t.connect("p");
                     p.publish(t.topic(), "without", 0U);
                     p.publish(marked, "with", 0U);
                     s.expect_publish(marked, "with");
                   }});
  cases.push_back(
      {.id = "publish-topic-unusual-text",
       .v311 = "1.5.3-1 3.3.2-1 4.7.3-4",
       .v5 = "1.5.4-1 3.3.2-1 4.7.3-4",
       .what =
           "Topics with two-, three- and four-byte characters, spaces, and the last code point before the surrogates.",
       .expect = "Each arrives unchanged.",
       .body = [](Context& t) {
         Client& s = t.connect("s");
         Client& p = t.connect("p");
         for (const char* name : {"\xc3\xa9", "e\xcc\x81", "\xe2\x82\xac/ x ", "\xf0\x9f\x9a\x80", "\xed\x9f\xbb",
                                  "\xee\x80\x80", "a b/ "}) {
           s.subscribe(t.topic(name), 0);
           p.publish(t.topic(name), name, 0U);
           s.expect_publish(t.topic(name), name);
         }
       }});
  cases.push_back({.id = "publish-topic-long",
                   .v311 = "4.7.3-3",
                   .v5 = "4.7.3-3",
                   .what = "A topic name of 65,535 bytes, the most that its length field can say.",
                   .expect = "Delivered, or refused as not supported; never something else.",
                   .level = Level::kMay,
                   .body = [](Context& t) {
                     const std::string topic = t.topic() + std::string(65535 - t.topic().size(), 'x');
                     t.need(t.facts().maximum_packet_size > 65600, "the server takes no packet of that size");
                     Client& s = t.connect("s");
                     const Packet suback = s.subscribe_all({{topic, 0}});
                     Client& p = t.connect("p");
                     if (suback.codes.at(0) >= 0x80) return t.chose("a topic of 65,535 bytes is refused");
                     p.publish(topic, "long", 0U);
                     s.expect_publish(topic, "long");
                     t.chose("a topic of 65,535 bytes is taken");
                   }});
}

void add_isolation(Cases& cases) {
  cases.push_back({.id = "publish-bad-packet-touches-nobody",
                   .v311 = "4.8.0-1 4.1.0-2",
                   .v5 = "4.13.1-1 4.1.0-1",
                   .what = "One client sends a malformed PUBLISH while two others exchange messages.",
                   .expect = "Only the offender's connection ends; the others lose nothing.",
                   .body = [](Context& t) {
                     Client& s = t.connect("s");
                     s.subscribe(t.topic(), 1);
                     Client& p = t.connect("p");
                     p.publish(t.topic(), "before", 1);
                     Client& bad = t.connect("b");
                     bad.send_raw(raw_publish(t, t.topic("#"), 0x36, u16(1)));
                     bad.expect_closed(kMalformed);
                     p.publish(t.topic(), "after", 1);
                     s.expect_publish(t.topic(), "before");
                     s.expect_publish(t.topic(), "after");
                   }});
}

}  // namespace

void add_publish_cases(Cases& cases) {
  add_delivery(cases);
  add_flags(cases);
  add_topic_names(cases);
  add_isolation(cases);
}

}  // namespace orrery::conformance
