// SPDX-License-Identifier: Apache-2.0
// A node that sends back what it receives, and a crowd that asks it again and again: the world's own test load and
// benchmark.
//
// A client connects at a time of its own within the ramp, and then, once in every period, sends one request and waits
// for its echo. The crowd checks every byte that comes back and counts. When its connection ends it connects again
// after a while, at the next node.
#pragma once

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <vector>

#include "broker/seam/node.h"
#include "sim/kernel/keyed_rng.h"
#include "sim/world/world.h"

namespace orrery::sim {

class EchoShard final : public Shard {
 public:
  explicit EchoShard(Effects& effects) : effects_(effects) {}
  void start(Nanos) override {}
  void link_open(Nanos, LinkId, const LinkInfo&) override {
    ++stats_.counters[static_cast<int>(Counter::kLinksOpened)];
  }
  void bytes(Nanos, LinkId link, MutableBytes bytes) override {
    effects_.send(link, bytes);
    stats_.counters[static_cast<int>(Counter::kBytesIn)] += bytes.size();
  }
  void drained(Nanos, LinkId) override {}
  void link_closed(Nanos, LinkId) override { ++stats_.counters[static_cast<int>(Counter::kLinksClosed)]; }
  void dial_failed(Nanos, std::uint32_t) override {}
  void wake(Nanos) override {}
  void posts_taken(Nanos, ShardId) override {}
  void message(Nanos, ShardId, Bytes) override {}
  ShardStats stats() const override { return stats_; }

 private:
  Effects& effects_;
  ShardStats stats_;
};

class EchoNode final : public Node {
 public:
  explicit EchoNode(std::span<Effects* const> effects) {
    for (Effects* e : effects) shards_.emplace_back(*e);
  }
  ShardId shards() const override { return static_cast<ShardId>(shards_.size()); }
  Shard& shard(ShardId id) override { return shards_[id]; }

 private:
  std::vector<EchoShard> shards_;
};

class EchoCrowd final : public ClientHost {
 public:
  struct Plan {
    std::uint32_t clients = 1000;
    Nanos ramp = kSecond;
    Nanos period = 10 * kSecond;
    std::uint32_t request_bytes = 280;
    /// This client never connects: for tests of what its absence changes. UINT32_MAX for none.
    ClientId absent = UINT32_MAX;
    bool note_latencies = false;
  };

  EchoCrowd(WorldOptions options, const Plan& plan)
      : plan_(plan), clients_(plan.clients), request_(plan.request_bytes) {
    options.clients = plan.clients;
    options.factory = [](const NodeSetup&, std::span<Effects* const> effects) {
      return std::make_unique<EchoNode>(effects);
    };
    world_ = std::make_unique<World>(std::move(options), *this);
    for (ClientId c = 0; c < plan.clients; ++c)
      if (c != plan.absent)
        world_->client_timer_at(
            c, 1 + static_cast<Nanos>(below(draw(77, c, 0, 0), static_cast<std::uint64_t>(plan.ramp))), 0);
  }
  World& world() { return *world_; }

  void client_connected(Nanos now, ClientId client) override {
    ++connected;
    ask(now, client);
  }
  void client_bytes(Nanos now, ClientId client, MutableBytes bytes) override {
    Client& c = clients_[client];
    for (const std::uint8_t byte : bytes)
      if (byte != static_cast<std::uint8_t>(client + c.asked)) ++wrong_bytes;
    c.received += static_cast<std::uint32_t>(bytes.size());
    if (c.received < plan_.request_bytes) return;
    ++echoes;
    if (plan_.note_latencies) latencies.push_back({client, c.asked, now - c.sent_at});
    world_->client_timer_at(client, now + plan_.period, 0);
  }
  void client_closed(Nanos now, ClientId client, EndedBy how) override {
    ++ends[static_cast<std::size_t>(how)];
    world_->client_timer_at(client, now + kSecond, 0);
  }
  void client_timer(Nanos now, ClientId client, std::uint32_t) override {
    if (world_->client_has_connection(client)) return ask(now, client);
    world_->connect(client, static_cast<NodeId>((client + clients_[client].connects++) % world_->nodes()),
                    LinkKind::kTcp);
  }
  void prefetch(ClientId client) const override { __builtin_prefetch(&clients_[client]); }

  struct Latency {
    ClientId client;
    std::uint32_t asked;
    Nanos nanos;
    bool operator==(const Latency&) const = default;
  };
  std::uint64_t connected = 0;
  std::uint64_t echoes = 0;
  std::uint64_t wrong_bytes = 0;
  std::array<std::uint64_t, 4> ends{};  // by EndedBy
  std::vector<Latency> latencies;

 private:
  struct Client {
    Nanos sent_at = 0;
    std::uint32_t asked = 0;
    std::uint32_t received = 0;
    std::uint32_t connects = 0;
  };
  void ask(Nanos now, ClientId client) {
    Client& c = clients_[client];
    ++c.asked;
    c.received = 0;
    c.sent_at = now;
    std::memset(request_.data(), static_cast<std::uint8_t>(client + c.asked), request_.size());
    world_->client_send(client, request_);
  }

  Plan plan_;
  std::vector<Client> clients_;
  std::vector<std::uint8_t> request_;
  std::unique_ptr<World> world_;
};

/// So many nodes of so many shards each. The costs are not the measured ones, so that a new table changes no expected
/// hash.
inline WorldOptions echo_options(int nodes, ShardId shards) {
  WorldOptions options;
  options.costs.id = "echo";
  options.costs.nanos.fill(2'000);
  for (int i = 0; i < nodes; ++i) options.members.push_back({"n" + std::to_string(i), Role::kCore, shards});
  return options;
}

}  // namespace orrery::sim
