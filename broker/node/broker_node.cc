// SPDX-License-Identifier: Apache-2.0
#include "broker/node/broker_node.h"

#include "base/assert.h"
#include "broker/node/broker_shard.h"
#include "broker/node/node_tables.h"

namespace orrery::node {
namespace {

cluster::ClusterSetup cluster_setup(const NodeSetup& setup) {
  cluster::ClusterSetup out;
  for (const ClusterMember& m : setup.members) out.members.push_back({m.name, m.role == Role::kCore, m.shards});
  out.self = setup.self;
  out.incarnation = setup.incarnation;
  out.seed = setup.seed;
  return out;
}

class BrokerNode final : public Node {
 public:
  BrokerNode(const BrokerOptions& options, const NodeSetup& setup, std::span<Effects* const> effects)
      : tables_(options, cluster_setup(setup), setup.members[setup.self].shards) {
    ORRERY_ASSERT(effects.size() == tables_.shards);
    for (ShardId id = 0; id < tables_.shards; ++id)
      shards_.push_back(std::make_unique<BrokerShard>(tables_, id, *effects[id]));
  }

  ShardId shards() const override { return tables_.shards; }
  Shard& shard(ShardId id) override { return *shards_[id]; }

 private:
  NodeTables tables_;
  std::vector<std::unique_ptr<BrokerShard>> shards_;
};

}  // namespace

NodeFactory make_broker_node(const BrokerOptions& options) {
  return [options](const NodeSetup& setup, std::span<Effects* const> effects) -> std::unique_ptr<Node> {
    return std::make_unique<BrokerNode>(options, setup, effects);
  };
}

}  // namespace orrery::node
