// SPDX-License-Identifier: Apache-2.0
// Mutants of enhanced authentication, in front of a broker with SCRAM-SHA-256: AUTH, the CONNACK that ends a login, and
// what must end one and does not.
#include "conformance/mutants/mutant.h"

namespace orrery::conformance {
namespace {

void set_text(Properties& properties, PropertyId id, const std::string& text) {
  for (Property& p : properties)
    if (p.id == static_cast<std::uint32_t>(id)) p.text = text;
}

bool names_method(const Packet& connect) { return find(connect.properties, PropertyId::kAuthMethod) != nullptr; }

// Changes the server's next message of a login: `letter` is 'r' for the first one, 'v' for the last.
Mangle message(char letter, std::function<std::string(std::string)> change) {
  return [letter, change = std::move(change)](Flow& f) {
    const Property* data = find(f.p.properties, PropertyId::kAuthData);
    if (data == nullptr || data->text.empty() || data->text[0] != letter) return f.pass();
    set_text(f.p.properties, PropertyId::kAuthData, change(data->text));
    f.pass_changed();
  };
}

void add_auth(Mutants& m) {
  const auto auth = [](Mangle change) { return only(Type::kAuth, std::move(change)); };
  const auto code = [&m, auth](const char* id, unsigned right, unsigned wrong, const char* statement,
                               const char* what) {
    m.push_back({id, statement, what, auth([right, wrong](Flow& f) {
                   if (f.p.code == right) f.p.code = wrong;
                   f.pass_changed();
                 })});
  };
  code("auth-code-again", 0x18, 0x19, "5 MQTT-3.15.2-1", "The server's AUTH has 0x19, which is a client's.");
  code("auth-code-success", 0x18, 0x00, "5 MQTT-4.12.0-2", "The server's AUTH before CONNACK says success.");
  code("auth-code-unlisted", 0x18, 0x87, "5 MQTT-3.15.2-1", "The server's AUTH has a code that is none of AUTH's.");
  code("auth-again-goes-on", 0x00, 0x18, "5 MQTT-4.12.1-1", "The AUTH that ends a new authentication says to go on.");
  m.push_back({"auth-no-method", "5 MQTT-4.12.0-5", "The server's AUTH names no method.",
               auth([](Flow& f) { strip(f.p.properties, PropertyId::kAuthMethod), f.pass_changed(); })});
  m.push_back({"auth-other-method", "5 MQTT-4.12.0-5", "The server's AUTH names another method.", auth([](Flow& f) {
                 set_text(f.p.properties, PropertyId::kAuthMethod, "SCRAM-SHA-256-PLUS"), f.pass_changed();
               })});
  m.push_back({"auth-no-data", "5 X-scram-first", "The server's AUTH carries no data.",
               auth([](Flow& f) { strip(f.p.properties, PropertyId::kAuthData), f.pass_changed(); })});
  m.push_back({"auth-flags", "5 MQTT-3.15.1-1", "The server's AUTH has a reserved flag set.",
               auth([](Flow& f) { f.send_raw(frame(0xf1, encode_body(f.p, Version::k5))); })});
  m.push_back({"auth-twice", "5 X-auth-unbegun", "The server's last AUTH comes twice.", auth([](Flow& f) {
                 f.pass();
                 if (f.p.code == 0) f.pass();
               })});
  m.push_back({"auth-unbegun", "5 X-auth-unbegun", "An AUTH follows every PINGRESP of a client that has a method.",
               only(Type::kPingresp, [](Flow& f) {
                 f.pass();
                 const Property* method = find(f.connect_packet.properties, PropertyId::kAuthMethod);
                 if (method != nullptr) f.send(auth_packet(0x18, {*method}));
               })});
  m.push_back({"auth-with-reason", "5 MQTT-3.15.2-2", "AUTH has a reason string, whatever size the client takes.",
               auth([](Flow& f) {
                 f.p.properties.push_back(text_property(PropertyId::kReasonString, "go on")), f.pass_changed();
               })});
  m.push_back({"auth-with-user-property", "5 MQTT-3.15.2-3",
               "AUTH has a user property, whatever size the client takes.",
               auth([](Flow& f) { f.p.properties.push_back(user_property("a", "b")), f.pass_changed(); })});
  m.push_back(
      {"auth-problem-information", "5 MQTT-3.1.2-29", "AUTH has a reason string, wanted or not.", auth([](Flow& f) {
         if (find(f.connect_packet.properties, PropertyId::kMaximumPacketSize) == nullptr)
           f.p.properties.push_back(text_property(PropertyId::kReasonString, "go on"));
         f.pass_changed();
       })});
  m.push_back(
      {"auth-again-unanswered", "5 MQTT-4.12.1-1", "AUTH 0x19 is not answered.", {}, only(Type::kAuth, [](Flow& f) {
         if (f.p.code != 0x19) f.pass();
       })});
  m.push_back({"auth-again-holds-publish", "5 X-auth-other-packets",
               "Nothing is delivered while a client authenticates again.", [](Flow& f) {
                 long& going_on = f.memory.numbers["again"];
                 if (f.p.type == Type::kAuth) going_on = f.p.code == 0x18 && f.memory.numbers["in"] != 0 ? 1 : 0;
                 if (f.p.type == Type::kConnack) f.memory.numbers["in"] = 1;
                 if (f.p.type != Type::kPublish || going_on == 0) f.pass();
               }});
}

void add_scram(Mutants& m) {
  m.push_back({"scram-nonce-replaced", "5 X-scram-first", "The server's nonce does not begin with the client's.",
               message('r', [](std::string s) { return "r=replaced" + s.substr(2); })});
  m.push_back({"scram-nonce-missing", "5 X-scram-first", "The server adds no nonce of its own.", [](Flow& f) {
                 const Property* data = find(f.p.properties, PropertyId::kAuthData);
                 const Property* first = find(f.connect_packet.properties, PropertyId::kAuthData);
                 if (data == nullptr || first == nullptr || data->text.rfind("r=", 0) != 0) return f.pass();
                 const std::string nonce = first->text.substr(first->text.rfind("r="));
                 set_text(f.p.properties, PropertyId::kAuthData, nonce + data->text.substr(data->text.find(",s=")));
                 f.pass_changed();
               }});
  m.push_back({"scram-salt-broken", "5 X-scram-first", "The salt is no base64.",
               message('r', [](std::string s) { return s.insert(s.find(",s=") + 3, "!"); })});
  m.push_back({"scram-few-iterations", "5 X-scram-first", "One iteration is asked for.",
               message('r', [](std::string s) { return s.substr(0, s.find(",i=")) + ",i=1"; })});
  m.push_back({"scram-signature-changed", "5 X-scram-signature", "The server's signature has one bit wrong.",
               message('v', [](std::string s) { return s[2] = s[2] == 'A' ? 'B' : 'A', s; })});
  m.push_back({"scram-signature-missing", "5 X-scram-signature", "The server's last message is an error.",
               message('v', [](const std::string&) { return std::string("e=other-error"); })});
  m.push_back({"scram-optional-extension-refused",
               "5 X-scram-extensions",
               "A first message with an optional extension is refused.",
               {},
               only(Type::kConnect, [](Flow& f) {
                 const Property* data = find(f.p.properties, PropertyId::kAuthData);
                 if (data == nullptr || data->text.find(",x=") == std::string::npos) return f.pass();
                 Packet refusal = plain_packet(Type::kConnack);
                 refusal.code = 0x87;
                 f.answer(refusal);
               })});
}

void add_login_end(Mutants& m) {
  const auto connack = [](Mangle change) {
    return only(Type::kConnack, [change = std::move(change)](Flow& f) {
      if (names_method(f.connect_packet))
        change(f);
      else
        f.pass();
    });
  };
  m.push_back({"login-no-method", "5 MQTT-4.12.0-5", "The CONNACK of a login names no method.",
               connack([](Flow& f) { strip(f.p.properties, PropertyId::kAuthMethod), f.pass_changed(); })});
  m.push_back(
      {"login-other-method", "5 MQTT-4.12.0-5", "The CONNACK of a login names another method.",
       connack([](Flow& f) { set_text(f.p.properties, PropertyId::kAuthMethod, "scram-sha-256"), f.pass_changed(); })});
  m.push_back({"login-no-data", "5 X-scram-signature", "The CONNACK of a login carries no data.",
               connack([](Flow& f) { strip(f.p.properties, PropertyId::kAuthData), f.pass_changed(); })});
  m.push_back({"login-refusal-accepts", "5 MQTT-4.12.0-4", "A login that fails gets CONNACK 0 before the close.",
               connack([](Flow& f) {
                 if (f.p.code >= 0x80) f.p.code = 0;
                 f.pass_changed();
               })});
  m.push_back({"login-refusal-other-code", "5 MQTT-3.1.4-2", "A wrong password in a login is answered with 0x8a.",
               connack([](Flow& f) {
                 if (f.p.code == 0x87) f.p.code = 0x8a;
                 f.pass_changed();
               })});
  m.push_back({"again-failure-succeeds", "5 MQTT-4.12.1-2",
               "A new authentication that fails gets AUTH 0 before the close.", only(Type::kDisconnect, [](Flow& f) {
                 const Property* method = find(f.connect_packet.properties, PropertyId::kAuthMethod);
                 if (f.p.code != 0x87 || method == nullptr) return f.pass();
                 f.send(auth_packet(0, {*method}));
               })});
  m.push_back({"again-failure-other-code", "5 MQTT-4.12.1-2", "A new authentication that fails gets DISCONNECT 0x98.",
               only(Type::kDisconnect, [](Flow& f) {
                 if (f.p.code == 0x87 && names_method(f.connect_packet)) f.p.code = 0x98;
                 f.pass_changed();
               })});
}

// What must end a login or a connection, dropped or put right before the broker sees it.
void add_leniency(Mutants& m) {
  const std::size_t first = m.size();
  const auto from_client = [&m](const char* id, const char* statement, const char* what, Mangle change) {
    m.push_back({id, statement, what, {}, std::move(change)});
  };
  const auto has_method = [](Flow& f) { return find(f.p.properties, PropertyId::kAuthMethod) != nullptr; };
  // Between CONNECT with a method and CONNACK; "in" is kept by from_broker.
  from_client("other-packets-before-connack", "5 MQTT-3.1.2-30",
              "Other packets than AUTH and DISCONNECT are passed over before CONNACK.", [](Flow& f) {
                const bool waits = names_method(f.connect_packet) && f.memory.numbers["in"] == 0;
                const bool begins = f.p.type == Type::kConnect && f.memory.numbers["begun"]++ == 0;
                if (!waits || begins || f.p.type == Type::kAuth || f.p.type == Type::kDisconnect) f.pass();
              });
  m.back().from_broker = [](Flow& f) {
    if (f.p.type == Type::kConnack) f.memory.numbers["in"] = 1;
    f.pass();
  };
  from_client("other-method-taken", "5 MQTT-4.12.0-5", "The method of a client's AUTH is not looked at.",
              only(Type::kAuth, [has_method](Flow& f) {
                const Property* method = find(f.connect_packet.properties, PropertyId::kAuthMethod);
                if (method == nullptr || !has_method(f)) return f.pass();
                set_text(f.p.properties, PropertyId::kAuthMethod, method->text);
                f.pass_changed();
              }));
  from_client("missing-method-taken", "5 X-auth-method-missing", "A client's AUTH needs no method.",
              only(Type::kAuth, [has_method](Flow& f) {
                const Property* method = find(f.connect_packet.properties, PropertyId::kAuthMethod);
                if (method != nullptr && !has_method(f)) f.p.properties.push_back(*method);
                f.pass_changed();
              }));
  from_client("again-before-connack-taken", "5 MQTT-4.12.1-1", "AUTH 0x19 before CONNACK counts as 0x18.",
              only(Type::kAuth, [](Flow& f) {
                if (f.p.code == 0x19 && f.memory.numbers["in"] == 0) f.p.code = 0x18;
                f.pass_changed();
              }));
  m.back().from_broker = [](Flow& f) {
    if (f.p.type == Type::kConnack) f.memory.numbers["in"] = 1;
    f.pass();
  };
  from_client("success-from-client-taken", "5 MQTT-4.12.0-3", "AUTH 0 from a client counts as 0x18.",
              only(Type::kAuth, [](Flow& f) {
                if (f.p.code == 0) f.p.code = 0x18;
                f.pass_changed();
              }));
  from_client("unlisted-code-taken", "5 MQTT-3.15.2-1", "AUTH with a code that it does not have is passed over.",
              only(Type::kAuth, [](Flow& f) {
                if (f.p.code == 0 || f.p.code == 0x18 || f.p.code == 0x19) f.pass();
              }));
  from_client("unbegun-auth-taken", "5 MQTT-4.12.1-1", "AUTH 0x18 after CONNACK counts as 0x19.",
              only(Type::kAuth, [](Flow& f) {
                if (f.p.code == 0x18 && f.memory.numbers["in"] != 0 && f.memory.numbers["again"] == 0) f.p.code = 0x19;
                f.memory.numbers["again"] = f.p.code == 0x19 ? 1 : 0;
                f.pass_changed();
              }));
  m.back().from_broker = [](Flow& f) {
    if (f.p.type == Type::kConnack) f.memory.numbers["in"] = 1;
    f.pass();
  };
  from_client("auth-of-plain-client-taken", "5 MQTT-4.12.0-7", "AUTH of a client without a method is passed over.",
              only(Type::kAuth, [](Flow& f) {
                if (names_method(f.connect_packet)) f.pass();
              }));
  from_client("scram-line-end-taken", "5 X-scram-form", "A line end after the last message is passed over.",
              only(Type::kAuth, [](Flow& f) {
                const Property* data = find(f.p.properties, PropertyId::kAuthData);
                if (data == nullptr || !data->text.ends_with('\n')) return f.pass();
                set_text(f.p.properties, PropertyId::kAuthData, data->text.substr(0, data->text.size() - 1));
                f.pass_changed();
              }));
  for (std::size_t i = first; i < m.size(); ++i) m[i].sees = Sees::kEverything;
}

}  // namespace

void add_authentication_mutants(Mutants& mutants) {
  const std::size_t first = mutants.size();
  add_auth(mutants);
  add_scram(mutants);
  add_login_end(mutants);
  add_leniency(mutants);
  for (std::size_t i = first; i < mutants.size(); ++i) mutants[i].target = "guarded";
}

}  // namespace orrery::conformance
