// SPDX-License-Identifier: Apache-2.0
// PINGREQ, keep alive, and DISCONNECT from the client (sections 3.1.2.10, 3.12 and 3.14).
#include "conformance/cases/all.h"
#include "conformance/cases/context.h"

namespace orrery::conformance {
namespace {

void expect_closed_after(Context& t, const Octets& bytes, Reason reason) {
  Client& c = t.connect("a");
  c.send_raw(bytes);
  c.expect_closed(reason);
}

// The keep alive that holds: MQTT 5 lets the server choose another.
Nanos keep_alive_of(const Client& c, std::uint32_t asked) {
  return static_cast<Nanos>(number_of(c.connack().properties, PropertyId::kServerKeepAlive, asked)) * kSecond;
}

void add_ping(Cases& cases) {
  cases.push_back({.id = "ping-answered",
                   .v311 = "3.12.4-1",
                   .v5 = "3.12.4-1",
                   .what = "A client sends PINGREQ, then three in one piece.",
                   .expect = "One PINGRESP for each.",
                   .versions = kAllVersions,
                   .body = [](Context& t) {
                     Client& c = t.connect("a");
                     c.ping();
                     c.send_raw(frame(0xc0, "") + frame(0xc0, "") + frame(0xc0, ""));
                     for (int i = 0; i < 3; ++i) c.take(Type::kPingresp);
                   }});
  cases.push_back({.id = "ping-flags",
                   .v311 = "2.2.2-1 2.2.2-2 4.8.0-1",
                   .v5 = "2.1.3-1 4.13.1-1",
                   .what = "PINGREQ, PUBACK, PUBREC and PUBCOMP come with reserved header flags set.",
                   .expect = "The server closes the connection (5: malformed packet).",
                   .body = [](Context& t) {
                     expect_closed_after(t, frame(0xc1, ""), kMalformed);
                     expect_closed_after(t, frame(0xc8, ""), kMalformed);
                     expect_closed_after(t, frame(0x42, u16(1)), kMalformed);
                     expect_closed_after(t, frame(0x52, u16(1)), kMalformed);
                     expect_closed_after(t, frame(0x72, u16(1)), kMalformed);
                   }});
}

void add_keep_alive(Cases& cases) {
  cases.push_back({.id = "keep-alive-silence",
                   .v311 = "3.1.2-24",
                   .v5 = "3.1.2-22 3.2.2-22",
                   .what = "A client with a keep alive of 2 seconds says nothing after CONNECT.",
                   .expect = "The server closes the connection after one and a half keep alives, not before.",
                   .versions = kAllVersions,
                   .body = [](Context& t) {
                     const Nanos start = t.now();
                     Client& c = t.connect("a", {.keep_alive = 2});
                     const Nanos keep_alive = keep_alive_of(c, 2);
                     const auto last = c.expect_end(keep_alive * 3 / 2 + t.slack());
                     const Nanos lasted = t.now() - start;
                     t.check(lasted >= keep_alive * 5 / 4, "the connection ended after " +
                                                               std::to_string(lasted / kMillisecond) +
                                                               " ms, long before 1.5 keep alives");
                     if (t.v5())
                       t.should(last && last->code == 0x8d, "DISCONNECT 0x8d, keep alive timeout, before the close");
                   }});
  cases.push_back({.id = "keep-alive-any-packet-counts",
                   .v311 = "3.1.2-24",
                   .v5 = "3.1.2-22",
                   .what = "Clients with a keep alive of 2 seconds send a PINGREQ, a PUBLISH of QoS 0 or a SUBSCRIBE "
                           "every 1.5 seconds, four times.",
                   .expect = "Their connections stay open.",
                   .body = [](Context& t) {
                     Client& ping = t.connect("a", {.keep_alive = 2});
                     Client& publish = t.connect("b", {.keep_alive = 2});
                     Client& subscribe = t.connect("c", {.keep_alive = 2});
                     for (int i = 0; i < 4; ++i) {
                       t.wait(1500 * kMillisecond);
                       ping.ping();
                       publish.send(publish_packet(t.topic(), "alive"));
                       subscribe.subscribe(t.topic("other"), 0);
                     }
                     publish.expect_quiet();
                     subscribe.expect_quiet();
                   }});
  cases.push_back(
      {.id = "keep-alive-receiving-does-not-count",
       .v311 = "3.1.2-24",
       .v5 = "3.1.2-22",
       .what = "A client with a keep alive of 2 seconds sends nothing and gets a message of QoS 0 every half second.",
       .expect = "What it gets does not count: the server closes the connection.",
       .body = [](Context& t) {
         Client& c = t.connect("a", {.keep_alive = 2});
         c.subscribe(t.topic(), 0);
         Client& p = t.connect("p");
         const Nanos limit = t.now() + keep_alive_of(c, 2) * 3 / 2 + t.slack();
         while (!c.ended(500 * kMillisecond)) {
           t.check(t.now() < limit, "the connection is open long after 1.5 keep alives");
           p.publish(t.topic(), "x", 0U);
         }
       }});
  cases.push_back({.id = "keep-alive-off",
                   .v311 = "X-keep-alive-off",
                   .v5 = "X-keep-alive-off",
                   .what = "A client with keep alive 0 says nothing for a while.",
                   .expect = "Its connection stays open (5: unless the server gave a keep alive of its own).",
                   .body = [](Context& t) {
                     Client& c = t.connect("a", {.keep_alive = 0});
                     t.need(keep_alive_of(c, 0) == 0, "the server chooses a keep alive for everybody");
                     t.wait(6 * kSecond);
                     c.expect_quiet();
                   }});
  cases.push_back({.id = "keep-alive-publishes-will",
                   .v311 = "3.1.2-24 3.1.2-8",
                   .v5 = "3.1.2-22 3.1.2-8",
                   .what = "A client with a will and a keep alive of 1 second falls silent.",
                   .expect = "Its will is published when the server gives it up, as for a broken network.",
                   .body = [](Context& t) {
                     Client& watcher = t.connect("w");
                     watcher.subscribe(t.topic("will"), 0);
                     Client& c = t.connect("a", {.keep_alive = 1, .will = Will{t.topic("will"), "gone", 0, false, {}}});
                     watcher.expect_publish(t.topic("will"), "gone", keep_alive_of(c, 1) * 3 / 2 + t.slack());
                     t.check(c.ended(t.patience()), "the connection is still open");
                   }});
}

void add_disconnect(Cases& cases) {
  cases.push_back({.id = "disconnect-flags",
                   .v311 = "3.14.1-1 2.2.2-2",
                   .v5 = "3.14.1-1 4.13.1-1",
                   .what = "DISCONNECT comes with reserved header flags set, from a client with a will.",
                   .expect = "The server closes the connection (5: malformed packet); the will is published, since "
                             "this was no proper DISCONNECT.",
                   .body = [](Context& t) {
                     Client& watcher = t.connect("w");
                     watcher.subscribe(t.topic("will"), 0);
                     Client& c = t.connect("a", {.will = Will{t.topic("will"), "gone", 0, false, {}}});
                     c.send_raw(frame(0xe1, t.v5() ? u8(0) : Octets{}));
                     c.expect_closed({0x81});
                     watcher.expect_publish(t.topic("will"), "gone");
                   }});
  cases.push_back({.id = "disconnect-ends-everything",
                   .v311 = "3.14.4-2",
                   .v5 = "3.14.4-1 3.14.4-2",
                   .what = "DISCONNECT and a PUBLISH arrive in one piece.",
                   .expect = "The PUBLISH is not processed, and the server closes its side.",
                   .body = [](Context& t) {
                     Client& watcher = t.connect("w");
                     watcher.subscribe(t.topic(), 0);
                     Client& c = t.connect("a");
                     c.send_raw(encode(disconnect_packet(), t.version()) +
                                encode(publish_packet(t.topic(), "never"), t.version()));
                     t.check(c.ended(t.patience()), "the server does not close after DISCONNECT");
                     t.publish_from_outside(t.topic(), "marker");
                     watcher.expect_publish(t.topic(), "marker");
                   }});
  cases.push_back({.id = "disconnect-unknown-code",
                   .v311 = "",
                   .v5 = "3.14.2-1",
                   .what = "A client with a will sends DISCONNECT with code 0x05, which does not exist.",
                   .expect = "It is an error and no normal end: the connection closes and the will is published.",
                   .versions = kOnly5,
                   .body = [](Context& t) {
                     Client& watcher = t.connect("w");
                     watcher.subscribe(t.topic("will"), 0);
                     Client& c = t.connect("a", {.will = Will{t.topic("will"), "gone", 0, false, {}}});
                     c.send(disconnect_packet(0x05));
                     c.expect_closed(kProtocolError);
                     watcher.expect_publish(t.topic("will"), "gone");
                   }});
  cases.push_back({.id = "disconnect-extends-expiry-from-zero",
                   .v311 = "",
                   .v5 = "X-disconnect-expiry 4.13.1-1",
                   .what = "A client that connected with a session expiry of 0 asks for 100 in DISCONNECT.",
                   .expect = "Protocol error.",
                   .versions = kOnly5,
                   .body = [](Context& t) {
                     Client& c = t.connect("a");
                     c.send(disconnect_packet(0, {number_property(PropertyId::kSessionExpiry, 100)}));
                     c.expect_closed(kProtocolError);
                   }});
}

}  // namespace

void add_ping_cases(Cases& cases) {
  add_ping(cases);
  add_keep_alive(cases);
  add_disconnect(cases);
}

}  // namespace orrery::conformance
