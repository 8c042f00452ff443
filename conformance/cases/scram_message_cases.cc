// SPDX-License-Identifier: Apache-2.0
// SCRAM messages that are cut, garbage, or about another conversation: none of them may end in CONNACK 0 (RFC 5802, 5
// and 7). The proofs in them are right for what is sent, so that the one wrong thing is the reason for the refusal.
#include "conformance/cases/all.h"
#include "conformance/cases/login.h"

namespace orrery::conformance {
namespace {

void add(Cases& cases, std::string id, std::string statements, std::string what, std::string expect,
         std::function<void(Context&)> body) {
  cases.push_back({.id = std::move(id),
                   .v311 = "",
                   .v5 = std::move(statements),
                   .what = std::move(what),
                   .expect = std::move(expect),
                   .versions = kOnly5,
                   .body = std::move(body)});
}

// CONNECT with this client-first-message is refused, without any AUTH.
void expect_first_refused(Context& t, std::string_view message) {
  Client& c = t.client("a");
  c.open();
  c.send(scram_connect(c, message));
  const auto connack = c.expect_end();
  const std::string shown = "client-first-message \"" + printable(message) + "\"";
  t.check(c.inbox().empty(), shown + " is answered with AUTH");
  if (connack)
    t.check(connack->code >= 0x80,
            shown + " is answered with " + code_name(Version::k5, Type::kConnack, connack->code));
}

// A login with the messages of `s` fails, at the first or at the last of them.
void expect_login_fails(Context& t, ScramClient s) {
  Client& c = t.client("a");
  c.open();
  c.send(scram_connect(c, s.first()));
  const auto auth = c.try_take(Type::kAuth, t.patience());
  const Property* data = auth ? find(auth->properties, PropertyId::kAuthData) : nullptr;
  if (data != nullptr && s.take_first(data->text).empty()) c.send(auth_packet(0x18, scram_data(s.final())));
  expect_login_refused(t, c);
}

// A login whose client-first is as `s` says and whose client-final is made by `last`.
void expect_final_refused(Context& t, ScramClient s, const std::function<Octets(ScramClient&)>& last) {
  Client& c = t.client("a");
  begin_scram(t, c, s);
  c.send(auth_packet(0x18, scram_data(last(s))));
  expect_login_refused(t, c);
}

void add_form(Cases& cases) {
  add(cases, "scram-first-cut", "X-scram-form 4.12.0-4", "The client's first message is cut at every byte.",
      "Refused, as long as the beginning of the nonce is not there; a shorter nonce is a nonce.", [](Context& t) {
        const ScramClient whole = scram_user(t);
        const Octets message = whole.first();
        const std::size_t nonce_at = message.size() - whole.nonce.size();
        for (std::size_t size = 1; size <= nonce_at; ++size) expect_first_refused(t, message.substr(0, size));
        Client& c = t.client("a");
        ScramClient shorter = scram_user(t);
        shorter.nonce.pop_back();
        scram_login(t, c, shorter);
      });
  add(cases, "scram-first-garbage", "X-scram-form 4.12.0-4",
      "The client's first message is no SCRAM: other text, bytes of all kinds, parts in the wrong order, parts that "
      "are "
      "missing or empty.",
      "Refused, and the server lives.", [](Context& t) {
        const std::string name = "n=" + scram_name(t.access().user);
        scram_user(t);
        Octets all;
        for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
        const std::vector<Octets> kinds = {Octets("hello"),
                                           Octets(","),
                                           Octets(",,,,"),
                                           Octets("n,,"),
                                           Octets(1, '\0'),
                                           Octets("\xff\xfe"),
                                           all,
                                           Octets(60000, 'n'),
                                           Octets(60000, ','),
                                           "n,," + name,
                                           "n,,r=abc," + name,
                                           "n,," + name + ",r=",
                                           "n,," + name + ",abc",
                                           "n,,n=,r=abc",
                                           "x,," + name + ",r=abc",
                                           "," + name + ",r=abc",
                                           "n," + name + ",r=abc",
                                           "n,,," + name + ",r=abc",
                                           "n,," + name + ",r=a b",
                                           "n,," + name + ",r=abc,",
                                           "n,," + name + ",r=abc,nonsense"};
        for (const Octets& bad : kinds) expect_first_refused(t, bad);
        connect_user(t, "b").ping();
      });
  add(cases, "scram-first-missing", "X-scram-form", "CONNECT names the method and carries no data, or empty data.",
      "Refused; or AUTH without data, which asks for the first message.", [](Context& t) {
        for (const bool empty : {false, true}) {
          ScramClient s = scram_user(t);
          Properties properties = scram_data("");
          if (!empty) properties.pop_back();
          Client& c = t.client("a");
          c.open();
          c.send(c.connect_packet_for({.properties = properties}));
          const auto auth = c.try_take(Type::kAuth, t.patience());
          if (!auth) {
            expect_login_refused(t, c);
            t.chose("a SCRAM login that begins without a message is refused");
            continue;
          }
          t.chose("a SCRAM login that begins without a message is asked for it");
          c.send(auth_packet(0x18, scram_data(s.first())));
          take_challenge(t, c, s);
          finish_scram(t, c, s);
        }
      });
  add(cases, "scram-final-cut", "X-scram-form X-scram-proof 4.12.0-4",
      "The client's last message is cut at every byte.",
      "Refused, all of them; only the padding at its end may be missed.", [](Context& t) {
        std::size_t whole = 1;
        for (std::size_t size = 0; size < whole; ++size) {
          ScramClient s = scram_user(t);
          Client& c = t.client("a");
          begin_scram(t, c, s);
          const Octets message = s.final();
          whole = message.size();
          c.send(auth_packet(0x18, scram_data(message.substr(0, size))));
          if (size + 1 < whole) {
            expect_login_refused(t, c);
            continue;
          }
          const auto connack = c.try_take(Type::kConnack, t.patience());
          t.chose(connack && connack->code == 0 ? "base64 without its padding is taken"
                                                : "base64 without its padding is refused");
        }
      });
  add(cases, "scram-final-garbage", "X-scram-form 4.12.0-4",
      "The client's last message is no SCRAM: nothing, other text, bytes of all kinds, parts in another order, a proof "
      "of "
      "another size or no base64, something after the proof.",
      "Refused, and the server lives.", [](Context& t) {
        using Make = Octets (*)(ScramClient&);
        constexpr Make kBad[] = {
            [](ScramClient&) { return Octets(); },
            [](ScramClient&) { return Octets("hello"); },
            [](ScramClient&) { return Octets(",,,"); },
            [](ScramClient&) { return Octets(60000, ','); },
            [](ScramClient&) { return Octets("\xff\0\xfe", 3); },
            [](ScramClient& s) { return s.first(); },
            [](ScramClient& s) { return s.final() + ","; },
            [](ScramClient& s) { return s.final() + ",x=y"; },
            [](ScramClient& s) { return s.final() + "\n"; },
            [](ScramClient& s) {
              const Octets message = s.final();
              const std::size_t proof_at = message.rfind(",p=") + 3;
              Octets proof;
              from_base64(std::string_view(message).substr(proof_at), proof);
              return message.substr(0, proof_at) + base64(proof + "x");
            },
            [](ScramClient& s) { return "c=biws,r=" + s.whole_nonce(); },
            [](ScramClient& s) { return "c=biws,r=" + s.whole_nonce() + ",p="; },
            [](ScramClient& s) { return "c=biws,r=" + s.whole_nonce() + ",p=" + base64("short"); },
            [](ScramClient& s) { return "c=biws,r=" + s.whole_nonce() + ",p=" + base64(Octets(32, '\0')); },
            [](ScramClient& s) { return "c=biws,r=" + s.whole_nonce() + ",p=" + base64(Octets(64, 'x')); },
            [](ScramClient& s) { return "c=biws,r=" + s.whole_nonce() + ",p=" + Octets(44, '!'); },
            [](ScramClient& s) {
              const Octets message = s.final();
              const std::size_t nonce = message.find(",r=");
              const std::size_t proof = message.rfind(",p=");
              return message.substr(nonce + 1, proof - nonce) + message.substr(0, nonce) + message.substr(proof);
            }};
        for (const Make make : kBad) expect_final_refused(t, scram_user(t), make);
        connect_user(t, "b").ping();
      });
}

void add_contents(Cases& cases) {
  add(cases, "scram-final-proof", "X-scram-proof 4.12.0-4 3.1.4-2", "The proof has one bit wrong, at each of its ends.",
      "Refused.", [](Context& t) {
        for (const std::size_t at : {std::size_t{0}, std::size_t{31}})
          expect_final_refused(t, scram_user(t), [at](ScramClient& s) {
            const Octets message = s.final();
            const std::size_t proof_at = message.rfind(",p=") + 3;
            Octets proof;
            from_base64(std::string_view(message).substr(proof_at), proof);
            proof[at] = static_cast<char>(proof[at] ^ 1);
            return message.substr(0, proof_at) + base64(proof);
          });
      });
  add(cases, "scram-final-nonce", "X-scram-nonce 4.12.0-4",
      "The client's last message has another nonce: one character changed, at the beginning and at the end, one left "
      "out, "
      "one more, the client's part alone.",
      "Refused, though the proof is right for that message.", [](Context& t) {
        using Change = std::string (*)(const ScramClient&);
        constexpr Change kChanges[] = {
            [](const ScramClient& s) {
              std::string n = s.whole_nonce();
              n.front() = n.front() == 'A' ? 'B' : 'A';
              return n;
            },
            [](const ScramClient& s) {
              std::string n = s.whole_nonce();
              n.back() = n.back() == 'A' ? 'B' : 'A';
              return n;
            },
            [](const ScramClient& s) { return s.whole_nonce().substr(0, s.whole_nonce().size() - 1); },
            [](const ScramClient& s) { return s.whole_nonce() + "x"; }, [](const ScramClient& s) { return s.nonce; }};
        for (const Change change : kChanges)
          expect_final_refused(t, scram_user(t), [change](ScramClient& s) { return s.final(change(s)); });
      });
  add(cases, "scram-channel-binding", "X-scram-binding 4.12.0-4",
      "The client's last message repeats another header than its first one had; a first message asks for a channel "
      "binding of a kind that nobody has.",
      "Refused, though the proof is right for that message.", [](Context& t) {
        for (const char* other : {"y,,", "n,", "", "n,,x", "p=tls-unique,,"}) {
          ScramClient s = scram_user(t);
          s.final_header = other;
          expect_final_refused(t, s, [](ScramClient& c) { return c.final(); });
        }
        ScramClient binding = scram_user(t);
        binding.header = binding.final_header = "p=orrery-no-such-binding,,";
        expect_login_fails(t, binding);
      });
  add(cases, "scram-extensions", "X-scram-extensions",
      "A first message has a mandatory extension, before the name; another one an optional one, after the nonce.",
      "The mandatory one makes the login fail; the optional one is passed over (RFC 5802, 5.1).", [](Context& t) {
        ScramClient mandatory = scram_user(t);
        mandatory.name_part = "m=x," + mandatory.name_part;
        expect_login_fails(t, mandatory);
        ScramClient optional = scram_user(t);
        optional.first_extensions = ",x=something";
        Client& c = t.client("a");
        scram_login(t, c, optional);
      });
  add(cases, "scram-names", "X-scram-names",
      "A first message has a user name with an equals sign that stands for nothing.",
      "Refused: \"=\" is followed by 2C or 3D (RFC 5802, 5.1).", [](Context& t) {
        for (const char* bad : {"=", "==", "=2", "=2c", "=41", "=3E"}) {
          ScramClient s = scram_user(t);
          s.name_part += bad;
          expect_login_fails(t, s);
        }
      });
  add(cases, "scram-acting-for-another", "X-scram-authorization",
      "A first message asks to act for another user; one names the user itself.",
      "The first is refused, unless the server has given such a right; the second is the user's own affair.",
      [](Context& t) {
        ScramClient other = scram_user(t);
        other.header = other.final_header = "n,a=" + scram_name(unknown_user(t)) + ",";
        expect_login_fails(t, other);
        ScramClient self = scram_user(t);
        self.header = self.final_header = "n,a=" + scram_name(t.access().user) + ",";
        Client& d = t.client("b");
        d.open();
        d.send(scram_connect(d, self.first()));
        if (!d.try_take(Type::kAuth, t.patience())) return t.chose("a SCRAM authorization identity is refused");
        t.chose("a SCRAM authorization identity that is the user's name is taken");
      });
}

}  // namespace

void add_scram_message_cases(Cases& cases) {
  add_form(cases);
  add_contents(cases);
}

}  // namespace orrery::conformance
