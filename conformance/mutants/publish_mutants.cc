// SPDX-License-Identifier: Apache-2.0
// Mutants of what a broker delivers: flags, topics, payloads, order, properties, aliases.
#include <algorithm>
#include <utility>

#include "conformance/mutants/mutant.h"

namespace orrery::conformance {
namespace {

Mangle delivery(Mangle change) { return only(Type::kPublish, std::move(change)); }

void add_flags(Mutants& m) {
  m.push_back({"dup-on-first-delivery", "5 MQTT-3.3.1-3", "Every delivery of QoS 1 and 2 has DUP.",
               delivery([](Flow& f) { f.p.dup = f.p.qos != 0, f.pass_changed(); })});
  m.push_back({"dup-never", "5 MQTT-3.3.1-1", "Repeats have DUP 0.",
               delivery([](Flow& f) { f.p.dup = false, f.pass_changed(); })});
  m.push_back({"dup-on-qos0", "5 MQTT-3.3.1-2", "Deliveries of QoS 0 have DUP.", delivery([](Flow& f) {
                 if (f.p.qos == 0) f.p.dup = true;
                 f.pass_changed();
               })});
  m.push_back({"qos-3", "5 MQTT-3.3.1-4", "Deliveries of QoS 2 have both QoS bits set.", delivery([](Flow& f) {
                 if (f.p.qos != 2) return f.pass();
                 Octets bytes = f.raw();
                 bytes[0] = static_cast<char>(bytes[0] | 0x06);
                 f.send_raw(bytes);
               })});
  m.push_back({"retain-kept", "5 MQTT-3.3.1-12", "Every delivery has retain 1.",
               delivery([](Flow& f) { f.p.retain = true, f.pass_changed(); })});
  m.push_back({"retain-never", "3.1.1 MQTT-3.3.1-8", "No delivery has retain 1.",
               delivery([](Flow& f) { f.p.retain = false, f.pass_changed(); })});
  m.push_back({"qos-raised", "5 MQTT-3.8.4-8", "Deliveries of QoS 0 come at QoS 1.", delivery([](Flow& f) {
                 if (f.p.qos == 0) f.p.qos = 1, f.p.id = 40'000;
                 f.pass_changed();
               })});
  m.push_back({"qos-lowered", "5 MQTT-3.8.4-8", "Deliveries of QoS 2 come at QoS 1.", delivery([](Flow& f) {
                 if (f.p.qos != 2) return f.pass();
                 f.answer(ack_packet(Type::kPubrec, f.p.id, 0x80));  // the broker's own delivery ends
                 f.p.qos = 1;
                 f.pass_changed();
               }),
               only(Type::kPuback, [](Flow& f) { f.pass(); })});
  m.push_back(
      {"identifier-zero", "5 MQTT-2.2.1-4", "Deliveries of QoS 1 have packet identifier 0.", delivery([](Flow& f) {
         if (f.p.qos == 1) f.p.id = 0;
         f.pass_changed();
       })});
  m.push_back({"identifier-reused", "5 MQTT-2.2.1-4", "Deliveries of QoS 1 all have packet identifier 1.",
               delivery([](Flow& f) {
                 if (f.p.qos == 1) f.p.id = 1;
                 f.pass_changed();
               })});
  m.push_back({"identifier-changed-on-repeat", "5 MQTT-4.4.0-1", "A repeat comes with another packet identifier.",
               delivery([](Flow& f) {
                 if (f.p.dup) f.p.id = static_cast<std::uint16_t>(f.p.id + 100);
                 f.pass_changed();
               })});
}

void add_content(Mutants& m) {
  m.push_back({"topic-changed", "5 MQTT-3.3.2-3", "A delivery has another topic than was published.",
               delivery([](Flow& f) { f.p.topic += "x", f.pass_changed(); })});
  m.push_back({"topic-wildcard", "5 MQTT-3.3.2-2", "A delivery has the topic \"+\".",
               delivery([](Flow& f) { f.p.topic = "+", f.pass_changed(); })});
  m.push_back({"topic-empty", "5 MQTT-4.7.3-1", "A delivery has no topic.",
               delivery([](Flow& f) { f.p.topic.clear(), f.pass_changed(); })});
  m.push_back({"topic-not-text", "5 MQTT-3.3.2-1", "A delivery's topic is no UTF-8.",
               delivery([](Flow& f) { f.p.topic += "\xff", f.pass_changed(); })});
  m.push_back({"topic-mark-stripped", "5 MQTT-1.5.4-3", "A leading U+FEFF is lost.", delivery([](Flow& f) {
                 if (f.p.topic.rfind("\xef\xbb\xbf", 0) == 0) f.p.topic.erase(0, 3);
                 f.pass_changed();
               })});
  m.push_back({"payload-cut", "5 MQTT-3.3.4-1", "The last byte of a payload is lost.", delivery([](Flow& f) {
                 if (!f.p.payload.empty()) f.p.payload.pop_back();
                 f.pass_changed();
               })});
  m.push_back({"payload-high-bits", "5 MQTT-3.3.4-1", "Payload bytes lose their high bit.", delivery([](Flow& f) {
                 for (char& c : f.p.payload) c = static_cast<char>(c & 0x7f);
                 f.pass_changed();
               })});
  m.push_back({"qos0-twice", "5 MQTT-4.3.1-1", "Messages of QoS 0 are delivered twice.", delivery([](Flow& f) {
                 f.pass();
                 if (f.p.qos == 0) f.pass();
               })});
  m.push_back({"qos0-lost", "5 MQTT-4.5.0-1", "Every fifth message of QoS 0 is lost.", delivery([](Flow& f) {
                 if (f.p.qos != 0 || !f.every("n", 5)) f.pass();
               })});
  m.push_back({"qos1-lost", "5 MQTT-4.5.0-1", "Every fifth message of QoS 1 is lost.", delivery([](Flow& f) {
                 if (f.p.qos != 1 || !f.every("n", 5)) return f.pass();
                 f.answer(ack_packet(Type::kPuback, f.p.id));
               })});
  m.push_back({"qos2-twice", "5 MQTT-4.3.3-10", "Every fifth message of QoS 2 is delivered twice, as two messages.",
               delivery([](Flow& f) {
                 f.pass();
                 if (f.p.qos != 2 || !f.every("n", 5)) return;
                 f.p.id = static_cast<std::uint16_t>(f.p.id + 30'000);
                 f.pass_changed();
               }),
               [](Flow& f) {
                 // The second copy is nobody's: its handshake is answered here.
                 if (f.p.id < 30'000 || f.p.type < Type::kPuback || f.p.type > Type::kPubcomp) return f.pass();
                 if (f.p.type == Type::kPubrec) f.answer(ack_packet(Type::kPubrel, f.p.id));
               }});
  m.push_back({"order-swapped", "5 MQTT-4.6.0-5", "Every eighth message changes places with the next one.",
               delivery([](Flow& f) {
                 if (f.memory.packets.empty() && f.every("n", 8)) {
                   f.memory.packets.push_back(f.p);
                   return;
                 }
                 f.pass();
                 for (const Packet& held : f.memory.packets) f.send(held);
                 f.memory.packets.clear();
               })});
  m.push_back({"to-everybody", "5 MQTT-3.3.2-3",
               "A message reaches a client that did not subscribe: one that pings gets the last one.", [](Flow& f) {
                 if (f.p.type == Type::kPublish && f.p.qos == 0) f.world.packets = {f.p};
                 if (f.p.type == Type::kPingresp && !f.world.packets.empty())
                   f.send(publish_packet(f.world.packets[0].topic, f.world.packets[0].payload));
                 f.pass();
               }});
}

void add_properties(Mutants& m) {
  const auto stripped = [&m](const char* id, PropertyId property, const char* statement, const char* what) {
    m.push_back(
        {id, statement, what, delivery([property](Flow& f) { strip(f.p.properties, property), f.pass_changed(); })});
  };
  stripped("payload-format-lost", PropertyId::kPayloadFormat, "5 MQTT-3.3.2-4",
           "Payload format indicators are not passed on.");
  stripped("content-type-lost", PropertyId::kContentType, "5 MQTT-3.3.2-20", "Content types are not passed on.");
  stripped("response-topic-lost", PropertyId::kResponseTopic, "5 MQTT-3.3.2-15", "Response topics are not passed on.");
  stripped("correlation-lost", PropertyId::kCorrelationData, "5 MQTT-3.3.2-16", "Correlation data are not passed on.");
  stripped("user-properties-lost", PropertyId::kUserProperty, "5 MQTT-3.3.2-17", "User properties are not passed on.");
  stripped("expiry-lost", PropertyId::kMessageExpiry, "5 MQTT-3.3.2-6", "Message expiries are not passed on.");
  stripped("subscription-id-lost", PropertyId::kSubscriptionId, "5 MQTT-3.3.4-3",
           "Subscription identifiers are not sent.");
  const auto changed = [&m](const char* id, PropertyId property, const char* statement, const char* what,
                            void (*change)(Property&)) {
    m.push_back({id, statement, what, delivery([property, change](Flow& f) {
                   for (Property& p : f.p.properties)
                     if (p.id == static_cast<std::uint32_t>(property)) change(p);
                   f.pass_changed();
                 })});
  };
  changed("content-type-changed", PropertyId::kContentType, "5 MQTT-3.3.2-20", "Content types are turned to capitals.",
          [](Property& p) {
            for (char& c : p.text)
              if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
          });
  changed("response-topic-changed", PropertyId::kResponseTopic, "5 MQTT-3.3.2-15",
          "Response topics lose their last character.", [](Property& p) { p.text.pop_back(); });
  changed("correlation-cut", PropertyId::kCorrelationData, "5 MQTT-3.3.2-16",
          "Correlation data end at their first NUL.",
          [](Property& p) { p.text = p.text.substr(0, p.text.find('\0')); });
  changed("payload-format-0", PropertyId::kPayloadFormat, "5 MQTT-3.3.2-4", "The payload format indicator becomes 0.",
          [](Property& p) { p.number = 0; });
  changed("subscription-id-wrong", PropertyId::kSubscriptionId, "5 MQTT-3.3.4-5",
          "Subscription identifiers are one too large.",
          [](Property& p) { p.number = p.number == kVarintMax ? 1 : p.number + 1; });
  changed("user-property-value-empty", PropertyId::kUserProperty, "5 MQTT-3.3.2-17",
          "User properties lose their value.", [](Property& p) { p.value.clear(); });
  m.push_back(
      {"user-properties-reversed", "5 MQTT-3.3.2-18", "User properties come in reverse order.",
       delivery([](Flow& f) { std::reverse(f.p.properties.begin(), f.p.properties.end()), f.pass_changed(); })});
  m.push_back({"user-properties-merged", "5 MQTT-3.3.2-18", "Of user properties with one name only the first is kept.",
               delivery([](Flow& f) {
                 Properties kept;
                 for (const Property& p : f.p.properties)
                   if (p.text.empty() || std::none_of(kept.begin(), kept.end(), [&p](const Property& k) {
                         return k.id == p.id && k.text == p.text;
                       }))
                     kept.push_back(p);
                 f.p.properties = kept;
                 f.pass_changed();
               })});
  m.push_back({"delivery-forbidden-property", "5 X-property-not-allowed", "Deliveries carry a session expiry.",
               delivery([](Flow& f) {
                 if (f.v5()) f.p.properties.push_back(number_property(PropertyId::kSessionExpiry, 1));
                 f.pass_changed();
               })});
  m.push_back({"subscription-id-invented", "5 MQTT-3.3.4-3",
               "Deliveries carry a subscription identifier that nobody gave.", delivery([](Flow& f) {
                 if (f.v5()) f.p.properties.push_back(number_property(PropertyId::kSubscriptionId, 4242));
                 f.pass_changed();
               })});
  m.push_back({"subscription-ids-not-merged", "5 MQTT-3.3.4-4", "A merged copy carries only one of its identifiers.",
               delivery([](Flow& f) {
                 bool first = true;
                 std::erase_if(f.p.properties, [&first](const Property& p) {
                   return p.id == static_cast<std::uint32_t>(PropertyId::kSubscriptionId) &&
                          !std::exchange(first, false);
                 });
                 f.pass_changed();
               })});
  m.push_back({"expiry-not-counted-down", "5 MQTT-3.3.2-6", "The message expiry is passed on as it was published.",
               delivery([](Flow& f) {
                 const auto it = f.world.numbers.find(f.p.topic + "\n" + f.p.payload);
                 for (Property& p : f.p.properties)
                   if (p.id == static_cast<std::uint32_t>(PropertyId::kMessageExpiry) && it != f.world.numbers.end())
                     p.number = static_cast<std::uint32_t>(it->second);
                 f.pass_changed();
               }),
               only(Type::kPublish, [](Flow& f) {
                 f.world.numbers[f.p.topic + "\n" + f.p.payload] =
                     number_of(f.p.properties, PropertyId::kMessageExpiry, 0);
                 f.pass();
               })});
  m.push_back({"expiry-ignored", "5 MQTT-3.3.2-5", "Messages never expire.", {}, only(Type::kPublish, [](Flow& f) {
                 for (Property& p : f.p.properties)
                   if (p.id == static_cast<std::uint32_t>(PropertyId::kMessageExpiry)) p.number += 1000;
                 f.pass_changed();
               })});
  m.push_back({"expiry-at-once",
               "5 MQTT-3.3.2-5",
               "An expiry counts in hundredths of a second.",
               {},
               only(Type::kPublish, [](Flow& f) {
                 for (Property& p : f.p.properties)
                   if (p.id == static_cast<std::uint32_t>(PropertyId::kMessageExpiry)) p.number = (p.number + 99) / 100;
                 f.pass_changed();
               })});
}

void add_aliases(Mutants& m) {
  const auto with_alias = [](std::uint32_t alias, bool keep_topic) {
    return delivery([alias, keep_topic](Flow& f) {
      if (!f.v5()) return f.pass();
      strip(f.p.properties, PropertyId::kTopicAlias);
      f.p.properties.push_back(number_property(PropertyId::kTopicAlias, alias));
      if (!keep_topic) f.p.topic.clear();
      f.pass_changed();
    });
  };
  m.push_back(
      {"alias-although-none-allowed", "5 MQTT-3.1.2-27", "Every delivery has topic alias 1.", with_alias(1, true)});
  m.push_back(
      {"alias-above-maximum", "5 MQTT-3.1.2-26", "Clients that allow aliases get alias 3.", delivery([](Flow& f) {
         if (number_of(f.connect_packet.properties, PropertyId::kTopicAliasMaximum, 0) == 0) return f.pass();
         strip(f.p.properties, PropertyId::kTopicAlias);
         f.p.properties.push_back(number_property(PropertyId::kTopicAlias, 3));
         f.pass_changed();
       })});
  m.push_back({"alias-zero", "5 MQTT-3.3.2-8", "Every delivery has topic alias 0.", with_alias(0, true)});
  m.push_back({"alias-without-topic", "5 MQTT-3.3.2-7", "Clients that allow aliases get one without a topic first.",
               delivery([](Flow& f) {
                 if (number_of(f.connect_packet.properties, PropertyId::kTopicAliasMaximum, 0) == 0) return f.pass();
                 strip(f.p.properties, PropertyId::kTopicAlias);
                 f.p.properties.push_back(number_property(PropertyId::kTopicAlias, 1));
                 f.p.topic.clear();
                 f.pass_changed();
               })});
  m.push_back({"alias-mixed-up",
               "5 MQTT-3.3.2-12",
               "A client's alias 1 always means the topic it was first given.",
               {},
               only(Type::kPublish, [](Flow& f) {
                 if (number_of(f.p.properties, PropertyId::kTopicAlias, 0) == 1 && f.every("given", 1) &&
                     f.memory.numbers["given"] > 1)
                   f.p.topic.clear();
                 f.pass_changed();
               })});
  m.push_back({"alias-forgotten",
               "5 MQTT-3.3.2-12",
               "A client's alias that comes with its topic is not remembered when it was known before.",
               {},
               only(Type::kPublish, [](Flow& f) {
                 if (!f.p.topic.empty() && find(f.p.properties, PropertyId::kTopicAlias) != nullptr &&
                     f.every("given", 2))
                   strip(f.p.properties, PropertyId::kTopicAlias);
                 f.pass_changed();
               })});
}

}  // namespace

void add_publish_mutants(Mutants& mutants) {
  add_flags(mutants);
  add_content(mutants);
  add_properties(mutants);
  add_aliases(mutants);
}

}  // namespace orrery::conformance
