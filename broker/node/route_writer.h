// SPDX-License-Identifier: Apache-2.0
// Writes what owner logs say about routes into the node's route table; on shard 0, whose table it is to write.
#pragma once

#include "broker/cluster/route_sink.h"
#include "broker/routing/route_table.h"

namespace orrery::node {

class RouteWriter final : public cluster::RouteSink {
 public:
  explicit RouteWriter(routing::RouteTable& routes) : routes_(routes) {}

  void add(NodeId owner, std::string_view filter, ShardId shard) override { routes_.add(filter, {owner, shard}); }
  void remove(NodeId owner, std::string_view filter, ShardId shard) override { routes_.remove(filter, {owner, shard}); }
  void remove_node(NodeId owner) override { routes_.remove_node(owner); }
  void mask(NodeId owner) override { routes_.mask(owner); }
  void unmask(NodeId owner) override { routes_.unmask(owner); }
  std::uint64_t for_each_of(NodeId owner, std::uint64_t cursor, cluster::RouteVisitor& visitor) override {
    return routes_.for_each_of(owner, cursor,
                               [&](std::string_view filter, ShardId shard) { return visitor.route(filter, shard); });
  }

 private:
  routing::RouteTable& routes_;
};

}  // namespace orrery::node
