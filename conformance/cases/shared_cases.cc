// SPDX-License-Identifier: Apache-2.0
// Subscription options and identifiers, and shared subscriptions (MQTT 5, sections 3.8.2, 3.8.3.1 and 4.8.2).
#include <set>

#include "conformance/cases/all.h"
#include "conformance/cases/context.h"

namespace orrery::conformance {
namespace {

void expect_closed_after(Context& t, const Packet& packet, Reason reason) {
  Client& c = t.connect("a");
  c.send(packet);
  c.expect_closed(reason);
}

std::string shared(Context& t, const std::string& filter, const std::string& group = "g") {
  return "$share/" + group + t.id("") + "/" + t.topic(filter);
}

std::multiset<std::uint32_t> ids_of(const Packet& m) {
  std::multiset<std::uint32_t> out;
  for (const Property& p : m.properties)
    if (p.id == static_cast<std::uint32_t>(PropertyId::kSubscriptionId)) out.insert(p.number);
  return out;
}

void add_options(Cases& cases) {
  cases.push_back({.id = "no-local",
                   .v311 = "",
                   .v5 = "3.8.3-3",
                   .what = "A client subscribes with No Local and publishes; so does a second client, and the first "
                           "with No Local 0 elsewhere.",
                   .expect = "It gets what others publish, and its own only where No Local is 0.",
                   .versions = kOnly5,
                   .body = [](Context& t) {
                     Client& a = t.connect("a");
                     a.subscribe(t.topic("without"), 0x04);
                     a.subscribe(t.topic("with"), 0x00);
                     Client& b = t.connect("b");
                     b.subscribe(t.topic("without"), 0x04);
                     a.publish(t.topic("without"), "a's", 0U);
                     b.expect_publish(t.topic("without"), "a's");
                     b.publish(t.topic("without"), "b's", 0U);
                     a.expect_publish(t.topic("without"), "b's");
                     a.publish(t.topic("with"), "own", 0U);
                     a.expect_publish(t.topic("with"), "own");
                   }});
  cases.push_back({.id = "no-local-after-reconnect",
                   .v311 = "",
                   .v5 = "3.8.3-3",
                   .what = "A client with a lasting No Local subscription resumes its session and publishes.",
                   .expect = "It does not get its own message: the rule is about the client identifier.",
                   .versions = kOnly5,
                   .needs = bit(Capability::kQos1),
                   .body = [](Context& t) {
                     ConnectOptions o;
                     o.persistent = true;
                     Client& a = t.connect("a", o);
                     a.subscribe(t.topic(), 0x05);
                     a.disconnect();
                     o.clean = false;
                     Client& again = t.connect("a", o);
                     again.publish(t.topic(), "own", 1);
                     t.publish_from_outside(t.topic(), "marker", 1U);
                     again.expect_publish(t.topic(), "marker");
                   }});
  cases.push_back({.id = "no-local-shared",
                   .v311 = "",
                   .v5 = "3.8.3-4 4.13.1-1",
                   .what = "A client asks for No Local on a shared subscription.",
                   .expect = "Protocol error.",
                   .versions = kOnly5,
                   .needs = bit(Capability::kShared),
                   .body = [](Context& t) {
                     expect_closed_after(t, subscribe_packet(1, {{shared(t, "x"), 0x04}}), kProtocolError);
                   }});
}

void add_identifiers(Cases& cases) {
  const Capabilities needs = bit(Capability::kSubscriptionId);
  const auto with_id = [](std::uint32_t id) { return Properties{number_property(PropertyId::kSubscriptionId, id)}; };
  cases.push_back(
      {.id = "subscription-id",
       .v311 = "",
       .v5 = "3.3.4-3 1.5.5-1",
       .what = "Subscriptions carry the identifiers 1, 127, 128, 16384 and 268435455, and one carries none.",
       .expect = "Each message has the identifier of its subscription, the last one has none.",
       .versions = kOnly5,
       .needs = needs,
       .body = [with_id](Context& t) {
         Client& s = t.connect("s");
         Client& p = t.connect("p");
         for (const std::uint32_t id : {1U, 127U, 128U, 16384U, 268'435'455U}) {
           const std::string topic = t.topic(std::to_string(id));
           s.subscribe(topic, 0, with_id(id));
           p.publish(topic, "m", 0U);
           t.check(ids_of(s.expect_publish(topic, "m")) == std::multiset<std::uint32_t>{id},
                   "the identifier is missing or another");
         }
         s.subscribe(t.topic("none"), 0);
         p.publish(t.topic("none"), "m", 0U);
         t.check(ids_of(s.expect_publish(t.topic("none"), "m")).empty(), "an identifier that was never given");
       }});
  cases.push_back({.id = "subscription-id-overlapping",
                   .v311 = "",
                   .v5 = "3.3.4-2 3.3.4-3 3.3.4-4 3.3.4-5",
                   .what = "Three overlapping filters, two with identifiers and one without; a message matches all.",
                   .expect = "One copy with both identifiers, or a copy for each filter with its own.",
                   .versions = kOnly5,
                   .needs = needs | bit(Capability::kWildcard) | bit(Capability::kQos1),
                   .body = [with_id](Context& t) {
                     Client& s = t.connect("s");
                     s.subscribe(t.topic("x/+"), 1, with_id(7));
                     s.subscribe(t.topic("x/#"), 0, with_id(9));
                     s.subscribe(t.topic("x/y"), 1);
                     s.subscribe(t.topic("end"), 1);
                     Client& p = t.connect("p");
                     p.publish(t.topic("x/y"), "m", 1);
                     p.publish(t.topic("end"), "end", 1);
                     std::vector<std::multiset<std::uint32_t>> copies;
                     for (Packet m = s.take(Type::kPublish); m.payload == "m"; m = s.take(Type::kPublish))
                       copies.push_back(ids_of(m));
                     using Ids = std::multiset<std::uint32_t>;
                     if (copies.size() == 1)
                       return t.check(copies[0] == Ids{7, 9},
                                      "the one copy does not carry exactly the identifiers 7 and 9");
                     t.equal(copies.size(), std::size_t{3}, "copies");
                     for (const Ids& wanted : {Ids{7}, Ids{9}, Ids{}})
                       t.check(std::find(copies.begin(), copies.end(), wanted) != copies.end(),
                               "a copy lacks its subscription's identifier");
                   }});
  cases.push_back({.id = "subscription-id-replaced",
                   .v311 = "",
                   .v5 = "3.8.4-3 3.3.4-3",
                   .what = "A client subscribes again to the same filter, with another identifier and then with none.",
                   .expect = "The subscription was replaced, its identifier with it.",
                   .versions = kOnly5,
                   .needs = needs,
                   .body = [with_id](Context& t) {
                     Client& s = t.connect("s");
                     Client& p = t.connect("p");
                     using Ids = std::multiset<std::uint32_t>;
                     for (const std::uint32_t id : {5U, 6U, 0U}) {
                       s.subscribe(t.topic(), 0, id == 0 ? Properties{} : with_id(id));
                       p.publish(t.topic(), "m", 0U);
                       t.check(ids_of(s.expect_publish(t.topic(), "m")) == (id == 0 ? Ids{} : Ids{id}),
                               "the identifier is not the new one");
                     }
                   }});
  cases.push_back({.id = "subscription-id-lasting",
                   .v311 = "",
                   .v5 = "3.3.4-3 3.1.2-5",
                   .what = "A lasting session has a subscription with an identifier; messages come while it is away "
                           "and after it is back.",
                   .expect = "Both carry the identifier.",
                   .versions = kOnly5,
                   .needs = needs | bit(Capability::kQos1),
                   .body = [with_id](Context& t) {
                     ConnectOptions o;
                     o.persistent = true;
                     Client& s = t.connect("s", o);
                     s.subscribe(t.topic(), 1, with_id(77));
                     s.disconnect();
                     t.publish_from_outside(t.topic(), "away", 1U);
                     o.clean = false;
                     Client& again = t.client("s");
                     again.connect(o);
                     Packet m = again.take(Type::kPublish);
                     t.check(ids_of(m) == std::multiset<std::uint32_t>{77}, "the waiting message lacks its identifier");
                     t.publish_from_outside(t.topic(), "back", 1U);
                     m = again.take(Type::kPublish);
                     t.check(ids_of(m) == std::multiset<std::uint32_t>{77}, "the live message lacks its identifier");
                   }});
}

void add_sharing(Cases& cases) {
  const Capabilities needs = bit(Capability::kShared);
  cases.push_back({.id = "shared-one-member-each",
                   .v311 = "",
                   .v5 = "4.8.2-1 4.8.2-3",
                   .what = "Three clients share a subscription, a fourth has an ordinary one, two of them share "
                           "another group; 30 messages come.",
                   .expect = "Each message goes to one member of each group and to the ordinary subscriber.",
                   .versions = kOnly5,
                   .needs = needs | bit(Capability::kQos1),
                   .body = [](Context& t) {
                     std::vector<Client*> members;
                     for (const char* name : {"a", "b", "c"}) {
                       members.push_back(&t.connect(name));
                       members.back()->subscribe(shared(t, "x"), 1);
                     }
                     Client& ordinary = t.connect("o");
                     ordinary.subscribe(t.topic("x"), 1);
                     std::vector<Client*> others;
                     for (const char* name : {"d", "e"}) {
                       others.push_back(&t.connect(name));
                       others.back()->subscribe(shared(t, "x", "other"), 1);
                     }
                     Client& p = t.connect("p");
                     for (int i = 0; i < 30; ++i) p.publish(t.topic("x"), std::to_string(i), 1);
                     for (int i = 0; i < 30; ++i) ordinary.expect_publish(t.topic("x"), std::to_string(i));
                     for (const auto& group : {members, others}) {
                       std::set<std::string> got;
                       std::size_t busy = 0;
                       for (Client* c : group) {
                         const std::size_t before = got.size();
                         c->ping();
                         while (const auto m = c->try_take(Type::kPublish, 0))
                           t.check(got.insert(m->payload).second, "message " + m->payload + " went to two members");
                         busy += got.size() > before ? 1 : 0;
                       }
                       t.equal(got.size(), std::size_t{30}, "messages that reached the group");
                       t.chose(busy == group.size() ? "a shared subscription uses all of its members"
                                                    : "a shared subscription leaves members without a message");
                     }
                   }});
  cases.push_back({.id = "shared-own-qos",
                   .v311 = "",
                   .v5 = "4.8.2-3",
                   .what = "A group has one member at QoS 0, then another at QoS 2 instead; messages of QoS 1 come.",
                   .expect = "Each gets them at the lesser of its own QoS and the message's.",
                   .versions = kOnly5,
                   .needs = needs | bit(Capability::kQos2),
                   .body = [](Context& t) {
                     for (const unsigned qos : {0U, 2U}) {
                       Client& c = t.connect("m" + std::to_string(qos));
                       c.subscribe(shared(t, "x"), qos);
                       t.publish_from_outside(t.topic("x"), "m", 1U);
                       t.equal(c.expect_publish(t.topic("x"), "m").qos, std::min(qos, 1U), "QoS");
                       c.disconnect();
                     }
                   }});
  cases.push_back({.id = "shared-no-retained",
                   .v311 = "",
                   .v5 = "X-shared-retained",
                   .what = "A client makes a shared subscription to a topic with a retained message.",
                   .expect = "It gets no retained message, but live ones.",
                   .level = Level::kShould,
                   .versions = kOnly5,
                   .needs = needs | bit(Capability::kRetain),
                   .body = [](Context& t) {
                     t.publish_from_outside(t.topic("x"), "kept", {.qos = 1, .retain = true});
                     Client& c = t.connect("a");
                     c.subscribe(shared(t, "x"), 1);
                     c.ping();
                     const bool none = !c.try_take(Type::kPublish, 0);
                     t.should(none, "a new shared subscription gets no retained messages (3.3.1.3)");
                     t.publish_from_outside(t.topic("x"), "live", 1U);
                     c.expect_publish(t.topic("x"), "live");
                   }});
  cases.push_back(
      {.id = "shared-and-own",
       .v311 = "",
       .v5 = "4.8.2-1",
       .what = "One client has an ordinary and a shared subscription to the same topic and is the group's only member.",
       .expect = "It gets a copy for each of the two.",
       .versions = kOnly5,
       .needs = needs,
       .body = [](Context& t) {
         Client& c = t.connect("a");
         c.subscribe(t.topic("x"), 0);
         c.subscribe(shared(t, "x"), 0);
         t.publish_from_outside(t.topic("x"), "m");
         c.expect_publish(t.topic("x"), "m");
         c.expect_publish(t.topic("x"), "m");
       }});
  cases.push_back(
      {.id = "shared-unsubscribe",
       .v311 = "",
       .v5 = "3.10.4-1 4.8.2-1",
       .what = "A member leaves its group; then it leaves by the plain filter, which is not its subscription.",
       .expect =
           "After leaving by the whole $share filter the others get everything; the plain filter changes nothing.",
       .versions = kOnly5,
       .needs = needs | bit(Capability::kQos1),
       .body = [](Context& t) {
         Client& a = t.connect("a");
         a.subscribe(shared(t, "x"), 1);
         Client& b = t.connect("b");
         b.subscribe(shared(t, "x"), 1);
         t.equal(a.unsubscribe({shared(t, "x")}).codes.at(0), 0U, "UNSUBACK code");
         t.equal(b.unsubscribe({t.topic("x")}).codes.at(0), 0x11U, "UNSUBACK code for the plain filter");
         Client& p = t.connect("p");
         for (int i = 0; i < 6; ++i) p.publish(t.topic("x"), std::to_string(i), 1);
         for (int i = 0; i < 6; ++i) b.expect_publish(t.topic("x"), std::to_string(i));
       }});
  cases.push_back(
      {.id = "shared-qos2-stays-with-member",
       .v311 = "",
       .v5 = "4.8.2-4",
       .what =
           "A member takes a QoS 2 PUBLISH, breaks off, and resumes its session; another member is there all the time.",
       .expect = "The delivery is completed with the member that has begun it.",
       .versions = kOnly5,
       .needs = needs | bit(Capability::kQos2),
       .body = [](Context& t) {
         ConnectOptions o;
         o.persistent = true;
         Client& a = t.client("a");
         a.auto_ack = false;
         a.connect(o);
         a.subscribe(shared(t, "x"), 2);
         t.publish_from_outside(t.topic("x"), "m", 2U);
         const Packet m = a.expect_publish(t.topic("x"), "m");
         Client& b = t.connect("b");
         b.subscribe(shared(t, "x"), 2);
         a.drop();
         b.ping();
         o.clean = false;
         Client& again = t.client("a");
         again.auto_ack = false;
         again.connect(o);
         t.equal(again.expect_publish(t.topic("x"), "m").id, m.id, "identifier");
         again.send(ack_packet(Type::kPubrec, m.id));
         again.take_id(Type::kPubrel, m.id);
         again.send(ack_packet(Type::kPubcomp, m.id));
         b.expect_quiet("the message belongs to the other member");
       }});
  cases.push_back(
      {.id = "shared-qos2-ends-with-session",
       .v311 = "",
       .v5 = "4.8.2-5",
       .what = "A member takes a QoS 2 PUBLISH and its session ends before it has answered; another member is there.",
       .expect = "The message goes to nobody else.",
       .versions = kOnly5,
       .needs = needs | bit(Capability::kQos2),
       .body = [](Context& t) {
         Client& a = t.connect("a");
         a.auto_ack = false;
         a.subscribe(shared(t, "x"), 2);
         t.publish_from_outside(t.topic("x"), "m", 2U);
         a.expect_publish(t.topic("x"), "m");
         Client& b = t.connect("b");
         b.subscribe(shared(t, "x"), 2);
         a.disconnect();
         t.connect("a").disconnect();
         t.publish_from_outside(t.topic("x"), "marker", 2U);
         b.expect_publish(t.topic("x"), "marker");
       }});
  cases.push_back(
      {.id = "shared-qos1-goes-to-another",
       .v311 = "",
       .v5 = "X-shared-qos1",
       .what = "A member takes a QoS 1 PUBLISH and its session ends before it has answered; another member is there.",
       .expect = "The message goes to the other member.",
       .level = Level::kShould,
       .versions = kOnly5,
       .needs = needs | bit(Capability::kQos1),
       .body = [](Context& t) {
         Client& a = t.connect("a");
         a.auto_ack = false;
         a.subscribe(shared(t, "x"), 1);
         t.publish_from_outside(t.topic("x"), "m", 1U);
         a.expect_publish(t.topic("x"), "m");
         Client& b = t.connect("b");
         b.subscribe(shared(t, "x"), 1);
         a.disconnect();
         const auto m = b.try_take(Type::kPublish, t.patience());
         t.should(m.has_value(), "a QoS 1 message of a member whose session has ended is sent to another member");
         if (m) t.equal(m->payload, std::string("m"), "payload");
       }});
  cases.push_back({.id = "shared-refused-is-discarded",
                   .v311 = "",
                   .v5 = "4.8.2-6",
                   .what = "A member answers deliveries of QoS 1 and 2 with code 0x80; another member is there.",
                   .expect = "The messages are discarded, and go to nobody else.",
                   .versions = kOnly5,
                   .needs = needs | bit(Capability::kQos2),
                   .body = [](Context& t) {
                     Client& a = t.connect("a");
                     a.auto_ack = false;
                     a.subscribe(shared(t, "x"), 2);
                     std::vector<Packet> taken;
                     for (const unsigned qos : {1U, 2U}) {
                       t.publish_from_outside(t.topic("x"), "m", qos);
                       taken.push_back(a.expect_publish(t.topic("x"), "m"));
                     }
                     Client& b = t.connect("b");
                     b.subscribe(shared(t, "x"), 2);
                     a.send(ack_packet(Type::kPuback, taken[0].id, 0x80));
                     a.send(ack_packet(Type::kPubrec, taken[1].id, 0x80));
                     a.expect_quiet("a refused delivery is over");
                     b.expect_quiet("a refused message should go to nobody else");
                   }});
  cases.push_back({.id = "shared-bad-names",
                   .v311 = "",
                   .v5 = "4.8.2-1 4.8.2-2 4.13.1-1",
                   .what = "Shared filters without a name, without a filter, or with a wildcard in the name.",
                   .expect = "The server closes the connection (malformed packet, protocol error or 0x8f).",
                   .versions = kOnly5,
                   .needs = needs,
                   .body = [](Context& t) {
                     for (const char* bad : {"$share//x", "$share/", "$share/g", "$share/g/", "$share/g+/x",
                                             "$share/+/x", "$share/#/x", "$share/g#/x", "$share/g/a#"})
                       expect_closed_after(t, subscribe_packet(1, {{bad, 0}}), kBadFilter);
                   }});
  cases.push_back({.id = "shared-off",
                   .v311 = "",
                   .v5 = "X-shared-off",
                   .what = "A server without shared subscriptions gets one.",
                   .expect = "SUBACK or DISCONNECT with 0x9e.",
                   .versions = kOnly5,
                   .body = [](Context& t) {
                     t.need((t.facts().capabilities & bit(Capability::kShared)) == 0,
                            "the server has shared subscriptions");
                     Client& c = t.connect("a");
                     c.send(subscribe_packet(1, {{shared(t, "x"), 0}}));
                     if (const auto suback = c.try_take(Type::kSuback, t.patience()))
                       return t.equal(suback->codes.at(0), 0x9eU, "code");
                     const auto last = c.expect_end();
                     t.check(last && last->code == 0x9e, "neither SUBACK nor DISCONNECT says 0x9e");
                   }});
}

}  // namespace

void add_shared_cases(Cases& cases) {
  add_options(cases);
  add_identifiers(cases);
  add_sharing(cases);
}

}  // namespace orrery::conformance
