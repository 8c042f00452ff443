// SPDX-License-Identifier: Apache-2.0
// Mutants of CONNECT and CONNACK, of PINGRESP and of the server's DISCONNECT.
#include "conformance/mutants/mutant.h"

namespace orrery::conformance {
namespace {

void add_connack(Mutants& m) {
  const auto connack = [](Mangle change) { return only(Type::kConnack, std::move(change)); };
  m.push_back({"session-present-always", "5 MQTT-3.2.2-3", "Every CONNACK says session present.",
               connack([](Flow& f) { f.p.session_present = f.p.code == 0, f.pass_changed(); })});
  m.push_back({"session-present-never", "5 MQTT-3.2.2-3", "No CONNACK says session present.",
               connack([](Flow& f) { f.p.session_present = false, f.pass_changed(); })});
  m.push_back({"connack-reserved-flag", "5 MQTT-3.2.2-1", "A reserved acknowledge flag is set.", connack([](Flow& f) {
                 Octets bytes = f.raw();
                 bytes[2] = static_cast<char>(bytes[2] | 0x80);
                 f.send_raw(bytes);
               })});
  m.push_back(
      {"connack-twice", "5 MQTT-3.2.0-2", "CONNACK is sent twice.", connack([](Flow& f) { f.pass(), f.pass(); })});
  m.push_back({"pingresp-before-connack", "5 MQTT-3.2.0-1", "A PINGRESP comes before CONNACK.",
               connack([](Flow& f) { f.send(plain_packet(Type::kPingresp)), f.pass(); })});
  m.push_back({"connack-unlisted-code", "5 MQTT-3.2.2-8", "A refusal has code 0x8e, which is none of CONNACK's.",
               connack([](Flow& f) {
                 if (f.p.code != 0) f.p.code = f.v5() ? 0x8e : 9;
                 f.pass_changed();
               })});
  m.push_back({"refusal-with-session", "5 MQTT-3.2.2-6", "A refusal says session present.", connack([](Flow& f) {
                 if (f.p.code != 0) f.p.session_present = true;
                 f.pass_changed();
               })});
  m.push_back({"connack-no-assigned-id", "5 MQTT-3.2.2-16", "An empty identifier is replaced and the new one not told.",
               connack([](Flow& f) { strip(f.p.properties, PropertyId::kAssignedClientId), f.pass_changed(); })});
  m.push_back({"connack-same-assigned-id", "5 MQTT-3.2.2-16", "Every empty identifier is said to be the same new one.",
               connack([](Flow& f) {
                 for (Property& p : f.p.properties)
                   if (p.id == static_cast<std::uint32_t>(PropertyId::kAssignedClientId)) p.text = "same";
                 f.pass_changed();
               })});
  m.push_back({"connack-assigned-unasked", "5 X-assigned-unasked",
               "An identifier is assigned to a client that has one.", connack([](Flow& f) {
                 if (f.v5() && find(f.p.properties, PropertyId::kAssignedClientId) == nullptr)
                   f.p.properties.push_back(text_property(PropertyId::kAssignedClientId, "new"));
                 f.pass_changed();
               })});
  const auto adds = [connack](Property p) {
    return connack([p](Flow& f) {
      if (f.v5()) f.p.properties.push_back(p);
      f.pass_changed();
    });
  };
  m.push_back({"connack-forbidden-property", "5 X-property-not-allowed", "CONNACK carries a topic alias.",
               adds(number_property(PropertyId::kTopicAlias, 1))});
  m.push_back({"connack-property-twice", "5 X-property-twice", "CONNACK says twice that wildcards are available.",
               connack([](Flow& f) {
                 const Property p = number_property(PropertyId::kWildcardAvailable, 1);
                 if (f.v5()) f.p.properties.insert(f.p.properties.end(), {p, p});
                 f.pass_changed();
               })});
  m.push_back({"connack-unknown-property", "5 X-property-unknown", "CONNACK carries an undefined property.",
               adds({0x7e, 1, {}, {}})});
  m.push_back({"connack-impossible-value", "5 X-property-value", "CONNACK says Maximum QoS 2.",
               adds(number_property(PropertyId::kMaximumQos, 2))});
  m.push_back({"response-information-unasked", "5 MQTT-3.1.2-28", "Response information is given to everybody.",
               adds(text_property(PropertyId::kResponseInfo, "r"))});
  m.push_back({"auth-method-unasked", "5 MQTT-4.12.0-6", "CONNACK names a method that nobody asked for.",
               adds(text_property(PropertyId::kAuthMethod, "m"))});
  m.push_back({"auth-unasked", "5 MQTT-4.12.0-6", "AUTH comes before CONNACK.", connack([](Flow& f) {
                 if (f.v5()) f.send(auth_packet(0x18));
                 f.pass();
               })});
  m.push_back(
      {"refuses-letters", "5 MQTT-3.1.3-5", "Identifiers with capital letters are refused.", connack([](Flow& f) {
         const std::string& id = f.connect_packet.connect->client_id;
         for (const char c : id)
           if (c >= 'A' && c <= 'Z') f.p.code = f.v5() ? 0x85 : 2;
         f.pass_changed();
       })});
  m.push_back(
      {"bad-level-unanswered", "3.1.1 MQTT-3.1.2-2", "An unknown protocol level gets no CONNACK.", connack([](Flow& f) {
         if (f.p.code == 0) f.pass();
       })});
  m.push_back({"bad-level-in-form-of-5", "3.1.1 MQTT-3.1.2-2",
               "An unknown protocol level gets a CONNACK in the form of MQTT 5.", connack([](Flow& f) {
                 if (f.p.code == 0 || f.v5()) return f.pass();
                 f.send_raw(frame(0x20, u8(0) + u8(0x84) + varint(0)));
               })});
  m.push_back({"empty-id-other-code", "3.1.1 MQTT-3.1.3-8",
               "An empty identifier without a clean session is refused with code 5.", connack([](Flow& f) {
                 if (f.p.code == 2) f.p.code = 5;
                 f.pass_changed();
               })});
}

void add_ping(Mutants& m) {
  m.push_back({"pingresp-missing", "5 MQTT-3.12.4-1", "PINGREQ is not answered.", only(Type::kPingresp, [](Flow&) {})});
  m.push_back({"pingresp-twice", "5 X-pingresp-unasked", "PINGREQ is answered twice.",
               only(Type::kPingresp, [](Flow& f) { f.pass(), f.pass(); })});
  m.push_back({"pingresp-flags", "5 MQTT-2.1.3-1", "PINGRESP has a reserved flag set.",
               only(Type::kPingresp, [](Flow& f) { f.send_raw(frame(0xd1, "")); })});
  m.push_back({"pingresp-overlong-length", "5 MQTT-1.5.5-1", "The remaining length of PINGRESP has two bytes.",
               only(Type::kPingresp, [](Flow& f) { f.send_raw(u8(0xd0) + varint(0, 2)); })});
  m.push_back({"pingresp-with-body", "5 X-trailing-bytes", "PINGRESP has a body.",
               only(Type::kPingresp, [](Flow& f) { f.send_raw(frame(0xd0, "x")); })});
  m.push_back({"reserved-packet", "5 X-reserved-type", "A packet of type 0 comes with every PINGRESP.",
               only(Type::kPingresp, [](Flow& f) { f.send_raw(frame(0x00, "")), f.pass(); })});
  m.push_back({"pingreq-from-server", "5 X-client-packet-from-server", "The server asks for a PINGRESP.",
               only(Type::kPingresp, [](Flow& f) { f.send(plain_packet(Type::kPingreq)), f.pass(); })});
}

void add_disconnect(Mutants& m) {
  const auto disconnect = [](Mangle change) { return only(Type::kDisconnect, std::move(change)); };
  m.push_back({"takeover-silent", "5 MQTT-3.1.4-3", "A connection that is taken over gets no DISCONNECT.",
               disconnect([](Flow& f) {
                 if (f.p.code != 0x8e) f.pass();
               })});
  m.push_back({"takeover-other-code", "5 MQTT-3.1.4-3", "A connection that is taken over gets DISCONNECT 0x8b.",
               disconnect([](Flow& f) {
                 if (f.p.code == 0x8e) f.p.code = 0x8b;
                 f.pass_changed();
               })});
  m.push_back({"disconnect-unlisted-code", "5 MQTT-3.14.2-1", "The server's DISCONNECT has code 0x04.",
               disconnect([](Flow& f) { f.p.code = 4, f.pass_changed(); })});
  m.push_back({"disconnect-with-expiry", "5 MQTT-3.14.2-2", "The server's DISCONNECT carries a session expiry.",
               disconnect([](Flow& f) {
                 f.p.properties.push_back(number_property(PropertyId::kSessionExpiry, 1)), f.pass_changed();
               })});
  m.push_back({"packet-after-disconnect", "5 MQTT-3.14.4-1", "Something follows the server's DISCONNECT.",
               disconnect([](Flow& f) { f.pass(), f.send(publish_packet("a", "after")); })});
  m.push_back({"disconnect-flags", "5 MQTT-2.1.3-1", "The server's DISCONNECT has a reserved flag set.",
               disconnect([](Flow& f) { f.send_raw(frame(0xe1, encode_body(f.p, Version::k5))); })});
  m.push_back({"disconnect-in-311", "3.1.1 X-server-disconnect-311",
               "A 3.1.1 client gets a DISCONNECT with its PINGRESP.", only(Type::kPingresp, [](Flow& f) {
                 f.pass();
                 if (!f.v5()) f.send_raw(frame(0xe0, ""));
               })});
  const auto wrong_code = [&m, disconnect](const char* id, unsigned right, unsigned wrong, const char* statement,
                                           const char* what) {
    m.push_back({id, statement, what, disconnect([right, wrong](Flow& f) {
                   if (f.p.code == right) f.p.code = wrong;
                   f.pass_changed();
                 })});
  };
  wrong_code("window-other-code", 0x93, 0x97, "5 MQTT-3.3.4-7", "More than the receive maximum is answered with 0x97.");
  wrong_code("alias-other-code", 0x94, 0x90, "5 MQTT-3.3.2-8", "A bad topic alias is answered with 0x90.");
  wrong_code("size-other-code", 0x95, 0x97, "5 MQTT-3.2.2-15", "A packet that is too large is answered with 0x97.");
  wrong_code("malformed-other-code", 0x81, 0x8d, "5 MQTT-4.13.1-1", "A malformed packet is answered with 0x8d.");
  wrong_code("protocol-error-other-code", 0x82, 0x98, "5 MQTT-4.13.1-1", "A protocol error is answered with 0x98.");
}

}  // namespace

void add_connect_mutants(Mutants& mutants) {
  add_connack(mutants);
  add_ping(mutants);
  add_disconnect(mutants);
}

}  // namespace orrery::conformance
