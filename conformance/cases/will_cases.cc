// SPDX-License-Identifier: Apache-2.0
// The will: stored at CONNECT, published when the connection ends badly, and never otherwise (sections 3.1.2.5
// and 3.1.3).
#include "conformance/cases/all.h"
#include "conformance/cases/context.h"

namespace orrery::conformance {
namespace {

ConnectOptions with_will(Context& t, unsigned qos = 0, bool retain = false, Properties properties = {}) {
  ConnectOptions o;
  o.will = Will{t.topic("will"), "gone", qos, retain, std::move(properties)};
  return o;
}

Client& watcher_of(Context& t, unsigned qos = 0) {
  Client& w = t.connect("w");
  w.subscribe(t.topic("will"), qos);
  return w;
}

// Proves that nothing was published before: the next message is this one.
void expect_only_marker(Context& t, Client& watcher) {
  t.publish_from_outside(t.topic("will"), "marker");
  watcher.expect_publish(t.topic("will"), "marker");
}

void add_when(Cases& cases) {
  cases.push_back(
      {.id = "will-on-broken-connection",
       .v311 = "3.1.2-8 3.1.2-9 3.1.2-16 3.3.1-9",
       .v5 = "3.1.2-7 3.1.2-8 3.1.2-14",
       .what = "The connection of a client with a will is reset; another one just closes without DISCONNECT.",
       .expect = "Both wills are published, with retain 0.",
       .versions = kAllVersions,
       .body = [](Context& t) {
         Client& w = watcher_of(t);
         Client& reset = t.connect("a", with_will(t));
         reset.drop();
         t.equal(w.expect_publish(t.topic("will"), "gone").retain, false, "retain");
         Client& other = t.connect("b", with_will(t));
         other.ping();
         other.drop();
         w.expect_publish(t.topic("will"), "gone");
       }});
  cases.push_back({.id = "will-on-protocol-error",
                   .v311 = "3.1.2-8",
                   .v5 = "3.1.2-8",
                   .what = "A client with a will breaks the protocol and the server closes its connection.",
                   .expect = "The will is published.",
                   .body = [](Context& t) {
                     Client& w = watcher_of(t);
                     Client& c = t.connect("a", with_will(t));
                     c.send_raw(frame(0x36, text(t.topic()) + u16(1)));
                     c.expect_closed(kMalformed);
                     w.expect_publish(t.topic("will"), "gone");
                   }});
  cases.push_back({.id = "will-not-after-disconnect",
                   .v311 = "3.1.2-10 3.14.4-3",
                   .v5 = "3.1.2-10 3.14.4-3",
                   .what = "A client with a will says DISCONNECT.",
                   .expect = "The will is discarded and never published.",
                   .versions = kAllVersions,
                   .body = [](Context& t) {
                     Client& w = watcher_of(t);
                     Client& c = t.connect("a", with_will(t));
                     c.send(disconnect_packet());
                     c.ended(t.patience());
                     expect_only_marker(t, w);
                   }});
  cases.push_back({.id = "will-none",
                   .v311 = "3.1.2-12",
                   .v5 = "X-no-will",
                   .what = "A client without a will breaks off.",
                   .expect = "Nothing is published in its name.",
                   .body = [](Context& t) {
                     Client& w = watcher_of(t);
                     t.connect("a").drop();
                     expect_only_marker(t, w);
                   }});
  cases.push_back(
      {.id = "will-once",
       .v311 = "3.1.2-10",
       .v5 = "3.1.2-10",
       .what = "A client's will has been published; the same client connects without a will and breaks off again.",
       .expect = "The first will was removed: nothing is published.",
       .body = [](Context& t) {
         Client& w = watcher_of(t);
         ConnectOptions o = with_will(t);
         o.persistent = true;
         o.clean = false;
         t.connect("a", o).drop();
         w.expect_publish(t.topic("will"), "gone");
         o.will.reset();
         t.connect("a", o).drop();
         expect_only_marker(t, w);
       }});
  cases.push_back(
      {.id = "will-on-takeover",
       .v311 = "3.1.2-8 3.1.4-2",
       .v5 = "3.1.2-8 3.1.4-3",
       .what = "A client with a will (5: without delay) is taken over by a new connection with a clean session.",
       .expect = "The server closed the first connection without DISCONNECT of the client: the will is published.",
       .body = [](Context& t) {
         Client& w = watcher_of(t);
         Client& first = t.connect("a", with_will(t));
         t.connect("a");
         t.check(first.ended(t.patience()), "the first connection is still open");
         w.expect_publish(t.topic("will"), "gone");
       }});
  cases.push_back({.id = "will-by-disconnect-code",
                   .v311 = "",
                   .v5 = "3.1.2-8 3.14.4-3",
                   .what = "Clients with wills say DISCONNECT 0x04 (with will message) and 0x80 (unspecified error).",
                   .expect = "Both wills are published.",
                   .versions = kOnly5,
                   .body = [](Context& t) {
                     Client& w = watcher_of(t);
                     for (const unsigned code : {0x04U, 0x80U}) {
                       Client& c = t.connect("a", with_will(t));
                       c.send(disconnect_packet(code));
                       c.ended(t.patience());
                       w.expect_publish(t.topic("will"), "gone");
                     }
                   }});
}

void add_how(Cases& cases) {
  cases.push_back({.id = "will-qos",
                   .v311 = "3.1.2-9",
                   .v5 = "3.1.2-7",
                   .what = "Wills of QoS 0, 1 and 2 meet a subscription of QoS 2.",
                   .expect = "Each is published at its own QoS.",
                   .needs = bit(Capability::kQos1) | bit(Capability::kQos2),
                   .body = [](Context& t) {
                     Client& w = watcher_of(t, 2);
                     for (const unsigned qos : {0U, 1U, 2U}) {
                       t.connect("a", with_will(t, qos)).drop();
                       t.equal(w.expect_publish(t.topic("will"), "gone").qos, qos, "QoS");
                     }
                   }});
  cases.push_back(
      {.id = "will-retained",
       .v311 = "3.1.2-17 3.3.1-5",
       .v5 = "3.1.2-15 3.3.1-5",
       .what = "A will with will retain 1 is published while somebody subscribes; later another one subscribes.",
       .expect = "The first gets it with retain 0, the second with retain 1.",
       .needs = bit(Capability::kRetain),
       .body = [](Context& t) {
         Client& w = watcher_of(t);
         t.connect("a", with_will(t, 0, true)).drop();
         t.equal(w.expect_publish(t.topic("will"), "gone").retain, false, "retain for the old subscription");
         Client& late = t.connect("l");
         late.subscribe(t.topic("will"), 0);
         t.equal(late.expect_publish(t.topic("will"), "gone").retain, true, "retain for the new subscription");
       }});
  cases.push_back({.id = "will-not-retained",
                   .v311 = "3.1.2-16",
                   .v5 = "3.1.2-14",
                   .what = "A will with will retain 0 is published; later somebody subscribes.",
                   .expect = "Nothing is stored for the late subscriber.",
                   .body = [](Context& t) {
                     Client& w = watcher_of(t);
                     t.connect("a", with_will(t)).drop();
                     w.expect_publish(t.topic("will"), "gone");
                     Client& late = t.connect("l");
                     late.subscribe(t.topic("will"), 0);
                     late.expect_quiet("the will was not retained");
                   }});
  cases.push_back({.id = "will-empty-payload",
                   .v311 = "3.1.2-9",
                   .v5 = "3.1.2-7",
                   .what = "A will has no payload.",
                   .expect = "It is published with no payload.",
                   .body = [](Context& t) {
                     Client& w = watcher_of(t);
                     ConnectOptions o = with_will(t);
                     o.will->payload.clear();
                     t.connect("a", o).drop();
                     w.expect_publish(t.topic("will"), "");
                   }});
  cases.push_back(
      {.id = "will-properties",
       .v311 = "",
       .v5 = "3.1.3-10 3.3.2-4 3.3.2-15 3.3.2-16 3.3.2-18 3.3.2-20",
       .what =
           "A will carries payload format, content type, response topic, correlation data, expiry and user properties.",
       .expect = "They are published with it, user properties in their order.",
       .versions = kOnly5,
       .body = [](Context& t) {
         Client& w = watcher_of(t);
         const Properties users = {user_property("b", "1"), user_property("a", "2"), user_property("b", "3"),
                                   user_property("", "")};
         Properties properties = {number_property(PropertyId::kPayloadFormat, 1),
                                  number_property(PropertyId::kMessageExpiry, 100),
                                  text_property(PropertyId::kContentType, "text/plain"),
                                  text_property(PropertyId::kResponseTopic, "answer/here"),
                                  text_property(PropertyId::kCorrelationData, std::string("\0\1\2", 3))};
         properties.insert(properties.end(), users.begin(), users.end());
         t.connect("a", with_will(t, 0, false, properties)).drop();
         const Packet m = w.expect_publish(t.topic("will"), "gone");
         t.equal(number_of(m.properties, PropertyId::kPayloadFormat, 0), 1U, "payload format indicator");
         t.check(find(m.properties, PropertyId::kMessageExpiry) != nullptr, "the message expiry is missing");
         for (const Property& p : properties)
           if (p.id == static_cast<std::uint32_t>(PropertyId::kContentType) ||
               p.id == static_cast<std::uint32_t>(PropertyId::kResponseTopic) ||
               p.id == static_cast<std::uint32_t>(PropertyId::kCorrelationData)) {
             const Property* got = find(m.properties, static_cast<PropertyId>(p.id));
             t.check(got != nullptr && *got == p, std::string(find_property(p.id)->name) + " is missing or changed");
           }
         t.check(user_properties(m.properties) == users, "user properties are missing, changed or out of order");
       }});
}

void add_delay(Cases& cases) {
  cases.push_back({.id = "will-delay",
                   .v311 = "",
                   .v5 = "3.1.2-8",
                   .what = "A client with a will delay of 2 seconds and a longer session breaks off.",
                   .expect = "The will is published after the delay, not before.",
                   .versions = kOnly5,
                   .body = [](Context& t) {
                     Client& w = watcher_of(t);
                     ConnectOptions o = with_will(t, 0, false, {number_property(PropertyId::kWillDelay, 2)});
                     o.persistent = true;
                     Client& c = t.connect("a", o);
                     c.drop();
                     const Nanos start = t.now();
                     w.expect_publish(t.topic("will"), "gone", 2 * kSecond + t.slack());
                     t.check(t.now() - start >= 1700 * kMillisecond, "the will came before its delay had passed");
                   }});
  cases.push_back({.id = "will-delay-cancelled",
                   .v311 = "",
                   .v5 = "3.1.3-9 3.1.2-8",
                   .what = "Within a will delay of 2 seconds the client resumes its session, and then says DISCONNECT.",
                   .expect = "The will is never published.",
                   .versions = kOnly5,
                   .body = [](Context& t) {
                     Client& w = watcher_of(t);
                     ConnectOptions o = with_will(t, 0, false, {number_property(PropertyId::kWillDelay, 2)});
                     o.persistent = true;
                     t.connect("a", o).drop();
                     ConnectOptions again;
                     again.persistent = true;
                     again.clean = false;
                     Client& c = t.connect("a", again);
                     t.wait(2 * kSecond + t.slack());
                     expect_only_marker(t, w);
                     c.disconnect();
                     t.wait(kSecond);
                     t.publish_from_outside(t.topic("will"), "end");
                     w.expect_publish(t.topic("will"), "end");
                   }});
  cases.push_back(
      {.id = "will-delay-taken-over",
       .v311 = "",
       .v5 = "3.1.3-9",
       .what =
           "A connected client with a will delay of 60 seconds is taken over by a connection that resumes its session.",
       .expect = "The session goes on: the will is not published.",
       .versions = kOnly5,
       .body = [](Context& t) {
         Client& w = watcher_of(t);
         ConnectOptions o = with_will(t, 0, false, {number_property(PropertyId::kWillDelay, 60)});
         o.persistent = true;
         Client& first = t.connect("a", o);
         ConnectOptions again;
         again.persistent = true;
         again.clean = false;
         t.connect("a", again);
         t.check(first.ended(t.patience()), "the first connection is still open");
         expect_only_marker(t, w);
       }});
  cases.push_back(
      {.id = "will-delay-ends-with-session",
       .v311 = "",
       .v5 = "3.1.2-8",
       .what = "Clients with a will delay of 60 seconds break off, whose sessions end at once or after 1 second.",
       .expect = "The will is published when the session ends, long before the delay.",
       .versions = kOnly5,
       .body = [](Context& t) {
         Client& w = watcher_of(t);
         ConnectOptions o = with_will(t, 0, false, {number_property(PropertyId::kWillDelay, 60)});
         t.connect("a", o).drop();
         w.expect_publish(t.topic("will"), "gone", kSecond + t.slack());
         o.properties = {number_property(PropertyId::kSessionExpiry, 1)};
         t.connect("b", o).drop();
         w.expect_publish(t.topic("will"), "gone", kSecond + t.slack());
       }});
  cases.push_back(
      {.id = "will-delay-clean-start",
       .v311 = "",
       .v5 = "3.1.2-8 3.1.2-4",
       .what = "Within a will delay of 60 seconds the client connects with Clean Start 1, which ends its old session.",
       .expect = "The will is published at once.",
       .versions = kOnly5,
       .body = [](Context& t) {
         Client& w = watcher_of(t);
         ConnectOptions o = with_will(t, 0, false, {number_property(PropertyId::kWillDelay, 60)});
         o.persistent = true;
         t.connect("a", o).drop();
         t.connect("a");
         w.expect_publish(t.topic("will"), "gone", kSecond + t.slack());
       }});
}

}  // namespace

void add_will_cases(Cases& cases) {
  add_when(cases);
  add_how(cases);
  add_delay(cases);
}

}  // namespace orrery::conformance
