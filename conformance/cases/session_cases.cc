// SPDX-License-Identifier: Apache-2.0
// Sessions: what a clean one forgets, what a lasting one keeps, when it ends, and takeover (sections 3.1.2.4, 3.1.4
// and 4.1).
#include "conformance/cases/all.h"
#include "conformance/cases/context.h"

namespace orrery::conformance {
namespace {

ConnectOptions lasting(bool clean = false) {
  ConnectOptions o;
  o.persistent = true;
  o.clean = clean;
  return o;
}

ConnectOptions with_expiry(std::uint32_t seconds, bool clean = false) {
  ConnectOptions o;
  o.clean = clean;
  o.properties = {number_property(PropertyId::kSessionExpiry, seconds)};
  return o;
}

bool present(Client& c) { return c.connack().session_present; }

void add_resume(Cases& cases) {
  cases.push_back({.id = "session-resumed",
                   .v311 = "3.1.2-4 3.1.2-5 3.2.2-2 4.1.0-1 4.5.0-1",
                   .v5 = "3.1.2-5 3.1.2-23 3.2.2-3 4.5.0-1",
                   .what = "A client with a lasting session subscribes and leaves; messages of QoS 1 and 2 are "
                           "published; it comes back.",
                   .expect = "Session present 1, and the messages of each QoS come in order.",
                   .needs = bit(Capability::kQos1) | bit(Capability::kQos2),
                   .body = [](Context& t) {
                     Client& c = t.connect("a", lasting(true));
                     c.subscribe(t.topic(), 2);
                     c.disconnect();
                     Client& p = t.connect("p");
                     for (unsigned i = 0; i < 6; ++i) p.publish(t.topic(), std::to_string(i), 1 + i % 2);
                     Client& again = t.connect("a", lasting());
                     t.equal(present(again), true, "session present");
                     // Between messages of different QoS the standard promises no order (4.6).
                     std::string came[3];
                     for (unsigned i = 0; i < 6; ++i) {
                       const Packet m = again.take(Type::kPublish);
                       t.equal(again.topic_of(m), t.topic(), "topic");
                       t.equal(m.dup, false, "DUP of a first delivery");
                       came[m.qos] += m.payload + " ";
                     }
                     t.equal(came[1], std::string("0 2 4 "), "messages of QoS 1");
                     t.equal(came[2], std::string("1 3 5 "), "messages of QoS 2");
                   }});
  cases.push_back({.id = "session-keeps-subscriptions",
                   .v311 = "3.1.2-4 4.1.0-1",
                   .v5 = "3.1.2-5 3.1.2-23",
                   .what = "A client with a lasting session breaks off and comes back without subscribing again.",
                   .expect = "Its subscriptions still work, also those of QoS 0.",
                   .needs = bit(Capability::kQos1),
                   .body = [](Context& t) {
                     Client& c = t.connect("a", lasting(true));
                     c.subscribe(t.topic("zero"), 0);
                     c.subscribe(t.topic("one"), 1);
                     c.drop();
                     Client& again = t.connect("a", lasting());
                     t.equal(present(again), true, "session present");
                     Client& p = t.connect("p");
                     p.publish(t.topic("zero"), "zero", 1);
                     t.equal(again.expect_publish(t.topic("zero"), "zero").qos, 0U, "QoS");
                     p.publish(t.topic("one"), "one", 1);
                     t.equal(again.expect_publish(t.topic("one"), "one").qos, 1U, "QoS");
                   }});
  cases.push_back(
      {.id = "session-new",
       .v311 = "3.2.2-3 3.1.2-4",
       .v5 = "3.1.2-6 3.2.2-3",
       .what = "A client that the server does not know connects with Clean Session 0 (5: Clean Start 0), twice.",
       .expect = "Session present 0, and 1 the second time.",
       .body = [](Context& t) {
         Client& c = t.connect("a", lasting());
         t.equal(present(c), false, "session present the first time");
         c.disconnect();
         t.equal(present(t.connect("a", lasting())), true, "session present the second time");
       }});
  cases.push_back(
      {.id = "session-clean-discards",
       .v311 = "3.1.2-6 3.2.2-1 3.1.4-3",
       .v5 = "3.1.2-4 3.2.2-2 3.1.4-4",
       .what = "A client with a lasting session and queued messages connects with a clean one.",
       .expect =
           "Session present 0; neither the queued messages nor the subscription are there, now or at the next connect.",
       .needs = bit(Capability::kQos1),
       .body = [](Context& t) {
         Client& c = t.connect("a", lasting(true));
         c.subscribe(t.topic(), 1);
         c.disconnect();
         t.publish_from_outside(t.topic(), "queued", 1U);
         Client& clean = t.connect("a");
         t.equal(present(clean), false, "session present");
         t.publish_from_outside(t.topic(), "later", 1U);
         clean.expect_quiet("nothing of the old session should be left");
         clean.disconnect();
         Client& again = t.connect("a", lasting());
         t.equal(present(again), false, "session present after the clean session");
         again.expect_quiet("nothing of the old session should be left");
       }});
  cases.push_back({.id = "session-clean-not-kept",
                   .v311 = "3.1.2-6 3.2.2-3",
                   .v5 = "4.1.0-2 3.2.2-3",
                   .what = "A client with a clean session (5: no expiry) subscribes, leaves and asks for its session.",
                   .expect = "There is none: session present 0 and no message.",
                   .needs = bit(Capability::kQos1),
                   .body = [](Context& t) {
                     Client& c = t.connect("a");
                     c.subscribe(t.topic(), 1);
                     c.disconnect();
                     t.publish_from_outside(t.topic(), "never", 1U);
                     Client& again = t.connect("a", lasting());
                     t.equal(present(again), false, "session present");
                     t.publish_from_outside(t.topic(), "never", 1U);
                     again.expect_quiet();
                   }});
  cases.push_back(
      {.id = "session-by-identifier",
       .v311 = "3.1.3-2",
       .v5 = "3.1.3-2",
       .what =
           "Client A has a lasting session with a queued message; a client whose identifier differs in case connects.",
       .expect = "It gets nothing of A's session; A does.",
       .needs = bit(Capability::kQos1),
       .body = [](Context& t) {
         Client& a = t.connect("a", lasting(true));
         a.subscribe(t.topic(), 1);
         a.disconnect();
         t.publish_from_outside(t.topic(), "for a", 1U);
         Client& other = t.connect("A", lasting());
         t.equal(present(other), false, "session present for another identifier");
         other.expect_quiet();
         Client& again = t.connect("a", lasting());
         again.expect_publish(t.topic(), "for a");
       }});
  cases.push_back({.id = "session-resend-order",
                   .v311 = "4.6.0-1 4.4.0-1",
                   .v5 = "4.6.0-1 4.4.0-1",
                   .what = "A subscriber takes ten messages of QoS 1 without acknowledging, breaks off, and five more "
                           "are published; it resumes.",
                   .expect = "All fifteen come in order, the first ten with DUP and their identifiers.",
                   .needs = bit(Capability::kQos1),
                   .body = [](Context& t) {
                     Client& c = t.client("a");
                     c.auto_ack = false;
                     c.connect(lasting(true));
                     c.subscribe(t.topic(), 1);
                     Client& p = t.connect("p");
                     std::vector<std::uint16_t> ids;
                     for (int i = 0; i < 10; ++i) p.publish(t.topic(), std::to_string(i), 1);
                     for (int i = 0; i < 10; ++i) ids.push_back(c.expect_publish(t.topic(), std::to_string(i)).id);
                     c.drop();
                     for (int i = 10; i < 15; ++i) p.publish(t.topic(), std::to_string(i), 1);
                     Client& again = t.connect("a", lasting());
                     for (std::size_t i = 0; i < 15; ++i) {
                       const Packet m = again.expect_publish(t.topic(), std::to_string(i));
                       if (i >= 10) continue;  // one that was sent before the server saw the break has DUP as well
                       t.equal(m.id, ids[i], "identifier");
                       t.equal(m.dup, true, "DUP");
                     }
                   }});
  cases.push_back({.id = "session-qos0-while-away",
                   .v311 = "3.1.2-5",
                   .v5 = "X-qos0-while-away",
                   .what = "A message of QoS 0 is published while the subscriber with a lasting session is away.",
                   .expect = "It may be kept or dropped.",
                   .level = Level::kMay,
                   .body = [](Context& t) {
                     Client& c = t.connect("a", lasting(true));
                     c.subscribe(t.topic(), 1);
                     c.disconnect();
                     t.publish_from_outside(t.topic(), "zero");
                     Client& again = t.connect("a", lasting());
                     t.publish_from_outside(t.topic(), "marker", 1U);
                     const Packet m = again.take(Type::kPublish);
                     const bool kept = m.payload == "zero";
                     t.chose(kept ? "QoS 0 messages are kept for a session that is away"
                                  : "QoS 0 messages are dropped while a session is away");
                     if (kept) again.expect_publish(t.topic(), "marker");
                   }});
}

void add_expiry(Cases& cases) {
  cases.push_back(
      {.id = "session-expiry",
       .v311 = "",
       .v5 = "3.1.2-23 4.1.0-2 3.2.2-3",
       .what =
           "Sessions that last 3 seconds: the client comes back after 1 second, and then stays away until it is over.",
       .expect = "Session present 1, then 0.",
       .versions = kOnly5,
       .body = [](Context& t) {
         t.connect("a", with_expiry(3, true)).disconnect();
         t.wait(kSecond);
         Client& again = t.connect("a", with_expiry(3));
         t.equal(present(again), true, "session present within the expiry");
         again.drop();
         t.wait(3 * kSecond + t.slack());
         t.equal(present(t.connect("a", with_expiry(3))), false, "session present after the expiry");
       }});
  cases.push_back({.id = "session-expiry-drops-messages",
                   .v311 = "",
                   .v5 = "4.1.0-2",
                   .what = "A session with a subscription ends by its expiry of 1 second; then a message is published "
                           "and the client returns.",
                   .expect = "It gets neither that message nor its old subscription.",
                   .versions = kOnly5,
                   .needs = bit(Capability::kQos1),
                   .body = [](Context& t) {
                     Client& c = t.connect("a", with_expiry(1, true));
                     c.subscribe(t.topic(), 1);
                     c.disconnect();
                     t.wait(kSecond + t.slack());
                     t.publish_from_outside(t.topic(), "late", 1U);
                     Client& again = t.connect("a", with_expiry(0));
                     t.equal(present(again), false, "session present");
                     t.publish_from_outside(t.topic(), "later", 1U);
                     again.expect_quiet();
                   }});
  cases.push_back(
      {.id = "session-expiry-changed-at-disconnect",
       .v311 = "",
       .v5 = "3.1.2-23 4.1.0-2",
       .what = "Sessions of 100 and of 1 seconds are given an expiry of 0 and of 100 in DISCONNECT.",
       .expect = "The first ends at once; the second is still there after its first expiry has passed.",
       .versions = kOnly5,
       .body = [](Context& t) {
         t.connect("a", with_expiry(100, true)).disconnect(0, {number_property(PropertyId::kSessionExpiry, 0)});
         t.connect("b", with_expiry(1, true)).disconnect(0, {number_property(PropertyId::kSessionExpiry, 100)});
         t.equal(present(t.connect("a", with_expiry(100))), false, "session present after an expiry of 0");
         t.wait(kSecond + t.slack());
         t.equal(present(t.connect("b", with_expiry(100))), true, "session present after an expiry of 100");
       }});
  cases.push_back(
      {.id = "session-expiry-of-the-last-connection",
       .v311 = "",
       .v5 = "4.1.0-2",
       .what = "A session of 100 seconds is resumed by a connection that gives no expiry, and which then ends.",
       .expect = "The session ends with it.",
       .versions = kOnly5,
       .body = [](Context& t) {
         t.connect("a", with_expiry(100, true)).disconnect();
         ConnectOptions none;
         none.clean = false;
         Client& second = t.connect("a", none);
         t.equal(present(second), true, "session present");
         second.disconnect();
         t.equal(present(t.connect("a", none)), false, "session present after the connection without expiry");
       }});
  cases.push_back({.id = "session-expiry-never",
                   .v311 = "",
                   .v5 = "3.1.2-23",
                   .what = "A session has the expiry 0xFFFFFFFF, which means never.",
                   .expect = "It is there when the client returns, unless the server announced a shorter one.",
                   .versions = kOnly5,
                   .body = [](Context& t) {
                     Client& c = t.connect("a", with_expiry(0xffffffff, true));
                     const std::uint32_t granted =
                         number_of(c.connack().properties, PropertyId::kSessionExpiry, 0xffffffff);
                     c.disconnect();
                     t.wait(2 * kSecond);
                     t.need(granted > 2, "the server allows only a very short session");
                     t.equal(present(t.connect("a", with_expiry(0xffffffff))), true, "session present");
                   }});
}

void add_takeover(Cases& cases) {
  cases.push_back({.id = "takeover",
                   .v311 = "3.1.4-2",
                   .v5 = "3.1.4-3 3.14.2-2 3.14.4-2 4.13.2-1",
                   .what = "A second connection comes with the identifier of a client that is connected.",
                   .expect = "The first is disconnected (5: with DISCONNECT 0x8e); the second works.",
                   .versions = kAllVersions,
                   .body = [](Context& t) {
                     Client& first = t.connect("a");
                     first.subscribe(t.topic(), 0);
                     Client& second = t.connect("a");
                     const auto last = first.expect_end();
                     if (t.v5()) {
                       t.check(last.has_value(), "no DISCONNECT came before the close");
                       t.equal(last->code, 0x8eU, "code of the DISCONNECT");
                     }
                     second.subscribe(t.topic("second"), 0);
                     t.publish_from_outside(t.topic("second"), "x");
                     second.expect_publish(t.topic("second"), "x");
                   }});
  cases.push_back(
      {.id = "takeover-keeps-session",
       .v311 = "3.1.4-2 3.1.2-4",
       .v5 = "3.1.4-3 3.1.2-5",
       .what = "A second connection resumes the lasting session of a client that is connected and has an "
               "unacknowledged delivery.",
       .expect = "Session present 1; the delivery comes again with DUP, and new messages go to the second connection.",
       .needs = bit(Capability::kQos1),
       .body = [](Context& t) {
         Client& first = t.client("a");
         first.auto_ack = false;
         first.connect(lasting(true));
         first.subscribe(t.topic(), 1);
         t.publish_from_outside(t.topic(), "open", 1U);
         const Packet m = first.expect_publish(t.topic(), "open");
         Client& second = t.connect("a", lasting());
         t.equal(present(second), true, "session present");
         t.check(first.ended(t.patience()), "the first connection is still open");
         const Packet repeat = second.expect_publish(t.topic(), "open");
         t.equal(repeat.id, m.id, "identifier");
         t.equal(repeat.dup, true, "DUP");
         t.publish_from_outside(t.topic(), "new", 1U);
         second.expect_publish(t.topic(), "new");
       }});
  cases.push_back({.id = "takeover-clean",
                   .v311 = "3.1.4-2 3.1.2-6",
                   .v5 = "3.1.4-3 3.1.2-4",
                   .what = "A second connection with a clean session comes with the identifier of a connected client.",
                   .expect = "Session present 0; the subscriptions of the first are gone.",
                   .body = [](Context& t) {
                     Client& first = t.connect("a", lasting(true));
                     first.subscribe(t.topic(), 1);
                     Client& second = t.connect("a");
                     t.equal(present(second), false, "session present");
                     t.check(first.ended(t.patience()), "the first connection is still open");
                     t.publish_from_outside(t.topic(), "never", 1U);
                     second.expect_quiet();
                   }});
  cases.push_back({.id = "takeover-chain",
                   .v311 = "3.1.4-2",
                   .v5 = "3.1.4-3",
                   .what = "Five connections with one identifier come one after the other.",
                   .expect = "Each ends the one before it; the last is the one that is left.",
                   .body = [](Context& t) {
                     std::vector<Client*> all;
                     for (int i = 0; i < 5; ++i) all.push_back(&t.connect("a"));
                     for (std::size_t i = 0; i < 4; ++i)
                       t.check(all[i]->ended(t.patience()), "connection " + std::to_string(i + 1) + " is still open");
                     all[4]->expect_quiet();
                   }});
  cases.push_back(
      {.id = "session-survives-restart",
       .v311 = "3.1.2-4 4.1.0-1",
       .v5 = "3.1.2-23",
       .what = "The broker is killed and started again while a lasting session with a queued message waits.",
       .expect = "The session and its message are there.",
       .needs = bit(Capability::kRestart) | bit(Capability::kDurable) | bit(Capability::kQos1),
       .body = [](Context& t) {
         Client& c = t.connect("a", lasting(true));
         c.subscribe(t.topic(), 1);
         c.disconnect();
         t.publish_from_outside(t.topic(), "queued", 1U);
         t.kill_and_restart();
         Client& again = t.connect("a", lasting());
         t.equal(present(again), true, "session present");
         again.expect_publish(t.topic(), "queued");
       }});
}

}  // namespace

void add_session_cases(Cases& cases) {
  add_resume(cases);
  add_expiry(cases);
  add_takeover(cases);
}

}  // namespace orrery::conformance
