// SPDX-License-Identifier: Apache-2.0
// Mutants of PUBACK, PUBREC, PUBREL and PUBCOMP, and of what is sent again.
#include "conformance/mutants/mutant.h"

namespace orrery::conformance {
namespace {

void add_answers(Mutants& m) {
  const struct {
    const char* name;
    Type type;
    const char* statement;
  } answers[] = {{"puback", Type::kPuback, "5 MQTT-4.3.2-4"},
                 {"pubrec", Type::kPubrec, "5 MQTT-4.3.3-8"},
                 {"pubcomp", Type::kPubcomp, "5 MQTT-4.3.3-11"}};
  for (const auto& a : answers) {
    const std::string name = a.name;
    const std::string type = type_name(a.type);
    m.push_back({name + "-missing", a.statement, "Every third " + type + " is not sent.", only(a.type, [](Flow& f) {
                   if (!f.every("n", 3)) f.pass();
                 })});
    m.push_back({name + "-twice", "5 MQTT-2.2.1-5", type + " is sent twice.",
                 only(a.type, [](Flow& f) { f.pass(), f.pass(); })});
    m.push_back({name + "-other-identifier", "5 MQTT-2.2.1-5", type + " has the next identifier.",
                 only(a.type, [](Flow& f) { f.p.id = static_cast<std::uint16_t>(f.p.id + 1), f.pass_changed(); })});
    m.push_back({name + "-identifier-swapped", "5 MQTT-2.2.1-5",
                 type + " has the bytes of its identifier the wrong way round.", only(a.type, [](Flow& f) {
                   f.p.id = static_cast<std::uint16_t>(f.p.id << 8 | f.p.id >> 8), f.pass_changed();
                 })});
    m.push_back({name + "-flags", "5 MQTT-2.1.3-1", type + " has header flags 0010.", only(a.type, [](Flow& f) {
                   Octets bytes = f.raw();
                   bytes[0] = static_cast<char>(bytes[0] | 2);
                   f.send_raw(bytes);
                 })});
    m.push_back({name + "-unlisted-code",
                 a.type == Type::kPuback   ? "5 MQTT-3.4.2-1"
                 : a.type == Type::kPubrec ? "5 MQTT-3.5.2-1"
                                           : "5 MQTT-3.7.2-1",
                 type + " has code 0x8f.", only(a.type, [](Flow& f) { f.p.code = 0x8f, f.pass_changed(); })});
    m.push_back({name + "-with-code-in-311", "3.1.1 X-trailing-bytes", type + " has a reason code in 3.1.1.",
                 only(a.type, [](Flow& f) {
                   if (f.v5()) return f.pass();
                   f.send_raw(frame(static_cast<unsigned char>(f.raw()[0]), u16(f.p.id) + u8(0)));
                 })});
    m.push_back({name + "-reason-string-unwanted", "5 MQTT-3.1.2-29",
                 type + " explains itself to clients that want no problem information.", only(a.type, [](Flow& f) {
                   if (f.v5()) f.p.properties.push_back(text_property(PropertyId::kReasonString, "because"));
                   f.pass_changed();
                 })});
    m.push_back({name + "-too-large", "5 MQTT-3.1.2-24",
                 type + " carries user properties beyond the client's maximum packet size.", only(a.type, [](Flow& f) {
                   if (f.v5() && number_of(f.connect_packet.properties, PropertyId::kMaximumPacketSize, 0) != 0)
                     f.p.properties.push_back(user_property("name", std::string(100, 'x')));
                   f.pass_changed();
                 })});
  }
  m.push_back({"puback-no-subscribers", "5 MQTT-3.4.2-1",
               "PUBACK says 0x10, no matching subscribers, whoever subscribed.", only(Type::kPuback, [](Flow& f) {
                 if (f.v5()) f.p.code = 0x10;
                 f.pass_changed();
               })});
  m.push_back({"puback-for-qos2", "5 MQTT-3.3.4-1", "A PUBLISH of QoS 2 gets PUBACK.",
               only(Type::kPubrec, [](Flow& f) { f.p.type = Type::kPuback, f.pass_changed(); })});
  m.push_back({"qos0-acknowledged",
               "5 MQTT-3.3.4-1",
               "A PUBLISH of QoS 0 gets a PUBACK.",
               {},
               only(Type::kPublish, [](Flow& f) {
                 f.pass();
                 if (f.p.qos == 0) f.answer(ack_packet(Type::kPuback, 1));
               })});
}

void add_exactly_once(Mutants& m) {
  m.push_back({"qos2-repeat-refused",
               "5 MQTT-4.3.3-10",
               "A repeat before PUBREL is refused with PUBREC 0x91.",
               {},
               [](Flow& f) {
                 const std::string key = "open" + std::to_string(f.p.id);
                 if (f.p.type == Type::kPubrel) f.memory.numbers.erase(key);
                 if (f.p.type != Type::kPublish || f.p.qos != 2 || ++f.memory.numbers[key] == 1) return f.pass();
                 f.answer(ack_packet(Type::kPubrec, f.p.id, 0x91));
               }});
  m.push_back({"qos2-repeat-delivered",
               "5 MQTT-4.3.3-10",
               "A repeat before PUBREL is delivered like a new message.",
               {},
               [](Flow& f) {
                 const std::string key = "open" + std::to_string(f.p.id);
                 if (f.p.type == Type::kPubrel) f.memory.numbers.erase(key);
                 if (f.p.type != Type::kPublish || f.p.qos != 2 || ++f.memory.numbers[key] == 1) return f.pass();
                 f.answer(ack_packet(Type::kPubrec, f.p.id));
                 f.p.qos = 0;
                 f.p.dup = false;
                 f.pass_changed();
               }});
  m.push_back({"qos2-third-repeat-closes",
               "5 MQTT-4.3.3-10",
               "The third PUBLISH with one identifier before PUBREL is a protocol error.",
               {},
               [](Flow& f) {
                 const std::string key = "open" + std::to_string(f.p.id);
                 if (f.p.type == Type::kPubrel) f.memory.numbers.erase(key);
                 if (f.p.type == Type::kPublish && f.p.qos == 2 && ++f.memory.numbers[key] == 3)
                   return f.send_raw(frame(0x36, text("x") + u16(1)));
                 f.pass();
               }});
  m.push_back({"qos2-forgotten-on-reconnect",
               "5 MQTT-4.3.3-10",
               "A repeat on a new connection counts as a new message.",
               {},
               only(Type::kPublish, [](Flow& f) {
                 if (f.p.qos != 2 || !f.p.dup || ++f.memory.numbers["seen" + std::to_string(f.p.id)] > 1)
                   return f.pass();
                 const Packet copy = publish_packet(f.p.topic, f.p.payload, 0, 0, false, f.p.properties);
                 f.pass();
                 f.send(copy);
               })});
  m.push_back({"dup-means-known",
               "5 MQTT-4.3.3-12",
               "A QoS 2 PUBLISH with DUP is taken for a repeat although its identifier was released.",
               {},
               [](Flow& f) {
                 const std::string key = "done" + std::to_string(f.p.id);
                 if (f.p.type == Type::kPubrel) f.memory.numbers[key] = 1;
                 if (f.p.type != Type::kPublish || f.p.qos != 2 || !f.p.dup || f.memory.numbers[key] == 0)
                   return f.pass();
                 f.answer(ack_packet(Type::kPubrec, f.p.id));
               }});
  m.push_back({"dup-means-known-qos1",
               "5 MQTT-4.3.2-5",
               "A QoS 1 PUBLISH with DUP is acknowledged and not delivered.",
               {},
               only(Type::kPublish, [](Flow& f) {
                 if (f.p.qos != 1 || !f.p.dup) return f.pass();
                 f.answer(ack_packet(Type::kPuback, f.p.id));
               })});
  m.push_back({"qos1-identifier-once",
               "5 MQTT-4.3.2-5",
               "An identifier of QoS 1 is good for one message only.",
               {},
               only(Type::kPublish, [](Flow& f) {
                 if (f.p.qos != 1 || ++f.memory.numbers["id" + std::to_string(f.p.id)] == 1) return f.pass();
                 f.answer(ack_packet(Type::kPuback, f.p.id));
               })});
  m.push_back({"pubrel-unanswered-when-unknown", "3.1.1 MQTT-4.3.3-2", "PUBREL for an unknown identifier gets nothing.",
               only(Type::kPubcomp,
                    [](Flow& f) {
                      if (f.memory.numbers["open" + std::to_string(f.p.id)] != 0) f.pass();
                    }),
               [](Flow& f) {
                 if (f.p.type == Type::kPublish) f.memory.numbers["open" + std::to_string(f.p.id)] = 1;
                 f.pass();
               }});
}

void add_delivery(Mutants& m) {
  m.push_back({"pubrel-at-once", "5 MQTT-4.3.3-4", "PUBREL follows PUBLISH without waiting for PUBREC.",
               only(Type::kPublish, [](Flow& f) {
                 f.pass();
                 if (f.p.qos == 2) f.send(ack_packet(Type::kPubrel, f.p.id));
               })});
  m.push_back({"pubrel-flags", "5 MQTT-3.6.1-1", "PUBREL has header flags 0000.",
               only(Type::kPubrel, [](Flow& f) { f.p.flags = 0, f.pass_changed(); })});
  m.push_back({"pubrel-unlisted-code", "5 MQTT-3.6.2-1", "PUBREL has code 0x91.", only(Type::kPubrel, [](Flow& f) {
                 if (f.v5()) f.p.code = 0x91;
                 f.pass_changed();
               })});
  m.push_back({"pubrel-missing", "5 MQTT-4.3.3-4", "PUBREC gets no PUBREL.", only(Type::kPubrel, [](Flow&) {})});
  m.push_back({"pubrel-other-identifier", "5 MQTT-2.2.1-5", "PUBREL has another identifier.",
               only(Type::kPubrel, [](Flow& f) { f.p.id = 7, f.pass_changed(); })});
  m.push_back({"pubrel-after-refusal",
               "5 MQTT-4.3.3-4",
               "A refusing PUBREC gets a PUBREL.",
               {},
               only(Type::kPubrec, [](Flow& f) {
                 f.pass();
                 if (f.p.code >= 0x80) f.answer(ack_packet(Type::kPubrel, f.p.id));
               })});
  m.push_back({"publish-after-pubrel", "5 MQTT-4.3.3-6", "After PUBREL the PUBLISH is sent once more.", [](Flow& f) {
                 if (f.p.type == Type::kPublish && f.p.qos == 2) f.memory.packets = {f.p};
                 f.pass();
                 if (f.p.type != Type::kPubrel || f.memory.packets.empty()) return;
                 f.memory.packets[0].dup = true;
                 f.send(f.memory.packets[0]);
               }});
  m.push_back({"refusal-ignored-qos1",
               "5 MQTT-4.4.0-2",
               "A refusing PUBACK does not end the delivery.",
               {},
               only(Type::kPuback, [](Flow& f) {
                 if (f.p.code < 0x80) f.pass();
               })});
  m.push_back({"refusal-ignored-qos2",
               "5 MQTT-4.4.0-2",
               "A refusing PUBREC does not end the delivery.",
               {},
               only(Type::kPubrec, [](Flow& f) {
                 if (f.p.code < 0x80) f.pass();
               })});
  m.push_back({"no-repeat", "5 MQTT-4.4.0-1", "Unacknowledged messages do not come again on a resumed session.",
               only(Type::kPublish, [](Flow& f) {
                 if (!f.p.dup) return f.pass();
                 f.answer(ack_packet(f.p.qos == 1 ? Type::kPuback : Type::kPubrec, f.p.id,
                                     f.p.qos == 2 && f.v5() ? 0x80U : 0U));
               })});
  m.push_back({"no-pubrel-repeat", "5 MQTT-4.4.0-1", "An open PUBREL does not come again on a resumed session.",
               only(Type::kPubrel,
                    [](Flow& f) {
                      if (f.memory.numbers["rec" + std::to_string(f.p.id)] != 0) f.pass();
                    }),
               only(Type::kPubrec, [](Flow& f) { f.memory.numbers["rec" + std::to_string(f.p.id)] = 1, f.pass(); })});
  m.push_back(
      {"repeat-instead-of-pubrel", "5 MQTT-4.3.3-6", "On a resumed session PUBLISH comes again where PUBREL is due.",
       [](Flow& f) {
         const std::string client = f.connect_packet.connect ? f.connect_packet.connect->client_id : "";
         if (f.p.type == Type::kPublish && f.p.qos == 2) f.world.texts[client] = f.p.topic + "\n" + f.p.payload;
         const bool first = f.memory.numbers["rec" + std::to_string(f.p.id)] == 0;
         const std::string& last = f.world.texts[client];
         if (f.p.type != Type::kPubrel || !first || last.empty()) return f.pass();
         Packet again = publish_packet(last.substr(0, last.find('\n')), last.substr(last.find('\n') + 1), 2, f.p.id);
         again.dup = true;
         f.send(again);
       },
       only(Type::kPubrec, [](Flow& f) { f.memory.numbers["rec" + std::to_string(f.p.id)] = 1, f.pass(); })});
  m.push_back({"repeat-on-same-connection", "5 MQTT-4.4.0-1",
               "An unacknowledged message comes again with every PINGRESP.",
               [](Flow& f) {
                 if (f.p.type == Type::kPublish && f.p.qos != 0) f.memory.packets = {f.p};
                 if (f.p.type == Type::kPingresp && !f.memory.packets.empty()) {
                   f.memory.packets[0].dup = true;
                   f.send(f.memory.packets[0]);
                 }
                 f.pass();
               },
               [](Flow& f) {
                 if (f.p.type == Type::kPuback || f.p.type == Type::kPubrec) f.memory.packets.clear();
                 f.pass();
               }});
  m.push_back({"repeats-reversed", "5 MQTT-4.6.0-1", "Repeats come in reverse order.", [](Flow& f) {
                 if (f.p.type == Type::kPublish && f.p.dup) {
                   f.memory.packets.insert(f.memory.packets.begin(), f.p);
                   if (f.memory.packets.size() < 2) return;
                 }
                 for (const Packet& held : f.memory.packets) f.send(held);
                 const bool held = f.p.type == Type::kPublish && f.p.dup;
                 f.memory.packets.clear();
                 if (!held) f.pass();
               }});
}

}  // namespace

void add_acknowledgement_mutants(Mutants& mutants) {
  add_answers(mutants);
  add_exactly_once(mutants);
  add_delivery(mutants);
}

}  // namespace orrery::conformance
