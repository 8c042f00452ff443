// SPDX-License-Identifier: Apache-2.0
// SUBSCRIBE and SUBACK, in the parts that both versions share (sections 3.8 and 3.9).
#include "conformance/cases/all.h"
#include "conformance/cases/context.h"

namespace orrery::conformance {
namespace {

void expect_closed_after(Context& t, const Octets& bytes, Reason reason) {
  Client& c = t.connect("a");
  c.send_raw(bytes);
  c.expect_closed(reason);
}

// SUBSCRIBE with one filter and its options byte, in which anything may be wrong.
Octets raw_subscribe(Context& t, std::string_view filter, unsigned options = 0, unsigned first_byte = 0x82,
                     unsigned id = 1) {
  return frame(first_byte, u16(id) + (t.v5() ? varint(0) : Octets{}) + text(filter) + u8(options));
}

void add_acknowledgement(Cases& cases) {
  cases.push_back({.id = "subscribe-acknowledged",
                   .v311 = "3.8.4-1 3.8.4-2 3.8.4-5 3.9.3-2 2.3.1-7",
                   .v5 = "3.8.4-1 3.8.4-2 3.8.4-6 3.8.4-7 3.9.3-2 2.2.1-6",
                   .what = "SUBSCRIBE at QoS 0, 1 and 2, with the identifiers 1, 256 and 65535.",
                   .expect = "One SUBACK each, with the same identifier and one code: the QoS asked for.",
                   .versions = kAllVersions,
                   .needs = bit(Capability::kQos1) | bit(Capability::kQos2),
                   .body = [](Context& t) {
                     Client& c = t.connect("a");
                     unsigned qos = 0;
                     for (const unsigned id : {1U, 256U, 65535U}) {
                       c.send(subscribe_packet(id, {{t.topic(std::to_string(id)), qos}}));
                       const Packet suback = c.take_id(Type::kSuback, id);
                       t.equal(suback.codes.size(), std::size_t{1}, "codes");
                       t.equal(suback.codes[0], qos++, "granted QoS");
                     }
                   }});
  cases.push_back(
      {.id = "subscribe-several-filters",
       .v311 = "3.8.4-4 3.8.4-5 3.9.3-1",
       .v5 = "3.8.4-5 3.8.4-6 3.9.3-1",
       .what = "One SUBSCRIBE asks for five filters with different QoS.",
       .expect = "One SUBACK with five codes in the order of the filters; each filter then works at its own QoS.",
       .needs = bit(Capability::kQos1) | bit(Capability::kQos2) | bit(Capability::kWildcard),
       .body = [](Context& t) {
         Client& c = t.connect("a");
         const std::vector<Filter> filters = {
             {t.topic("a"), 2}, {t.topic("b"), 0}, {t.topic("c/+"), 1}, {t.topic("d"), 2}, {t.topic("e"), 0}};
         const Packet suback = c.subscribe_all(filters);
         t.equal(suback.codes.size(), filters.size(), "codes");
         for (std::size_t i = 0; i < filters.size(); ++i)
           t.equal(suback.codes[i], filters[i].options, "code " + std::to_string(i + 1));
         Client& p = t.connect("p");
         for (const char* name : {"a", "b", "c/x", "d", "e"}) {
           p.publish(t.topic(name), name, 2);
           const Packet m = c.expect_publish(t.topic(name), name);
           const unsigned wanted = filters[static_cast<std::size_t>(name[0] - 'a')].options;
           t.equal(m.qos, wanted, std::string("QoS on ") + name);
         }
       }});
  cases.push_back({.id = "subscribe-same-filter-twice-in-one",
                   .v311 = "3.8.4-4 3.8.4-3",
                   .v5 = "3.8.4-5 3.8.4-3",
                   .what = "One SUBSCRIBE names the same filter twice, at QoS 0 and then at QoS 1.",
                   .expect = "Two codes; there is one subscription, as the second one says.",
                   .needs = bit(Capability::kQos1),
                   .body = [](Context& t) {
                     Client& c = t.connect("a");
                     const Packet suback = c.subscribe_all({{t.topic(), 0}, {t.topic(), 1}});
                     t.equal(suback.codes.size(), std::size_t{2}, "codes");
                     t.publish_from_outside(t.topic(), "x", 1U);
                     t.equal(c.expect_publish(t.topic(), "x").qos, 1U, "QoS");
                   }});
  cases.push_back({.id = "subscribe-again-replaces",
                   .v311 = "3.8.4-3",
                   .v5 = "3.8.4-3",
                   .what = "A client subscribes to the same filter at QoS 2, then at QoS 0, then at QoS 1.",
                   .expect = "After each there is one subscription with the new QoS: one delivery for a message.",
                   .needs = bit(Capability::kQos1) | bit(Capability::kQos2),
                   .body = [](Context& t) {
                     Client& c = t.connect("a");
                     Client& p = t.connect("p");
                     for (const unsigned qos : {2U, 0U, 1U}) {
                       c.subscribe(t.topic(), qos);
                       p.publish(t.topic(), std::to_string(qos), 2);
                       t.equal(c.expect_publish(t.topic(), std::to_string(qos)).qos, qos, "QoS");
                       c.expect_quiet("one subscription means one delivery");
                     }
                   }});
  cases.push_back(
      {.id = "subscribe-again-keeps-the-flow",
       .v311 = "3.8.4-3",
       .v5 = "3.8.4-4",
       .what =
           "While somebody publishes a row of messages the subscriber subscribes again and again to the same filter.",
       .expect = "Every message arrives, once and in order.",
       .needs = bit(Capability::kQos1),
       .body = [](Context& t) {
         Client& c = t.connect("a");
         c.subscribe(t.topic(), 1);
         Client& p = t.connect("p");
         for (int i = 0; i < 30; ++i) {
           p.send(publish_packet(t.topic(), std::to_string(i), 1, p.next_id()));
           if (i % 3 == 0) c.send(subscribe_packet(c.next_id(), {{t.topic(), 1}}));
           if (i % 3 == 2)
             for (int k = 0; k < 3; ++k) p.take(Type::kPuback);
         }
         for (int i = 0; i < 10; ++i) c.take(Type::kSuback);
         for (int i = 0; i < 30; ++i) c.expect_publish(t.topic(), std::to_string(i));
       }});
  cases.push_back(
      {.id = "subscribe-overlapping-highest-qos",
       .v311 = "3.3.5-1",
       .v5 = "3.3.4-2",
       .what = "A client subscribes to three overlapping filters at QoS 0, 2 and 1; a message of QoS 2 matches all.",
       .expect = "At least one copy, the best one at QoS 2: one merged copy, or one for each filter at its own QoS.",
       .needs = bit(Capability::kQos2) | bit(Capability::kWildcard),
       .body = [](Context& t) {
         Client& c = t.connect("a");
         c.subscribe(t.topic("x/+"), 0);
         c.subscribe(t.topic("#"), 2);
         c.subscribe(t.topic("x/y"), 1);
         Client& p = t.connect("p");
         p.publish(t.topic("x/y"), "m", 2);
         p.publish(t.topic("end"), "end", 2);
         unsigned copies = 0;
         unsigned best = 0;
         for (Packet m = c.take(Type::kPublish); m.payload == "m"; m = c.take(Type::kPublish)) {
           ++copies;
           best = std::max(best, m.qos);
         }
         t.check(copies >= 1 && copies <= 3, "between one and three copies, got " + std::to_string(copies));
         t.equal(best, 2U, "the highest QoS of the copies");
         t.chose(copies == 1 ? "overlapping subscriptions: one copy"
                             : "overlapping subscriptions: a copy for each filter");
       }});
  cases.push_back({.id = "subscribe-wildcards-off",
                   .v311 = "3.8.3-2",
                   .v5 = "X-wildcards-off",
                   .what = "A server without wildcard subscriptions gets one.",
                   .expect = "3.1.1: SUBACK 0x80. 5: SUBACK or DISCONNECT 0xa2.",
                   .body = [](Context& t) {
                     t.need((t.facts().capabilities & bit(Capability::kWildcard)) == 0,
                            "the server has wildcard subscriptions");
                     Client& c = t.connect("a");
                     const std::uint16_t id = c.next_id();
                     c.send(subscribe_packet(id, {{t.topic("+"), 0}}));
                     if (const auto suback = c.try_take(Type::kSuback, t.patience()))
                       return t.equal(suback->codes.at(0), t.v5() ? 0xa2U : 0x80U, "code");
                     const auto last = c.expect_end();
                     t.check(t.v5() && last && last->code == 0xa2, "neither SUBACK nor DISCONNECT 0xa2");
                   }});
}

void add_malformed(Cases& cases) {
  cases.push_back({.id = "subscribe-flags",
                   .v311 = "3.8.1-1 2.2.2-1 2.2.2-2 4.8.0-1",
                   .v5 = "3.8.1-1 2.1.3-1 4.13.1-1",
                   .what = "SUBSCRIBE comes with header flags other than 0010.",
                   .expect = "The server closes the connection (5: malformed packet).",
                   .body = [](Context& t) {
                     for (const unsigned first : {0x80U, 0x81U, 0x83U, 0x86U, 0x8aU, 0x8fU})
                       expect_closed_after(t, raw_subscribe(t, t.topic(), 0, first), kMalformed);
                   }});
  cases.push_back({.id = "subscribe-without-filter",
                   .v311 = "3.8.3-3 4.8.0-1",
                   .v5 = "3.8.3-2 4.13.1-1",
                   .what = "SUBSCRIBE has no filter.",
                   .expect = "The server closes the connection (5: protocol error).",
                   .body = [](Context& t) {
                     expect_closed_after(t, frame(0x82, u16(1) + (t.v5() ? varint(0) : Octets{})), kProtocolError);
                   }});
  cases.push_back(
      {.id = "subscribe-identifier-zero",
       .v311 = "2.3.1-1 4.8.0-1",
       .v5 = "2.2.1-3 4.13.1-1",
       .what = "SUBSCRIBE has packet identifier 0.",
       .expect = "The server closes the connection (5: protocol error).",
       .body = [](Context& t) { expect_closed_after(t, raw_subscribe(t, t.topic(), 0, 0x82, 0), kProtocolError); }});
  cases.push_back({.id = "subscribe-qos-3",
                   .v311 = "3.8.3-4 4.8.0-1",
                   .v5 = "X-subscribe-qos-3 4.13.1-1",
                   .what = "A filter asks for QoS 3.",
                   .expect = "The server closes the connection (5: protocol error).",
                   .body = [](Context& t) { expect_closed_after(t, raw_subscribe(t, t.topic(), 3), kProtocolError); }});
  cases.push_back({.id = "subscribe-reserved-bits",
                   .v311 = "3.8.3-4 4.8.0-1",
                   .v5 = "3.8.3-5 4.13.1-1",
                   .what = "Reserved bits of the options byte are set: bits 2 to 7 in 3.1.1, 6 and 7 in 5.",
                   .expect = "The server closes the connection (5: malformed packet).",
                   .body = [](Context& t) {
                     for (unsigned bits = t.v5() ? 0x40 : 0x04; bits <= 0x80; bits <<= 1)
                       expect_closed_after(t, raw_subscribe(t, t.topic(), bits), kMalformed);
                   }});
  cases.push_back(
      {.id = "subscribe-retain-handling-3",
       .v311 = "",
       .v5 = "X-retain-handling-3 4.13.1-1",
       .what = "A filter asks for retain handling 3, which does not exist.",
       .expect = "The server closes the connection with protocol error.",
       .versions = kOnly5,
       .body = [](Context& t) { expect_closed_after(t, raw_subscribe(t, t.topic(), 0x30), kProtocolError); }});
  cases.push_back({.id = "subscribe-filter-not-text",
                   .v311 = "3.8.3-1 1.5.3-1 1.5.3-2 4.7.3-2 4.8.0-1",
                   .v5 = "3.8.3-1 1.5.4-1 1.5.4-2 4.7.3-2 4.13.1-1",
                   .what = "The filter is ill-formed UTF-8 or holds NUL.",
                   .expect = "The server closes the connection (5: malformed packet).",
                   .body = [](Context& t) {
                     for (const std::string& bad :
                          {std::string("\xff"), std::string("\xed\xa0\x80"), std::string("\xc0\x80"),
                           std::string("a\0b", 3), std::string("\xe2\x82")})
                       expect_closed_after(t, raw_subscribe(t, t.topic(bad)), kBadFilter);
                   }});
  cases.push_back({.id = "subscribe-filter-empty",
                   .v311 = "4.7.3-1 4.8.0-1",
                   .v5 = "4.7.3-1 4.13.1-1",
                   .what = "The filter is empty.",
                   .expect = "The server closes the connection (5: malformed packet).",
                   .body = [](Context& t) { expect_closed_after(t, raw_subscribe(t, ""), kBadFilter); }});
  cases.push_back({.id = "subscribe-wildcard-misplaced",
                   .v311 = "4.7.1-2 4.7.1-3 4.8.0-1",
                   .v5 = "4.7.1-1 4.7.1-2 4.13.1-1",
                   .what = "A wildcard shares its level with other characters, or # is not last.",
                   .expect = "The server closes the connection (5: malformed packet, or 0x8f).",
                   .body = [](Context& t) {
                     for (const char* bad : {"a#", "#/a", "a/#/b", "a/b#", "##", "a+", "+a", "a/+b/c", "++", "a/b+"})
                       expect_closed_after(t, raw_subscribe(t, t.topic(bad)), kBadFilter);
                   }});
}

}  // namespace

void add_subscribe_cases(Cases& cases) {
  add_acknowledgement(cases);
  add_malformed(cases);
}

}  // namespace orrery::conformance
