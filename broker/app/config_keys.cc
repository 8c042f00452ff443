// SPDX-License-Identifier: Apache-2.0
// See config_keys.h. The texts here are what `print-config` and editors show.
#include "broker/app/config_keys.h"

#include "broker/runtime_asio/limits.h"

namespace orrery::app {
namespace {

void describe_listener(Listener& listener, ConfigKeys& keys) {
  keys.flag("enable", "false closes the listener.", listener.enable);
  keys.address("bind", "Address and port; \":1883\" is every address, port 0 takes a free one.", listener.bind, false);
  keys.number("max_connections", "Connections at one time; the next ones wait. 0: as many as descriptors allow.",
              listener.max_connections, 0, 10'000'000);
  if (!listener.tls) return;
  keys.section("ssl_options", "TLS 1.2 and 1.3, the server's side.", [&] {
    keys.text("certfile", "The certificate and its chain, a PEM file.", listener.certificate_file, false);
    keys.text("keyfile", "The certificate's private key, a PEM file without a passphrase.", listener.key_file, false);
  });
}

void describe_listeners(BrokerConfig& config, ConfigKeys& keys, LinkKind kind, bool tls, const char* about) {
  std::vector<Listener>& all = config.listeners;
  std::vector<std::size_t> mine;
  for (std::size_t i = 0; i < all.size(); ++i)
    if (all[i].kind == kind && all[i].tls == tls) mine.push_back(i);
  const Listener kin{.name = {}, .kind = kind, .bind = {}, .tls = tls};
  keys.map(kin.section(), about,
           {.count = mine.size(),
            .find_or_add =
                [&](std::string_view name) {
                  for (std::size_t i = 0; i < mine.size(); ++i)
                    if (all[mine[i]].name == name) return i;
                  all.push_back(kin);
                  all.back().name = name;
                  mine.push_back(all.size() - 1);
                  return mine.size() - 1;
                },
            .name = [&](std::size_t i) { return std::string_view(all[mine[i]].name); },
            .describe = [&](std::size_t i) { describe_listener(all[mine[i]], keys); }});
}

void describe_cluster(BrokerConfig& config, ConfigKeys& keys) {
  std::vector<Member>& members = config.members;
  keys.array(
      "members", "Every member of the cluster, the same list in the same order on all of them. Empty: a node alone.",
      {.count = members.size(),
       .find_or_add =
           [&](std::string_view) {
             members.emplace_back();
             return members.size() - 1;
           },
       .name = [](std::size_t) { return std::string_view(); },
       .describe =
           [&](std::size_t i) {
             Member& member = members[i];
             keys.text("name", "The member's node.name.", member.name, false);
             keys.choice("role", "A core keeps the cluster's memory; a replicant only carries clients.", member.role,
                         kRoleNames, false);
             keys.address("peer", "Where the other members reach its shard 0; shard s is at port + s.", member.peer,
                          false);
             keys.number("shards", "Its number of shards: one thread each.", member.shards, 1, runtime::kShardsMax);
           }});
  keys.address("bind", "Where this node's shard 0 takes peers, when that is not its own peer address.",
               config.cluster_bind, true);
}

void describe_mqtt(session::MqttOptions& mqtt, ConfigKeys& keys) {
  keys.size("max_packet_size", "The largest packet that a client may send; a larger one ends its connection.",
            mqtt.max_packet_size, 1024, 256 * 1024 * 1024 - 1);
  keys.duration("idle_timeout", "A connection that has not sent CONNECT after this time is closed.",
                mqtt.connect_timeout, 100 * kMillisecond, 3600 * kSecond);
  keys.number("server_keepalive",
              "The longest keep alive in seconds; MQTT 5 clients are told. 0: what the client asks for.",
              mqtt.server_keep_alive, 0, 65535);
  keys.seconds("session_expiry_interval",
               "How long a session outlives its connection when an MQTT 3 client asks for that.",
               mqtt.v3_session_expiry, true);
  keys.seconds("max_session_expiry_interval", "The longest session expiry of MQTT 5 clients.", mqtt.max_session_expiry,
               true);
  keys.number("receive_maximum", "QoS 1 and 2 messages that a client may have unacknowledged towards the broker.",
              mqtt.receive_maximum, 1, 65535);
  keys.number("max_inflight", "QoS 1 and 2 messages sent to a client and not acknowledged.", mqtt.max_inflight, 1,
              65535);
  keys.number("max_mqueue_len", "Messages that wait for one session; further ones are dropped and counted.",
              mqtt.max_queue, 0, 10'000'000);
  keys.size("max_send_backlog", "Unsent bytes of one connection above which QoS 0 is dropped and QoS 1 and 2 wait.",
            mqtt.max_link_backlog, 4096, 1024 * 1024 * 1024);
  keys.number("max_topic_alias", "Topic aliases that a client may use towards the broker.", mqtt.topic_alias_maximum, 0,
              65535);
  keys.number("max_subscriptions", "Subscriptions of one session.", mqtt.max_subscriptions, 1, 10'000'000);
  keys.number("max_qos_allowed", "The highest QoS that clients may use.", mqtt.max_qos, 0, 2);
  keys.flag("retain_available", "Whether retained messages are kept.", mqtt.retain_available);
  keys.flag("wildcard_subscription", "Whether filters may contain + and #.", mqtt.wildcard_subscription);
  keys.flag("shared_subscription", "Whether filters may begin with $share.", mqtt.shared_subscription);
  auto strategy = static_cast<std::size_t>(mqtt.shared_strategy);
  keys.choice("shared_subscription_strategy", "Which member of a shared subscription's group gets a message.", strategy,
              kSharedStrategyNames, true);
  mqtt.shared_strategy = static_cast<session::SharedStrategy>(strategy);
  keys.flag("subscription_identifiers", "Whether a SUBSCRIBE may carry an identifier.", mqtt.subscription_identifiers);
  keys.text(
      "response_information",
      "What clients that ask for it are told to begin response topics with; their client id follows. Empty: nothing.",
      mqtt.response_information, true);
  keys.text("server_reference",
            "Clients are refused and told to use this server instead (0x9C), to empty a node. Empty: they are taken.",
            mqtt.server_reference, true);
}

void describe_auth(AuthFiles& auth, ConfigKeys& keys) {
  keys.text("password_file", "User names and password hashes in mosquitto's format, SCRAM lines too. Empty: no check.",
            auth.password_file, true);
  keys.flag("allow_anonymous", "With a password file: whether clients without a user name come in.",
            auth.allow_anonymous);
  keys.text("acl_file", "Who may publish and subscribe to what, in mosquitto's format. Empty: everybody, everything.",
            auth.acl_file, true);
}

void describe_log(runtime::LogOptions& log, ConfigKeys& keys) {
  auto level = static_cast<std::size_t>(log.level);
  keys.choice("level", "The least that is written; docs/log.md says what belongs to which level.", level,
              kNoteLevelNames, true);
  log.level = static_cast<NoteLevel>(level);
  auto format = static_cast<std::size_t>(log.format);
  keys.choice("format", "Lines of text, or a JSON object on each line.", format, kLogFormatNames, true);
  log.format = static_cast<runtime::LogFormat>(format);
}

}  // namespace

void describe_config(BrokerConfig& config, ConfigKeys& keys) {
  keys.section("node", "This node.", [&] {
    keys.text("name", "Unique in the cluster.", config.node_name, false);
    keys.text("data_dir", "A directory of this node's own for what it remembers between starts. Empty: nothing.",
              config.data_dir, true);
    keys.number("shards",
                "Threads that serve clients; 0: one for each core or, in a cluster, what the members' list says.",
                config.shards, 0, runtime::kShardsMax);
  });
  keys.section("listeners", "Where clients connect, by transport and name.", [&] {
    describe_listeners(config, keys, LinkKind::kTcp, false, "MQTT over TCP.");
    describe_listeners(config, keys, LinkKind::kTcp, true, "MQTT over TLS.");
    describe_listeners(config, keys, LinkKind::kWebSocket, false, "MQTT over WebSocket.");
    describe_listeners(config, keys, LinkKind::kWebSocket, true, "MQTT over WebSocket over TLS.");
  });
  keys.section("cluster", "The members of the cluster.", [&] { describe_cluster(config, keys); });
  keys.section("auth", "Who comes in, and what they may do.", [&] { describe_auth(config.auth, keys); });
  keys.section("log", "What the broker tells on standard error.", [&] { describe_log(config.log, keys); });
  keys.section("admin", "The admin's HTTP: /status, /metrics, /api/v5/prometheus/stats.", [&] {
    keys.address("bind", "Address and port; everybody who reaches it may read. Empty: it is not served.",
                 config.admin_bind, true);
  });
  keys.section("mqtt", "Limits and capabilities of the protocol.", [&] {
    describe_mqtt(config.broker.mqtt, keys);
    keys.duration("sys_interval",
                  "How often $SYS/broker is brought up to date; at least 100ms. 0: there is no $SYS tree.",
                  config.broker.sys_interval, 0, 24 * 3600 * kSecond);
  });
}

}  // namespace orrery::app
