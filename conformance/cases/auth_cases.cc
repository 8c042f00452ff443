// SPDX-License-Identifier: Apache-2.0
// Enhanced authentication from outside, servers that lack a capability, and what some servers give or do beyond the
// usual (MQTT 5, sections 3.2.2.3, 3.15, 4.11 and 4.12).
#include "conformance/cases/all.h"
#include "conformance/cases/context.h"

namespace orrery::conformance {
namespace {

bool lacks(Context& t, Capability c) { return (t.facts().capabilities & bit(c)) == 0; }

void add_authentication(Cases& cases) {
  cases.push_back({.id = "auth-unknown-method",
                   .v311 = "",
                   .v5 = "4.12.0-1 4.12.0-4 3.2.2-6 3.2.2-7 3.2.2-8",
                   .what = "CONNECT names an authentication method that no server knows.",
                   .expect = "CONNACK 0x8c or 0x87, or just the close.",
                   .versions = kOnly5,
                   .body = [](Context& t) {
                     Client& c = t.client("a");
                     c.open();
                     c.send(c.connect_packet_for(
                         {.properties = {text_property(PropertyId::kAuthMethod, "ORRERY-NO-SUCH-METHOD")}}));
                     const auto connack = c.expect_end();
                     if (!connack) return t.chose("an unknown authentication method is answered by the close alone");
                     t.check(connack->code == 0x8c || connack->code == 0x87, "the CONNACK says neither 0x8c nor 0x87");
                     t.chose("an unknown authentication method is answered by " +
                             code_name(Version::k5, Type::kConnack, connack->code));
                   }});
  cases.push_back({.id = "auth-data-without-method",
                   .v311 = "",
                   .v5 = "X-auth-data-alone",
                   .what = "CONNECT carries authentication data and no method.",
                   .expect = "Protocol error.",
                   .versions = kOnly5,
                   .body = [](Context& t) {
                     Client& c = t.client("a");
                     c.open();
                     c.send(c.connect_packet_for({.properties = {text_property(PropertyId::kAuthData, "x")}}));
                     c.expect_closed(kProtocolError);
                   }});
  cases.push_back({.id = "auth-unasked",
                   .v311 = "",
                   .v5 = "4.12.0-6 4.12.0-7 4.13.1-1",
                   .what = "A client whose CONNECT named no method sends AUTH, with code 0x18 and with 0x19.",
                   .expect = "Protocol error; the server never sent AUTH or a method of its own.",
                   .versions = kOnly5,
                   .body = [](Context& t) {
                     for (const unsigned code : {0x18U, 0x19U}) {
                       Client& c = t.connect("a");
                       c.send(auth_packet(code, {text_property(PropertyId::kAuthMethod, "ORRERY-NO-SUCH-METHOD")}));
                       c.expect_closed({0x82, false, 0x8c});
                     }
                   }});
  cases.push_back({.id = "auth-flags",
                   .v311 = "",
                   .v5 = "3.15.1-1 4.13.1-1",
                   .what = "AUTH comes with reserved header flags set.",
                   .expect = "The server closes the connection with malformed packet.",
                   .versions = kOnly5,
                   .body = [](Context& t) {
                     for (const unsigned first : {0xf1U, 0xf2U, 0xffU}) {
                       Client& c = t.connect("a");
                       c.send_raw(frame(first, ""));
                       c.expect_closed(kMalformed);
                     }
                   }});
  cases.push_back({.id = "auth-in-311",
                   .v311 = "X-reserved-type 4.8.0-1",
                   .v5 = "",
                   .what = "A 3.1.1 client sends packets of type 15 and 0, which that version reserves.",
                   .expect = "The server closes the connection.",
                   .versions = kOnly311,
                   .body = [](Context& t) {
                     for (const unsigned first : {0xf0U, 0x00U}) {
                       Client& c = t.connect("a");
                       c.send_raw(frame(first, ""));
                       c.expect_closed(kMalformed);
                     }
                   }});
}

void add_capabilities(Cases& cases) {
  cases.push_back(
      {.id = "capability-qos",
       .v311 = "",
       .v5 = "3.2.2-9 3.2.2-10 3.2.2-11 3.2.2-12",
       .what = "A server that announces a maximum QoS gets a SUBSCRIBE, a PUBLISH and a will above it.",
       .expect =
           "SUBSCRIBE is granted at what the server has; PUBLISH and the will are refused with 0x9b and the close.",
       .versions = kOnly5,
       .body = [](Context& t) {
         t.need(lacks(t, Capability::kQos2), "the server has QoS 2");
         const unsigned most = lacks(t, Capability::kQos1) ? 0 : 1;
         Client& s = t.connect("s");
         const Packet suback = s.subscribe_all({{t.topic(), 2}});
         t.check(suback.codes.at(0) <= most, "SUBACK grants more than the maximum QoS");
         Client& p = t.connect("p");
         p.send(publish_packet(t.topic(), "x", most + 1, 1));
         p.expect_closed({0x9b});
         Client& w = t.client("w");
         w.open();
         w.send(w.connect_packet_for({.will = Will{t.topic("will"), "gone", most + 1, false, {}}}));
         w.expect_closed({0x9b});
       }});
  cases.push_back({.id = "capability-retain",
                   .v311 = "",
                   .v5 = "3.2.2-13 3.2.2-14",
                   .what = "A server that announces Retain Available 0 gets a retained PUBLISH and a retained will.",
                   .expect = "Both are refused with 0x9a and the close.",
                   .versions = kOnly5,
                   .body = [](Context& t) {
                     t.need(lacks(t, Capability::kRetain), "the server retains messages");
                     Client& p = t.connect("p");
                     p.send(publish_packet(t.topic(), "x", 0, 0, true));
                     p.expect_closed({0x9a});
                     Client& w = t.client("w");
                     w.open();
                     w.send(w.connect_packet_for({.will = Will{t.topic("will"), "gone", 0, true, {}}}));
                     w.expect_closed({0x9a});
                   }});
  cases.push_back({.id = "capability-subscription-id",
                   .v311 = "",
                   .v5 = "X-subscription-id-off",
                   .what = "A server that announces Subscription Identifiers Available 0 gets one.",
                   .expect = "SUBACK or DISCONNECT with 0xa1.",
                   .versions = kOnly5,
                   .body = [](Context& t) {
                     t.need(lacks(t, Capability::kSubscriptionId), "the server has subscription identifiers");
                     Client& c = t.connect("a");
                     c.send(subscribe_packet(1, {{t.topic(), 0}}, {number_property(PropertyId::kSubscriptionId, 5)}));
                     if (const auto suback = c.try_take(Type::kSuback, t.patience()))
                       return t.equal(suback->codes.at(0), 0xa1U, "code");
                     const auto last = c.expect_end();
                     t.check(last && last->code == 0xa1, "neither SUBACK nor DISCONNECT says 0xa1");
                   }});
}

void add_given(Cases& cases) {
  cases.push_back(
      {.id = "capability-response-information",
       .v311 = "",
       .v5 = "3.1.2-28 X-response-information",
       .what = "Two clients ask a server for response information that is said to give it, two others do not.",
       .expect = "Who asks gets some and can begin a response topic with it; the others get none.",
       .versions = kOnly5,
       .needs = bit(Capability::kResponseInformation),
       .body = [](Context& t) {
         const ConnectOptions asking = {.properties = {number_property(PropertyId::kRequestResponseInfo, 1)}};
         const auto info_of = [](const Client& c) { return find(c.connack().properties, PropertyId::kResponseInfo); };
         Client& c = t.connect("a", asking);
         Client& other = t.connect("b", asking);
         for (const Client* asked : {&c, &other}) t.check(info_of(*asked) != nullptr, "no response information");
         const std::string begins = info_of(c)->text;
         t.chose(begins == info_of(other)->text ? "all clients get the same response information"
                                                : "each client gets response information of its own");
         Client& quiet = t.connect("q");
         Client& no = t.connect("n", {.properties = {number_property(PropertyId::kRequestResponseInfo, 0)}});
         for (const Client* silent : {&quiet, &no})
           t.check(info_of(*silent) == nullptr, "response information that was not asked for");
         const std::string topic = begins + "/answers";
         c.subscribe(topic, 0);
         t.publish_from_outside(topic, "answer");
         c.expect_publish(topic, "answer");
       }});
  cases.push_back(
      {.id = "capability-moved",
       .v311 = "3.2.2-4 3.2.2-5",
       .v5 = "X-server-reference 3.2.2-6 3.2.2-7 3.2.2-8",
       .what = "CONNECT goes to a server that is said to refuse all clients and to name another server.",
       .expect = "CONNACK 0x9c or 0x9d with a Server Reference (3.1.1: 3, server unavailable), and the close.",
       .versions = kAllVersions,
       .needs = bit(Capability::kMoved),
       .body = [](Context& t) {
         Client& c = t.client("a");
         c.open();
         c.send(c.connect_packet_for({}));
         const auto connack = c.expect_end();
         t.check(connack.has_value(), "the server closes without CONNACK");
         if (!t.v5()) return t.equal(connack->code, 3U, "code");
         t.check(connack->code == 0x9c || connack->code == 0x9d, "the code is neither 0x9c nor 0x9d");
         const Property* reference = find(connack->properties, PropertyId::kServerReference);
         t.check(reference != nullptr && !reference->text.empty(), "CONNACK names no server");
       }});
  cases.push_back({.id = "capability-moved-small",
                   .v311 = "",
                   .v5 = "X-server-reference 3.1.2-24",
                   .what = "The same for a client that takes packets of 10 bytes.",
                   .expect = "CONNACK without what does not fit, or just the close.",
                   .versions = kOnly5,
                   .needs = bit(Capability::kMoved),
                   .body = [](Context& t) {
                     Client& c = t.client("a");
                     c.open();
                     c.send(
                         c.connect_packet_for({.properties = {number_property(PropertyId::kMaximumPacketSize, 10)}}));
                     const auto connack = c.expect_end();
                     if (!connack) return t.chose("a CONNACK that does not fit is left out");
                     t.check(connack->code == 0x9c || connack->code == 0x9d, "the code is neither 0x9c nor 0x9d");
                   }});
}

}  // namespace

void add_auth_cases(Cases& cases) {
  add_authentication(cases);
  add_capabilities(cases);
  add_given(cases);
}

}  // namespace orrery::conformance
