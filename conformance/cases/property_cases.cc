// SPDX-License-Identifier: Apache-2.0
// MQTT 5 properties of PUBLISH and CONNECT: passed on, counted down, asked for or left out (sections 3.1.2.11
// and 3.3.2.3).
#include "conformance/cases/all.h"
#include "conformance/cases/context.h"

namespace orrery::conformance {
namespace {

void expect_closed_after(Context& t, const Packet& packet, Reason reason) {
  Client& c = t.connect("a");
  c.send(packet);
  c.expect_closed(reason);
}

void add_passed_on(Cases& cases) {
  cases.push_back(
      {.id = "property-passed-on",
       .v311 = "",
       .v5 = "3.3.2-4 3.3.2-15 3.3.2-16 3.3.2-17 3.3.2-18 3.3.2-20",
       .what = "A PUBLISH of each QoS carries payload format, content type, response topic, correlation data and user "
               "properties.",
       .expect = "The subscriber gets every one unchanged; user properties keep their order and their repeats.",
       .versions = kOnly5,
       .needs = bit(Capability::kQos1) | bit(Capability::kQos2),
       .body = [](Context& t) {
         const Properties users = {user_property("key", "1"), user_property("other", ""), user_property("key", "2"),
                                   user_property("", "x"), user_property("key", "1")};
         Properties properties = {number_property(PropertyId::kPayloadFormat, 1),
                                  text_property(PropertyId::kContentType, "text/\xc3\xa9"),
                                  text_property(PropertyId::kResponseTopic, t.topic("answer")),
                                  text_property(PropertyId::kCorrelationData, std::string("\0\xff\1", 3))};
         properties.insert(properties.end(), users.begin(), users.end());
         Client& s = t.connect("s");
         s.subscribe(t.topic(), 2);
         Client& p = t.connect("p");
         for (unsigned qos = 0; qos < 3; ++qos) {
           p.publish(t.topic(), "m", {.qos = qos, .properties = properties});
           const Packet m = s.expect_publish(t.topic(), "m");
           t.equal(m.properties.size(), properties.size(), "properties");
           for (const Property& sent : properties) {
             bool there = false;
             for (const Property& got : m.properties) there = there || got == sent;
             t.check(there, std::string(find_property(sent.id)->name) + " is missing or changed");
           }
           t.check(user_properties(m.properties) == users, "user properties are changed or out of order");
         }
       }});
  cases.push_back({.id = "property-payload-format-0",
                   .v311 = "",
                   .v5 = "3.3.2-4",
                   .what = "A PUBLISH says payload format 0 and has a payload that is no text; another says nothing.",
                   .expect = "Both payloads arrive unchanged; no payload format 1 appears.",
                   .versions = kOnly5,
                   .body = [](Context& t) {
                     Client& s = t.connect("s");
                     s.subscribe(t.topic(), 0);
                     Client& p = t.connect("p");
                     p.publish(t.topic(), "\xff\xfe", {.properties = {number_property(PropertyId::kPayloadFormat, 0)}});
                     t.equal(
                         number_of(s.expect_publish(t.topic(), "\xff\xfe").properties, PropertyId::kPayloadFormat, 0),
                         0U, "payload format");
                     p.publish(t.topic(), "\xff", 0U);
                     t.equal(number_of(s.expect_publish(t.topic(), "\xff").properties, PropertyId::kPayloadFormat, 0),
                             0U, "payload format");
                   }});
  cases.push_back({.id = "property-long-user-properties",
                   .v311 = "",
                   .v5 = "3.3.2-17 3.3.2-18",
                   .what = "A PUBLISH carries 100 user properties, some with names and values of 1,000 bytes.",
                   .expect = "All arrive in order.",
                   .versions = kOnly5,
                   .body = [](Context& t) {
                     Properties users;
                     for (int i = 0; i < 100; ++i)
                       users.push_back(user_property("name" + std::to_string(i % 7),
                                                     i % 10 == 0 ? std::string(1000, 'v') : std::to_string(i)));
                     t.need(t.facts().maximum_packet_size > 20'000, "the server takes no packet of that size");
                     Client& s = t.connect("s");
                     s.subscribe(t.topic(), 0);
                     t.publish_from_outside(t.topic(), "m", {.properties = users});
                     t.check(user_properties(s.expect_publish(t.topic(), "m").properties) == users,
                             "user properties are changed or out of order");
                   }});
  cases.push_back({.id = "property-response-topic-wildcard",
                   .v311 = "",
                   .v5 = "3.3.2-14 4.13.1-1",
                   .what = "A response topic holds a wildcard.",
                   .expect = "The server closes the connection (protocol error, malformed packet or 0x90).",
                   .versions = kOnly5,
                   .body = [](Context& t) {
                     for (const char* bad : {"a/#", "+/b", "#"})
                       expect_closed_after(t,
                                           publish_packet(t.topic(), "x", 0, 0, false,
                                                          {text_property(PropertyId::kResponseTopic, bad)}),
                                           kBadTopic);
                   }});
  cases.push_back(
      {.id = "property-text-not-text",
       .v311 = "",
       .v5 = "3.3.2-13 3.3.2-19 1.5.7-1 1.5.4-1 1.5.4-2 4.13.1-1",
       .what = "Response topic, content type or a half of a user property is ill-formed UTF-8 or holds NUL.",
       .expect = "The server closes the connection with malformed packet.",
       .versions = kOnly5,
       .body = [](Context& t) {
         for (const std::string& bad : {std::string("x\xff"), std::string("\xed\xa0\x80"), std::string("a\0b", 3)}) {
           for (const Property& p :
                {text_property(PropertyId::kResponseTopic, bad), text_property(PropertyId::kContentType, bad),
                 user_property(bad, "value"), user_property("name", bad)})
             expect_closed_after(t, publish_packet(t.topic(), "x", 0, 0, false, {p}), kMalformed);
         }
       }});
  cases.push_back({.id = "property-subscription-id-from-client",
                   .v311 = "",
                   .v5 = "3.3.4-6 4.13.1-1",
                   .what = "A client puts a subscription identifier in its PUBLISH.",
                   .expect = "Protocol error; no subscriber sees it.",
                   .versions = kOnly5,
                   .body = [](Context& t) {
                     Client& s = t.connect("s");
                     s.subscribe(t.topic(), 0);
                     expect_closed_after(t,
                                         publish_packet(t.topic(), "never", 0, 0, false,
                                                        {number_property(PropertyId::kSubscriptionId, 5)}),
                                         kProtocolError);
                     t.publish_from_outside(t.topic(), "marker");
                     s.expect_publish(t.topic(), "marker");
                   }});
}

void add_expiry(Cases& cases) {
  cases.push_back({.id = "expiry-unchanged-at-once",
                   .v311 = "",
                   .v5 = "3.3.2-6",
                   .what = "A message with an expiry of 1,000 seconds goes to a subscriber that is there.",
                   .expect = "It arrives with 1,000, or a little less when it waited.",
                   .versions = kOnly5,
                   .body = [](Context& t) {
                     Client& s = t.connect("s");
                     s.subscribe(t.topic(), 0);
                     t.publish_from_outside(t.topic(), "m",
                                            {.properties = {number_property(PropertyId::kMessageExpiry, 1000)}});
                     const std::uint32_t left =
                         number_of(s.expect_publish(t.topic(), "m").properties, PropertyId::kMessageExpiry, 0);
                     t.check(left <= 1000 && left >= 990, "the expiry is " + std::to_string(left));
                   }});
  cases.push_back(
      {.id = "expiry-while-away",
       .v311 = "",
       .v5 = "3.3.2-5 3.3.2-6",
       .what = "Messages with an expiry of 2 and of 100 seconds and none wait 3 seconds and more for a subscriber who "
               "is away.",
       .expect = "The first is gone, the second says how much is left, the third has no expiry.",
       .versions = kOnly5,
       .needs = bit(Capability::kQos1),
       .body = [](Context& t) {
         ConnectOptions o;
         o.persistent = true;
         Client& s = t.connect("s", o);
         s.subscribe(t.topic(), 1);
         s.disconnect();
         Client& p = t.connect("p");
         p.publish(t.topic(), "short", {.qos = 1, .properties = {number_property(PropertyId::kMessageExpiry, 2)}});
         p.publish(t.topic(), "long", {.qos = 1, .properties = {number_property(PropertyId::kMessageExpiry, 100)}});
         p.publish(t.topic(), "none", 1);
         const Nanos start = t.now();
         t.wait(3 * kSecond);
         o.clean = false;
         Client& again = t.connect("s", o);
         const std::uint32_t left =
             number_of(again.expect_publish(t.topic(), "long").properties, PropertyId::kMessageExpiry, 0);
         const auto least = static_cast<std::uint32_t>(100 - (t.now() - start) / kSecond - 2);
         t.check(left >= least && left <= 98,
                 "the expiry left is " + std::to_string(left) + ", after 3 of 100 seconds");
         t.check(find(again.expect_publish(t.topic(), "none").properties, PropertyId::kMessageExpiry) == nullptr,
                 "an expiry appeared");
       }});
  cases.push_back({.id = "expiry-not-after-sending",
                   .v311 = "",
                   .v5 = "4.3.3-7 4.3.3-13",
                   .what = "A QoS 2 message with an expiry of 1 second is sent; the subscriber waits 2 seconds with "
                           "PUBREC, then breaks off and resumes.",
                   .expect = "The expiry no longer counts: the handshake goes on to its end.",
                   .versions = kOnly5,
                   .needs = bit(Capability::kQos2),
                   .body = [](Context& t) {
                     ConnectOptions o;
                     o.persistent = true;
                     Client& s = t.client("s");
                     s.auto_ack = false;
                     s.connect(o);
                     s.subscribe(t.topic(), 2);
                     t.publish_from_outside(t.topic(), "m",
                                            {.qos = 2, .properties = {number_property(PropertyId::kMessageExpiry, 1)}});
                     const Packet m = s.expect_publish(t.topic(), "m");
                     t.wait(2 * kSecond);
                     s.send(ack_packet(Type::kPubrec, m.id));
                     s.take_id(Type::kPubrel, m.id);
                     s.drop();
                     o.clean = false;
                     Client& again = t.client("s");
                     again.auto_ack = false;
                     again.connect(o);
                     again.take_id(Type::kPubrel, m.id);
                     again.send(ack_packet(Type::kPubcomp, m.id));
                     again.expect_quiet();
                   }});
}

void add_requests(Cases& cases) {
  cases.push_back({.id = "property-response-information",
                   .v311 = "",
                   .v5 = "3.1.2-28",
                   .what = "Clients ask for response information, with 0, with 1 and not at all.",
                   .expect = "Only the one that asked with 1 may get it.",
                   .versions = kOnly5,
                   .body = [](Context& t) {
                     for (const unsigned asked : {0U, 1U, 2U}) {
                       ConnectOptions o;
                       if (asked != 2) o.properties.push_back(number_property(PropertyId::kRequestResponseInfo, asked));
                       const Property* info = find(t.connect("a" + std::to_string(asked), o).connack().properties,
                                                   PropertyId::kResponseInfo);
                       if (asked == 1)
                         t.chose(info != nullptr ? "response information is given when asked for"
                                                 : "response information is not given");
                     }
                   }});
  cases.push_back(
      {.id = "property-problem-information-off",
       .v311 = "",
       .v5 = "3.1.2-29",
       .what = "A client that wants no problem information causes acknowledgements with every kind of code.",
       .expect = "None of them carries a reason string or a user property.",
       .versions = kOnly5,
       .needs = bit(Capability::kQos2),
       .body = [](Context& t) {
         Client& c = t.connect("a", {.properties = {number_property(PropertyId::kRequestProblemInfo, 0)}});
         c.publish(t.topic("nobody"), "x", 1);
         c.publish(t.topic("nobody"), "x", 2);
         c.send(ack_packet(Type::kPubrel, 999));
         c.take_id(Type::kPubcomp, 999);
         c.unsubscribe({t.topic("unknown")});
         c.subscribe_all({{t.topic(), 0}, {"$share/g/" + t.topic(), 1}, {t.topic("+"), 2}});
       }});
  cases.push_back(
      {.id = "property-omitted-when-too-large",
       .v311 = "",
       .v5 = "3.1.2-24 3.2.2-19 3.2.2-20 3.4.2-2 3.4.2-3 3.5.2-2 3.5.2-3 3.6.2-2 3.6.2-3 3.7.2-2 3.7.2-3 3.9.2-1 "
             "3.9.2-2 3.11.2-1 3.11.2-2 3.14.2-3 3.14.2-4",
       .what = "A client whose maximum packet size is 24 bytes causes acknowledgements with every kind of code, and an "
               "error.",
       .expect = "No packet is larger: reason strings and user properties are left out where they do not fit.",
       .versions = kOnly5,
       .needs = bit(Capability::kQos2),
       .body = [](Context& t) {
         t.forgive("MQTT-4.3.3-4");  // a PUBREL with an error code, for a PUBREC that answers nothing
         Client& c = t.client("a");
         const auto connack =
             c.try_connect(c.connect_packet_for({.properties = {number_property(PropertyId::kMaximumPacketSize, 24)}}));
         t.need(connack.has_value() && connack->code == 0, "the server's CONNACK does not fit in 24 bytes");
         c.publish(t.topic("nobody"), "x", 1);
         c.publish(t.topic("nobody"), "x", 2);
         c.send(ack_packet(Type::kPubrel, 999));
         c.take_id(Type::kPubcomp, 999);
         c.unsubscribe({t.topic("unknown")});
         c.subscribe_all({{t.topic(), 2}});
         c.send(ack_packet(Type::kPubrec, 998));
         c.ping();
         c.send_raw(frame(0x36, text(t.topic()) + u16(1) + varint(0)));
         c.expect_closed(kMalformed);
         Client& refused = t.client("b");
         refused.try_connect(refused.connect_packet_for(
             {.properties = {number_property(PropertyId::kMaximumPacketSize, 24),
                             text_property(PropertyId::kAuthMethod, "ORRERY-NO-SUCH-METHOD")}}));
         refused.expect_end();
       }});
}

}  // namespace

void add_property_cases(Cases& cases) {
  add_passed_on(cases);
  add_expiry(cases);
  add_requests(cases);
}

}  // namespace orrery::conformance
