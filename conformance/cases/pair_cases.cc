// SPDX-License-Identifier: Apache-2.0
// Pairs of features, and numbers larger than a handful: each is a promise that a broker may keep for either half alone.
#include <set>

#include "conformance/cases/all.h"
#include "conformance/cases/context.h"

namespace orrery::conformance {
namespace {

constexpr unsigned kNoLocal = 4;

ConnectOptions lasting(bool clean = false) {
  ConnectOptions o;
  o.persistent = true;
  o.clean = clean;
  return o;
}

void add_order(Cases& cases) {
  cases.push_back(
      {.id = "pair-subscribe-unsubscribe",
       .v311 = "3.8.4-1 3.10.4-1",
       .v5 = "3.8.4-1 3.10.4-1",
       .what = "A topic has a retained message; SUBSCRIBE and UNSUBSCRIBE for it come in one segment, then PINGREQ.",
       .expect = "SUBACK, then UNSUBACK, and no message of the filter behind that.",
       .needs = bit(Capability::kRetain),
       .body = [](Context& t) {
         t.publish_from_outside(t.topic(), "retained", {.qos = 0, .retain = true});
         Client& c = t.connect("a");
         const std::uint16_t subscribe = c.next_id(), unsubscribe = c.next_id();
         c.send_raw(encode(subscribe_packet(subscribe, {{t.topic(), 0}}), t.version()) +
                    encode(unsubscribe_packet(unsubscribe, {t.topic()}), t.version()));
         c.take_id(Type::kUnsuback, unsubscribe);
         bool answered = false;
         for (const Packet& p : c.inbox()) answered = answered || p.type == Type::kSuback;
         t.check(answered, "UNSUBACK came before SUBACK");
         c.take_id(Type::kSuback, subscribe);
         while (!c.inbox().empty()) c.inbox().pop_front();  // retained messages before UNSUBACK are allowed
         c.expect_quiet("nothing of the filter should come after its UNSUBACK");
       }});
  cases.push_back({.id = "pair-subscribe-publish",
                   .v311 = "4.5.0-1",
                   .v5 = "4.5.0-1",
                   .what = "SUBSCRIBE and a PUBLISH of QoS 1 to the same topic come in one segment, twenty times.",
                   .expect = "The client gets each of its messages.",
                   .level = Level::kShould,
                   .needs = bit(Capability::kQos1),
                   .body = [](Context& t) {
                     Client& c = t.connect("a");
                     unsigned got = 0;
                     for (unsigned i = 0; i < 20; ++i) {
                       const std::string topic = t.topic(std::to_string(i));
                       c.send_raw(encode(subscribe_packet(c.next_id(), {{topic, 1}}), t.version()) +
                                  encode(publish_packet(topic, "own", 1, c.next_id()), t.version()));
                       c.take(Type::kSuback);
                       c.take(Type::kPuback);
                       if (c.try_take(Type::kPublish, t.slack())) ++got;
                     }
                     t.should(got == 20, "a PUBLISH behind SUBSCRIBE is delivered to its own client: " +
                                             std::to_string(got) + " of 20");
                   }});
}

void add_no_local(Cases& cases) {
  cases.push_back(
      {.id = "pair-no-local-will",
       .v311 = "",
       .v5 = "3.8.3-3",
       .what = "A client with a will on a topic that it subscribes to with No Local breaks off and resumes.",
       .expect = "It does not get its own will; another subscriber does.",
       .versions = kOnly5,
       .needs = bit(Capability::kQos1),
       .body = [](Context& t) {
         Client& w = t.connect("w");
         w.subscribe(t.topic(), 1 | kNoLocal);
         ConnectOptions o = lasting(true);
         o.will = Will{t.topic(), "gone", 1, false, {}};
         Client& c = t.connect("a", o);
         c.subscribe(t.topic(), 1 | kNoLocal);
         c.drop();
         w.expect_publish(t.topic(), "gone");
         t.connect("a", lasting()).expect_quiet("the will is the client's own");
       }});
  cases.push_back({.id = "pair-no-local-retained",
                   .v311 = "",
                   .v5 = "3.8.3-3",
                   .what = "A client subscribes with No Local to a topic of which it has set the retained message.",
                   .expect = "The message is not sent to it; without No Local it is.",
                   .versions = kOnly5,
                   .needs = bit(Capability::kRetain),
                   .body = [](Context& t) {
                     Client& c = t.connect("a");
                     c.publish(t.topic(), "own", {.qos = 1, .retain = true});
                     c.subscribe(t.topic(), kNoLocal);
                     c.expect_quiet("the retained message is the client's own");
                     c.subscribe(t.topic(), 0);
                     c.expect_publish(t.topic(), "own");
                   }});
}

void add_numbers(Cases& cases) {
  cases.push_back(
      {.id = "pair-quota-resume",
       .v311 = "",
       .v5 = "4.9.0-1",
       .what = "A client sends as many QoS 2 messages as Receive Maximum allows (60 at most), does not release them, "
               "resumes its session on a new connection and sends as many new ones.",
       .expect = "Every one has its PUBREC: the quota begins anew with each connection (4.9).",
       .versions = kOnly5,
       .needs = bit(Capability::kQos2),
       .body = [](Context& t) {
         const unsigned many = t.facts().receive_maximum < 60 ? t.facts().receive_maximum : 60;
         Client& c = t.connect("a", lasting(true));
         c.auto_ack = false;
         for (unsigned i = 1; i <= many; ++i) c.send(publish_packet(t.topic(), "x", 2, i));
         for (unsigned i = 1; i <= many; ++i) c.take_id(Type::kPubrec, i);
         c.drop();
         Client& again = t.connect("a", lasting());
         again.auto_ack = false;
         for (unsigned i = 1; i <= many; ++i) again.send(publish_packet(t.topic(), "x", 2, 1000 + i));
         for (unsigned i = 1; i <= many; ++i) again.take_id(Type::kPubrec, 1000 + i);
       }});
  cases.push_back({.id = "pair-retained-many",
                   .v311 = "3.3.1-6",
                   .v5 = "3.3.1-9",
                   .what = "500 topics have a retained message of QoS 1; a client subscribes to all with one filter.",
                   .expect = "It gets each of them once.",
                   .needs = bit(Capability::kRetain) | bit(Capability::kQos1) | bit(Capability::kWildcard),
                   .body = [](Context& t) {
                     Client& p = t.connect("p");
                     constexpr unsigned kMany = 500;
                     for (unsigned i = 0; i < kMany; ++i)
                       p.publish(t.topic("r/" + std::to_string(i)), "v", {.qos = 1, .retain = true});
                     Client& c = t.connect("a");
                     c.subscribe(t.topic("r/#"), 1);
                     std::set<std::string> topics;
                     for (unsigned i = 0; i < kMany; ++i) topics.insert(c.topic_of(c.take(Type::kPublish)));
                     t.equal(topics.size(), std::size_t{kMany}, "different topics");
                   }});
  cases.push_back({.id = "pair-expired-in-queue",
                   .v311 = "",
                   .v5 = "3.3.2-5",
                   .what =
                       "1,000 messages that expire after a second wait for a client that is away; two seconds later "
                       "comes one that does not expire; the client comes back.",
                   .expect = "It gets that one, and none that has expired.",
                   .versions = kOnly5,
                   .needs = bit(Capability::kQos1),
                   .body = [](Context& t) {
                     Client& c = t.connect("a", lasting(true));
                     c.subscribe(t.topic(), 1);
                     c.disconnect();
                     Client& p = t.connect("p");
                     const Properties second = {number_property(PropertyId::kMessageExpiry, 1)};
                     for (unsigned i = 0; i < 1000; ++i) p.publish(t.topic(), "old", {.qos = 1, .properties = second});
                     t.wait(2 * kSecond + t.slack());
                     p.publish(t.topic(), "fresh", 1);
                     Client& again = t.connect("a", lasting());
                     again.expect_publish(t.topic(), "fresh");
                   }});
}

}  // namespace

void add_pair_cases(Cases& cases) {
  add_order(cases);
  add_no_local(cases);
  add_numbers(cases);
}

}  // namespace orrery::conformance
