// SPDX-License-Identifier: Apache-2.0
// A small world for tests: scripted nodes (broker/seam/world_harness.h) and clients that write down what happens to
// them.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "broker/seam/world_harness.h"
#include "sim/world/world.h"

namespace orrery::sim {

struct ClientRecord {
  Nanos connected_at = -1;
  Nanos closed_at = -1;
  EndedBy ended_by = EndedBy::kClose;
  std::string received;
  std::vector<std::pair<Nanos, std::size_t>> pieces;  // when, how many bytes
  std::vector<Nanos> timers;
};

/// Virtual time needs no lock.
class NoHarness final : public world_contract::WorldHarness {
 public:
  void start(const std::vector<ClusterMember>&, const NodeFactory&, const std::set<NodeId>&) override {}
  bool run_until(const std::function<bool()>& done, Nanos) override { return done(); }
  void lock() override {}
  void unlock() override {}
  int connect(NodeId) override { return 0; }
  void client_send(int, Bytes) override {}
  void client_close(int, CloseHow) override {}
  void client_finish(int) override {}
  std::size_t client_waiting(int) override { return 0; }
  void client_read(int, bool) override {}
  std::string client_received(int) override { return {}; }
  bool client_saw_end(int) override { return false; }
};

class TestWorld final : public ClientHost {
 public:
  /// `options` needs no members and no factory.
  TestWorld(int nodes, ShardId shards, world_contract::Script script, WorldOptions options = {})
      : log(nobody_, std::move(script)) {
    for (int i = 0; i < nodes; ++i) options.members.push_back({"n" + std::to_string(i), Role::kCore, shards});
    options.factory = world_contract::scripted_factory(log);
    options.clients = 64;
    clients.resize(options.clients);
    world = std::make_unique<World>(std::move(options), *this);
  }

  void client_connected(Nanos now, ClientId client) override {
    clients[client].connected_at = now;
    if (on_connected) on_connected(client);
  }
  void client_bytes(Nanos now, ClientId client, MutableBytes bytes) override {
    clients[client].received += as_text(bytes);
    clients[client].pieces.push_back({now, bytes.size()});
  }
  void client_closed(Nanos now, ClientId client, EndedBy how) override {
    clients[client].closed_at = now;
    clients[client].ended_by = how;
    if (on_closed) on_closed(client);
  }
  void client_timer(Nanos now, ClientId client, std::uint32_t) override { clients[client].timers.push_back(now); }
  void prefetch(ClientId) const override {}

  void connect(ClientId client, NodeId node = 0) { world->connect(client, node, LinkKind::kTcp); }
  /// Connects and runs until the answer is there.
  void connect_now(ClientId client, NodeId node = 0) {
    connect(client, node);
    world->run_until(world->now() + 100 * kMillisecond);
  }
  void send(ClientId client, std::string_view text) { world->client_send(client, as_bytes(text)); }
  void run(Nanos duration) { world->run_until(world->now() + duration); }

  std::function<void(ClientId)> on_connected;
  std::function<void(ClientId)> on_closed;

 private:
  NoHarness nobody_;

 public:
  world_contract::Log log;
  std::vector<ClientRecord> clients;
  std::unique_ptr<World> world;
};

inline void echo_script(const world_contract::Record& r, Effects& effects) {
  if (r.what == world_contract::What::kBytes) effects.send(r.link, as_bytes(r.data));
}

/// No jitter and no cost: times in tests can be computed by hand.
inline WorldOptions plain_options() {
  WorldOptions options;
  options.network.client.latency = {.base = 100 * kMicrosecond, .tail_mean = 0};
  options.network.peer.latency = {.base = 50 * kMicrosecond, .tail_mean = 0};
  options.network.post = {.base = kMicrosecond, .tail_mean = 0};
  options.costs.nanos.fill(0);
  options.cost_variation_per_mille = 0;
  options.machines.clear();
  return options;
}

}  // namespace orrery::sim
