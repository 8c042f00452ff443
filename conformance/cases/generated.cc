// SPDX-License-Identifier: Apache-2.0
// From a table's entry to a case.
#include "conformance/cases/generated.h"

#include <cctype>

#include "conformance/cases/context.h"

namespace orrery::conformance {

std::string slug(std::string_view name) {
  std::string out;
  for (const char c : name)
    out += c == ' ' || c == '/' ? '-' : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

Names names_of(const Context& t) { return {t.id("a"), t.topic()}; }

Names stand_in_names() { return {"octag00000v5a", "oc/tag00000v5/t"}; }

Packet sample_packet(const Names& names, Type type, bool in_will) {
  switch (type) {
    case Type::kConnect: {
      Connect c;
      c.client_id = names.client_id;
      if (in_will) c.will = Will{names.topic, "gone", 0, false, {}};
      return connect_packet(std::move(c));
    }
    case Type::kPublish:
      return publish_packet(names.topic, "payload", 1, 1);
    case Type::kSubscribe:
      return subscribe_packet(1, {{names.topic, 0}});
    case Type::kUnsubscribe:
      return unsubscribe_packet(1, {names.topic});
    case Type::kPuback:
    case Type::kPubrec:
    case Type::kPubrel:
    case Type::kPubcomp:
      return ack_packet(type, 1);
    default:
      return plain_packet(type);
  }
}

void add_wrong(Cases& cases, Wrong wrong) {
  Case c;
  c.id = wrong.id;
  c.v311 = wrong.v311;
  c.v5 = wrong.v5;
  c.what = wrong.what;
  c.expect =
      std::string("The server closes the connection") +
      ((wrong.versions & kOnly5) != 0 ? " (5: " + code_name(Version::k5, Type::kDisconnect, wrong.reason.code) + ")."
                                      : ".");
  c.versions = wrong.versions;
  c.body = [wrong = std::move(wrong)](Context& t) {
    Client& client = t.client("a");
    if (wrong.connected)
      client.connect();
    else
      client.open();
    client.send_raw(wrong.bytes(t));
    client.expect_closed(wrong.reason);
  };
  cases.push_back(std::move(c));
}

}  // namespace orrery::conformance
