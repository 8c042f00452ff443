// SPDX-License-Identifier: Apache-2.0
// Retained messages: what is stored, what is sent on subscribe, and with which flag (section 3.3.1.3; 5: also 3.8.3.1).
#include <set>

#include "conformance/cases/all.h"
#include "conformance/cases/context.h"

namespace orrery::conformance {
namespace {

constexpr Capabilities kNeeds = bit(Capability::kRetain);

void retain(Context& t, const std::string& topic, const std::string& payload, unsigned qos = 1,
            Properties properties = {}) {
  t.publish_from_outside(topic, payload, {.qos = qos, .retain = true, .properties = std::move(properties)});
}

void add_store(Cases& cases) {
  cases.push_back(
      {.id = "retained-for-new-subscriber",
       .v311 = "3.3.1-5 3.3.1-6 3.3.1-8 3.1.2-7",
       .v5 = "3.3.1-5 3.3.1-9",
       .what = "A message with retain 1 is published by a client that then goes; later two clients subscribe.",
       .expect = "Each gets it once, with retain 1 and its payload.",
       .versions = kAllVersions,
       .needs = kNeeds,
       .body = [](Context& t) {
         retain(t, t.topic(), "kept");
         for (const char* name : {"a", "b"}) {
           Client& c = t.connect(name);
           c.subscribe(t.topic(), 1);
           t.equal(c.expect_publish(t.topic(), "kept").retain, true, "retain");
         }
       }});
  cases.push_back({.id = "retained-last-one-counts",
                   .v311 = "3.3.1-5 3.3.1-6",
                   .v5 = "3.3.1-5",
                   .what = "Three retained messages are published to a topic, of QoS 1, 0 and 1.",
                   .expect = "A new subscriber gets the last one and no other.",
                   .needs = kNeeds,
                   .body = [](Context& t) {
                     Client& p = t.connect("p");
                     unsigned qos = 1;
                     for (const char* payload : {"one", "two", "three"}) {
                       p.publish(t.topic(), payload, {.qos = qos, .retain = true});
                       qos ^= 1;
                     }
                     Client& c = t.connect("a");
                     c.subscribe(t.topic(), 1);
                     c.expect_publish(t.topic(), "three");
                   }});
  cases.push_back({.id = "retained-qos0-replaces",
                   .v311 = "3.3.1-7",
                   .v5 = "3.3.1-5",
                   .what = "A retained message of QoS 0 follows one of QoS 1.",
                   .expect = "The old one is never sent again; the new one is stored, though a server may drop it.",
                   .level = Level::kMay,
                   .needs = kNeeds | bit(Capability::kQos1),
                   .body = [](Context& t) {
                     retain(t, t.topic(), "old", 1);
                     retain(t, t.topic(), "new", 0);
                     Client& c = t.connect("a");
                     c.subscribe(t.topic(), 1);
                     // A PINGRESP may overtake retained messages, so this has to wait.
                     const auto m = c.try_take(Type::kPublish, kSecond);
                     t.should(m.has_value(), "a retained message of QoS 0 is kept (3.3.1.3)");
                     if (m) t.equal(m->payload, std::string("new"), "payload");
                   }});
  cases.push_back({.id = "retained-cleared-by-empty",
                   .v311 = "3.3.1-10 3.3.1-11",
                   .v5 = "3.3.1-6 3.3.1-7",
                   .what = "A retained message is followed by an empty one with retain 1, while somebody subscribes.",
                   .expect = "The present subscriber gets the empty message like any other; a later one gets nothing.",
                   .versions = kAllVersions,
                   .needs = kNeeds,
                   .body = [](Context& t) {
                     Client& now = t.connect("n");
                     now.subscribe(t.topic(), 1);
                     retain(t, t.topic(), "kept");
                     now.expect_publish(t.topic(), "kept");
                     retain(t, t.topic(), "");
                     t.equal(now.expect_publish(t.topic(), "").retain, false, "retain of the forwarded empty message");
                     Client& late = t.connect("l");
                     late.subscribe(t.topic(), 1);
                     late.expect_quiet("nothing is stored any more");
                   }});
  cases.push_back(
      {.id = "retained-not-by-retain-0",
       .v311 = "3.3.1-12",
       .v5 = "3.3.1-8",
       .what = "After a retained message, others with retain 0 are published, one of them empty.",
       .expect = "A new subscriber gets the retained one: the others were neither stored nor did they remove it.",
       .needs = kNeeds,
       .body = [](Context& t) {
         retain(t, t.topic(), "kept");
         Client& p = t.connect("p");
         p.publish(t.topic(), "passing", 1);
         p.publish(t.topic(), "", 1);
         Client& c = t.connect("a");
         c.subscribe(t.topic(), 1);
         c.expect_publish(t.topic(), "kept");
       }});
  cases.push_back({.id = "retained-flag-for-old-subscription",
                   .v311 = "3.3.1-9",
                   .v5 = "3.3.1-12",
                   .what = "A message with retain 1 reaches a subscription that is already there.",
                   .expect = "It comes with retain 0.",
                   .versions = kAllVersions,
                   .needs = kNeeds,
                   .body = [](Context& t) {
                     Client& c = t.connect("a");
                     c.subscribe(t.topic(), 1);
                     retain(t, t.topic(), "kept");
                     t.equal(c.expect_publish(t.topic(), "kept").retain, false, "retain");
                   }});
  cases.push_back({.id = "retained-qos-is-the-lesser",
                   .v311 = "3.3.1-5 3.8.4-6",
                   .v5 = "3.3.1-5 3.8.4-8",
                   .what = "Retained messages of QoS 0, 1 and 2 meet new subscriptions of QoS 0, 1 and 2.",
                   .expect = "Each comes at the lesser of the two.",
                   .needs = kNeeds | bit(Capability::kQos1) | bit(Capability::kQos2),
                   .body = [](Context& t) {
                     for (unsigned sent = 0; sent < 3; ++sent) retain(t, t.topic(std::to_string(sent)), "kept", sent);
                     for (unsigned granted = 0; granted < 3; ++granted) {
                       Client& c = t.connect("c" + std::to_string(granted));
                       for (unsigned sent = 0; sent < 3; ++sent) {
                         const std::string topic = t.topic(std::to_string(sent));
                         c.subscribe(topic, granted);
                         t.equal(c.expect_publish(topic, "kept").qos, std::min(sent, granted), "QoS");
                       }
                     }
                   }});
  cases.push_back({.id = "retained-wildcard",
                   .v311 = "3.3.1-6 4.7.2-1",
                   .v5 = "3.3.1-9 4.7.2-1",
                   .what = "Five topics hold retained messages; a client subscribes with + and another with #.",
                   .expect = "Each gets exactly those that match, once, with retain 1.",
                   .needs = kNeeds | bit(Capability::kWildcard),
                   .body = [](Context& t) {
                     for (const char* name : {"a", "b", "b/c", "b/c/d", "e/c"}) retain(t, t.topic(name), name);
                     const auto expect_all = [&t](const char* filter, std::set<std::string> wanted) {
                       Client& c = t.connect("c");
                       c.subscribe(t.topic(filter), 1);
                       while (!wanted.empty()) {
                         const Packet m = c.take(Type::kPublish);
                         t.equal(m.retain, true, "retain");
                         t.check(wanted.erase(m.payload) == 1,
                                 "\"" + m.payload + "\" does not match " + filter + " or comes twice");
                       }
                       c.expect_quiet();
                       c.disconnect();
                     };
                     expect_all("+/c", {"b/c", "e/c"});
                     expect_all("b/#", {"b", "b/c", "b/c/d"});
                     expect_all("#", {"a", "b", "b/c", "b/c/d", "e/c"});
                     expect_all("+", {"a", "b"});
                   }});
  cases.push_back({.id = "retained-again-on-resubscribe",
                   .v311 = "3.8.4-3 3.3.1-6",
                   .v5 = "3.8.4-4 3.3.1-9",
                   .what = "A client subscribes to a topic with a retained message, and then again to the same filter.",
                   .expect = "It gets the message with each SUBSCRIBE (5: with retain handling 0).",
                   .needs = kNeeds,
                   .body = [](Context& t) {
                     retain(t, t.topic(), "kept");
                     Client& c = t.connect("a");
                     for (int i = 0; i < 3; ++i) {
                       c.subscribe(t.topic(), 1);
                       t.equal(c.expect_publish(t.topic(), "kept").retain, true, "retain");
                     }
                   }});
  cases.push_back({.id = "retained-outlives-clean-session",
                   .v311 = "3.1.2-7",
                   .v5 = "3.3.1-5",
                   .what = "The publisher of a retained message connects again with a clean session and leaves.",
                   .expect = "The message is still there: it belongs to no session.",
                   .needs = kNeeds,
                   .body = [](Context& t) {
                     Client& p = t.connect("p");
                     p.publish(t.topic(), "kept", {.qos = 1, .retain = true});
                     p.disconnect();
                     t.connect("p").disconnect();
                     Client& c = t.connect("a");
                     c.subscribe(t.topic(), 0);
                     c.expect_publish(t.topic(), "kept");
                   }});
}

void add_handling(Cases& cases) {
  cases.push_back(
      {.id = "retained-handling-1",
       .v311 = "",
       .v5 = "3.3.1-10",
       .what = "A client subscribes twice with retain handling 1, leaves, and subscribes once more.",
       .expect = "It gets the retained message with the first and the third SUBSCRIBE, which make a new subscription.",
       .versions = kOnly5,
       .needs = kNeeds,
       .body = [](Context& t) {
         retain(t, t.topic(), "kept");
         Client& c = t.connect("a");
         c.subscribe(t.topic(), 0x10);
         c.expect_publish(t.topic(), "kept");
         c.subscribe(t.topic(), 0x10);
         c.expect_quiet("the subscription is not new");
         c.unsubscribe({t.topic()});
         c.subscribe(t.topic(), 0x10);
         c.expect_publish(t.topic(), "kept");
       }});
  cases.push_back({.id = "retained-handling-2",
                   .v311 = "",
                   .v5 = "3.3.1-11",
                   .what = "A client subscribes with retain handling 2.",
                   .expect = "It gets no retained message, but live ones.",
                   .versions = kOnly5,
                   .needs = kNeeds,
                   .body = [](Context& t) {
                     retain(t, t.topic(), "kept");
                     Client& c = t.connect("a");
                     c.subscribe(t.topic(), 0x20);
                     c.expect_quiet("retain handling 2 asks for none");
                     t.publish_from_outside(t.topic(), "live");
                     c.expect_publish(t.topic(), "live");
                   }});
  cases.push_back(
      {.id = "retained-as-published",
       .v311 = "",
       .v5 = "3.3.1-12 3.3.1-13",
       .what = "Two clients subscribe, with retain as published 0 and 1; messages with retain 0 and 1 are published.",
       .expect = "The first always gets retain 0, the second the flag as it was published.",
       .versions = kOnly5,
       .needs = kNeeds,
       .body = [](Context& t) {
         Client& zero = t.connect("a");
         zero.subscribe(t.topic(), 0x00);
         Client& one = t.connect("b");
         one.subscribe(t.topic(), 0x08);
         Client& p = t.connect("p");
         for (const bool flag : {true, false, true}) {
           p.publish(t.topic(), "m", {.retain = flag});
           t.equal(zero.expect_publish(t.topic(), "m").retain, false, "retain with retain as published 0");
           t.equal(one.expect_publish(t.topic(), "m").retain, flag, "retain with retain as published 1");
         }
       }});
  cases.push_back({.id = "retained-as-published-on-subscribe",
                   .v311 = "",
                   .v5 = "3.3.1-9",
                   .what = "A client subscribes with retain as published 0 to a topic with a retained message.",
                   .expect = "What is sent because of the SUBSCRIBE has retain 1 all the same.",
                   .versions = kOnly5,
                   .needs = kNeeds,
                   .body = [](Context& t) {
                     retain(t, t.topic(), "kept");
                     Client& c = t.connect("a");
                     c.subscribe(t.topic(), 0x00);
                     t.equal(c.expect_publish(t.topic(), "kept").retain, true, "retain");
                   }});
  cases.push_back(
      {.id = "retained-properties",
       .v311 = "",
       .v5 = "3.3.2-4 3.3.2-15 3.3.2-16 3.3.2-17 3.3.2-18 3.3.2-20",
       .what = "A retained message has a content type, a response topic, correlation data and user properties.",
       .expect = "A later subscriber gets them unchanged.",
       .versions = kOnly5,
       .needs = kNeeds,
       .body = [](Context& t) {
         const Properties properties = {number_property(PropertyId::kPayloadFormat, 1),
                                        text_property(PropertyId::kContentType, "a/b"),
                                        text_property(PropertyId::kResponseTopic, "r"),
                                        text_property(PropertyId::kCorrelationData, "c"),
                                        user_property("z", "1"),
                                        user_property("a", "2")};
         retain(t, t.topic(), "kept", 1, properties);
         Client& c = t.connect("a");
         c.subscribe(t.topic(), 1);
         const Packet m = c.expect_publish(t.topic(), "kept");
         for (const Property& p : properties) {
           bool there = false;
           for (const Property& got : m.properties) there = there || got == p;
           t.check(there, std::string(find_property(p.id)->name) + " is missing or changed");
         }
         t.check(user_properties(m.properties) == user_properties(properties), "user properties are out of order");
       }});
  cases.push_back(
      {.id = "retained-expiry",
       .v311 = "",
       .v5 = "3.3.2-5 3.3.2-6",
       .what =
           "Retained messages with an expiry of 2 and of 100 seconds; somebody subscribes after 3 seconds and more.",
       .expect = "The first is gone; the second says how much is left.",
       .versions = kOnly5,
       .needs = kNeeds,
       .body = [](Context& t) {
         retain(t, t.topic("short"), "short", 1, {number_property(PropertyId::kMessageExpiry, 2)});
         retain(t, t.topic("long"), "long", 1, {number_property(PropertyId::kMessageExpiry, 100)});
         const Nanos start = t.now();
         t.wait(3 * kSecond);
         Client& c = t.connect("a");
         c.subscribe(t.topic("short"), 1);
         c.expect_quiet("the retained message has expired");
         c.subscribe(t.topic("long"), 1);
         const Packet m = c.expect_publish(t.topic("long"), "long");
         const std::uint32_t left = number_of(m.properties, PropertyId::kMessageExpiry, 0);
         const std::uint32_t most = 98;
         const auto least = static_cast<std::uint32_t>(100 - (t.now() - start) / kSecond - 2);
         t.check(left >= least && left <= most,
                 "the expiry left is " + std::to_string(left) + ", after 3 of 100 seconds");
       }});
}

}  // namespace

void add_retained_cases(Cases& cases) {
  add_store(cases);
  add_handling(cases);
}

}  // namespace orrery::conformance
