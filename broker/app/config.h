// SPDX-License-Identifier: Apache-2.0
// What an operator may set, with its defaults, and where it comes from: a file, the environment, the command line.
//
// Later sources win: defaults, the file, ORRERY_<SECTION>__<KEY>=..., --set section.key=... . Key paths follow EMQX
// where it has the option. describe_config() (config_keys.h) is the one list of all keys: reading, `print-config` and
// the JSON schema are three visits of it. Every mistake is a ConfigError with file, line, key and what would be valid.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/strict_json.h"
#include "broker/node/broker_node.h"
#include "broker/runtime_asio/note_log.h"

namespace orrery::app {

struct Listener {
  std::string name;
  LinkKind kind = LinkKind::kTcp;
  bool enable = true;
  std::string bind;
  /// 0: as many as the process's descriptors allow.
  std::uint32_t max_connections = 0;
  bool tls = false;
  /// PEM files; only with `tls`.
  std::string certificate_file = {};
  std::string key_file = {};

  /// Its section under "listeners", and what its addresses begin with elsewhere: tcp, ssl, ws or wss.
  const char* section() const;
};

struct Member {
  std::string name;
  std::size_t role = 0;  // position in kRoleNames
  std::string peer;
  ShardId shards = 1;
};

/// docs/authentication.md
struct AuthFiles {
  std::string password_file;
  bool allow_anonymous = false;
  std::string acl_file;
};

struct BrokerConfig {
  std::string node_name = "n1";
  /// docs/storage.md; empty: nothing is remembered.
  std::string data_dir;
  /// 0: one for each core of the machine or, in a cluster, what the member list says.
  ShardId shards = 0;
  std::vector<Listener> listeners = {{"default", LinkKind::kTcp, true, "0.0.0.0:1883", 0},
                                     {"default", LinkKind::kWebSocket, true, "0.0.0.0:8083", 0}};
  std::vector<Member> members;
  /// Where peers are taken; empty: this member's own peer address.
  std::string cluster_bind;
  AuthFiles auth;
  runtime::LogOptions log;
  /// Where the admin's HTTP is served; empty: nowhere. Loopback unless somebody says otherwise: nobody is asked for a
  /// name.
  std::string admin_bind = "127.0.0.1:18083";
  node::BrokerOptions broker;

  /// This node's position in `members`; 0 when it is alone.
  NodeId self = 0;
};

/// A value from outside the file: where it came from, its key path, and its text.
struct Override {
  std::string origin;
  std::string path;
  std::string value;
};

/// Those of the variables (as "NAME=value") that are keys: ORRERY_ and two or more parts joined by "__".
std::vector<Override> overrides_from_environment(const char* const* variables);
/// "listeners.tcp.default.bind=127.0.0.1:1883" of a --set option.
Override override_from_option(const std::string& option);

/// Reads and checks everything. `name` is what errors call the file's text.
BrokerConfig read_config(const std::string& text, const std::string& name, const std::vector<Override>& overrides);

/// The configuration as a file with a comment on each key.
std::string print_config(BrokerConfig config);
/// The JSON Schema of the file, for editors: schema/broker-config.schema.json.
std::string print_schema();

}  // namespace orrery::app
