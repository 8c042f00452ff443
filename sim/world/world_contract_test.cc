// SPDX-License-Identifier: Apache-2.0
// The simulator's side of the world contract: a harness over World, in a plain network and in a nasty one.
#include "broker/seam/world_contract.h"

#include "sim/world/world.h"

namespace orrery::sim {
namespace {

using world_contract::WorldHarness;

class SimulatorHarness final : public WorldHarness, public ClientHost {
 public:
  explicit SimulatorHarness(const NetworkModel& network, QueueKind queue) : network_(network), queue_(queue) {}

  void start(const std::vector<ClusterMember>& members, const NodeFactory& factory,
             const std::set<NodeId>& absent) override {
    WorldOptions options;
    options.members = members;
    options.factory = factory;
    options.clients = 16;
    options.network = network_;
    options.queue = queue_;
    options.factory = [factory, absent](const NodeSetup& setup, std::span<Effects* const> effects) {
      if (absent.count(setup.self) != 0) return make_idle_node(effects.size());
      return factory(setup, effects);
    };
    world_ = std::make_unique<World>(options, *this);
    std::vector<Fault> crashes;
    for (const NodeId node : absent) crashes.push_back({.at = 1, .kind = FaultKind::kCrash, .node = node});
    world_->plan(crashes);
  }
  bool run_until(const std::function<bool()>& done, Nanos limit) override {
    const Nanos until = world_->now() + limit;
    while (!done())
      if (!world_->step(until)) {
        world_->run_until(until);
        return done();
      }
    return true;
  }
  void lock() override {}
  void unlock() override {}

  int connect(NodeId node) override {
    clients_.push_back({});
    world_->connect(static_cast<ClientId>(clients_.size() - 1), node, LinkKind::kTcp);
    return static_cast<int>(clients_.size() - 1);
  }
  void client_send(int client, Bytes bytes) override {
    at(client).to_send += as_text(bytes);
    if (at(client).connected) go_on(client);
  }
  void client_close(int client, CloseHow how) override {
    at(client).closes = true;
    at(client).how = how;
    if (at(client).connected) go_on(client);
  }
  void client_finish(int client) override {
    at(client).finishes = true;
    if (at(client).connected) go_on(client);
  }
  std::size_t client_waiting(int client) override {
    return at(client).to_send.size() + world_->client_send(static_cast<ClientId>(client), {});
  }
  void client_read(int client, bool reads) override {
    if (reads) {
      world_->client_resume_reading(static_cast<ClientId>(client));
    } else {
      world_->client_pause_reading(static_cast<ClientId>(client));
    }
  }
  std::string client_received(int client) override { return at(client).received; }
  bool client_saw_end(int client) override { return at(client).ended; }

  void client_connected(Nanos, ClientId client) override {
    clients_[client].connected = true;
    go_on(static_cast<int>(client));
  }
  void client_bytes(Nanos, ClientId client, MutableBytes bytes) override {
    clients_[client].received += as_text(bytes);
    std::fill(bytes.begin(), bytes.end(), std::uint8_t{0xdd});
  }
  void client_closed(Nanos, ClientId client, EndedBy) override { clients_[client].ended = true; }
  void client_timer(Nanos, ClientId, std::uint32_t) override { ADD_FAILURE() << "nobody asked for a timer"; }
  void prefetch(ClientId) const override {}

 private:
  struct Client {
    bool connected = false;
    bool ended = false;
    bool closes = false;
    bool finishes = false;
    CloseHow how = CloseHow::kFlush;
    std::string to_send;
    std::string received;
  };
  /// A node that does nothing, to be crashed before anybody can reach it.
  class IdleShard final : public Shard {
    void start(Nanos) override {}
    void link_open(Nanos, LinkId, const LinkInfo&) override { ADD_FAILURE() << "an absent node was reached"; }
    void bytes(Nanos, LinkId, MutableBytes) override {}
    void drained(Nanos, LinkId) override {}
    void link_closed(Nanos, LinkId) override {}
    void dial_failed(Nanos, std::uint32_t) override {}
    void wake(Nanos) override {}
    void message(Nanos, ShardId, Bytes) override {}
    void posts_taken(Nanos, ShardId) override {}
    ShardStats stats() const override { return {}; }
  };
  class IdleNode final : public Node {
   public:
    explicit IdleNode(std::size_t shards) : shards_(shards) {}
    ShardId shards() const override { return static_cast<ShardId>(shards_.size()); }
    Shard& shard(ShardId id) override { return shards_[id]; }

   private:
    std::vector<IdleShard> shards_;
  };
  static std::unique_ptr<Node> make_idle_node(std::size_t shards) { return std::make_unique<IdleNode>(shards); }

  Client& at(int client) { return clients_[static_cast<std::size_t>(client)]; }
  void go_on(int client) {
    Client& c = at(client);
    if (!c.to_send.empty()) world_->client_send(static_cast<ClientId>(client), as_bytes(c.to_send));
    c.to_send.clear();
    if (c.finishes) world_->client_finish(static_cast<ClientId>(client));
    c.finishes = false;
    if (c.closes) world_->client_close(static_cast<ClientId>(client), c.how);
  }

  NetworkModel network_;
  QueueKind queue_;
  std::vector<Client> clients_;
  std::unique_ptr<World> world_;
};

std::unique_ptr<WorldHarness> plain() { return std::make_unique<SimulatorHarness>(NetworkModel{}, QueueKind::kWheel); }

// Short segments cut everywhere, small windows, loss, and latencies that overtake each other.
std::unique_ptr<WorldHarness> nasty() {
  NetworkModel network;
  for (PathModel* path : {&network.client, &network.peer}) {
    path->latency = {.base = 1, .tail_mean = 3 * kMillisecond};
    path->segment_bytes = 700;
    path->cut_per_million = 400'000;
    path->loss_per_million = 20'000;
    path->retransmit_delay = 5 * kMillisecond;
    path->window_bytes = 50'000;
  }
  network.post = {.base = 0, .tail_mean = kMillisecond};
  return std::make_unique<SimulatorHarness>(network, QueueKind::kHeap);
}

}  // namespace
}  // namespace orrery::sim

namespace orrery::world_contract {
INSTANTIATE_TEST_SUITE_P(Simulator, WorldContract, testing::Values(&sim::plain, &sim::nasty));
}  // namespace orrery::world_contract
