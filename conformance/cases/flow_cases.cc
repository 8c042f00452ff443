// SPDX-License-Identifier: Apache-2.0
// MQTT 5 limits in both directions: receive maximum, maximum packet size, topic aliases
// (sections 3.3.2.3.4, 3.3.4, 4.9).
#include <set>

#include "conformance/cases/all.h"
#include "conformance/cases/context.h"

namespace orrery::conformance {
namespace {

ConnectOptions with(PropertyId id, std::uint32_t value) {
  ConnectOptions o;
  o.properties = {number_property(id, value)};
  return o;
}

Packet aliased(std::string_view topic, std::uint32_t alias, std::string_view payload) {
  return publish_packet(topic, payload, 0, 0, false, {number_property(PropertyId::kTopicAlias, alias)});
}

void add_window(Cases& cases) {
  cases.push_back(
      {.id = "window-of-the-client",
       .v311 = "",
       .v5 = "3.3.4-9 4.9.0-1 4.9.0-2",
       .what = "A client with a receive maximum of 3 acknowledges nothing; ten messages of QoS 1 are published for it.",
       .expect = "Three come; each acknowledgement lets one more come; in the end all have come in order.",
       .versions = kOnly5,
       .needs = bit(Capability::kQos1),
       .body = [](Context& t) {
         Client& s = t.connect("s", with(PropertyId::kReceiveMaximum, 3));
         s.auto_ack = false;
         s.subscribe(t.topic(), 1);
         Client& p = t.connect("p");
         for (int i = 0; i < 10; ++i) p.publish(t.topic(), std::to_string(i), 1);
         std::vector<std::uint16_t> ids;
         for (int i = 0; i < 3; ++i) ids.push_back(s.expect_publish(t.topic(), std::to_string(i)).id);
         s.expect_quiet("the window is full");
         for (std::size_t i = 3; i < 10; ++i) {
           s.send(ack_packet(Type::kPuback, ids[i - 3]));
           ids.push_back(s.expect_publish(t.topic(), std::to_string(i)).id);
         }
         for (std::size_t i = 7; i < 10; ++i) s.send(ack_packet(Type::kPuback, ids[i]));
       }});
  cases.push_back({.id = "window-qos2",
                   .v311 = "",
                   .v5 = "3.3.4-9 4.9.0-2",
                   .what = "The same with a receive maximum of 2 and QoS 2: PUBREC does not free a place, PUBCOMP "
                           "does, and so does a refusing PUBREC.",
                   .expect = "The third message comes only after the first PUBCOMP, the fourth after a PUBREC 0x80.",
                   .versions = kOnly5,
                   .needs = bit(Capability::kQos2),
                   .body = [](Context& t) {
                     Client& s = t.connect("s", with(PropertyId::kReceiveMaximum, 2));
                     s.auto_ack = false;
                     s.subscribe(t.topic(), 2);
                     Client& p = t.connect("p");
                     for (int i = 0; i < 4; ++i) p.publish(t.topic(), std::to_string(i), 2);
                     const Packet zero = s.expect_publish(t.topic(), "0");
                     const Packet one = s.expect_publish(t.topic(), "1");
                     s.send(ack_packet(Type::kPubrec, zero.id));
                     s.take_id(Type::kPubrel, zero.id);
                     s.expect_quiet("PUBREC frees no place in the window");
                     s.send(ack_packet(Type::kPubcomp, zero.id));
                     const Packet two = s.expect_publish(t.topic(), "2");
                     s.expect_quiet("the window is full again");
                     s.send(ack_packet(Type::kPubrec, one.id, 0x80));
                     const Packet three = s.expect_publish(t.topic(), "3");
                     for (const Packet& m : {two, three}) {
                       s.send(ack_packet(Type::kPubrec, m.id));
                       s.take_id(Type::kPubrel, m.id);
                       s.send(ack_packet(Type::kPubcomp, m.id));
                     }
                   }});
  cases.push_back(
      {.id = "window-full-holds-nothing-else",
       .v311 = "",
       .v5 = "3.3.4-10 4.9.0-3",
       .what = "A client with a receive maximum of 1 leaves one delivery unacknowledged.",
       .expect = "PINGREQ, SUBSCRIBE, UNSUBSCRIBE, its own PUBLISH of QoS 1 and 2, and deliveries of QoS 0 still work.",
       .versions = kOnly5,
       .needs = bit(Capability::kQos1) | bit(Capability::kQos2),
       .body = [](Context& t) {
         Client& s = t.connect("s", with(PropertyId::kReceiveMaximum, 1));
         s.auto_ack = false;
         s.subscribe(t.topic(), 1);
         Client& p = t.connect("p");
         p.publish(t.topic(), "held", 1);
         p.publish(t.topic(), "waits", 1);
         const Packet held = s.expect_publish(t.topic(), "held");
         s.ping();
         s.subscribe(t.topic("zero"), 0);
         s.unsubscribe({t.topic("unknown")});
         s.publish(t.topic("own"), "x", 1);
         s.publish(t.topic("own"), "x", 2);
         p.publish(t.topic("zero"), "zero", 0U);
         s.expect_publish(t.topic("zero"), "zero");
         s.send(ack_packet(Type::kPuback, held.id));
         s.send(ack_packet(Type::kPuback, s.expect_publish(t.topic(), "waits").id));
       }});
  cases.push_back(
      {.id = "window-reset-by-reconnect",
       .v311 = "",
       .v5 = "4.9.0-1 4.4.0-1",
       .what = "A client with a full window of 2 breaks off and resumes with a window of 4; four messages wait.",
       .expect = "All four come: two repeats, then two new ones.",
       .versions = kOnly5,
       .needs = bit(Capability::kQos1),
       .body = [](Context& t) {
         ConnectOptions o = with(PropertyId::kReceiveMaximum, 2);
         o.persistent = true;
         Client& s = t.client("s");
         s.auto_ack = false;
         s.connect(o);
         s.subscribe(t.topic(), 1);
         Client& p = t.connect("p");
         for (int i = 0; i < 4; ++i) p.publish(t.topic(), std::to_string(i), 1);
         s.expect_publish(t.topic(), "0");
         s.expect_publish(t.topic(), "1");
         s.drop();
         o.properties = {number_property(PropertyId::kReceiveMaximum, 4)};
         o.clean = false;
         Client& again = t.client("s");
         again.auto_ack = false;
         again.connect(o);
         for (int i = 0; i < 4; ++i) t.equal(again.expect_publish(t.topic(), std::to_string(i)).dup, i < 2, "DUP");
         again.expect_quiet();
       }});
  cases.push_back(
      {.id = "window-of-the-server-exceeded",
       .v311 = "",
       .v5 = "3.3.4-7",
       .what = "A client sends one more QoS 2 PUBLISH than the server's receive maximum allows, none of them released.",
       .expect = "DISCONNECT 0x93 and the close.",
       .versions = kOnly5,
       .needs = bit(Capability::kQos2),
       .body = [](Context& t) {
         t.need(t.facts().receive_maximum <= 1000, "the server's receive maximum is very large");
         Client& c = t.connect("a");
         const unsigned window = number_of(c.connack().properties, PropertyId::kReceiveMaximum, 65535);
         for (unsigned i = 1; i <= window; ++i) c.send(publish_packet(t.topic(), "x", 2, i));
         for (unsigned i = 1; i <= window; ++i) c.take_id(Type::kPubrec, i);
         c.send(publish_packet(t.topic(), "x", 2, window + 1));
         c.expect_closed({0x93});
       }});
  cases.push_back(
      {.id = "window-of-the-server-used-again",
       .v311 = "",
       .v5 = "4.9.0-2 3.3.4-7",
       .what = "A client fills the server's receive maximum with QoS 1 messages three times over, never beyond it.",
       .expect = "All are acknowledged.",
       .versions = kOnly5,
       .needs = bit(Capability::kQos1),
       .body = [](Context& t) {
         Client& c = t.connect("a");
         const unsigned window = std::min(number_of(c.connack().properties, PropertyId::kReceiveMaximum, 65535), 100U);
         for (int round = 0; round < 3; ++round) {
           for (unsigned i = 1; i <= window; ++i) c.send(publish_packet(t.topic(), "x", 1, i));
           for (unsigned i = 1; i <= window; ++i) c.take_id(Type::kPuback, i);
         }
       }});
}

void add_size(Cases& cases) {
  cases.push_back({.id = "size-of-the-client",
                   .v311 = "",
                   .v5 = "3.1.2-24 3.1.2-25",
                   .what = "A client with a maximum packet size gets messages that are just as large, and one byte "
                           "larger, at QoS 0, 1 and 2.",
                   .expect = "Those that fit arrive, the others are dropped as if delivered; another client gets all.",
                   .versions = kOnly5,
                   .needs = bit(Capability::kQos1) | bit(Capability::kQos2),
                   .body = [](Context& t) {
                     ConnectOptions o = with(PropertyId::kMaximumPacketSize, 100);
                     o.properties.push_back(number_property(PropertyId::kReceiveMaximum, 2));
                     Client& small = t.connect("s", o);
                     small.subscribe(t.topic(), 2);
                     Client& other = t.connect("o");
                     other.subscribe(t.topic(), 2);
                     Client& p = t.connect("p");
                     for (unsigned qos = 0; qos < 3; ++qos) {
                       const std::size_t overhead = 2 + 2 + t.topic().size() + (qos == 0 ? 0 : 2) + 1;
                       const std::string fits(100 - overhead, 'f');
                       for (int i = 0; i < 3; ++i) {
                         p.publish(t.topic(), fits + "x", qos);
                         other.expect_publish(t.topic(), fits + "x");
                       }
                       p.publish(t.topic(), fits, qos);
                       small.expect_publish(t.topic(), fits);
                       other.expect_publish(t.topic(), fits);
                     }
                   }});
  cases.push_back(
      {.id = "size-of-the-client-on-resume",
       .v311 = "",
       .v5 = "3.1.2-24 3.1.2-25",
       .what = "Messages wait for a client who resumes with a maximum packet size that some of them exceed.",
       .expect = "It gets those that fit; the others are dropped and block nothing.",
       .versions = kOnly5,
       .needs = bit(Capability::kQos1),
       .body = [](Context& t) {
         ConnectOptions o;
         o.persistent = true;
         Client& s = t.connect("s", o);
         s.subscribe(t.topic(), 1);
         s.disconnect();
         Client& p = t.connect("p");
         for (const char* payload : {"1", "large", "2", "large", "3"})
           p.publish(t.topic(), std::string(payload) == "large" ? std::string(300, 'L') : payload, 1);
         o.clean = false;
         o.properties = {number_property(PropertyId::kSessionExpiry, 600),
                         number_property(PropertyId::kMaximumPacketSize, 150)};
         Client& again = t.connect("s", o);
         for (const char* payload : {"1", "2", "3"}) again.expect_publish(t.topic(), payload);
       }});
  cases.push_back({.id = "size-of-the-first-answer",
                   .v311 = "",
                   .v5 = "3.1.2-24",
                   .what = "Clients without an identifier connect with maximum packet sizes from 1 byte up.",
                   .expect = "No CONNACK is larger than that: another one comes, or the connection ends.",
                   .versions = kOnly5,
                   .body = [](Context& t) {
                     for (const std::uint32_t size : {1U, 4U, 5U, 9U, 18U, 19U, 25U, 30U, 38U, 41U, 46U, 60U}) {
                       Client& c = t.client("a");
                       ConnectOptions o = with(PropertyId::kMaximumPacketSize, size);
                       o.client_id = "";
                       const auto connack = c.try_connect(c.connect_packet_for(o));
                       if (!connack || connack->code != 0)
                         c.expect_end();
                       else
                         c.drop();
                     }
                   }});
  cases.push_back(
      {.id = "size-of-the-server",
       .v311 = "",
       .v5 = "3.2.2-15",
       .what = "A client announces and begins to send a packet larger than the server's maximum packet size.",
       .expect = "DISCONNECT 0x95 and the close.",
       .versions = kOnly5,
       .body = [](Context& t) {
         t.need(t.facts().maximum_packet_size < kVarintMax, "the server announces no maximum packet size");
         Client& c = t.connect("a");
         const std::uint32_t announced = number_of(c.connack().properties, PropertyId::kMaximumPacketSize, kVarintMax);
         c.send_raw(u8(0x30) + varint(announced + 1) + text(t.topic()) + varint(0) + std::string(100, 'x'));
         c.expect_closed({0x95});
       }});
}

void add_alias_from_client(Cases& cases) {
  const Capabilities needs = bit(Capability::kTopicAlias);
  cases.push_back(
      {.id = "alias-from-client",
       .v311 = "",
       .v5 = "3.3.2-12 3.3.2-7",
       .what = "A client gives aliases to topics, uses each without the topic, and points one at another topic.",
       .expect = "Every message arrives under the topic meant, for aliases from 1 to the server's maximum.",
       .versions = kOnly5,
       .needs = needs,
       .body = [](Context& t) {
         Client& s = t.connect("s");
         s.subscribe(t.topic("#"), 0);
         Client& p = t.connect("p");
         const std::uint32_t most = t.facts().topic_alias_maximum;
         for (const std::uint32_t alias : std::set<std::uint32_t>{1, (most + 1) / 2, most}) {
           const std::string topic = t.topic("x" + std::to_string(alias));
           p.send(aliased(topic, alias, "with"));
           s.expect_publish(topic, "with");
           p.send(aliased("", alias, "without"));
           s.expect_publish(topic, "without");
         }
         p.send(aliased(t.topic("other"), 1, "moved"));
         s.expect_publish(t.topic("other"), "moved");
         p.send(aliased("", 1, "after"));
         s.expect_publish(t.topic("other"), "after");
       }});
  cases.push_back(
      {.id = "alias-with-qos",
       .v311 = "",
       .v5 = "3.3.2-12",
       .what = "An alias is used with messages of QoS 1 and 2 and with retain 1.",
       .expect = "They arrive under their topic, and the retained one is stored under it.",
       .versions = kOnly5,
       .needs = needs | bit(Capability::kQos2) | bit(Capability::kRetain),
       .body = [](Context& t) {
         Client& s = t.connect("s");
         s.subscribe(t.topic(), 2);
         Client& p = t.connect("p");
         const Properties alias = {number_property(PropertyId::kTopicAlias, 1)};
         p.publish(t.topic(), "0", {.properties = alias});
         p.publish("", "1", {.qos = 1, .properties = alias});
         p.publish("", "2", {.qos = 2, .properties = alias});
         p.send(publish_packet(t.topic(), "", 0, 0, true, alias));  // so that the topic is known for tidying up
         p.publish("", "kept", {.qos = 1, .retain = true, .properties = alias});
         for (const char* payload : {"0", "1", "2", "", "kept"}) s.expect_publish(t.topic(), payload);
         Client& late = t.connect("l");
         late.subscribe(t.topic(), 1);
         late.expect_publish(t.topic(), "kept");
         p.publish(t.topic(), "", {.qos = 1, .retain = true});
         s.expect_publish(t.topic(), "");
         late.expect_publish(t.topic(), "");
       }});
  cases.push_back({.id = "alias-not-forwarded",
                   .v311 = "",
                   .v5 = "3.1.2-27 3.3.2-11",
                   .what = "A client publishes with an alias to a subscriber that allows none.",
                   .expect = "The subscriber gets the topic and no alias.",
                   .versions = kOnly5,
                   .needs = needs,
                   .body = [](Context& t) {
                     Client& s = t.connect("s");
                     s.subscribe(t.topic(), 0);
                     Client& p = t.connect("p");
                     p.send(aliased(t.topic(), 1, "a"));
                     p.send(aliased("", 1, "b"));
                     for (const char* payload : {"a", "b"}) {
                       const Packet m = s.expect_publish(t.topic(), payload);
                       t.check(find(m.properties, PropertyId::kTopicAlias) == nullptr && m.topic == t.topic(),
                               "an alias was forwarded");
                     }
                   }});
  cases.push_back(
      {.id = "alias-ends-with-connection",
       .v311 = "",
       .v5 = "3.3.2-7",
       .what = "A client gives an alias, resumes its session on a new connection and uses the alias without a topic.",
       .expect = "Protocol error: the alias is not known on this connection.",
       .versions = kOnly5,
       .needs = needs,
       .body = [](Context& t) {
         ConnectOptions o;
         o.persistent = true;
         Client& p = t.connect("p", o);
         p.send(aliased(t.topic(), 1, "a"));
         p.ping();
         p.drop();
         o.clean = false;
         Client& again = t.connect("p", o);
         again.send(aliased("", 1, "b"));
         again.expect_closed({0x82, false, 0x94});
       }});
  cases.push_back({.id = "alias-unknown",
                   .v311 = "",
                   .v5 = "X-alias-unknown 4.13.1-1",
                   .what = "A client uses an alias without a topic that it has never given.",
                   .expect = "Protocol error.",
                   .versions = kOnly5,
                   .needs = needs,
                   .body = [](Context& t) {
                     Client& p = t.connect("p");
                     p.send(aliased("", 1, "x"));
                     p.expect_closed({0x82, false, 0x94});
                   }});
  cases.push_back({.id = "alias-zero",
                   .v311 = "",
                   .v5 = "3.3.2-8 4.13.1-1",
                   .what = "A client uses topic alias 0.",
                   .expect = "DISCONNECT 0x94 and the close.",
                   .versions = kOnly5,
                   .body = [](Context& t) {
                     Client& p = t.connect("p");
                     p.send(aliased(t.topic(), 0, "x"));
                     p.expect_closed({0x94, false});
                   }});
  cases.push_back({.id = "alias-above-maximum",
                   .v311 = "",
                   .v5 = "3.3.2-9 3.2.2-17 3.2.2-18",
                   .what = "A client uses a topic alias one above the server's maximum, which may be 0, and 65535.",
                   .expect = "DISCONNECT 0x94 and the close.",
                   .versions = kOnly5,
                   .body = [](Context& t) {
                     t.need(t.facts().topic_alias_maximum < 65535, "the server takes every alias");
                     for (const std::uint32_t alias : {t.facts().topic_alias_maximum + 1, std::uint32_t{65535}}) {
                       Client& p = t.connect("p");
                       p.send(aliased(t.topic(), alias, "x"));
                       p.expect_closed({0x94, false});
                     }
                   }});
}

void add_alias_from_server(Cases& cases) {
  cases.push_back({.id = "alias-from-server",
                   .v311 = "",
                   .v5 = "3.3.2-11 3.1.2-26 3.3.2-8",
                   .what = "A client that allows two aliases gets messages on six topics, three times each.",
                   .expect = "Aliases, when the server uses any, are 1 or 2 and mean the right topic.",
                   .versions = kOnly5,
                   .needs = bit(Capability::kWildcard),
                   .body = [](Context& t) {
                     Client& s = t.connect("s", with(PropertyId::kTopicAliasMaximum, 2));
                     s.subscribe(t.topic("#"), 0);
                     Client& p = t.connect("p");
                     bool used = false;
                     for (int round = 0; round < 3; ++round)
                       for (int i = 0; i < 6; ++i) {
                         const std::string topic = t.topic(std::to_string(i));
                         p.publish(topic, topic, 0U);
                         const Packet m = s.expect_publish(topic, topic);
                         used = used || find(m.properties, PropertyId::kTopicAlias) != nullptr;
                       }
                     t.chose(used ? "the server uses topic aliases" : "the server uses no topic aliases");
                   }});
  cases.push_back({.id = "alias-from-server-new-connection",
                   .v311 = "",
                   .v5 = "3.3.2-7 3.1.2-26",
                   .what = "A subscriber with aliases resumes its session with a message waiting, once with fewer and "
                           "once without aliases.",
                   .expect = "Every message can be read with what this connection has been told.",
                   .versions = kOnly5,
                   .needs = bit(Capability::kWildcard) | bit(Capability::kQos1),
                   .body = [](Context& t) {
                     ConnectOptions o = with(PropertyId::kTopicAliasMaximum, 5);
                     o.persistent = true;
                     Client& s = t.connect("s", o);
                     s.subscribe(t.topic("#"), 1);
                     Client& p = t.connect("p");
                     for (int i = 0; i < 5; ++i) {
                       p.publish(t.topic(std::to_string(i)), "m", 1);
                       s.expect_publish(t.topic(std::to_string(i)), "m");
                     }
                     s.ping();
                     s.drop();
                     for (const std::uint32_t allowed : {1U, 0U}) {
                       p.publish(t.topic("4"), "waits", 1);
                       o.clean = false;
                       o.properties = {number_property(PropertyId::kTopicAliasMaximum, allowed)};
                       Client& again = t.connect("s", o);
                       again.expect_publish(t.topic("4"), "waits");
                       again.ping();
                       again.drop();
                     }
                   }});
}

}  // namespace

void add_flow_cases(Cases& cases) {
  add_window(cases);
  add_size(cases);
  add_alias_from_client(cases);
  add_alias_from_server(cases);
}

}  // namespace orrery::conformance
