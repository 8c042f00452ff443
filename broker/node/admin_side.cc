// SPDX-License-Identifier: Apache-2.0
#include "broker/node/admin_side.h"

namespace orrery::node {
namespace {

/// Where the shard's number is in the message ids of a shard's sessions: no shard has this one.
constexpr std::uint64_t kNoShard = UINT16_MAX;

std::string draining_sentence(const std::string& server_reference) {
  if (server_reference.empty()) return {};
  return "This node takes no clients for now: it tells them to use " + server_reference + ".";
}

}  // namespace

AdminSide::AdminSide(const NodeTables& tables, Heap& heap, Effects& effects, Counters& counters, Post& post,
                     Router& router, ControlSide& control)
    : post_(post),
      router_(router),
      control_(control),
      draining_(draining_sentence(tables.options.mqtt.server_reference)),
      message_ids_(static_cast<std::uint64_t>(tables.setup.self) << 48 | kNoShard << 32),
      admin_({{tables.setup.members[tables.setup.self].name, tables.options.version}, tables.options.sys_interval},
             tables.shards, heap, effects, counters, *this) {}

std::string_view AdminSide::why_no_clients() {
  if (!draining_.empty()) return draining_;
  return control_.why_no_claims();
}

void AdminSide::publish_sys(Nanos now, std::string_view topic, std::string_view payload) {
  session::MessageView message;
  message.id = ++message_ids_;
  message.retain = true;
  message.topic = topic;
  message.payload = as_bytes(payload);
  control_.set_own_retained(now, message);
  router_.route_here(now, message);
}

}  // namespace orrery::node
