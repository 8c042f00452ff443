// SPDX-License-Identifier: Apache-2.0
// orrery-broker: the command line, and one node of the full broker in the real world until a signal.
//
// Exit codes: 0 after SIGTERM or SIGINT, 1 when the world refuses (a port in use, too few descriptors), 2 when the
// command line or the configuration is wrong. Nothing is started before everything has been checked. Standard error
// gets the log.
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <thread>

#include "base/version.h"
#include "broker/app/auth_files.h"
#include "broker/app/config.h"
#include "broker/app/config_keys.h"
#include "broker/app/files.h"
#include "broker/openssl/tls.h"
#include "broker/runtime_asio/limits.h"
#include "broker/runtime_asio/runtime.h"

namespace orrery::app {
namespace {

constexpr int kExitRefused = 1;
constexpr int kExitWrong = 2;

/// A few more than shard 0 serves at one time (broker/admin/limits.h), so that the next ones are told so.
constexpr std::uint32_t kAdminConnectionsMax = 40;

/// One line on standard error, written at once so that threads do not mix.
void write_line(const std::string& text) {
  const std::string line = text + "\n";
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, line.data(), line.size());
}

BrokerConfig load(const std::string& file, const std::vector<std::string>& sets) {
  std::vector<Override> overrides = overrides_from_environment(environ);
  for (const std::string& set : sets) overrides.push_back(override_from_option(set));
  if (file.empty()) return read_config("", "defaults", overrides);
  return read_config(read_file("the configuration file", file), file, overrides);
}

std::uint64_t random_seed() {
  std::uint64_t seed = 0;
  if (::getrandom(&seed, sizeof seed, 0) != sizeof seed) throw std::runtime_error("getrandom failed");
  return seed;
}

std::uint64_t wall_clock_nanos() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000u + static_cast<std::uint64_t>(now.tv_nsec);
}

std::string key_of(const Listener& listener) {
  return std::string("listeners.") + listener.section() + "." + listener.name;
}

std::shared_ptr<const openssl::TlsContext> tls_context(const Listener& listener) {
  try {
    return std::make_shared<openssl::TlsContext>(listener.certificate_file, listener.key_file);
  } catch (const std::runtime_error& error) {
    throw std::runtime_error(key_of(listener) + ".ssl_options: " + error.what());
  }
}

runtime::RuntimeConfig runtime_config(const BrokerConfig& config) {
  runtime::RuntimeConfig out;
  NodeSetup& setup = out.setup;
  for (const Member& member : config.members) {
    setup.members.push_back(
        {member.name, kRoleNames[member.role] == "core" ? Role::kCore : Role::kReplicant, member.shards});
    out.peer_addresses.push_back(member.peer);
  }
  if (config.members.empty()) {
    const auto cores = std::min<unsigned>(std::max(std::thread::hardware_concurrency(), 1u), runtime::kShardsMax);
    const auto shards = config.shards == 0 ? static_cast<ShardId>(cores) : config.shards;
    setup.members.push_back({config.node_name, Role::kCore, shards});
  }
  setup.self = config.self;
  setup.incarnation = wall_clock_nanos();
  setup.seed = random_seed();
  for (const Listener& listener : config.listeners) {
    if (!listener.enable) continue;
    runtime::ListenerConfig& l = out.listeners.emplace_back();
    l.name = key_of(listener);
    l.kind = listener.kind;
    l.bind = listener.bind;
    if (listener.max_connections != 0) l.max_connections = listener.max_connections;
    if (listener.tls) l.tls = tls_context(listener);
  }
  if (!config.admin_bind.empty())
    out.listeners.push_back({.name = "admin",
                             .kind = LinkKind::kAdmin,
                             .bind = config.admin_bind,
                             .max_connections = kAdminConnectionsMax});
  out.peer_bind = config.cluster_bind;
  out.data_dir = config.data_dir;
  out.stop_on_signals = true;
  out.log = write_line;
  out.log_options = config.log;
  return out;
}

const char* transport_name(const runtime::ListenerConfig& listener) {
  if (listener.kind == LinkKind::kAdmin) return "http";
  if (listener.kind == LinkKind::kTcp) return listener.tls != nullptr ? "tls" : "tcp";
  return listener.tls != nullptr ? "wss" : "ws";
}

int serve(const BrokerConfig& config) {
  std::signal(SIGPIPE, SIG_IGN);
  const runtime::RuntimeConfig world = runtime_config(config);
  node::BrokerOptions options = config.broker;
  options.mqtt.gate = make_gate(config.auth);
  options.version = version();
  runtime::Runtime runtime(world, node::make_broker_node(options));
  if (const std::string error = runtime.open(); !error.empty()) {
    std::fprintf(stderr, "orrery-broker: %s\n", error.c_str());
    return kExitRefused;
  }
  const ClusterMember& self = world.setup.members[world.setup.self];
  std::string line = std::string("orrery-broker ") + version() + " (" + commit() + ") node " + self.name;
  if (world.setup.members.size() > 1) line += self.role == Role::kCore ? " core" : " replicant";
  line += ", shards " + std::to_string(self.shards) + ", listening on";
  for (std::size_t i = 0; i < world.listeners.size(); ++i)
    line += std::string(i == 0 ? " " : ", ") + transport_name(world.listeners[i]) + " " + runtime.listening()[i];
  runtime.note({.kind = NoteKind::kStarted, .text = line});
  if (config.data_dir.empty())
    runtime.note({.kind = NoteKind::kRemembersNothing});
  else
    runtime.note({.kind = NoteKind::kDataDirectory, .name = config.data_dir});
  runtime.run();
  runtime.note({.kind = NoteKind::kStopped});
  return runtime.status() == 0 ? 0 : kExitRefused;
}

int run(int argc, char** argv) {
  CLI::App app(
      "An MQTT broker: TCP on port 1883 and WebSocket on 8083 unless configured otherwise; TLS by configuration.",
      "orrery-broker");
  app.set_help_flag("--help", "Print this and exit");
  app.set_version_flag("--version", std::string("orrery-broker ") + version() + " (" + commit() + ")");
  app.fallthrough();
  std::string file;
  std::vector<std::string> sets;
  app.add_option("--config", file, "Configuration file: JSON with comments");
  app.add_option("--set", sets,
                 "KEY=VALUE over the file and the environment, such as listeners.tcp.default.bind=127.0.0.1:1883")
      ->allow_extra_args(false);
  CLI::App* const check =
      app.add_subcommand("check-config", "Read the configuration, say what is wrong with it, and exit");
  CLI::App* const print =
      app.add_subcommand("print-config", "Print the configuration as it would be used, with comments");
  bool defaults = false;
  bool schema = false;
  print->add_flag("--defaults", defaults, "Every option with its default");
  print->add_flag("--schema", schema, "The JSON Schema of the configuration file");
  PasswordChange change;
  CLI::App* const passwd =
      app.add_subcommand("passwd", "Set a user's line in a password file; the password comes from standard input");
  passwd->add_option("FILE", change.file, "The password file; it is made when it is not there")->required();
  passwd->add_option("USER", change.user_name, "The user name")->required();
  passwd->add_flag("--scram", change.scram, "A line for SCRAM-SHA-256; plain passwords work with it too");
  passwd->add_flag("--remove", change.remove, "Remove the user instead");
  app.require_subcommand(0, 1);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kExitWrong;
  }
  if (print->parsed() && (defaults || schema)) {
    std::fputs((schema ? print_schema() : print_config({})).c_str(), stdout);
    return 0;
  }
  if (passwd->parsed()) {
    change_password(change);
    return 0;
  }
  const BrokerConfig config = load(file, sets);
  if (print->parsed()) std::fputs(print_config(config).c_str(), stdout);
  if (check->parsed()) {
    make_gate(config.auth);
    for (const Listener& listener : config.listeners)
      if (listener.enable && listener.tls) tls_context(listener);
    std::puts("the configuration is valid");
  }
  return print->parsed() || check->parsed() ? 0 : serve(config);
}

}  // namespace
}  // namespace orrery::app

int main(int argc, char** argv) {
  try {
    return orrery::app::run(argc, argv);
  } catch (const orrery::ConfigError& error) {
    std::fprintf(stderr, "orrery-broker: %s\n", error.what());
    return orrery::app::kExitWrong;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "orrery-broker: %s\n", error.what());
    return orrery::app::kExitRefused;
  }
}
