// SPDX-License-Identifier: Apache-2.0
// See runtime.h.
#include "broker/runtime_asio/runtime.h"

#include <sys/resource.h>

#include <algorithm>
#include <csignal>
#include <optional>
#include <thread>

#include "broker/runtime_asio/listen.h"
#include "broker/runtime_asio/shard_loop.h"

namespace orrery::runtime {
namespace {

/// Raises the soft limit to the hard one and returns it.
std::uint64_t descriptors_allowed() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  ::getrlimit(RLIMIT_NOFILE, &limit);
  return limit.rlim_cur;
}

}  // namespace

struct Runtime::State {
  struct Bound {
    LinkKind kind;
    std::uint32_t listener;
    std::vector<Fd> sockets;  // one for each shard; of kAdmin for shard 0 alone
  };

  std::string plan_descriptors();
  std::string open_storage();
  std::string parse_peers();
  std::string bind_listeners();
  std::string bind_peers();
  void make_shards();
  std::string make_node();
  std::string listen();

  ShardId shard_count() const { return config.setup.members[config.setup.self].shards; }

  RuntimeConfig config;
  NodeFactory factory;
  Commons commons;
  std::vector<Bound> bound;
  std::vector<std::string> listening;
  std::optional<NoteLog> log;
  std::unique_ptr<Node> node;
};

Runtime::Runtime(RuntimeConfig config, NodeFactory factory) : state_(std::make_unique<State>()) {
  state_->config = std::move(config);
  state_->factory = std::move(factory);
}

Runtime::~Runtime() {
  state_->commons.storage.reset();  // its thread rings shards
  state_->node.reset();
}

const std::vector<std::string>& Runtime::listening() const { return state_->listening; }

std::string Runtime::open() {
  State& s = *state_;
  s.commons.log = s.config.log ? s.config.log : [](const std::string&) {};
  s.commons.log_options = s.config.log_options;
  s.commons.members = s.config.setup.members;
  s.commons.node_name = s.config.setup.members[s.config.setup.self].name;
  s.log.emplace(s.commons.log_options, s.commons.node_name, NoteLog::kNoShard, s.commons.log);
  for (auto step : {&State::plan_descriptors, &State::open_storage, &State::parse_peers, &State::bind_listeners,
                    &State::bind_peers})
    if (std::string error = (s.*step)(); !error.empty()) return error;
  s.make_shards();
  if (std::string error = s.make_node(); !error.empty()) return error;
  return s.listen();
}

std::string Runtime::State::open_storage() {
  config.setup.remembers = !config.data_dir.empty();
  if (config.data_dir.empty()) return {};
  commons.storage = std::make_unique<StorageThread>(
      shard_count(), [this](ShardId shard) { commons.shards[shard]->ring(); },
      NoteLog(commons.log_options, commons.node_name, NoteLog::kNoShard, commons.log));
  const std::string& name = config.setup.members[config.setup.self].name;
  return commons.storage->open(config.data_dir, name, config.data_file_system);
}

std::string Runtime::State::plan_descriptors() {
  const std::uint64_t allowed = descriptors_allowed();
  std::uint64_t streams = 0;  // one for each pair of shards
  for (const ClusterMember& member : config.setup.members) streams += std::uint64_t{member.shards} * shard_count();
  commons.peers.max = static_cast<std::uint32_t>(kPeerLinksPerStream * streams);
  std::uint64_t kept = kDescriptorReserve + std::uint64_t{kDescriptorReservePerShard} * shard_count() +
                       (config.setup.members.size() > 1 ? (kPeerLinksPerStream + 1) * streams : 0);
  std::uint64_t asked = 0;
  for (const ListenerConfig& listener : config.listeners) {
    if (listener.kind == LinkKind::kAdmin)
      kept += listener.max_connections;
    else if (listener.max_connections != UINT32_MAX)
      asked += listener.max_connections;
    SharedListener& shared = *commons.listeners.emplace_back(std::make_unique<SharedListener>());
    shared.name = listener.name;
    shared.tls = listener.tls;
    shared.count.max = listener.max_connections;
  }
  const std::uint64_t least = kept + std::max<std::uint64_t>(asked, 1);
  if (allowed < least) {
    return "this process may open " + std::to_string(allowed) + " descriptors, and the configuration needs " +
           std::to_string(least) +
           (asked == 0 ? "" : " (max_connections of all listeners: " + std::to_string(asked) + ")") +
           "; raise the limit with \"ulimit -n " + std::to_string(least) + "\"" +
           (asked == 0 ? "" : " or lower max_connections");
  }
  commons.clients.max = static_cast<std::uint32_t>(std::min<std::uint64_t>(allowed - kept, UINT32_MAX));
  return {};
}

std::string Runtime::State::parse_peers() {
  if (config.setup.members.size() < 2) return {};
  for (std::size_t i = 0; i < config.peer_addresses.size(); ++i) {
    HostPort& address = commons.peer_addresses.emplace_back();
    const std::string who = "peer address of " + config.setup.members[i].name + ": ";
    if (std::string error = parse_host_port(config.peer_addresses[i], address); !error.empty()) return who + error;
    const unsigned last = address.port + config.setup.members[i].shards - 1u;
    if (address.port == 0 || last > 65535)
      return who + "the port must be from 1 to 65535, also with the shard's number added";
    if (address.host.empty()) return who + "other members need a host here, such as \"127.0.0.1:5370\"";
  }
  return {};
}

std::string Runtime::State::bind_listeners() {
  for (std::uint32_t i = 0; i < config.listeners.size(); ++i) {
    const ListenerConfig& listener = config.listeners[i];
    HostPort where;
    Address address;
    std::string error = parse_host_port(listener.bind, where);
    if (error.empty()) error = resolve(where, address);
    Bound& sockets = bound.emplace_back(Bound{listener.kind, i, {}});
    const ShardId count = listener.kind == LinkKind::kAdmin ? ShardId{1} : shard_count();
    if (error.empty()) error = bind_sockets(address, count, sockets.sockets);
    if (!error.empty())
      return listener.name + ".bind: " + error +
             (listener.kind == LinkKind::kAdmin ? ", or none with an empty admin.bind" : "");
    listening.push_back(format_address(address));
  }
  return {};
}

std::string Runtime::State::bind_peers() {
  if (config.setup.members.size() < 2) return {};
  const std::string& text = config.peer_bind.empty() ? config.peer_addresses[config.setup.self] : config.peer_bind;
  HostPort where;
  Address address;
  std::string error = parse_host_port(text, where);
  if (error.empty()) error = resolve(where, address);
  Bound& sockets = bound.emplace_back(Bound{LinkKind::kPeerIn, 0, {}});
  for (ShardId shard = 0; error.empty() && shard < shard_count(); ++shard) {
    address.set_port(static_cast<std::uint16_t>(where.port + shard));
    error = bind_sockets(address, 1, sockets.sockets);
  }
  return error.empty() ? error : "cluster peers: " + error;
}

void Runtime::State::make_shards() {
  const ShardId count = shard_count();
  for (int i = 0; i < count; ++i) commons.mailboxes.push_back(std::make_unique<Mailbox>());
  for (ShardId id = 0; id < count; ++id) commons.shards.push_back(std::make_unique<ShardLoop>(id, commons));
}

std::string Runtime::State::listen() {
  for (const Bound& b : bound)
    for (const Fd& socket : b.sockets)
      if (std::string error = start_listening(socket); !error.empty()) return error;
  for (Bound& b : bound)
    for (ShardId id = 0; id < b.sockets.size(); ++id)
      commons.shards[id]->add_listener(std::move(b.sockets[id]), b.kind, b.listener);
  bound.clear();
  return {};
}

/// Makes the node and shows it what it had stored.
std::string Runtime::State::make_node() {
  std::vector<Effects*> effects;
  for (auto& shard : commons.shards) effects.push_back(shard.get());
  node = factory(config.setup, effects);
  if (commons.storage == nullptr) return {};
  for (ShardId id = 0; id < shard_count(); ++id)
    if (std::string error = commons.shards[id]->recover(node->shard(id)); !error.empty()) return error;
  commons.storage->start();
  return {};
}

void Runtime::run() {
  State& s = *state_;
  if (s.config.stop_on_signals)
    s.commons.shards[0]->io().watch_signals({SIGTERM, SIGINT}, [this](int signal) {
      note({.kind = NoteKind::kStopping, .text = signal == SIGTERM ? "SIGTERM" : "SIGINT"});
      stop();
    });
  std::barrier<> started(s.shard_count());
  std::vector<std::thread> threads;
  for (ShardId id = 1; id < s.shard_count(); ++id)
    threads.emplace_back([&s, &started, id] { s.commons.shards[id]->run(s.node->shard(id), started); });
  s.commons.shards[0]->run(s.node->shard(0), started);
  for (std::thread& thread : threads) thread.join();
  if (s.commons.storage != nullptr) s.commons.storage->finish();
}

int Runtime::status() const { return state_->commons.status.load(); }

void Runtime::note(const Note& note) {
  NoteLog& log = *state_->log;
  if (log.admit(steady_now(), note.kind)) log.write(note, {});
}

void Runtime::stop() {
  for (auto& shard : state_->commons.shards) shard->stop();
}

}  // namespace orrery::runtime
