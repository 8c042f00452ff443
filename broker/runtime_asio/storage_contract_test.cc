// SPDX-License-Identifier: Apache-2.0
// The contract of the seam's storage (broker/seam/storage_contract.h) over threads and SQLite on a real file system.
//
// A process cannot kill itself and go on, so the end of a life is a stop of the runtime; the tests of tests/live kill.
#include "broker/seam/storage_contract.h"

#include <stdlib.h>

#include <filesystem>
#include <thread>

#include "broker/runtime_asio/runtime.h"
#include "broker/runtime_asio/test_sockets.h"
#include "broker/sqlite/test_file_system.h"

namespace orrery::storage_contract {
namespace {

class RealStorage : public StorageHarness {
 public:
  RealStorage() {
    char name[] = "/tmp/orrery-contract-XXXXXX";
    base_ = ::mkdtemp(name);
  }
  ~RealStorage() override {
    stop();
    sqlite::test::full() = false;
    sqlite::test::fails() = false;
    std::filesystem::remove_all(base_);
  }

  void begin_life(ShardId shards, const NodeFactory& factory) override {
    stop();
    runtime::RuntimeConfig config;
    config.setup.members = {{"n1", Role::kCore, shards}};
    config.listeners = {{.name = "listeners.tcp.default", .kind = LinkKind::kTcp, .bind = "127.0.0.1:0"}};
    config.data_dir = base_ + "/data";
    config.data_file_system = sqlite::test::file_system();
    runtime_ = std::make_unique<runtime::Runtime>(config, factory);
    const std::string error = runtime_->open();
    EXPECT_EQ(error, "");
    if (!error.empty()) std::abort();
    thread_ = std::thread([this] { runtime_->run(); });
  }
  void end_life() override { stop(); }
  void set_full(bool full) override { sqlite::test::full() = full; }
  void set_fails(bool fails) override { sqlite::test::fails() = fails; }

  bool run_until(const std::function<bool()>& done, Nanos limit) override {
    return runtime::test::wait_until(
        [&] {
          const std::lock_guard<std::mutex> held(lock_);
          return done();
        },
        limit);
  }
  void lock() override { lock_.lock(); }
  void unlock() override { lock_.unlock(); }

 private:
  void stop() {
    if (runtime_ == nullptr) return;
    runtime_->stop();
    thread_.join();
    runtime_.reset();
  }

  std::string base_;
  std::mutex lock_;
  std::unique_ptr<runtime::Runtime> runtime_;
  std::thread thread_;
};

std::unique_ptr<StorageHarness> real() { return std::make_unique<RealStorage>(); }

INSTANTIATE_TEST_SUITE_P(Runtime, StorageContract, testing::Values(&real));
INSTANTIATE_TEST_SUITE_P(Runtime, Deaths, testing::Values(&real));

}  // namespace
}  // namespace orrery::storage_contract
