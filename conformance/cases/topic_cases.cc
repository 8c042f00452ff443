// SPDX-License-Identifier: Apache-2.0
// Matching of topic names against filters, $-topics, and the order of messages (sections 4.6 and 4.7).
#include <algorithm>

#include "conformance/cases/all.h"
#include "conformance/cases/context.h"

namespace orrery::conformance {
namespace {

struct Row {
  const char* filter;
  const char* topic;
  bool matches;
};

// Filters and names below a prefix of the case; what matches is decided by hand from 4.7.1, not by a function.
constexpr Row kTable[] = {
    {"a/b/c", "a/b/c", true},    {"a/b/c", "a/b/C", false},
    {"a/b/c", "a/b", false},     {"a/b/c", "a/b/c/", false},
    {"a/b/c", "/a/b/c", false},  {"a/+/c", "a/b/c", true},
    {"a/+/c", "a//c", true},     {"a/+/c", "a/b/b/c", false},
    {"a/+/c", "a/c", false},     {"+/+", "a/b", true},
    {"+/+", "/b", true},         {"+/+", "a/", true},
    {"+/+", "a", false},         {"/+", "/a", true},
    {"/+", "a", false},          {"+", "a", true},
    {"+", "a/b", false},         {"a/#", "a", true},
    {"a/#", "a/", true},         {"a/#", "a/b/c/d", true},
    {"a/#", "ab", false},        {"a/#", "b/a", false},
    {"a/+/#", "a/b", true},      {"a/+/#", "a", false},
    {"a/+/#", "a/b/c/d", true},  {"+/b/#", "x/b", true},
    {"+/b/#", "x/c/b", false},   {"a//b", "a//b", true},
    {"a//b", "a/b", false},      {"a/b ", "a/b ", true},
    {"a/b ", "a/b", false},      {"a/+/+/d", "a/b/c/d", true},
    {"a/+/+/d", "a/b/d", false}, {"#", "anything/at/all", true},
    {"x/#", "x//", true},        {"+/#", "/", true},
};

void add_matching(Cases& cases) {
  cases.push_back(
      {.id = "topic-matching",
       .v311 = "3.3.2-3 4.7.3-4 4.7.1-1",
       .v5 = "3.3.2-3 4.7.3-4 4.7.0-1",
       .what = "Some forty pairs of filter and topic name: levels, empty levels, case, blanks, + and # in every place.",
       .expect = "A message is delivered exactly when its name matches.",
       .versions = kAllVersions,
       .needs = bit(Capability::kWildcard),
       .body = [](Context& t) {
         Client& p = t.connect("p");
         Client& s = t.connect("s");
         for (std::size_t i = 0; i < std::size(kTable); ++i) {
           const Row& row = kTable[i];
           // A prefix for each row keeps the filters apart; the marker has a subscription of its own.
           const std::string at = std::to_string(i) + "/";
           const std::string marker = t.topic("marker" + std::to_string(i));
           s.subscribe_all({{t.topic(at + row.filter), 1}, {marker, 1}});
           p.publish(t.topic(at + row.topic), "m", 1);
           p.publish(marker, "marker", 1);
           const Packet first = s.take(Type::kPublish);
           const std::string pair = std::string("filter \"") + row.filter + "\", name \"" + row.topic + "\"";
           if (!row.matches) {
             t.equal(first.payload, std::string("marker"), pair + " should not match, so the next message");
             continue;
           }
           // Order across topics is not promised: take both.
           const Packet second = s.take(Type::kPublish);
           t.check((first.payload == "m") != (second.payload == "m"), pair + " should match");
         }
       }});
  cases.push_back(
      {.id = "topic-wildcard-first-and-dollar",
       .v311 = "4.7.2-1",
       .v5 = "4.7.2-1",
       .what = "Clients subscribe to #, to +/x/# and to $SYS/# or a $-topic of the case; names with and without $ are "
               "published.",
       .expect =
           "A filter that begins with a wildcard gets no name that begins with $; a filter that begins with $ may.",
       .needs = bit(Capability::kWildcard),
       .body = [](Context& t) {
         Client& all = t.connect("a");
         all.ignore_rest = true;  // other people's messages match #
         all.subscribe("#", 0);
         Client& plus = t.connect("b");
         plus.ignore_rest = true;
         plus.subscribe("+/" + t.topic("#"), 0);
         Client& p = t.connect("p");
         p.publish("$" + t.topic(), "dollar", 0U);
         p.publish("$x/" + t.topic("x"), "dollar", 0U);
         p.publish("y/" + t.topic("x"), "marker", 0U);
         for (Client* c : {&all, &plus}) {
           for (;;) {
             const Packet m = c->take(Type::kPublish);
             t.check(c->topic_of(m).rfind('$', 0) != 0,
                     "\"" + c->topic_of(m) + "\" was delivered to a filter that begins with a wildcard");
             if (m.payload == "marker" && c->topic_of(m) == "y/" + t.topic("x")) break;
           }
         }
       }});
  cases.push_back({.id = "topic-many-levels",
                   .v311 = "4.7.3-4",
                   .v5 = "4.7.3-4",
                   .what = "A topic of 60 levels, subscribed by its name, by a filter of 60 pluses and by #.",
                   .expect = "Three clients get it.",
                   .needs = bit(Capability::kWildcard),
                   .body = [](Context& t) {
                     std::string name = t.topic();
                     std::string pluses = t.topic();
                     for (int i = 0; i < 60; ++i) {
                       name += "/" + std::to_string(i);
                       pluses += "/+";
                     }
                     std::vector<Client*> clients;
                     for (const std::string& filter : {name, pluses, t.topic() + "/#"}) {
                       clients.push_back(&t.connect("s" + std::to_string(clients.size())));
                       clients.back()->subscribe(filter, 0);
                     }
                     t.publish_from_outside(name, "deep");
                     for (Client* c : clients) c->expect_publish(name, "deep");
                   }});
}

void add_order(Cases& cases) {
  cases.push_back(
      {.id = "order-one-publisher",
       .v311 = "4.6.0-5 4.6.0-6",
       .v5 = "4.6.0-5 4.6.0-6",
       .what = "One client publishes 50 messages of each QoS to a topic; two subscribers of QoS 0 and 2 get them.",
       .expect = "For each QoS of publication each subscriber gets them in order and without a gap.",
       .needs = bit(Capability::kQos1) | bit(Capability::kQos2),
       .body = [](Context& t) {
         Client& zero = t.connect("a");
         zero.subscribe(t.topic("#"), 0);
         Client& two = t.connect("b");
         two.subscribe(t.topic("#"), 2);
         Client& p = t.connect("p");
         for (unsigned qos = 0; qos < 3; ++qos) {
           const std::string topic = t.topic(std::to_string(qos));
           for (int i = 0; i < 50; ++i) p.publish(topic, std::to_string(i), qos);
           for (Client* c : {&zero, &two})
             for (int i = 0; i < 50; ++i) c->expect_publish(topic, std::to_string(i));
         }
       }});
  cases.push_back(
      {.id = "order-two-publishers",
       .v311 = "4.6.0-6",
       .v5 = "4.6.0-5",
       .what = "Two clients publish 40 messages each to one topic at QoS 1, without waiting for each other.",
       .expect = "The subscriber gets each publisher's messages in that publisher's order.",
       .needs = bit(Capability::kQos1),
       .body = [](Context& t) {
         Client& s = t.connect("s");
         s.subscribe(t.topic(), 1);
         Client& a = t.connect("a");
         Client& b = t.connect("b");
         for (int i = 0; i < 40; ++i)
           for (Client* c : {&a, &b}) {
             c->send(publish_packet(t.topic(), c->name() + std::to_string(i), 1, c->next_id()));
             if (i % 10 == 9)
               for (int k = 0; k < 10; ++k) c->take(Type::kPuback);
           }
         int next_a = 0;
         int next_b = 0;
         for (int i = 0; i < 80; ++i) {
           const Packet m = s.take(Type::kPublish);
           int& next = m.payload[0] == 'a' ? next_a : next_b;
           t.equal(m.payload.substr(1), std::to_string(next++), "next message of publisher " + m.payload.substr(0, 1));
         }
       }});
  cases.push_back({.id = "order-qos2-pipelined",
                   .v311 = "4.6.0-6",
                   .v5 = "4.6.0-5",
                   .what = "Ten QoS 2 messages are sent before any PUBREL; the PUBRELs follow in order.",
                   .expect = "The subscriber gets the ten in order.",
                   .needs = bit(Capability::kQos2),
                   .body = [](Context& t) {
                     Client& s = t.connect("s");
                     s.subscribe(t.topic(), 2);
                     Client& p = t.connect("p");
                     const unsigned n = std::min(10U, t.facts().receive_maximum);
                     for (unsigned i = 1; i <= n; ++i) p.send(publish_packet(t.topic(), std::to_string(i), 2, i));
                     for (unsigned i = 1; i <= n; ++i) p.take_id(Type::kPubrec, i);
                     for (unsigned i = 1; i <= n; ++i) p.send(ack_packet(Type::kPubrel, i));
                     for (unsigned i = 1; i <= n; ++i) p.take_id(Type::kPubcomp, i);
                     for (unsigned i = 1; i <= n; ++i) s.expect_publish(t.topic(), std::to_string(i));
                   }});
}

}  // namespace

void add_topic_cases(Cases& cases) {
  add_matching(cases);
  add_order(cases);
}

}  // namespace orrery::conformance
