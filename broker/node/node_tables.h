// SPDX-License-Identifier: Apache-2.0
// What the shards of one node share: the route table, written by shard 0 and read by all, and when its old parts may
// go.
#pragma once

#include <cstdint>
#include <vector>

#include "base/assert.h"
#include "base/types.h"
#include "broker/base/heap.h"
#include "broker/cluster/cluster_setup.h"
#include "broker/node/broker_node.h"
#include "broker/routing/quiescent.h"
#include "broker/routing/route_table.h"
#include "broker/websocket/handshake.h"

namespace orrery::node {

struct NodeTables {
  NodeTables(const BrokerOptions& broker_options, cluster::ClusterSetup cluster_setup, ShardId shard_count)
      : options(broker_options),
        setup(std::move(cluster_setup)),
        shards(shard_count),
        states(shard_count),
        routes(heap, states, setup.seed) {
    for (const cluster::Member& m : setup.members) {
      first_place.push_back(places);
      places += m.shards;
    }
  }

  /// A place of the cluster. Routes are checked when they come; ask for a place that a session's export names.
  bool has(Place p) const { return p.node < setup.nodes() && p.shard < setup.members[p.node].shards; }
  /// A number for each place of the cluster, 0 to places - 1.
  std::uint32_t index(Place p) const {
    ORRERY_ASSERT(has(p));
    return first_place[p.node] + p.shard;
  }

  const BrokerOptions options;
  const cluster::ClusterSetup setup;
  const ShardId shards;
  const websocket::HandshakeOptions upgrade;
  std::vector<std::uint32_t> first_place;
  std::uint32_t places = 0;
  Heap heap;  // shard 0's, for the tables
  routing::QuiescentStates states;
  routing::RouteTable routes;
};

}  // namespace orrery::node
