// SPDX-License-Identifier: Apache-2.0
// What clients may not do: a topic closed for publishing, a filter closed for subscribing (driver/access.h). MQTT 5 has
// the code 0x87 for it (3.4.2.1, 3.5.2.1, 3.9.3, 3.14.2.1); 3.1.1 acknowledges or closes (3.3.5), or says 0x80 (3.9.3).
#include "conformance/cases/all.h"
#include "conformance/cases/context.h"
#include "conformance/cases/login.h"

namespace orrery::conformance {
namespace {

const std::string& closed_topic(Context& t) {
  t.need(!t.access().no_publish.empty(), "the target was set up without a topic that nobody may publish to");
  return t.access().no_publish;
}

const std::string& closed_filter(Context& t) {
  t.need(!t.access().no_subscribe.empty(), "the target was set up without a filter that nobody may subscribe to");
  return t.access().no_subscribe;
}

// A topic that the closed filter matches.
std::string topic_of_closed_filter(Context& t) {
  std::string topic = closed_filter(t);
  for (char& c : topic)
    if (c == '+' || c == '#') c = 'x';
  return topic;
}

// The answer to a PUBLISH of QoS 1 or 2 that is denied; nothing when the server has closed the connection instead.
std::optional<Packet> denied(Context& t, Client& p, const Packet& publish) {
  p.send(publish);
  const Type type = publish.qos == 1 ? Type::kPuback : Type::kPubrec;
  auto ack = p.try_take(type, t.patience());
  if (!ack) {
    const auto last = p.expect_end();
    if (t.v5()) t.check(last && last->code == 0x87, "neither an acknowledgement nor DISCONNECT says 0x87");
    t.chose("a PUBLISH that is not authorised ends the connection");
    return std::nullopt;
  }
  t.equal(ack->id, publish.id, "identifier");
  t.equal(ack->code, t.v5() ? 0x87U : 0U, "code of the acknowledgement");
  t.chose("a PUBLISH that is not authorised is acknowledged");
  return ack;
}

// Nothing came before a message that was published after everything else.
void expect_only_marker(Context& t, Client& watcher) {
  connect_user(t, "m").publish(t.topic(), "marker", 0U);
  watcher.expect_publish(t.topic(), "marker");
  watcher.expect_quiet("what is not authorised is not delivered");
}

Client& watcher_of(Context& t, const std::string& topic) {
  Client& w = connect_user(t, "w");
  w.subscribe(topic, 0);
  w.subscribe(t.topic(), 0);
  return w;
}

void add_publish(Cases& cases) {
  cases.push_back(
      {.id = "access-publish-qos0",
       .v311 = "3.3.5-2",
       .v5 = "X-publish-denied",
       .what = "A client publishes at QoS 0 to a topic that it may not publish to; another one is subscribed.",
       .expect = "It is not delivered. The connection stays open, or is closed (5: with DISCONNECT 0x87).",
       .versions = kAllVersions,
       .body = [](Context& t) {
         Client& w = watcher_of(t, closed_topic(t));
         Client& p = connect_user(t, "p");
         p.send(publish_packet(closed_topic(t), "never"));
         p.send(plain_packet(Type::kPingreq));
         if (!p.try_take(Type::kPingresp, t.patience())) {
           const auto last = p.expect_end();
           if (t.v5()) t.check(last && last->code == 0x87, "the DISCONNECT does not say 0x87");
           t.chose("a PUBLISH that is not authorised ends the connection");
         }
         expect_only_marker(t, w);
       }});
  cases.push_back({.id = "access-publish-qos1",
                   .v311 = "3.3.5-2",
                   .v5 = "X-publish-denied 3.4.2-1",
                   .what = "The same at QoS 1.",
                   .expect = "PUBACK 0x87 (3.1.1: a PUBACK as ever), or the close (5: with DISCONNECT 0x87). Never "
                             "delivered.",
                   .versions = kAllVersions,
                   .needs = bit(Capability::kQos1),
                   .body = [](Context& t) {
                     Client& w = watcher_of(t, closed_topic(t));
                     Client& p = connect_user(t, "p");
                     denied(t, p, publish_packet(closed_topic(t), "never", 1, 7));
                     expect_only_marker(t, w);
                   }});
  cases.push_back({.id = "access-publish-qos2",
                   .v311 = "3.3.5-2 4.3.3-2",
                   .v5 = "X-publish-denied 3.5.2-1",
                   .what = "The same at QoS 2.",
                   .expect = "PUBREC 0x87 (3.1.1: PUBREC, and PUBCOMP after PUBREL), or the close. Never delivered.",
                   .versions = kAllVersions,
                   .needs = bit(Capability::kQos2),
                   .body = [](Context& t) {
                     Client& w = watcher_of(t, closed_topic(t));
                     Client& p = connect_user(t, "p");
                     const auto ack = denied(t, p, publish_packet(closed_topic(t), "never", 2, 7));
                     if (ack && !t.v5()) {
                       p.send(ack_packet(Type::kPubrel, 7));
                       p.take_id(Type::kPubcomp, 7);
                     }
                     expect_only_marker(t, w);
                   }});
  cases.push_back({.id = "access-publish-retained",
                   .v311 = "3.3.5-2",
                   .v5 = "X-publish-denied",
                   .what = "A client publishes a retained message to a topic that it may not publish to; then somebody "
                           "subscribes to it.",
                   .expect = "Nothing is retained.",
                   .needs = bit(Capability::kQos1) | bit(Capability::kRetain),
                   .body = [](Context& t) {
                     Client& p = connect_user(t, "p");
                     denied(t, p, publish_packet(closed_topic(t), "never", 1, 7, true));
                     expect_only_marker(t, watcher_of(t, closed_topic(t)));
                   }});
  cases.push_back(
      {.id = "access-publish-alias",
       .v311 = "",
       .v5 = "X-publish-denied",
       .what =
           "A topic alias stands for a closed topic, then for an open one, then for the closed one again; each time "
           "it is also used alone.",
       .expect = "What counts is the topic that the alias stands for: PUBACK 0x87 for the closed one only.",
       .versions = kOnly5,
       .needs = bit(Capability::kQos1) | bit(Capability::kTopicAlias),
       .body = [](Context& t) {
         Client& w = watcher_of(t, closed_topic(t));
         Client& p = connect_user(t, "p");
         const Properties alias = {number_property(PropertyId::kTopicAlias, 1)};
         unsigned id = 0;
         for (const std::string& topic : {closed_topic(t), t.topic(), closed_topic(t)})
           for (const std::string& written : {topic, std::string{}}) {
             const Packet m = publish_packet(written, std::to_string(id + 1), 1, id + 1, false, alias);
             ++id;
             if (topic != t.topic()) {
               if (!denied(t, p, m)) return;
               continue;
             }
             p.send(m);
             t.check(p.take_id(Type::kPuback, id).code < 0x80, "a PUBLISH to an open topic is refused");
             w.expect_publish(topic, std::to_string(id));
           }
         expect_only_marker(t, w);
       }});
}

void add_acknowledgements(Cases& cases) {
  cases.push_back(
      {.id = "access-publish-identifier-free",
       .v311 = "",
       .v5 = "4.3.3-9",
       .what = "A PUBLISH of QoS 2 is refused twice with PUBREC 0x80 or above; then its packet identifier is used for "
               "good messages of QoS 2 and QoS 1.",
       .expect = "The refusal has freed the identifier: each is a new message, delivered once.",
       .versions = kOnly5,
       .needs = bit(Capability::kQos2),
       .body = [](Context& t) {
         Client& w = watcher_of(t, closed_topic(t));
         Client& p = connect_user(t, "p");
         for (int i = 0; i < 2; ++i)
           if (!denied(t, p, publish_packet(closed_topic(t), "never", 2, 7))) return;
         p.send(publish_packet(t.topic(), "two", 2, 7));
         t.check(p.take_id(Type::kPubrec, 7).code < 0x80, "the identifier is not free after a refusing PUBREC");
         p.send(ack_packet(Type::kPubrel, 7));
         t.equal(p.take_id(Type::kPubcomp, 7).code, 0U, "code of PUBCOMP");
         w.expect_publish(t.topic(), "two");
         if (!denied(t, p, publish_packet(closed_topic(t), "never", 2, 7))) return;
         p.send(publish_packet(t.topic(), "one", 1, 7));
         t.check(p.take_id(Type::kPuback, 7).code < 0x80, "the identifier is not free after a refusing PUBREC");
         w.expect_publish(t.topic(), "one");
         expect_only_marker(t, w);
       }});
  cases.push_back(
      {.id = "access-publish-window",
       .v311 = "",
       .v5 = "4.9.0-2 3.3.4-7",
       .what = "A client publishes more messages of QoS 2 to a closed topic than the server's receive maximum, each "
               "after the refusal of the one before; then good ones.",
       .expect = "A refusing PUBREC gives its place in the window back (4.9): all are answered.",
       .versions = kOnly5,
       .needs = bit(Capability::kQos2),
       .body = [](Context& t) {
         const std::uint32_t most = t.facts().receive_maximum;
         t.need(most <= 1000, "the server's receive maximum is very large");
         Client& p = connect_user(t, "p");
         for (unsigned id = 1; id <= most + 2; ++id)
           if (!denied(t, p, publish_packet(closed_topic(t), "never", 2, id))) return;
         p.publish(t.topic(), "good", 2);
         p.publish(t.topic(), "good", 1);
       }});
  cases.push_back(
      {.id = "access-publish-acknowledgements",
       .v311 = "3.3.5-2",
       .v5 = "X-publish-denied",
       .what = "In one piece come two good messages of QoS 1 with a denied one between them, and the same at QoS 2.",
       .expect = "Each is acknowledged for itself, and the good ones are delivered. In which order the server "
                 "acknowledges is its own affair.",
       .needs = bit(Capability::kQos1) | bit(Capability::kQos2),
       .body = [](Context& t) {
         Client& w = watcher_of(t, closed_topic(t));
         Client& p = connect_user(t, "p");
         Octets all;
         for (unsigned id = 1; id <= 6; ++id) {
           const bool good = id % 3 != 2;
           const Packet m = publish_packet(good ? t.topic() : closed_topic(t), std::to_string(id), id <= 3 ? 1 : 2, id);
           all += encode(m, t.version());
         }
         p.send_raw(all);
         std::string order;
         for (unsigned id = 1; id <= 6; ++id) {
           const auto ack = p.try_take(id <= 3 ? Type::kPuback : Type::kPubrec, t.patience());
           if (!ack && p.ended(0)) return t.chose("a PUBLISH that is not authorised ends the connection");
           t.check(ack.has_value(), "not every PUBLISH is acknowledged");
           order += std::to_string(ack->id);
           const bool good = ack->id % 3 != 2;
           if (good || !t.v5())
             t.check(ack->code < 0x80, "message " + std::to_string(ack->id) + " is refused");
           else
             t.equal(ack->code, 0x87U, "code for message " + std::to_string(ack->id));
           if (ack->type == Type::kPubrec && ack->code < 0x80) p.send(ack_packet(Type::kPubrel, ack->id));
         }
         t.chose(order == "123456" ? "acknowledgements keep the order of the messages around a denied one"
                                   : "acknowledgements change the order of the messages around a denied one");
         for (const unsigned id : {4U, 6U}) p.take_id(Type::kPubcomp, id);
         if (!t.v5()) p.take_id(Type::kPubcomp, 5);
         // Between messages of different QoS the standard promises no order (4.6).
         std::string came;
         for (int i = 0; i < 4; ++i) came += w.take(Type::kPublish).payload;
         t.check(came.find('1') < came.find('3') && came.find('4') < came.find('6') &&
                     came.find('6') != std::string::npos && came.find('3') != std::string::npos,
                 "of 1, 3 and 4, 6 there came " + came);
         expect_only_marker(t, w);
       }});
}

// Publishes what the closed filter matches, and waits until the server has it.
void publish_to_closed(Context& t, const PublishOptions& o) {
  Client& p = connect_user(t, "q");
  p.publish(topic_of_closed_filter(t), "never", o);
  p.ping();
  p.disconnect();
}

void add_subscribe(Cases& cases) {
  cases.push_back(
      {.id = "access-subscribe",
       .v311 = "X-subscribe-denied 3.9.3-1 3.9.3-2",
       .v5 = "X-subscribe-denied 3.9.3-1 3.9.3-2",
       .what = "SUBSCRIBE has a filter that the client may not subscribe to between two that it may.",
       .expect = "Its code is 0x87 (3.1.1: 0x80) at its place; the neighbours are granted; nothing that it matches is "
                 "delivered.",
       .needs = bit(Capability::kQos1),
       .body = [](Context& t) {
         if ((t.facts().capabilities & bit(Capability::kRetain)) != 0) publish_to_closed(t, {.qos = 1, .retain = true});
         Client& c = connect_user(t, "a");
         const Packet suback = c.subscribe_all({{t.topic(), 1}, {closed_filter(t), 1}, {t.topic("other"), 0}});
         t.equal(suback.codes.size(), std::size_t{3}, "codes");
         t.equal(suback.codes[0], 1U, "first code");
         t.equal(suback.codes[1], t.v5() ? 0x87U : 0x80U, "second code");
         t.equal(suback.codes[2], 0U, "third code");
         publish_to_closed(t, {.qos = 1});
         connect_user(t, "p").publish(t.topic("other"), "other", 0U);
         c.expect_publish(t.topic("other"), "other");
         expect_only_marker(t, c);
       }});
  cases.push_back({.id = "access-subscribe-shared",
                   .v311 = "",
                   .v5 = "X-subscribe-denied",
                   .what = "A client subscribes to the closed filter as a shared subscription.",
                   .expect = "SUBACK 0x87: a group's name opens nothing.",
                   .versions = kOnly5,
                   .needs = bit(Capability::kShared) | bit(Capability::kQos1),
                   .body = [](Context& t) {
                     Client& c = connect_user(t, "a");
                     c.subscribe(t.topic(), 0);
                     const Packet suback = c.subscribe_all({{"$share/" + t.id("g") + "/" + closed_filter(t), 0}});
                     t.equal(suback.codes.at(0), 0x87U, "code");
                     publish_to_closed(t, {.qos = 1});
                     expect_only_marker(t, c);
                   }});
}

void add_will(Cases& cases) {
  cases.push_back(
      {.id = "access-will",
       .v311 = "X-will-denied",
       .v5 = "X-will-denied",
       .what = "The user connects with a will for a topic that it may not publish to, and the connection breaks.",
       .expect = "CONNECT is refused (5: with 0x87; 3.1.1: with 5), or the will is not published.",
       .body = [](Context& t) {
         Client& w = watcher_of(t, closed_topic(t));
         Client& c = t.client("a");
         ConnectOptions o = as_user(t);
         o.will = Will{closed_topic(t), "never", 0, false, {}};
         const auto connack = c.try_connect(c.connect_packet_for(o));
         if (!connack || connack->code != 0) {
           t.chose("a will that is not authorised: CONNECT is refused");
           if (connack) t.equal(connack->code, t.v5() ? 0x87U : 5U, "code of CONNACK");
         } else {
           t.chose("a will that is not authorised: CONNECT is accepted, and the will is not published");
           c.drop();
         }
         // Another will, which may be published, comes after it.
         connect_user(t, "b", {.will = Will{t.topic(), "gone", 0, false, {}}}).drop();
         w.expect_publish(t.topic(), "gone");
         expect_only_marker(t, w);
       }});
}

}  // namespace

void add_rights_cases(Cases& cases) {
  add_publish(cases);
  add_acknowledgements(cases);
  add_subscribe(cases);
  add_will(cases);
}

}  // namespace orrery::conformance
