// SPDX-License-Identifier: Apache-2.0
#include "conformance/cases/login.h"

namespace orrery::conformance {
namespace {

const Access& scram_access(Context& t) {
  t.need(t.access().scram, "the target was set up without SCRAM-SHA-256");
  return t.access();
}

const std::string& data_of(Context& t, const Packet& p) {
  const Property* data = find(p.properties, PropertyId::kAuthData);
  t.check(data != nullptr, std::string(type_name(p.type)) + " carries no authentication data");
  return data->text;
}

void check_signature(Context& t, const ScramClient& s, const Packet& p) {
  const std::string wrong = s.take_final(data_of(t, p));
  t.check(wrong.empty(), "server-final-message: " + wrong);
}

}  // namespace

ConnectOptions as(std::string_view user, std::string_view password) {
  ConnectOptions o;
  o.user_name = user;
  o.password = password;
  return o;
}

ConnectOptions as_user(Context& t) { return as(t.access().user, t.access().password); }

std::string unknown_user(Context& t) { return t.access().user + "-not"; }

Client& connect_user(Context& t, std::string_view name, ConnectOptions o) {
  o.user_name = t.access().user;
  o.password = t.access().password;
  return t.connect(name, o);
}

ScramClient scram_user(Context& t, std::string_view nonce) { return scram_user(t, nonce, scram_access(t).password); }

ScramClient scram_user(Context& t, std::string_view nonce, std::string_view password) {
  return {scram_access(t).user, password, t.id(nonce)};
}

Properties scram_data(std::string_view data, std::string_view method) {
  Properties out;
  if (!method.empty()) out.push_back(text_property(PropertyId::kAuthMethod, method));
  out.push_back(text_property(PropertyId::kAuthData, data));
  return out;
}

Packet scram_connect(const Client& c, std::string_view data, ConnectOptions o) {
  for (Property& p : scram_data(data)) o.properties.push_back(std::move(p));
  return c.connect_packet_for(o);
}

Packet take_challenge(Context& t, Client& c, ScramClient& s) {
  Packet auth = c.take(Type::kAuth);
  t.equal(auth.code, 0x18U, "code of AUTH");
  const std::string wrong = s.take_first(data_of(t, auth));
  t.check(wrong.empty(), "server-first-message: " + wrong);
  return auth;
}

Packet begin_scram(Context& t, Client& c, ScramClient& s, const ConnectOptions& o) {
  c.open(o.node);
  c.send(scram_connect(c, s.first(), o));
  return take_challenge(t, c, s);
}

Packet finish_scram(Context& t, Client& c, ScramClient& s) {
  c.send(auth_packet(0x18, scram_data(s.final())));
  Packet connack = c.take(Type::kConnack);
  t.equal(connack.code, 0U, "code of CONNACK");
  check_signature(t, s, connack);
  return connack;
}

Packet scram_login(Context& t, Client& c, ScramClient& s, const ConnectOptions& o) {
  begin_scram(t, c, s, o);
  return finish_scram(t, c, s);
}

void begin_again(Context& t, Client& c, ScramClient& s) {
  c.send(auth_packet(0x19, scram_data(s.first())));
  take_challenge(t, c, s);
}

void finish_again(Context& t, Client& c, ScramClient& s) {
  c.send(auth_packet(0x18, scram_data(s.final())));
  const Packet auth = c.take(Type::kAuth);
  t.equal(auth.code, 0U, "code of the last AUTH");
  check_signature(t, s, auth);
}

std::optional<Packet> expect_login_refused(Context& t, Client& c) {
  std::optional<Packet> connack = c.expect_end();
  if (!connack) {
    t.chose("a failed SCRAM login is answered by the close alone");
  } else {
    t.check(connack->code >= 0x80,
            "the CONNACK before the close says " + code_name(Version::k5, Type::kConnack, connack->code));
    t.chose("a failed SCRAM login is answered with a CONNACK");
  }
  return connack;
}

}  // namespace orrery::conformance
