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
}

void describe_listeners(BrokerConfig& config, ConfigKeys& keys, LinkKind kind, const char* key, const char* about) {
  std::vector<Listener>& all = config.listeners;
  std::vector<std::size_t> mine;
  for (std::size_t i = 0; i < all.size(); ++i)
    if (all[i].kind == kind) mine.push_back(i);
  keys.map(key, about,
           {.count = mine.size(),
            .find_or_add =
                [&](std::string_view name) {
                  for (std::size_t i = 0; i < mine.size(); ++i)
                    if (all[mine[i]].name == name) return i;
                  all.push_back({std::string(name), kind, true, {}, 0});
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
             keys.text("name", "The member's node.name.", member.name);
             keys.choice("role", "A core keeps the cluster's memory; a replicant only carries clients.", member.role,
                         kRoleNames);
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
}

}  // namespace

void describe_config(BrokerConfig& config, ConfigKeys& keys) {
  keys.section("node", "This node.", [&] {
    keys.text("name", "Unique in the cluster.", config.node_name);
    keys.number("shards",
                "Threads that serve clients; 0: one for each core or, in a cluster, what the members' list says.",
                config.shards, 0, runtime::kShardsMax);
  });
  keys.section("listeners", "Where clients connect, by transport and name.", [&] {
    describe_listeners(config, keys, LinkKind::kTcp, "tcp", "MQTT over TCP.");
    describe_listeners(config, keys, LinkKind::kWebSocket, "ws", "MQTT over WebSocket.");
  });
  keys.section("cluster", "The members of the cluster.", [&] { describe_cluster(config, keys); });
  keys.section("mqtt", "Limits and capabilities of the protocol.", [&] { describe_mqtt(config.broker.mqtt, keys); });
}

}  // namespace orrery::app
