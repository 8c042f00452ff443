// SPDX-License-Identifier: Apache-2.0
// Reading a configuration: one visit of all keys, then what only shows when everything is known. See config.h.
#include "broker/app/config.h"

#include <cctype>
#include <set>

#include "base/units.h"
#include "broker/app/config_keys.h"
#include "broker/runtime_asio/address.h"

namespace orrery::app {
namespace {

/// Sets the fields whose keys the file has.
class Reader : public ConfigKeys {
 public:
  explicit Reader(JsonObject& root) : at_(&root) {}

  void section(const char* key, const char*, const std::function<void()>& inside) override {
    at_->object(key, [&](JsonObject& object) { within(object, inside); });
  }
  void map(const char* key, const char*, const Entries& entries) override {
    at_->map(key, [&](std::string_view name, JsonItem& item) {
      item.object([&](JsonObject& object) { within(object, [&] { entries.describe(entries.find_or_add(name)); }); });
    });
  }
  void array(const char* key, const char*, const Entries& entries) override {
    at_->array(key, [&](JsonItem& item) {
      item.object([&](JsonObject& object) { within(object, [&] { entries.describe(entries.find_or_add({})); }); });
    });
  }

  void text(const char* key, const char*, std::string& value, bool optional) override {
    if (value.empty() && !optional) at_->require(key);
    at_->text(key, value);
    if (value.size() > kTextMax) at_->fail(key, "longer than " + std::to_string(kTextMax) + " bytes");
  }
  void address(const char* key, const char*, std::string& value, bool optional) override {
    if (value.empty() && !optional) at_->require(key);
    if (!at_->text(key, value)) return;
    if (optional && value.empty()) return;
    runtime::HostPort parsed;
    if (const std::string error = runtime::parse_host_port(value, parsed); !error.empty()) at_->fail(key, error);
  }
  void flag(const char* key, const char*, bool& value) override { at_->boolean(key, value); }
  void choice(const char* key, const char*, std::size_t& value, std::span<const std::string_view> names,
              bool optional) override {
    if (!optional) at_->require(key);
    at_->with(key, [&](JsonItem& item) { value = item.choice(names); });
  }
  void duration(const char* key, const char*, Nanos& value, Nanos min, Nanos max) override {
    at_->duration(key, value, min, max);
  }
  void seconds(const char* key, const char*, std::uint32_t& value, bool infinite) override {
    at_->with(key, [&](JsonItem& item) {
      if (infinite) {
        std::string text;
        if (item.is_text()) item.text(text);
        if (text == "infinity") {
          value = UINT32_MAX;
          return;
        }
      }
      Nanos length = 0;
      item.duration(length, 0, Nanos{UINT32_MAX - 1} * kSecond);
      if (length % kSecond != 0) item.fail("expected whole seconds, found \"" + format_duration(length) + "\"");
      value = static_cast<std::uint32_t>(length / kSecond);
    });
  }
  void size(const char* key, const char*, std::uint32_t& value, std::uint32_t min, std::uint32_t max) override {
    std::uint64_t wide = value;
    at_->size(key, wide, min, max);
    value = static_cast<std::uint32_t>(wide);
  }

 protected:
  void whole(const char* key, const char*, std::uint64_t& value, std::uint64_t min, std::uint64_t max) override {
    at_->number(key, value, min, max);
  }

 private:
  static constexpr std::size_t kTextMax = 255;

  void within(JsonObject& object, const std::function<void()>& inside) {
    JsonObject* const outer = at_;
    at_ = &object;
    inside();
    at_ = outer;
  }

  JsonObject* at_;
};

void check_peer_address(const Member& member, const std::string& path, const JsonDocument& document) {
  runtime::HostPort address;
  runtime::parse_host_port(member.peer, address);
  if (address.host.empty()) document.fail(path, "other members need a host here, such as \"127.0.0.1:5370\"");
  if (address.port == 0 || address.port + member.shards - 1 > 65535)
    document.fail(path, "the port must be from 1 to 65535, also with the shard's number added");
}

void check_cluster(BrokerConfig& config, const JsonDocument& document) {
  if (config.members.empty()) {
    if (!config.cluster_bind.empty()) document.fail("cluster.bind", "needs cluster.members");
    return;
  }
  if (config.members.size() > kNodesMax)
    document.fail("cluster.members", "a cluster has at most " + std::to_string(kNodesMax) + " members");
  std::set<std::string> names;
  std::string list;
  bool core = false;
  bool found = false;
  for (std::size_t i = 0; i < config.members.size(); ++i) {
    const Member& member = config.members[i];
    const std::string path = "cluster.members[" + std::to_string(i) + "]";
    check_peer_address(member, path + ".peer", document);
    if (!names.insert(member.name).second)
      document.fail(path + ".name", "a second member is called \"" + member.name + "\"");
    (list += list.empty() ? "" : ", ") += member.name;
    core = core || kRoleNames[member.role] == "core";
    if (member.name != config.node_name) continue;
    config.self = static_cast<NodeId>(i);
    found = true;
  }
  if (!core) document.fail("cluster.members", "at least one member must have the role \"core\"");
  if (!found)
    document.fail("node.name", "\"" + config.node_name + "\" is not among cluster.members (valid: " + list + ")");
  const ShardId shards = config.members[config.self].shards;
  if (config.shards != 0 && config.shards != shards) {
    document.fail("node.shards", "is " + std::to_string(config.shards) + ", and cluster.members says " +
                                     std::to_string(shards) + " for " + config.node_name + "; leave it out");
  }
}

void check_listeners(const BrokerConfig& config, const JsonDocument& document) {
  for (const Listener& listener : config.listeners) {
    if (!listener.tls || !listener.enable || !listener.certificate_file.empty()) continue;
    document.fail(std::string("listeners.") + listener.section() + "." + listener.name,
                  "needs \"ssl_options\" with \"certfile\" and \"keyfile\"");
  }
  for (const Listener& listener : config.listeners)
    if (listener.enable) return;
  document.fail("listeners", "every listener is switched off; at least one must have \"enable\": true");
}

}  // namespace

const char* Listener::section() const {
  if (kind == LinkKind::kTcp) return tls ? "ssl" : "tcp";
  return tls ? "wss" : "ws";
}

std::vector<Override> overrides_from_environment(const char* const* variables) {
  constexpr std::string_view kPrefix = "ORRERY_";
  std::vector<Override> found;
  for (; *variables != nullptr; ++variables) {
    const std::string_view variable = *variables;
    const std::size_t equals = variable.find('=');
    if (!variable.starts_with(kPrefix) || equals == std::string_view::npos) continue;
    const std::string_view name = variable.substr(0, equals);
    std::string path;
    for (std::size_t at = kPrefix.size(); at < name.size(); ++at) {
      const bool dot = name.substr(at).starts_with("__") && at > kPrefix.size();
      path += dot ? '.' : static_cast<char>(std::tolower(static_cast<unsigned char>(name[at])));
      at += dot ? 1 : 0;
    }
    // One part alone is a variable of another tool: every key of ours is in a section.
    if (path.find('.') == std::string::npos) continue;
    found.push_back({"environment " + std::string(name), path, std::string(variable.substr(equals + 1))});
  }
  return found;
}

Override override_from_option(const std::string& option) {
  const std::size_t equals = option.find('=');
  if (equals == std::string::npos || equals == 0)
    throw ConfigError("--set " + option + ": expected KEY=VALUE, such as listeners.tcp.default.bind=127.0.0.1:1883");
  return {"--set", option.substr(0, equals), option.substr(equals + 1)};
}

BrokerConfig read_config(const std::string& text, const std::string& name, const std::vector<Override>& overrides) {
  JsonDocument document = JsonDocument::parse(text, name);
  for (const Override& o : overrides) document.set(o.path, o.value, o.origin);
  BrokerConfig config;
  document.root().object([&](JsonObject& root) {
    Reader reader(root);
    describe_config(config, reader);
  });
  check_cluster(config, document);
  check_listeners(config, document);
  if (config.broker.sys_interval != 0 && config.broker.sys_interval < 100 * kMillisecond)
    document.fail("mqtt.sys_interval",
                  "expected 0 or at least 100ms, found \"" + format_duration(config.broker.sys_interval) + "\"");
  return config;
}

}  // namespace orrery::app
