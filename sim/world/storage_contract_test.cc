// SPDX-License-Identifier: Apache-2.0
// The simulator's side of the storage contract: a node on a virtual disk, quick or slow, in many places of its seed.
#include "broker/seam/storage_contract.h"

#include "sim/world/world.h"

namespace orrery::sim {
namespace {

using storage_contract::StorageHarness;

class VirtualDisk final : public StorageHarness, public ClientHost {
 public:
  VirtualDisk(const DiskModel& disk, std::uint64_t seed) : disk_(disk), seed_(seed) {}

  void begin_life(ShardId shards, const NodeFactory& factory) override {
    factory_ = factory;
    if (world_ != nullptr) return fault(FaultKind::kRestart);
    WorldOptions options;
    options.seed = seed_;
    options.members = {{"n1", Role::kCore, shards}};
    options.factory = [this](const NodeSetup& setup, std::span<Effects* const> effects) {
      return factory_(setup, effects);
    };
    options.machines = {MachineModel{.disk = disk_}};
    world_ = std::make_unique<World>(options, *this);
  }
  void end_life() override { fault(FaultKind::kCrash); }
  void lose_power() override { fault(FaultKind::kPowerLoss); }
  void set_full(bool full) override { plan(full ? FaultKind::kDiskFull : FaultKind::kDiskMended); }
  void set_fails(bool fails) override { plan(fails ? FaultKind::kDiskFails : FaultKind::kDiskMended); }

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

  void client_connected(Nanos, ClientId) override {}
  void client_bytes(Nanos, ClientId, MutableBytes) override {}
  void client_closed(Nanos, ClientId, EndedBy) override {}
  void client_timer(Nanos, ClientId, std::uint32_t) override {}
  void prefetch(ClientId) const override {}

 private:
  void plan(FaultKind kind) { world_->plan({{.at = world_->now() + 1, .kind = kind, .node = 0}}); }
  void fault(FaultKind kind) {
    plan(kind);
    world_->run_until(world_->now() + 1);
  }

  DiskModel disk_;
  std::uint64_t seed_;
  NodeFactory factory_;
  std::unique_ptr<World> world_;
};

std::unique_ptr<StorageHarness> quick() { return std::make_unique<VirtualDisk>(DiskModel{}, 1); }
std::unique_ptr<StorageHarness> instant() {
  return std::make_unique<VirtualDisk>(DiskModel{.sync = {.base = 0, .tail_mean = 0}}, 2);
}
std::unique_ptr<StorageHarness> slow() {
  return std::make_unique<VirtualDisk>(
      DiskModel{.write_bytes_per_second = 100'000'000, .sync = {.base = 50 * kMillisecond, .tail_mean = kSecond / 10}},
      3);
}

}  // namespace
}  // namespace orrery::sim

namespace orrery::storage_contract {
INSTANTIATE_TEST_SUITE_P(Simulator, StorageContract, testing::Values(&sim::quick, &sim::instant, &sim::slow));
INSTANTIATE_TEST_SUITE_P(Simulator, Deaths, testing::Values(&sim::quick, &sim::instant, &sim::slow));
INSTANTIATE_TEST_SUITE_P(Simulator, PowerLosses, testing::Values(&sim::quick, &sim::instant, &sim::slow));
}  // namespace orrery::storage_contract
