// SPDX-License-Identifier: Apache-2.0
// Mutants of sessions, wills, keep alive and limits: a correct broker that is told something else than the client said.
#include "conformance/mutants/mutant.h"

namespace orrery::conformance {
namespace {

Mangle connect(std::function<void(Flow&, Connect&)> change) {
  return only(Type::kConnect, [change = std::move(change)](Flow& f) {
    change(f, *f.p.connect);
    f.p.connect->flags.reset();
    f.pass_changed();
  });
}

void set_number(Properties& properties, PropertyId id, std::uint32_t value) {
  strip(properties, id);
  properties.push_back(number_property(id, value));
}

void add_sessions(Mutants& m) {
  m.push_back({"session-never-kept",
               "5 MQTT-3.1.2-5",
               "Every connection begins with a clean session.",
               {},
               connect([](Flow& f, Connect& c) { c.clean = f.v5() || !c.client_id.empty() ? true : c.clean; })});
  m.push_back({"session-never-clean",
               "5 MQTT-3.1.2-4",
               "A clean session keeps what the old one had.",
               {},
               connect([](Flow&, Connect& c) {
                 if (!c.client_id.empty()) c.clean = false;
               })});
  m.push_back({"session-outlives-connection",
               "5 MQTT-4.1.0-2",
               "A session without expiry outlives its connection.",
               {},
               connect([](Flow& f, Connect&) {
                 if (f.v5() && number_of(f.p.properties, PropertyId::kSessionExpiry, 0) == 0)
                   set_number(f.p.properties, PropertyId::kSessionExpiry, 100);
               })});
  m.push_back({"session-never-expires",
               "5 MQTT-4.1.0-2",
               "A session with an expiry never ends.",
               {},
               connect([](Flow& f, Connect&) {
                 if (find(f.p.properties, PropertyId::kSessionExpiry) != nullptr)
                   set_number(f.p.properties, PropertyId::kSessionExpiry, 0xffffffff);
               })});
  m.push_back({"session-expiry-ignored",
               "5 MQTT-3.1.2-23",
               "Session expiry is ignored: sessions end with their connection.",
               {},
               connect([](Flow& f, Connect&) { strip(f.p.properties, PropertyId::kSessionExpiry); })});
  m.push_back({"session-expires-early",
               "5 MQTT-3.1.2-23",
               "Session expiry counts in hundredths of a second.",
               {},
               connect([](Flow& f, Connect&) {
                 for (Property& p : f.p.properties)
                   if (p.id == static_cast<std::uint32_t>(PropertyId::kSessionExpiry)) p.number = (p.number + 99) / 100;
               })});
  m.push_back({"expiry-at-disconnect-ignored",
               "5 MQTT-3.1.2-23",
               "A session expiry in DISCONNECT is ignored.",
               {},
               only(Type::kDisconnect, [](Flow& f) {
                 strip(f.p.properties, PropertyId::kSessionExpiry);
                 f.pass_changed();
               })});
  m.push_back({"identifiers-without-case",
               "5 MQTT-3.1.3-2",
               "Client identifiers are compared without case.",
               {},
               connect([](Flow&, Connect& c) {
                 for (char& x : c.client_id)
                   if (x >= 'A' && x <= 'Z') x = static_cast<char>(x + 32);
               })});
  m.push_back({"no-takeover",
               "5 MQTT-3.1.4-3",
               "A second connection with one identifier leaves the first alone.",
               {},
               connect([](Flow& f, Connect& c) {
                 if (!c.client_id.empty()) c.client_id += std::to_string(++f.world.numbers["connections"]);
               })});
  m.push_back({"queue-dropped", "5 MQTT-4.5.0-1", "What was published while a client was away is not delivered.",
               only(Type::kPublish,
                    [](Flow& f) {
                      // Until the client has sent something, deliveries can only come from its queue.
                      if (f.memory.numbers["active"] != 0 || f.p.dup || f.p.qos == 0) return f.pass();
                      f.answer(ack_packet(f.p.qos == 1 ? Type::kPuback : Type::kPubrec, f.p.id,
                                          f.p.qos == 2 && f.v5() ? 0x80U : 0U));
                    }),
               [](Flow& f) {
                 if (f.p.type == Type::kSubscribe) f.memory.numbers["active"] = 1;
                 f.pass();
               }});
}

void add_wills(Mutants& m) {
  const auto will = [&m](const char* id, const char* statement, const char* what, std::function<void(Will&)> change) {
    m.push_back({id, statement, what, {}, connect([change = std::move(change)](Flow&, Connect& c) {
                   if (c.will) change(*c.will);
                 })});
  };
  m.push_back({"will-never", "5 MQTT-3.1.2-8", "Wills are not published.", {}, connect([](Flow&, Connect& c) {
                 c.will.reset();
               })});
  m.push_back({"will-after-disconnect",
               "5 MQTT-3.14.4-3",
               "A will is published although the client said DISCONNECT.",
               {},
               only(Type::kDisconnect,
                    [](Flow& f) { f.send_raw(f.v5() ? frame(0xe0, u8(4)) : frame(0x36, text("x") + u16(1))); })});
  m.push_back({"will-not-by-code",
               "5 MQTT-3.1.2-8",
               "DISCONNECT with will message discards the will.",
               {},
               only(Type::kDisconnect, [](Flow& f) {
                 if (f.p.code == 4) f.p.code = 0;
                 f.pass_changed();
               })});
  m.push_back({"will-not-on-error-code",
               "5 MQTT-3.1.2-8",
               "DISCONNECT 0x80 discards the will.",
               {},
               only(Type::kDisconnect, [](Flow& f) {
                 if (f.p.code == 0x80) f.p.code = 0;
                 f.pass_changed();
               })});
  m.push_back({"will-not-on-unknown-code",
               "5 MQTT-3.14.2-1",
               "DISCONNECT with an undefined code counts as normal.",
               {},
               only(Type::kDisconnect, [](Flow& f) {
                 if (f.p.code == 5) f.p.code = 0;
                 f.pass_changed();
               })});
  m.push_back({"will-kept",
               "5 MQTT-3.1.2-10",
               "A will that was published comes again with the next connection.",
               {},
               connect([](Flow& f, Connect& c) {
                 if (c.will)
                   f.world.packets = {f.p};
                 else if (!f.world.packets.empty() && f.world.packets[0].connect->client_id == c.client_id)
                   c.will = f.world.packets[0].connect->will;
               })});
  will("will-retain-lost", "5 MQTT-3.1.2-15", "Retained wills are published as ordinary messages.",
       [](Will& w) { w.retain = false; });
  will("will-always-retained", "5 MQTT-3.1.2-14", "Every will is retained.", [](Will& w) { w.retain = true; });
  will("will-qos-0", "5 MQTT-3.1.2-7", "Wills are published at QoS 0.", [](Will& w) { w.qos = 0; });
  will("will-qos-2", "3.1.1 MQTT-3.1.2-9", "Wills are published at QoS 2.", [](Will& w) { w.qos = 2; });
  will("will-payload-cut", "5 MQTT-3.1.2-7", "A will loses the last byte of its payload.", [](Will& w) {
    if (!w.payload.empty()) w.payload.pop_back();
  });
  will("will-delay-ignored", "5 MQTT-3.1.3-9", "Will delays are ignored.",
       [](Will& w) { strip(w.properties, PropertyId::kWillDelay); });
  will("will-delay-doubled", "5 MQTT-3.1.2-8", "Will delays last ten times as long.", [](Will& w) {
    for (Property& p : w.properties)
      if (p.id == static_cast<std::uint32_t>(PropertyId::kWillDelay)) p.number *= 10;
  });
  will("will-properties-lost", "5 MQTT-3.1.3-10", "A will loses its properties but the delay.", [](Will& w) {
    std::erase_if(w.properties,
                  [](const Property& p) { return p.id != static_cast<std::uint32_t>(PropertyId::kWillDelay); });
  });
  m.push_back({"will-delay-outlives-session",
               "5 MQTT-3.1.2-8",
               "A will delay runs to its end although the session is over before.",
               {},
               connect([](Flow& f, Connect& c) {
                 const bool delayed = c.will && find(c.will->properties, PropertyId::kWillDelay) != nullptr;
                 if (delayed) set_number(f.p.properties, PropertyId::kSessionExpiry, 10'000);
               })});
}

void add_keep_alive(Mutants& m) {
  const auto keep_alive = [&m](const char* id, const char* statement, const char* what,
                               void (*change)(std::uint16_t&)) {
    m.push_back({id, statement, what, {}, connect([change](Flow&, Connect& c) { change(c.keep_alive); })});
  };
  keep_alive("keep-alive-ignored", "5 MQTT-3.1.2-22", "A silent client is never closed.",
             [](std::uint16_t& k) { k = 0; });
  keep_alive("keep-alive-impatient", "5 MQTT-3.1.2-22",
             "A silent client is closed after three quarters of its keep alive.", [](std::uint16_t& k) {
               if (k > 1) k /= 2;
             });
  keep_alive("keep-alive-patient", "5 MQTT-3.1.2-22", "A silent client is closed after three keep alives.",
             [](std::uint16_t& k) { k = static_cast<std::uint16_t>(k > 30'000 ? k : k * 2); });
  keep_alive("keep-alive-zero-counts", "5 X-keep-alive-off", "Keep alive 0 is taken for 2 seconds.",
             [](std::uint16_t& k) {
               if (k == 0) k = 2;
             });
  m.push_back({"keep-alive-only-ping",
               "5 MQTT-3.1.2-22",
               "Only PINGREQ counts for the keep alive: QoS 0 does not.",
               {},
               only(Type::kPublish, [](Flow& f) {
                 if (f.p.qos != 0 || f.connect_packet.connect->keep_alive > 10) f.pass();
               })});
  m.push_back({"keep-alive-receiving-counts", "5 MQTT-3.1.2-22", "A client that gets messages is not closed.",
               only(Type::kPublish, [](Flow& f) {
                 f.pass();
                 f.answer(plain_packet(Type::kPingreq));
               })});
}

void add_limits(Mutants& m) {
  const auto property = [&m](const char* id, PropertyId which, const char* statement, const char* what,
                             std::uint32_t (*change)(std::uint32_t)) {
    m.push_back({id, statement, what, {}, connect([which, change](Flow& f, Connect&) {
                   for (Property& p : f.p.properties)
                     if (p.id == static_cast<std::uint32_t>(which)) p.number = change(p.number);
                 })});
  };
  property("window-ignored", PropertyId::kReceiveMaximum, "5 MQTT-3.3.4-9", "The client's receive maximum is ignored.",
           [](std::uint32_t) { return 65535U; });
  property("window-one-more", PropertyId::kReceiveMaximum, "5 MQTT-3.3.4-9",
           "One message more than the receive maximum is sent.", [](std::uint32_t n) { return n < 65535 ? n + 1 : n; });
  property("window-one", PropertyId::kReceiveMaximum, "5 MQTT-4.9.0-1", "The window has never more than one place.",
           [](std::uint32_t) { return 1U; });
  property("size-ignored", PropertyId::kMaximumPacketSize, "5 MQTT-3.1.2-24",
           "The client's maximum packet size is ignored.", [](std::uint32_t) { return 0xffffffffU; });
  property("size-one-more", PropertyId::kMaximumPacketSize, "5 MQTT-3.1.2-24",
           "A packet may be one byte larger than the maximum.", [](std::uint32_t n) { return n + 1; });
  property("size-one-less", PropertyId::kMaximumPacketSize, "5 MQTT-3.1.2-25",
           "A packet that is just as large as the maximum is dropped.",
           [](std::uint32_t n) { return n > 1 ? n - 1 : n; });
  property("aliases-one-more", PropertyId::kTopicAliasMaximum, "5 MQTT-3.1.2-26",
           "One topic alias more than allowed is used.", [](std::uint32_t n) { return n < 65535 ? n + 1 : n; });
  m.push_back({"window-not-freed",
               "5 MQTT-4.9.0-2",
               "A refusing PUBREC frees no place in the window.",
               {},
               only(Type::kPubrec, [](Flow& f) {
                 if (f.p.code < 0x80) f.pass();
               })});
  m.push_back({"window-holds-everything", "5 MQTT-3.3.4-10", "While the window is full nothing is answered.",
               [](Flow& f) {
                 const long window = number_of(f.connect_packet.properties, PropertyId::kReceiveMaximum, 65535);
                 long& open = f.memory.numbers["open"];
                 if (f.p.type != Type::kPublish && f.p.type != Type::kConnack && f.p.type != Type::kPubrel &&
                     open >= window) {
                   f.memory.packets.push_back(f.p);
                   return;
                 }
                 if (f.p.type == Type::kPublish && f.p.qos != 0) ++open;
                 f.pass();
               },
               [](Flow& f) {
                 if (f.p.type == Type::kPuback || f.p.type == Type::kPubcomp) {
                   --f.memory.numbers["open"];
                   for (const Packet& held : f.memory.packets) f.answer(held);
                   f.memory.packets.clear();
                 }
                 f.pass();
               }});
}

}  // namespace

void add_session_mutants(Mutants& mutants) {
  add_sessions(mutants);
  add_wills(mutants);
  add_keep_alive(mutants);
  add_limits(mutants);
}

}  // namespace orrery::conformance
