// SPDX-License-Identifier: Apache-2.0
// The simulated broker: every case gets a virtual world of its own, with fresh nodes that run the real broker code.
//
// Waiting runs virtual time, so a keep-alive of minutes costs nothing; the same case always sees the same bytes. With
// several members, clients connect to them in turn, so that a subscriber and a publisher are on different nodes.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "broker/seam/node.h"
#include "conformance/driver/access.h"
#include "conformance/driver/capability.h"
#include "conformance/driver/target.h"

namespace orrery::conformance {

struct SimSetup {
  std::string name;
  NodeFactory factory;
  std::vector<ClusterMember> members;
  /// What it listens with, and which of them clients use: the first unless changed.
  std::vector<Transport> listeners = {Transport::kTcp, Transport::kWebSocket};
  Transport transport = Transport::kTcp;
  /// Where streams are cut is drawn from it.
  std::uint64_t seed = 1;
  /// What the broker is set up with, and what it claims beyond the usual.
  Access access = {};
  Capabilities claims = 0;
};

class SimTarget : public Target {
 public:
  explicit SimTarget(SimSetup setup) : setup_(std::move(setup)) {}
  std::string name() const override { return setup_.name; }
  Transport transport() const override { return setup_.transport; }
  Nanos patience() const override { return 20 * kSecond; }
  Nanos slack() const override { return kSecond; }
  bool fresh() const override { return true; }
  unsigned jobs() const override { return 1; }
  std::unique_ptr<Bench> bench() override;

 private:
  SimSetup setup_;
};

}  // namespace orrery::conformance
