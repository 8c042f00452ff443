// SPDX-License-Identifier: Apache-2.0
// What the generated cases share: one sequence is a packet that is wrong in one way, and the reason code that fits.
//
// The tables (property_table_cases.cc, shape_table_cases.cc) list what can be wrong; each entry becomes a case of its
// own, "x-<kind>-<packet>-<detail>", so that a report names exactly what a broker lets pass.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "conformance/cases/case.h"
#include "conformance/cases/client.h"

namespace orrery::conformance {

class Context;

/// "Server Keep Alive" becomes "server-keep-alive".
std::string slug(std::string_view name);

/// The names in sample packets. They have the same lengths in every run, so that a table can count bytes beforehand.
struct Names {
  std::string client_id;
  std::string topic;
};
Names names_of(const Context& t);
/// Of the same lengths, for looking at a packet's shape before there is a context.
Names stand_in_names();

/// The packets that clients send, each well formed: what the tables then spoil. For CONNECT `in_will` adds a will.
Packet sample_packet(const Names& names, Type type, bool in_will = false);

struct Wrong {
  std::string id;
  std::string v311;
  std::string v5;
  std::string what;
  Versions versions = kBoth;
  Reason reason = kMalformed;
  /// False: the bytes are sent instead of CONNECT.
  bool connected = true;
  std::function<Octets(Context&)> bytes;
};
/// Makes the case: the bytes are sent, the connection has to end with the reason.
void add_wrong(Cases& cases, Wrong wrong);

}  // namespace orrery::conformance
