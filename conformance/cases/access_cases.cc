// SPDX-License-Identifier: Apache-2.0
// Who comes in with a user name and a password, and what happens to those who do not (sections 3.1.4 and 3.2.2). The
// cases need a target that was set up with a user (driver/access.h).
#include "conformance/cases/all.h"
#include "conformance/cases/context.h"
#include "conformance/cases/login.h"

namespace orrery::conformance {
namespace {

// The CONNACK that refuses, or nothing where the server just closes.
std::optional<Packet> refused(Context& t, Client& c, const ConnectOptions& o) {
  c.open();
  c.send(c.connect_packet_for(o));
  const std::optional<Packet> connack = c.expect_end();
  if (!connack) {
    if (t.v5())
      t.chose("bad credentials are answered by the close alone");
    else
      t.should(false, "a CONNACK that says why, before the close (3.1.4)");
    return connack;
  }
  const bool fits = t.v5() ? connack->code == 0x86 || connack->code == 0x87 : connack->code == 4 || connack->code == 5;
  t.check(fits, "bad credentials are refused with " + code_name(t.version(), Type::kConnack, connack->code));
  t.chose("bad credentials are refused with " + code_name(t.version(), Type::kConnack, connack->code));
  return connack;
}

void add_logins(Cases& cases) {
  cases.push_back({.id = "access-login",
                   .v311 = "3.1.4-4",
                   .v5 = "3.1.4-5",
                   .what = "The user logs in with the right password, publishes and subscribes.",
                   .expect = "CONNACK 0, and everything works.",
                   .versions = kAllVersions,
                   .body = [](Context& t) {
                     Client& c = t.connect("a", as_user(t));
                     c.subscribe(t.topic(), 0);
                     c.publish(t.topic(), "m", 0U);
                     c.expect_publish(t.topic(), "m");
                   }});
  cases.push_back(
      {.id = "access-wrong-password",
       .v311 = "3.2.2-4 3.2.2-5",
       .v5 = "3.1.4-2 3.2.2-6 3.2.2-7",
       .what = "The user name comes with another password, a part of the right one, the right one and more, an empty "
               "one, and none.",
       .expect = "CONNACK 0x86 or 0x87 (3.1.1: 4 or 5) and the close, or just the close.",
       .versions = kAllVersions,
       .body = [](Context& t) {
         const std::string& right = t.access().password;
         for (const std::string& wrong : {"not" + right, right.substr(0, right.size() - 1), right + "x",
                                          right + std::string(1, '\0') + "x", std::string{}})
           refused(t, t.client("a"), as(t.access().user, wrong));
         ConnectOptions none;
         none.user_name = t.access().user;
         refused(t, t.client("a"), none);
         t.connect("b", as_user(t));
       }});
  cases.push_back({.id = "access-unknown-user",
                   .v311 = "3.2.2-4 3.2.2-5",
                   .v5 = "3.1.4-2 3.2.2-6 3.2.2-7",
                   .what = "A user name that the server does not know, and the known one with a wrong password.",
                   .expect = "Both are refused, with the same answer: whether a name exists is nobody's business.",
                   .level = Level::kShould,
                   .versions = kAllVersions,
                   .body = [](Context& t) {
                     const auto known = refused(t, t.client("a"), as(t.access().user, "wrong"));
                     const auto unknown = refused(t, t.client("a"), as(unknown_user(t), t.access().password));
                     t.should(
                         known.has_value() == unknown.has_value() &&
                             (!known || (known->code == unknown->code && known->properties == unknown->properties)),
                         "an unknown user is answered as a wrong password is");
                   }});
  cases.push_back({.id = "access-password-alone",
                   .v311 = "3.1.2-22",
                   .v5 = "X-password-alone",
                   .what = "The user's password comes without a user name.",
                   .expect = "3.1.1 forbids it: the server closes the connection. 5 allows it: accepted, or refused "
                             "for its credentials.",
                   .body = [](Context& t) {
                     ConnectOptions o;
                     o.password = t.access().password;
                     Client& c = t.client("a");
                     if (!t.v5()) {
                       c.open();
                       c.send(c.connect_packet_for(o));
                       c.expect_end();
                       return;
                     }
                     const auto connack = c.try_connect(c.connect_packet_for(o));
                     if (!connack) return t.chose("a password alone is answered by the close alone");
                     t.check(
                         connack->code == 0 || connack->code == 0x86 || connack->code == 0x87,
                         "a password alone is refused with " + code_name(Version::k5, Type::kConnack, connack->code));
                     t.chose(connack->code == 0 ? "a password alone is accepted" : "a password alone is refused");
                   }});
}

void add_refused(Cases& cases) {
  cases.push_back({.id = "access-refused-then-ignored",
                   .v311 = "3.1.4-5",
                   .v5 = "3.1.4-6",
                   .what = "A CONNECT with a wrong password, a will and a PUBLISH arrive in one piece.",
                   .expect = "Neither the PUBLISH nor the will is processed.",
                   .body = [](Context& t) {
                     Client& watcher = t.connect("w", as_user(t));
                     watcher.subscribe(t.topic("#"), 0);
                     Client& c = t.client("a");
                     ConnectOptions o = as(t.access().user, "wrong");
                     o.will = Will{t.topic("will"), "never", 0, false, {}};
                     c.open();
                     c.send_raw(encode(c.connect_packet_for(o), t.version()) +
                                encode(publish_packet(t.topic(), "never"), t.version()));
                     c.expect_end();
                     Client& p = t.connect("p", as_user(t));
                     for (const char* topic : {"t", "will"}) {
                       p.publish(t.topic(topic), "marker", 0U);
                       watcher.expect_publish(t.topic(topic), "marker");
                     }
                   }});
  cases.push_back(
      {.id = "access-refused-takes-nothing",
       .v311 = "3.1.4-2 3.1.4-3",
       .v5 = "3.1.4-2 3.1.4-3 3.1.4-4",
       .what = "While a client with a lasting session is connected, somebody connects with its client identifier, a "
               "clean session and a wrong password; then once more while it is away.",
       .expect = "The refused ones take neither the connection nor the session: that is done for clients that have "
                 "passed all checks.",
       .body = [](Context& t) {
         ConnectOptions lasting = as_user(t);
         lasting.persistent = true;
         lasting.clean = false;
         Client& c = t.connect("a", lasting);
         c.subscribe(t.topic(), 0);
         refused(t, t.client("a"), as(t.access().user, "wrong"));
         c.expect_quiet("a refused CONNECT changes nothing");
         c.disconnect();
         refused(t, t.client("a"), as(unknown_user(t), "wrong"));
         Client& again = t.connect("a", lasting);
         t.equal(again.connack().session_present, true, "session present");
         Client& p = t.connect("p", as_user(t));
         p.publish(t.topic(), "m", 0U);
         again.expect_publish(t.topic(), "m");
       }});
}

void add_other_users(Cases& cases) {
  cases.push_back(
      {.id = "access-session-of-another-user",
       .v311 = "3.2.2-3",
       .v5 = "3.2.2-3",
       .what =
           "The user leaves a lasting session with a message in it; a client without a user name comes with the same "
           "client identifier.",
       .expect = "It gets a session of its own, or is refused, or goes on with the session: the standard leaves it "
                 "open.",
       .level = Level::kMay,
       .needs = bit(Capability::kAnonymous) | bit(Capability::kQos1),
       .body = [](Context& t) {
         ConnectOptions lasting = as_user(t);
         lasting.persistent = true;
         Client& c = t.connect("a", lasting);
         c.subscribe(t.topic(), 1);
         c.disconnect();
         Client& p = t.connect("p", as_user(t));
         p.publish(t.topic(), "secret", 1);
         ConnectOptions o;
         o.persistent = true;
         o.clean = false;
         Client& other = t.client("a");
         const auto connack = other.try_connect(other.connect_packet_for(o));
         if (!connack || connack->code != 0) return t.chose("another user is refused with a client identifier in use");
         t.chose(connack->session_present ? "another user with the same client identifier goes on with the session"
                                          : "another user with the same client identifier gets a new session");
         if (connack->session_present) other.expect_publish(t.topic(), "secret");
         other.expect_quiet("a new session has no messages");
       }});
  cases.push_back(
      {.id = "access-takeover-by-another-user",
       .v311 = "3.1.4-2",
       .v5 = "3.1.4-3",
       .what = "While the user is connected, a client without a user name connects with the same client identifier.",
       .expect = "It is refused and the user stays; or it is accepted and the user is disconnected.",
       .needs = bit(Capability::kAnonymous),
       .body = [](Context& t) {
         Client& c = t.connect("a", as_user(t));
         Client& other = t.client("a");
         const auto connack = other.try_connect(other.connect_packet_for({}));
         if (!connack || connack->code != 0) {
           t.chose("another user may not take over a connection");
           return c.expect_quiet();
         }
         t.chose("another user may take over a connection");
         const auto last = c.expect_end(t.patience());
         if (t.v5()) t.check(last && last->code == 0x8e, "the first connection gets no DISCONNECT 0x8e");
         other.expect_quiet();
       }});
}

}  // namespace

void add_access_cases(Cases& cases) {
  add_logins(cases);
  add_refused(cases);
  add_other_users(cases);
}

}  // namespace orrery::conformance
