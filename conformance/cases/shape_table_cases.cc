// SPDX-License-Identifier: Apache-2.0
// Packets of a wrong shape, in both versions: cut at every byte, with bytes left over, with every wrong header flag, of
// types that only servers send, with lengths that never end, and text that is none in every text field.
#include "conformance/cases/all.h"
#include "conformance/cases/context.h"
#include "conformance/cases/generated.h"
#include "conformance/wire.h"

namespace orrery::conformance {
namespace {

constexpr Type kClientTypes[] = {Type::kConnect, Type::kPublish,   Type::kPuback,    Type::kPubrec,
                                 Type::kPubrel,  Type::kPubcomp,   Type::kSubscribe, Type::kUnsubscribe,
                                 Type::kPingreq, Type::kDisconnect};

std::string name_of(Type type) { return slug(type_name(type)); }

// A packet with every field that its type can have, so that a cut meets all of them.
Packet full_packet(const Names& names, Type type) {
  Packet p = sample_packet(names, type, true);
  const Properties user = {user_property("name", "value")};
  if (type != Type::kPingreq && type != Type::kDisconnect) p.properties = user;
  if (type == Type::kConnect) {
    p.connect->will->properties = user;
    p.connect->user_name = "user";
    p.connect->password = "secret";
  }
  if (type == Type::kPublish) p.payload.clear();
  if (type == Type::kSubscribe || type == Type::kUnsubscribe)
    p.filters.push_back({names.topic + "/second", type == Type::kSubscribe ? 1U : 0U});
  return p;
}

// True when a packet that ends after n bytes of its body ends inside a field.
bool cut_inside_field(Type type, Version v, std::size_t n) {
  const Packet p = full_packet(stand_in_names(), type);
  const Octets body = encode_body(p, v);
  return n < body.size() && !decode(frame(first_byte(p), body.substr(0, n)), v, Sender::kClient).complete;
}

void add_cuts(Cases& cases, Type type) {
  const std::size_t longest = encode_body(full_packet(stand_in_names(), type), Version::k5).size();
  for (std::size_t n = 0; n < longest; ++n) {
    Wrong w;
    w.versions = static_cast<Versions>((cut_inside_field(type, Version::k311, n) ? kOnly311 : 0) |
                                       (cut_inside_field(type, Version::k5, n) ? kOnly5 : 0));
    if (w.versions == 0) continue;
    w.id = "x-cut-" + name_of(type) + "-" + std::to_string(n);
    w.v311 = "X-field-truncated 4.8.0-1";
    w.v5 = "X-field-truncated 4.13.1-1";
    w.what = std::string(type_name(type)) + " ends after byte " + std::to_string(n) +
             " of its body, inside a field, and its remaining length says so.";
    w.connected = type != Type::kConnect;
    w.bytes = [type, n](Context& t) {
      const Packet p = full_packet(names_of(t), type);
      return frame(first_byte(p), encode_body(p, t.version()).substr(0, n));
    };
    add_wrong(cases, std::move(w));
  }
}

void add_left_over(Cases& cases) {
  for (const Type type : kClientTypes) {
    if (type == Type::kPublish) continue;  // what follows is payload
    Wrong w;
    w.id = "x-leftover-" + name_of(type);
    w.v311 = "X-trailing-bytes 4.8.0-1";
    w.v5 = "X-trailing-bytes 4.13.1-1";
    w.what = std::string("One byte more than its fields need stands at the end of ") + type_name(type) + ".";
    w.connected = type != Type::kConnect;
    w.bytes = [type](Context& t) {
      Packet p = sample_packet(names_of(t), type);
      Octets body = encode_body(p, t.version());
      // In 5 an acknowledgement and DISCONNECT go on with a code and properties.
      const bool open_ended =
          t.v5() && ((type >= Type::kPuback && type <= Type::kPubcomp) || type == Type::kDisconnect);
      if (open_ended) body += u8(0) + varint(0);
      return frame(first_byte(p), body + u8(0));
    };
    add_wrong(cases, std::move(w));
  }
}

void add_flags(Cases& cases) {
  for (unsigned type = 1; type < 16; ++type) {
    const auto t = static_cast<Type>(type);
    if (t == Type::kPublish || t == Type::kConnack || t == Type::kSuback || t == Type::kUnsuback ||
        t == Type::kPingresp)
      continue;
    const unsigned right = t == Type::kPubrel || t == Type::kSubscribe || t == Type::kUnsubscribe ? 2 : 0;
    for (unsigned flags = 0; flags < 16; ++flags) {
      if (flags == right) continue;
      Wrong w;
      w.id = "x-flags-" + name_of(t) + "-" + std::to_string(flags);
      w.v311 = "2.2.2-1 2.2.2-2 4.8.0-1";
      w.v5 = "2.1.3-1 4.13.1-1";
      w.what = std::string(type_name(t)) + " has header flags " + std::to_string(flags) + " instead of " +
               std::to_string(right) + ".";
      w.versions = t == Type::kAuth ? kOnly5 : kBoth;
      w.connected = t != Type::kConnect;
      w.bytes = [t, flags](Context& c) {
        const Packet p = sample_packet(names_of(c), t);
        return frame(static_cast<unsigned>(t) << 4 | flags, encode_body(p, c.version()));
      };
      add_wrong(cases, std::move(w));
    }
  }
}

void add_server_packets(Cases& cases) {
  for (const Type type :
       {Type::kReserved, Type::kConnack, Type::kSuback, Type::kUnsuback, Type::kPingresp, Type::kAuth}) {
    Wrong w;
    w.id = "x-not-from-clients-" + slug(type_name(type));
    w.v311 = "X-packet-not-from-clients 4.8.0-1";
    w.v5 = "X-packet-not-from-clients 4.13.1-1";
    w.what = std::string("A connected client sends ") + type_name(type) + ", which is not for clients to send.";
    w.versions = type == Type::kAuth ? kOnly311 : kBoth;
    w.reason = type == Type::kReserved ? kMalformed : kProtocolError;
    w.bytes = [type](Context& t) {
      Packet p = plain_packet(type);
      p.id = 1;
      p.codes = {0};
      return encode(p, t.version());
    };
    add_wrong(cases, std::move(w));
  }
}

void add_lengths(Cases& cases) {
  for (const unsigned first : {0x10U, 0x30U, 0x82U, 0xa2U, 0xc0U, 0xe0U}) {
    Wrong w;
    w.id = "x-length-" + slug(type_name(static_cast<Type>(first >> 4)));
    w.v311 = "X-remaining-length 4.8.0-1";
    w.v5 = "X-remaining-length 4.13.1-1";
    w.what = std::string("The remaining length of ") + type_name(static_cast<Type>(first >> 4)) +
             " has a continuation bit in its fourth byte.";
    w.connected = first != 0x10;
    w.bytes = [first](Context&) { return u8(first) + "\xff\xff\xff\xff\x01"; };
    add_wrong(cases, std::move(w));
  }
}

struct TextField {
  const char* name;
  Type type;
  Versions versions;
  /// Puts the text into the packet.
  std::function<void(Packet&, const std::string&)> put;
};

std::vector<TextField> text_fields() {
  const auto property = [](PropertyId id) {
    return [id](Packet& p, const std::string& s) { p.properties = {text_property(id, s)}; };
  };
  return {
      {"client-id", Type::kConnect, kBoth, [](Packet& p, const std::string& s) { p.connect->client_id = s; }},
      {"user-name", Type::kConnect, kBoth, [](Packet& p, const std::string& s) { p.connect->user_name = s; }},
      {"will-topic", Type::kConnect, kBoth, [](Packet& p, const std::string& s) { p.connect->will->topic = s; }},
      {"topic", Type::kPublish, kBoth, [](Packet& p, const std::string& s) { p.topic += s; }},
      {"filter", Type::kSubscribe, kBoth, [](Packet& p, const std::string& s) { p.filters[0].filter += s; }},
      {"left-filter", Type::kUnsubscribe, kBoth, [](Packet& p, const std::string& s) { p.filters[0].filter += s; }},
      {"connect-user-property", Type::kConnect, kOnly5,
       [](Packet& p, const std::string& s) { p.properties = {user_property("n", s)}; }},
      {"auth-method", Type::kConnect, kOnly5, property(PropertyId::kAuthMethod)},
      {"will-content-type", Type::kConnect, kOnly5,
       [](Packet& p, const std::string& s) {
         p.connect->will->properties = {text_property(PropertyId::kContentType, s)};
       }},
      {"will-response-topic", Type::kConnect, kOnly5,
       [](Packet& p, const std::string& s) {
         p.connect->will->properties = {text_property(PropertyId::kResponseTopic, s)};
       }},
      {"will-user-property", Type::kConnect, kOnly5,
       [](Packet& p, const std::string& s) { p.connect->will->properties = {user_property(s, "v")}; }},
      {"response-topic", Type::kPublish, kOnly5, property(PropertyId::kResponseTopic)},
      {"content-type", Type::kPublish, kOnly5, property(PropertyId::kContentType)},
      {"user-property-name", Type::kPublish, kOnly5,
       [](Packet& p, const std::string& s) { p.properties = {user_property(s, "v")}; }},
      {"user-property-value", Type::kPublish, kOnly5,
       [](Packet& p, const std::string& s) { p.properties = {user_property("n", s)}; }},
      {"subscribe-user-property", Type::kSubscribe, kOnly5,
       [](Packet& p, const std::string& s) { p.properties = {user_property("n", s)}; }},
      {"unsubscribe-user-property", Type::kUnsubscribe, kOnly5,
       [](Packet& p, const std::string& s) { p.properties = {user_property("n", s)}; }},
      {"puback-reason-string", Type::kPuback, kOnly5, property(PropertyId::kReasonString)},
      {"pubrel-reason-string", Type::kPubrel, kOnly5, property(PropertyId::kReasonString)},
      {"disconnect-reason-string", Type::kDisconnect, kOnly5, property(PropertyId::kReasonString)},
  };
}

struct BadText {
  const char* name;
  std::string bytes;
};

std::vector<BadText> bad_texts() {
  return {{"lone-byte", "a\x80"},
          {"byte-ff", "a\xff"},
          {"byte-c0", std::string("a\xc0\x80")},
          {"overlong-2", "a\xc1\xbf"},
          {"overlong-3", "a\xe0\x9f\xbf"},
          {"overlong-4", "a\xf0\x8f\xbf\xbf"},
          {"surrogate-low", "a\xed\xa0\x80"},
          {"surrogate-high", "a\xed\xbf\xbf"},
          {"surrogate-pair", "a\xed\xa0\x80\xed\xb0\x80"},
          {"above-10ffff", "a\xf4\x90\x80\x80"},
          {"five-bytes", "a\xf8\x88\x80\x80\x80"},
          {"cut-off-2", "a\xc3"},
          {"cut-off-3", "a\xe2\x82"},
          {"cut-off-4", "a\xf0\x9f\x98"},
          {"wrong-continuation", "a\xe2\x28\xa1"},
          {"nul", std::string("a\0b", 3)}};
}

void add_texts(Cases& cases) {
  for (const TextField& field : text_fields())
    for (const BadText& bad : bad_texts()) {
      const bool nul = std::string(bad.name) == "nul";
      Wrong w;
      w.id = std::string("x-text-") + field.name + "-" + bad.name;
      w.v311 = nul ? "1.5.3-2 4.8.0-1" : "1.5.3-1 4.8.0-1";
      w.v5 = nul ? "1.5.4-2 4.13.1-1" : "1.5.4-1 4.13.1-1";
      w.what = std::string("The text field ") + field.name + " of " + type_name(field.type) +
               " is ill-formed: " + bad.name + ".";
      w.versions = field.versions;
      w.connected = field.type != Type::kConnect;
      const bool topic = std::string(field.name).find("topic") != std::string::npos;
      w.reason = topic                                                         ? kBadTopic
                 : std::string(field.name).find("filter") != std::string::npos ? kBadFilter
                 : std::string(field.name) == "client-id"                      ? Reason{0x81, false, 0x85}
                                                                               : kMalformed;
      w.bytes = [field, bad](Context& t) {
        Packet p = sample_packet(names_of(t), field.type, true);
        field.put(p, bad.bytes);
        return encode(p, t.version());
      };
      add_wrong(cases, std::move(w));
    }
}

}  // namespace

void add_shape_table_cases(Cases& cases) {
  for (const Type type : kClientTypes)
    if (type != Type::kPingreq && type != Type::kDisconnect) add_cuts(cases, type);
  add_left_over(cases);
  add_flags(cases);
  add_server_packets(cases);
  add_lengths(cases);
  add_texts(cases);
}

}  // namespace orrery::conformance
