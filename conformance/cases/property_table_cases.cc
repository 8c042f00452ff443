// SPDX-License-Identifier: Apache-2.0
// Every property of MQTT 5 in every packet that a client sends: where it is allowed, where not, twice, with each
// impossible value, undefined, and cut off. The table is that of section 2.2.2.2 (wire/protocol.cc).
#include <algorithm>

#include "conformance/cases/all.h"
#include "conformance/cases/context.h"
#include "conformance/cases/generated.h"

namespace orrery::conformance {
namespace {

/// A list of properties in a client's packet; CONNECT has two.
struct List {
  Type type;
  bool in_will;
  const char* name;
};
constexpr List kLists[] = {
    {Type::kConnect, false, "connect"},         {Type::kConnect, true, "will"},
    {Type::kPublish, false, "publish"},         {Type::kPuback, false, "puback"},
    {Type::kPubrec, false, "pubrec"},           {Type::kPubrel, false, "pubrel"},
    {Type::kPubcomp, false, "pubcomp"},         {Type::kSubscribe, false, "subscribe"},
    {Type::kUnsubscribe, false, "unsubscribe"}, {Type::kDisconnect, false, "disconnect"},
};

Places place_of(const List& list) { return list.in_will ? kInWill : place(list.type); }

// Server Reference may stand in DISCONNECT, and only the server's; Authentication is a matter of its own
// (auth_cases.cc).
bool left_out(const List& list, PropertyId id) {
  return (list.type == Type::kDisconnect && id == PropertyId::kServerReference) ||
         (list.type == Type::kConnect && !list.in_will &&
          (id == PropertyId::kAuthMethod || id == PropertyId::kAuthData));
}

Property sample(const PropertyInfo& info) {
  if (info.type == PropertyType::kPair) return user_property("name", "value");
  if (info.id == PropertyId::kMaximumPacketSize) return number_property(info.id, 1000);  // room for an answer
  if (info.type <= PropertyType::kVarint) return number_property(info.id, std::max<std::uint32_t>(info.min, 1));
  return text_property(info.id, "x");
}

Packet with_properties(Context& t, const List& list, Properties properties) {
  Packet p = sample_packet(names_of(t), list.type, list.in_will);
  if (list.in_will)
    p.connect->will->properties = std::move(properties);
  else
    p.properties = std::move(properties);
  return p;
}

// The packet with a property list given as bytes, its length included. The list is recognised by a marker.
Octets with_raw_list(Context& t, const List& list, const Octets& raw) {
  const Property marker = user_property("orrery marker", "orrery marker");
  const Packet p = with_properties(t, list, {marker});
  Octets body = encode_body(p, Version::k5);
  const Octets there = encode_properties({marker});
  body.replace(body.find(there), there.size(), raw);
  return frame(first_byte(p), body);
}

void add(Cases& cases, const List& list, const std::string& kind, const std::string& detail, const char* requirements,
         const std::string& what, Reason reason, std::function<Octets(Context&)> bytes) {
  Wrong w;
  w.id = "x-" + kind + "-" + list.name + (detail.empty() ? "" : "-" + detail);
  w.v5 = requirements;
  w.what = what;
  w.versions = kOnly5;
  w.reason = reason;
  w.connected = list.type != Type::kConnect;
  w.bytes = std::move(bytes);
  add_wrong(cases, std::move(w));
}

void add_for_property(Cases& cases, const List& list, const PropertyInfo& info) {
  const std::string where = std::string("the properties of ") + (list.in_will ? "a will" : type_name(list.type));
  const Property p = sample(info);
  if ((info.places & place_of(list)) == 0)
    return add(cases, list, "forbidden", slug(info.name), "X-property-not-allowed 4.13.1-1",
               std::string(info.name) + " stands in " + where + ", where it is not allowed.", kMalformed,
               [&list, p](Context& t) { return encode(with_properties(t, list, {p}), Version::k5); });
  if ((info.repeatable & place_of(list)) == 0)
    add(cases, list, "twice", slug(info.name), "X-property-twice 4.13.1-1",
        std::string(info.name) + " stands twice in " + where + ".", kProtocolError,
        [&list, p](Context& t) { return encode(with_properties(t, list, {p, p}), Version::k5); });
  add(cases, list, "cut", slug(info.name), "X-property-truncated 4.13.1-1",
      std::string(info.name) + " is one byte short of its value, the last thing in " + where + ".", kMalformed,
      [&list, p](Context& t) {
        Octets one = encode_property(p);
        one.pop_back();
        return with_raw_list(t, list, varint(static_cast<std::uint32_t>(one.size())) + one);
      });
}

void add_values(Cases& cases) {
  static constexpr struct {
    Type type;
    bool in_will;
    PropertyId id;
    std::uint32_t value;
    Reason reason;
  } kValues[] = {
      {Type::kConnect, false, PropertyId::kReceiveMaximum, 0, kProtocolError},
      {Type::kConnect, false, PropertyId::kMaximumPacketSize, 0, kProtocolError},
      {Type::kConnect, false, PropertyId::kRequestProblemInfo, 2, kProtocolError},
      {Type::kConnect, false, PropertyId::kRequestProblemInfo, 255, kProtocolError},
      {Type::kConnect, false, PropertyId::kRequestResponseInfo, 2, kProtocolError},
      {Type::kConnect, false, PropertyId::kRequestResponseInfo, 255, kProtocolError},
      {Type::kConnect, true, PropertyId::kPayloadFormat, 2, {0x82, false, 0x99}},
      {Type::kConnect, true, PropertyId::kPayloadFormat, 255, {0x82, false, 0x99}},
      {Type::kPublish, false, PropertyId::kPayloadFormat, 2, {0x82, false, 0x99}},
      {Type::kPublish, false, PropertyId::kPayloadFormat, 255, {0x82, false, 0x99}},
      {Type::kPublish, false, PropertyId::kTopicAlias, 0, {0x94, false}},
      {Type::kSubscribe, false, PropertyId::kSubscriptionId, 0, kProtocolError},
  };
  for (const auto& v : kValues)
    for (const List& list : kLists)
      if (list.type == v.type && list.in_will == v.in_will)
        add(cases, list, "value",
            slug(find_property(static_cast<std::uint32_t>(v.id))->name) + "-" + std::to_string(v.value),
            "X-property-value 4.13.1-1",
            std::string(find_property(static_cast<std::uint32_t>(v.id))->name) + " has the impossible value " +
                std::to_string(v.value) + ".",
            v.reason, [&list, v](Context& t) {
              return encode(with_properties(t, list, {number_property(v.id, v.value)}), Version::k5);
            });
}

void add_lists(Cases& cases, const List& list) {
  for (const std::uint32_t id : {0x00U, 0x04U, 0x14U, 0x2bU, 0x7fU, 0x80U, 0x3fffU})
    add(cases, list, "unknown", std::to_string(id), "X-property-unknown 4.13.1-1",
        "Property identifier " + std::to_string(id) + " is not defined.", kMalformed, [&list, id](Context& t) {
          const Octets one = varint(id) + u8(1);
          return with_raw_list(t, list, varint(static_cast<std::uint32_t>(one.size())) + one);
        });
  const Octets user = encode_property(user_property("name", "value"));
  add(cases, list, "list", "length-five-bytes", "X-property-length 4.13.1-1", "The property length has a fifth byte.",
      kMalformed, [&list](Context& t) { return with_raw_list(t, list, varint(0, 5)); });
  add(cases, list, "list", "length-short", "X-property-length 4.13.1-1",
      "The property length is one less than its property.", kMalformed, [&list, user](Context& t) {
        return with_raw_list(t, list, varint(static_cast<std::uint32_t>(user.size() - 1)) + user);
      });
  add(cases, list, "list", "length-beyond", "X-property-length 4.13.1-1",
      "The property length goes far beyond the packet.", kMalformed,
      [&list, user](Context& t) { return with_raw_list(t, list, varint(100'000) + user); });
}

// The other half: what is allowed is accepted.
void add_allowed(Cases& cases) {
  for (const List& list : kLists) {
    for (const PropertyInfo& info : all_properties()) {
      if ((info.places & place_of(list)) == 0 || left_out(list, info.id)) continue;
      if (list.type == Type::kPublish && info.id == PropertyId::kSubscriptionId) continue;  // only from servers
      Case c;
      c.id = std::string("x-allowed-") + list.name + "-" + slug(info.name);
      c.v5 = "X-property-allowed";
      c.what = std::string(info.name) + " stands once in " + (list.in_will ? "a will" : type_name(list.type)) + ".";
      c.expect = "The packet is accepted.";
      c.versions = kOnly5;
      if (info.id == PropertyId::kTopicAlias) c.needs = bit(Capability::kTopicAlias);
      if (info.id == PropertyId::kSubscriptionId) c.needs = bit(Capability::kSubscriptionId);
      c.body = [&list, p = sample(info)](Context& t) {
        Client& client = t.client("a");
        Packet packet = with_properties(t, list, {p});
        if (list.type == Type::kConnect) {
          const auto connack = client.try_connect(packet);
          t.check(connack && connack->code == 0, "CONNECT is not accepted");
          return;
        }
        ConnectOptions o;
        o.persistent = true;  // so that DISCONNECT may change the expiry
        client.connect(o);
        // PUBACK and the like answer nothing here; a server ignores that or says that it knows no such identifier.
        client.auto_ack = false;
        t.forgive("MQTT-4.3.3-4");
        client.send(packet);
        if (list.type == Type::kDisconnect)
          return t.check(client.ended(t.patience()) && client.inbox().empty(), "DISCONNECT is not accepted");
        client.ping();
        client.ignore_rest = true;
      };
      cases.push_back(std::move(c));
    }
  }
}

}  // namespace

void add_property_table_cases(Cases& cases) {
  for (const List& list : kLists) {
    for (const PropertyInfo& info : all_properties())
      if (!left_out(list, info.id)) add_for_property(cases, list, info);
    add_lists(cases, list);
  }
  add_values(cases);
  add_allowed(cases);
}

}  // namespace orrery::conformance
