// SPDX-License-Identifier: Apache-2.0
// Mutants of logins by password, of rights, and of what CONNACK gives on request or when it names another server.
#include "conformance/mutants/mutant.h"

namespace orrery::conformance {
namespace {

// Tells the mutant which message was denied: the next delivery to anybody lets it out.
void lets_out(Flow& f) {
  if (f.p.type == Type::kPublish && !f.world.packets.empty()) {
    const Packet denied = f.world.packets.back();
    f.world.packets.clear();
    f.send(publish_packet(denied.topic, denied.payload, 0, 0, denied.retain));
  }
  f.pass();
}

void add_logins(Mutants& m) {
  const auto refusal = [](Mangle change) {
    return only(Type::kConnack, [change = std::move(change)](Flow& f) {
      const bool plain = find(f.connect_packet.properties, PropertyId::kAuthMethod) == nullptr;
      if (f.p.code != 0 && plain) return change(f);
      f.pass();
    });
  };
  m.push_back({"wrong-password-accepted", "5 MQTT-3.1.4-2", "A wrong password gets CONNACK 0 before the close.",
               refusal([](Flow& f) { f.p.code = 0, f.p.properties.clear(), f.pass_changed(); })});
  m.push_back({"wrong-password-accepted-311", "3.1.1 MQTT-3.2.2-5",
               "A wrong password gets CONNACK 0 before the close, in 3.1.1.", refusal([](Flow& f) {
                 if (!f.v5()) f.p.code = 0;
                 f.pass_changed();
               })});
  m.push_back(
      {"wrong-password-other-code", "5 MQTT-3.1.4-2", "A wrong password is answered with 0x88.", refusal([](Flow& f) {
         if (f.v5() && f.p.code == 0x86) f.p.code = 0x88;
         f.pass_changed();
       })});
  m.push_back({"wrong-password-other-code-311", "3.1.1 MQTT-3.2.2-5", "A wrong password is answered with 2.",
               refusal([](Flow& f) {
                 if (!f.v5() && f.p.code == 4) f.p.code = 2;
                 f.pass_changed();
               })});
  m.push_back({"any-password", "5 MQTT-3.1.4-2", "Any password is taken.", {}, only(Type::kConnect, [](Flow& f) {
                 f.p.connect->flags.reset();
                 if (f.p.connect->user_name) f.p.connect->user_name.reset(), f.p.connect->password.reset();
                 f.pass_changed();
               })});
  m.push_back({"any-password-311",
               "3.1.1 MQTT-3.2.2-5",
               "Any password is taken in 3.1.1.",
               {},
               only(Type::kConnect, [](Flow& f) {
                 if (f.v5()) return f.pass();
                 f.p.connect->flags.reset();
                 if (f.p.connect->user_name) f.p.connect->user_name.reset(), f.p.connect->password.reset();
                 f.pass_changed();
               })});
  m.push_back({"refused-takes-over",
               "5 MQTT-3.1.4-3",
               "A CONNECT that is refused takes over the connection first.",
               {},
               only(Type::kConnect, [](Flow& f) {
                 if (f.p.connect->password == "wrong") f.world.texts["over"] = f.p.connect->client_id;
                 f.pass();
               })});
  m.back().from_broker = [](Flow& f) {
    const Connect& c = *f.connect_packet.connect;
    if (f.p.type == Type::kPingresp && f.v5() && f.world.texts["over"] == c.client_id)
      return f.send(disconnect_packet(0x8e));
    f.pass();
  };
}

void add_rights(Mutants& m) {
  const auto success = [&m](const char* id, Type type, const char* what) {
    m.push_back({id, "5 X-publish-denied", what, only(type, [](Flow& f) {
                   if (f.p.code == 0x87) f.p.code = 0;
                   f.pass_changed();
                 })});
  };
  success("denied-puback-succeeds", Type::kPuback, "PUBACK says success for a denied message.");
  success("denied-pubrec-succeeds", Type::kPubrec, "PUBREC says success for a denied message.");
  m.push_back({"denied-puback-other-code", "5 X-publish-denied", "PUBACK for a denied message says 0x97.",
               only(Type::kPuback, [](Flow& f) {
                 if (f.p.code == 0x87) f.p.code = 0x97;
                 f.pass_changed();
               })});
  m.push_back({"denied-unanswered", "5 X-publish-denied", "A denied message is not acknowledged.", [](Flow& f) {
                 const bool ack = f.p.type == Type::kPuback || f.p.type == Type::kPubrec;
                 if (!ack || f.p.code != 0x87) f.pass();
               }});
  m.push_back({"denied-unanswered-311",
               "3.1.1 MQTT-3.3.5-2",
               "A denied message, on a topic that begins with $, is not acknowledged in 3.1.1.",
               {},
               only(Type::kPublish, [](Flow& f) {
                 if (f.v5() || f.p.topic[0] != '$' || f.p.topic.rfind("$board", 0) != 0) f.pass();
               })});
  for (const bool v5 : {true, false}) {
    m.push_back({v5 ? "denied-delivered" : "denied-delivered-311", v5 ? "5 X-publish-denied" : "3.1.1 MQTT-3.3.5-2",
                 "A denied message is delivered.", lets_out, only(Type::kPublish, [v5](Flow& f) {
                   if (f.v5() == v5 && f.p.topic.rfind("$board", 0) == 0) f.world.packets.push_back(f.p);
                   f.pass();
                 })});
  }
  m.push_back({"denied-keeps-identifier", "5 MQTT-4.3.3-9", "The identifier of a denied message stays in use.",
               only(Type::kPubrec,
                    [](Flow& f) {
                      if (f.p.code == 0x87) f.memory.numbers[std::to_string(f.p.id)] = 1;
                      f.pass();
                    }),
               only(Type::kPublish, [](Flow& f) {
                 if (f.p.qos == 2 && f.p.topic[0] != '$' && f.memory.numbers[std::to_string(f.p.id)] != 0)
                   return f.answer(ack_packet(Type::kPubrec, f.p.id, 0x91));
                 f.pass();
               })});
  m.push_back({"denied-takes-window", "5 MQTT-4.9.0-2", "A denied message keeps its place in the window.",
               only(Type::kPubrec, [](Flow& f) {
                 if (f.p.code == 0x87 && ++f.memory.numbers["denied"] > 100) return f.send(disconnect_packet(0x93));
                 f.pass();
               })});
  const auto suback = [&m](const char* id, const char* statement, const char* what, Mangle change) {
    m.push_back({id, statement, what, only(Type::kSuback, std::move(change))});
  };
  suback("denied-filter-granted", "5 X-subscribe-denied", "SUBACK grants a denied filter.", [](Flow& f) {
    for (unsigned& code : f.p.codes)
      if (code == 0x87) code = 0;
    f.pass_changed();
  });
  suback("denied-filter-granted-311", "3.1.1 MQTT-3.9.3-2", "SUBACK grants a denied filter in 3.1.1.", [](Flow& f) {
    for (unsigned& code : f.p.codes)
      if (code == 0x80) code = 1;
    f.pass_changed();
  });
  suback("denied-filter-other-code", "5 X-subscribe-denied", "SUBACK says 0x8f for a denied filter.", [](Flow& f) {
    for (unsigned& code : f.p.codes)
      if (code == 0x87) code = 0x8f;
    f.pass_changed();
  });
  suback("denied-filter-takes-neighbours", "5 X-subscribe-denied", "One denied filter denies all of its SUBSCRIBE.",
         [](Flow& f) {
           bool denied = false;
           for (const unsigned code : f.p.codes) denied = denied || code == 0x87;
           if (denied) f.p.codes.assign(f.p.codes.size(), 0x87);
           f.pass_changed();
         });
  m.push_back({"denied-filter-delivers", "5 X-subscribe-denied", "A denied filter delivers all the same.", lets_out,
               only(Type::kPublish, [](Flow& f) {
                 if (f.p.topic.rfind("$box", 0) == 0) f.world.packets.push_back(f.p);
                 f.pass();
               })});
  m.push_back({"denied-share-granted",
               "5 X-subscribe-denied",
               "A denied filter is granted to a group.",
               {},
               only(Type::kSubscribe, [](Flow& f) {
                 for (Filter& filter : f.p.filters)
                   if (filter.filter.rfind("$share/", 0) == 0 && filter.filter.find("/$box") != std::string::npos)
                     filter.filter = "oc/other";
                 f.pass_changed();
               })});
  m.push_back({"denied-will-published", "5 X-will-denied", "A denied will is published.", lets_out,
               only(Type::kConnect, [](Flow& f) {
                 std::optional<Will>& will = f.p.connect->will;
                 if (!will || will->topic.rfind("$board", 0) != 0) return f.pass();
                 f.world.packets.push_back(publish_packet(will->topic, will->payload));
                 f.p.connect->flags.reset();
                 will.reset();
                 f.pass_changed();
               })});
}

void add_given(Mutants& m) {
  m.push_back(
      {"response-information-missing", "5 X-response-information", "Nobody gets response information.",
       only(Type::kConnack, [](Flow& f) { strip(f.p.properties, PropertyId::kResponseInfo), f.pass_changed(); })});
  m.push_back({"response-information-with-0", "5 MQTT-3.1.2-28", "Who asks with 0 gets response information.",
               only(Type::kConnack, [](Flow& f) {
                 if (find(f.connect_packet.properties, PropertyId::kRequestResponseInfo) != nullptr &&
                     find(f.p.properties, PropertyId::kResponseInfo) == nullptr)
                   f.p.properties.push_back(text_property(PropertyId::kResponseInfo, "reply/x"));
                 f.pass_changed();
               })});
  m.push_back({"server-reference-elsewhere", "5 X-server-reference",
               "A CONNACK that accepts carries a Server Reference.", only(Type::kConnack, [](Flow& f) {
                 if (f.v5() && f.p.code == 0)
                   f.p.properties.push_back(text_property(PropertyId::kServerReference, "other.example"));
                 f.pass_changed();
               })});
}

// In front of a server that names another.
void add_moved(Mutants& m) {
  const auto connack = [](Mangle change) { return only(Type::kConnack, std::move(change)); };
  m.push_back({"server-reference-missing", "5 X-server-reference", "The other server is not named.",
               connack([](Flow& f) { strip(f.p.properties, PropertyId::kServerReference), f.pass_changed(); })});
  m.push_back({"server-reference-other-code", "5 X-server-reference", "The other server is named with 0x88.",
               connack([](Flow& f) {
                 if (f.v5()) f.p.code = 0x88;
                 f.pass_changed();
               })});
  m.push_back({"moved-accepts", "5 MQTT-3.2.2-7", "CONNACK 0 comes before the close.",
               connack([](Flow& f) { f.p.code = 0, f.p.properties.clear(), f.pass_changed(); })});
  m.push_back({"moved-other-code-311", "3.1.1 MQTT-3.2.2-5", "In 3.1.1 the return code is 2.", connack([](Flow& f) {
                 if (!f.v5()) f.p.code = 2;
                 f.pass_changed();
               })});
  m.push_back({"moved-too-large", "5 MQTT-3.1.2-24", "The other server is named whatever size the client takes.",
               connack([](Flow& f) {
                 if (f.v5() && find(f.p.properties, PropertyId::kServerReference) == nullptr)
                   f.p.properties.push_back(text_property(PropertyId::kServerReference, "other.example:1883"));
                 f.pass_changed();
               })});
}

}  // namespace

void add_access_mutants(Mutants& mutants) {
  const std::size_t first = mutants.size();
  add_logins(mutants);
  add_rights(mutants);
  add_given(mutants);
  const std::size_t moved = mutants.size();
  add_moved(mutants);
  for (std::size_t i = first; i < mutants.size(); ++i) mutants[i].target = i < moved ? "guarded" : "moved";
}

}  // namespace orrery::conformance
