// SPDX-License-Identifier: Apache-2.0
// Mutants that let pass what must end the connection: the wrong packet is dropped or put right before the broker sees
// it.
#include "conformance/mutants/mutant.h"

namespace orrery::conformance {
namespace {

bool bad_text(const std::string& s) { return text_error(s) != nullptr; }
bool has_wildcard(const std::string& s) { return s.find_first_of("+#") != std::string::npos; }

// Drops the packets for which `wrong` holds.
void drops(Mutants& m, const char* id, const char* statement, const char* what, Type type,
           std::function<bool(Flow&)> wrong) {
  m.push_back({id, statement, what, {}, only(type, [wrong = std::move(wrong)](Flow& f) {
                 if (!wrong(f)) f.pass();
               })});
}

// Puts CONNECT's flags right.
void connect_flags(Mutants& m, const char* id, const char* statement, const char* what, bool (*wrong)(unsigned),
                   unsigned (*right)(unsigned)) {
  m.push_back({id, statement, what, {}, only(Type::kConnect, [wrong, right](Flow& f) {
                 const unsigned flags = f.p.connect->flags.value_or(0);
                 if (!wrong(flags)) return f.pass();
                 Octets bytes = f.raw();
                 const std::size_t at =
                     2 + 2 + f.p.connect->protocol_name.size() + 1;  // one length byte: these are short
                 bytes[at] = static_cast<char>(right(flags));
                 f.send_raw(bytes);
               })});
}

void add_connect(Mutants& m) {
  connect_flags(
      m, "reserved-connect-flag-taken", "5 MQTT-3.1.2-3", "The reserved connect flag is not looked at.",
      [](unsigned f) { return (f & 1) != 0; }, [](unsigned f) { return f & ~1U; });
  connect_flags(
      m, "will-qos-3-taken", "5 MQTT-3.1.2-12", "Will QoS 3 is taken.", [](unsigned f) { return (f & 0x18) == 0x18; },
      [](unsigned f) { return f & ~0x10U; });
  connect_flags(
      m, "will-qos-without-will-taken", "5 MQTT-3.1.2-11", "Will QoS without a will is taken.",
      [](unsigned f) { return (f & 4) == 0 && (f & 0x18) != 0; }, [](unsigned f) { return f & ~0x18U; });
  connect_flags(
      m, "will-retain-without-will-taken", "5 MQTT-3.1.2-13", "Will retain without a will is taken.",
      [](unsigned f) { return (f & 4) == 0 && (f & 0x20) != 0; }, [](unsigned f) { return f & ~0x20U; });
  m.push_back(
      {"protocol-name-ignored", "5 MQTT-3.1.2-1", "Any protocol name is taken.", {}, only(Type::kConnect, [](Flow& f) {
         if (f.version == Version::k311 && f.p.connect->level == 3U) return f.pass();
         f.p.connect->protocol_name = "MQTT";
         f.pass_changed();
       })});
  m.push_back({"protocol-level-ignored",
               "5 MQTT-3.1.2-2",
               "Any protocol level is taken.",
               {},
               only(Type::kConnect, [](Flow& f) {
                 const unsigned level = f.p.connect->level.value_or(0);
                 if (level >= 3 && level <= 5) return f.pass();
                 f.p.connect->level = 4;
                 f.p.connect->flags = 2;
                 f.p.connect->client_id = "some";
                 f.pass_changed();
               })});
  m.push_back({"password-without-user-taken",
               "3.1.1 MQTT-3.1.2-22",
               "A password without a user name is taken in 3.1.1.",
               {},
               only(Type::kConnect, [](Flow& f) {
                 if (f.v5() || (f.p.connect->flags.value_or(0) & 0xc0) != 0x40) return f.pass();
                 f.p.connect->flags.reset();
                 f.p.connect->password.reset();
                 f.pass_changed();
               })});
  m.push_back({"empty-id-lasting-taken",
               "3.1.1 MQTT-3.1.3-8",
               "An empty identifier without a clean session is taken.",
               {},
               only(Type::kConnect, [](Flow& f) {
                 if (f.v5() || !f.p.connect->client_id.empty()) return f.pass();
                 f.p.connect->flags.reset();
                 f.p.connect->clean = true;
                 f.pass_changed();
               })});
  const auto mends_text = [&m](const char* id, const char* statement, const char* what,
                               std::string* (*field)(Connect&)) {
    m.push_back({id, statement, what, {}, only(Type::kConnect, [field](Flow& f) {
                   std::string* text = field(*f.p.connect);
                   if (text == nullptr || !bad_text(*text)) return f.pass();
                   *text = "mended";
                   f.pass_changed();
                 })});
  };
  mends_text("identifier-text-unchecked", "5 MQTT-3.1.3-4", "Client identifiers are not checked for UTF-8.",
             [](Connect& c) { return &c.client_id; });
  mends_text("user-name-text-unchecked", "5 MQTT-3.1.3-12", "User names are not checked for UTF-8.",
             [](Connect& c) { return c.user_name ? &*c.user_name : nullptr; });
  mends_text("will-topic-text-unchecked", "5 MQTT-3.1.3-11", "Will topics are not checked for UTF-8.",
             [](Connect& c) { return c.will ? &c.will->topic : nullptr; });
  m.push_back({"connect-leftover-taken",
               "5 MQTT-3.1.4-1",
               "What stands behind the last field of CONNECT is not looked at.",
               {},
               only(Type::kConnect, [](Flow& f) {
                 const Decoded d = decode(f.raw(), f.version, Sender::kClient);
                 for (const Violation& v : d.violations)
                   if (v.v5 == "X-trailing-bytes") return f.pass_changed();
                 f.pass();
               })});
  drops(m, "second-connect-taken", "5 MQTT-3.1.0-2", "A second CONNECT is ignored.", Type::kConnect,
        [](Flow& f) { return ++f.memory.numbers["n"] > 1; });
  m.push_back({"answers-before-connect",
               "5 MQTT-3.1.0-1",
               "PINGREQ is answered before CONNECT.",
               {},
               only(Type::kPingreq, [](Flow& f) {
                 if (f.connect_packet.type != Type::kReserved) return f.pass();
                 f.answer(plain_packet(Type::kPingresp));
               })});
  m.push_back({"unknown-method-taken",
               "5 MQTT-4.12.0-1",
               "An unknown authentication method is ignored.",
               {},
               only(Type::kConnect, [](Flow& f) {
                 strip(f.p.properties, PropertyId::kAuthMethod);
                 f.pass_changed();
               })});
  m.push_back({"auth-data-alone-taken",
               "5 X-auth-data-alone",
               "Authentication data without a method is ignored.",
               {},
               only(Type::kConnect, [](Flow& f) {
                 if (find(f.p.properties, PropertyId::kAuthMethod) == nullptr)
                   strip(f.p.properties, PropertyId::kAuthData);
                 f.pass_changed();
               })});
  drops(m, "auth-taken", "5 MQTT-4.12.0-7", "An AUTH that nobody asked for is ignored.", Type::kAuth,
        [](Flow&) { return true; });
}

void add_publish(Mutants& m) {
  const Type publish = Type::kPublish;
  drops(m, "qos-3-taken", "5 MQTT-3.3.1-4", "A PUBLISH of QoS 3 is ignored.", publish,
        [](Flow& f) { return f.p.qos == 3; });
  drops(m, "qos0-dup-taken", "5 MQTT-3.3.1-2", "DUP on QoS 0 is not looked at.", publish,
        [](Flow& f) { return f.p.qos == 0 && f.p.dup; });
  drops(m, "publish-identifier-zero-taken", "5 MQTT-2.2.1-3", "A PUBLISH with identifier 0 is ignored.", publish,
        [](Flow& f) { return f.p.qos != 0 && f.p.id == 0; });
  drops(m, "publish-wildcard-taken", "5 MQTT-3.3.2-2", "A PUBLISH with a wildcard is ignored.", publish,
        [](Flow& f) { return has_wildcard(f.p.topic); });
  drops(m, "publish-empty-topic-taken", "5 MQTT-4.7.3-1", "A PUBLISH without a topic is ignored.", publish,
        [](Flow& f) { return f.p.topic.empty() && find(f.p.properties, PropertyId::kTopicAlias) == nullptr; });
  drops(m, "publish-text-unchecked", "5 MQTT-3.3.2-1", "A topic that is no UTF-8 is ignored.", publish,
        [](Flow& f) { return bad_text(f.p.topic) && f.p.topic.find('\0') == std::string::npos; });
  drops(m, "publish-nul-taken", "5 MQTT-4.7.3-2", "A topic with NUL is ignored.", publish,
        [](Flow& f) { return f.p.topic.find('\0') != std::string::npos; });
  drops(m, "alias-zero-taken", "5 MQTT-3.3.2-8", "A PUBLISH with alias 0 is ignored.", publish,
        [](Flow& f) { return number_of(f.p.properties, PropertyId::kTopicAlias, 1) == 0; });
  drops(m, "alias-above-taken", "5 MQTT-3.3.2-9", "A PUBLISH with an alias above the maximum is ignored.", publish,
        [](Flow& f) { return number_of(f.p.properties, PropertyId::kTopicAlias, 1) > 16; });
  drops(m, "alias-unknown-taken", "5 X-alias-unknown", "An alias that was never given is ignored.", publish,
        [](Flow& f) {
          const std::string key = "alias" + std::to_string(number_of(f.p.properties, PropertyId::kTopicAlias, 0));
          if (!f.p.topic.empty()) f.memory.numbers[key] = 1;
          return f.p.topic.empty() && f.memory.numbers[key] == 0;
        });
  const auto mends = [&m](const char* id, const char* statement, const char* what, PropertyId property,
                          std::function<bool(const Property&)> wrong) {
    m.push_back({id, statement, what, {}, only(Type::kPublish, [property, wrong = std::move(wrong)](Flow& f) {
                   for (const Property& p : f.p.properties)
                     if (p.id == static_cast<std::uint32_t>(property) && wrong(p)) {
                       strip(f.p.properties, property);
                       return f.pass_changed();
                     }
                   f.pass();
                 })});
  };
  mends("subscription-id-taken", "5 MQTT-3.3.4-6", "A subscription identifier from a client is ignored.",
        PropertyId::kSubscriptionId, [](const Property&) { return true; });
  mends("response-wildcard-taken", "5 MQTT-3.3.2-14", "A response topic with a wildcard is taken.",
        PropertyId::kResponseTopic, [](const Property& p) { return has_wildcard(p.text); });
  mends("response-text-unchecked", "5 MQTT-3.3.2-13", "Response topics are not checked for UTF-8.",
        PropertyId::kResponseTopic, [](const Property& p) { return bad_text(p.text); });
  mends("content-type-text-unchecked", "5 MQTT-3.3.2-19", "Content types are not checked for UTF-8.",
        PropertyId::kContentType, [](const Property& p) { return bad_text(p.text); });
  mends("user-property-text-unchecked", "5 MQTT-1.5.7-1", "User properties are not checked for UTF-8.",
        PropertyId::kUserProperty, [](const Property& p) { return bad_text(p.text) || bad_text(p.value); });
  mends("payload-format-unchecked", "5 X-property-value", "A payload format indicator above 1 is taken.",
        PropertyId::kPayloadFormat, [](const Property& p) { return p.number > 1; });
  m.push_back(
      {"window-of-server-open", "5 MQTT-3.3.4-7", "The server's own receive maximum is not enforced.", {}, [](Flow& f) {
         long& open = f.memory.numbers["open"];
         if (f.p.type == Type::kPubrel) --open;
         if (f.p.type == Type::kPublish && f.p.qos == 2 && ++open > 100) return;
         f.pass();
       }});
}

void add_others(Mutants& m) {
  const auto flags_mended = [&m](const char* id, const char* statement, const char* what, Type type, unsigned right) {
    m.push_back({id, statement, what, {}, only(type, [right](Flow& f) {
                   Octets bytes = f.raw();
                   bytes[0] = static_cast<char>((static_cast<unsigned char>(bytes[0]) & 0xf0) | right);
                   f.send_raw(bytes);
                 })});
  };
  flags_mended("subscribe-flags-taken", "5 MQTT-3.8.1-1", "SUBSCRIBE's header flags are not looked at.",
               Type::kSubscribe, 2);
  flags_mended("unsubscribe-flags-taken", "5 MQTT-3.10.1-1", "UNSUBSCRIBE's header flags are not looked at.",
               Type::kUnsubscribe, 2);
  flags_mended("pubrel-flags-taken", "5 MQTT-3.6.1-1", "PUBREL's header flags are not looked at.", Type::kPubrel, 2);
  flags_mended("pingreq-flags-taken", "5 MQTT-2.1.3-1", "PINGREQ's header flags are not looked at.", Type::kPingreq, 0);
  flags_mended("disconnect-flags-taken", "5 MQTT-3.14.1-1", "DISCONNECT's header flags are not looked at.",
               Type::kDisconnect, 0);
  m.push_back({"auth-flags-taken",
               "5 MQTT-3.15.1-1",
               "AUTH with reserved flags is ignored.",
               {},
               only(Type::kAuth, [](Flow& f) {
                 if (f.p.flags == 0) f.pass();
               })});
  drops(m, "subscribe-empty-taken", "5 MQTT-3.8.3-2", "A SUBSCRIBE without a filter is ignored.", Type::kSubscribe,
        [](Flow& f) { return f.p.filters.empty(); });
  drops(m, "unsubscribe-empty-taken", "5 MQTT-3.10.3-2", "An UNSUBSCRIBE without a filter is ignored.",
        Type::kUnsubscribe, [](Flow& f) { return f.p.filters.empty(); });
  drops(m, "subscribe-identifier-zero-taken", "5 MQTT-2.2.1-3", "A SUBSCRIBE with identifier 0 is ignored.",
        Type::kSubscribe, [](Flow& f) { return f.p.id == 0; });
  drops(m, "unsubscribe-identifier-zero-taken", "5 MQTT-2.2.1-3", "An UNSUBSCRIBE with identifier 0 is ignored.",
        Type::kUnsubscribe, [](Flow& f) { return f.p.id == 0; });
  drops(m, "unsubscribe-text-unchecked", "5 MQTT-3.10.3-1", "UNSUBSCRIBE's filters are not checked for UTF-8.",
        Type::kUnsubscribe, [](Flow& f) { return !f.p.filters.empty() && bad_text(f.p.filters[0].filter); });
  const auto refused = [&m](const char* id, const char* statement, const char* what,
                            std::function<bool(const Flow&, const Filter&)> wrong) {
    m.push_back({id, statement, what, {}, only(Type::kSubscribe, [wrong = std::move(wrong)](Flow& f) {
                   for (const Filter& x : f.p.filters)
                     if (wrong(f, x)) {
                       Packet suback = plain_packet(Type::kSuback);
                       suback.id = f.p.id;
                       suback.codes = {f.v5() ? 0x8fU : 0x80U};
                       return f.answer(suback);
                     }
                   f.pass();
                 })});
  };
  refused("subscribe-qos-3-taken", "3.1.1 MQTT-3.8.3-4", "QoS 3 gets a failure code instead of the close.",
          [](const Flow&, const Filter& x) { return (x.options & 3) == 3; });
  refused("subscribe-reserved-bits-taken", "5 MQTT-3.8.3-5",
          "Reserved option bits get a failure code instead of the close.",
          [](const Flow& f, const Filter& x) { return (x.options & (f.v5() ? 0xc0 : 0xfc)) != 0; });
  refused("retain-handling-3-taken", "5 X-retain-handling-3",
          "Retain handling 3 gets a failure code instead of the close.",
          [](const Flow& f, const Filter& x) { return f.v5() && (x.options & 0x30) == 0x30; });
  refused("filter-text-unchecked", "5 MQTT-3.8.3-1",
          "A filter that is no UTF-8 gets a failure code instead of the close.",
          [](const Flow&, const Filter& x) { return bad_text(x.filter); });
  refused("filter-empty-taken", "5 MQTT-4.7.3-1", "An empty filter gets a failure code instead of the close.",
          [](const Flow&, const Filter& x) { return x.filter.empty(); });
  refused("filter-hash-taken", "5 MQTT-4.7.1-1", "A misplaced # gets a failure code instead of the close.",
          [](const Flow&, const Filter& x) {
            const std::size_t at = x.filter.find('#');
            return at != std::string::npos && (at + 1 != x.filter.size() || (at != 0 && x.filter[at - 1] != '/'));
          });
  refused("filter-plus-taken", "5 MQTT-4.7.1-2", "A misplaced + gets a failure code instead of the close.",
          [](const Flow&, const Filter& x) {
            for (std::size_t at = x.filter.find('+'); at != std::string::npos; at = x.filter.find('+', at + 1))
              if ((at != 0 && x.filter[at - 1] != '/') || (at + 1 < x.filter.size() && x.filter[at + 1] != '/'))
                return true;
            return false;
          });
  refused("no-local-shared-taken", "5 MQTT-3.8.3-4",
          "No Local on a shared subscription gets a failure code instead of the close.",
          [](const Flow&, const Filter& x) { return x.filter.starts_with("$share/") && (x.options & 4) != 0; });
  refused("share-name-taken", "5 MQTT-4.8.2-2", "A bad share name gets a failure code instead of the close.",
          [](const Flow&, const Filter& x) {
            return x.filter.starts_with("$share/") && has_wildcard(x.filter.substr(7, x.filter.find('/', 7) - 7));
          });
  refused("share-name-empty-taken", "5 MQTT-4.8.2-1", "An empty share name gets a failure code instead of the close.",
          [](const Flow&, const Filter& x) { return x.filter.starts_with("$share//"); });
  m.push_back({"expiry-from-zero-taken",
               "5 X-disconnect-expiry",
               "DISCONNECT may raise a session expiry of 0.",
               {},
               only(Type::kDisconnect, [](Flow& f) {
                 const bool was_zero = number_of(f.connect_packet.properties, PropertyId::kSessionExpiry, 0) == 0;
                 if (was_zero && strip(f.p.properties, PropertyId::kSessionExpiry))
                   return;  // and goes on as if nothing was said
                 f.pass();
               })});
  drops(m, "disconnect-ignored", "3.1.1 MQTT-3.14.4-3", "DISCONNECT is ignored: what ends is a broken connection.",
        Type::kDisconnect, [](Flow&) { return true; });
  m.push_back({"wrong-type-taken",
               "5 X-packet-not-from-clients",
               "Packets that clients do not send are ignored.",
               {},
               [](Flow& f) {
                 const Type t = f.p.type;
                 if (t != Type::kReserved && t != Type::kConnack && t != Type::kSuback && t != Type::kUnsuback &&
                     t != Type::kPingresp)
                   f.pass();
               }});
  const auto violation_ignored = [&m](const char* id, const char* rule, const char* what) {
    m.push_back({id, std::string("5 ") + rule, what, {}, [rule = std::string(rule)](Flow& f) {
                   for (const Violation& v : decode(f.raw(), f.version, Sender::kClient).violations)
                     if (v.v5 == rule && f.p.type != Type::kConnect) return;
                   f.pass();
                 }});
  };
  violation_ignored("forbidden-property-taken", "X-property-not-allowed",
                    "Packets with a property that is not allowed there are ignored.");
  violation_ignored("property-twice-taken", "X-property-twice", "Packets with a property twice are ignored.");
  violation_ignored("unknown-property-taken", "X-property-unknown", "Packets with an undefined property are ignored.");
  violation_ignored("cut-packet-taken", "X-field-truncated", "Packets that are cut off are ignored.");
  violation_ignored("leftover-taken", "X-trailing-bytes", "Packets with bytes left over are ignored.");
}

}  // namespace

void add_leniency_mutants(Mutants& mutants) {
  add_connect(mutants);
  add_publish(mutants);
  add_others(mutants);
}

}  // namespace orrery::conformance
