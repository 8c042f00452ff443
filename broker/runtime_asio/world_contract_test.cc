// SPDX-License-Identifier: Apache-2.0
// The contract of the seam (broker/seam/world_contract.h) over real sockets, threads and time on the loopback.
#include "broker/seam/world_contract.h"

#include "broker/runtime_asio/runtime.h"
#include "broker/runtime_asio/test_sockets.h"

namespace orrery::world_contract {
namespace {

class RuntimeHarness : public WorldHarness {
 public:
  ~RuntimeHarness() override {
    for (auto& runtime : runtimes_)
      if (runtime) runtime->stop();
    for (std::thread& thread : threads_) thread.join();
  }

  void start(const std::vector<ClusterMember>& members, const NodeFactory& factory,
             const std::set<NodeId>& absent) override {
    runtime::RuntimeConfig config;
    config.setup.members = members;
    for (const ClusterMember& member : members)
      config.peer_addresses.push_back("127.0.0.1:" + std::to_string(runtime::test::free_ports(member.shards)));
    config.listeners = {{.name = "listeners.tcp.default", .kind = LinkKind::kTcp, .bind = "127.0.0.1:0"}};
    for (NodeId id = 0; id < members.size(); ++id) {
      config.setup.self = id;
      auto& runtime = runtimes_.emplace_back();
      if (absent.count(id) != 0) continue;
      runtime = std::make_unique<runtime::Runtime>(config, factory);
      const std::string error = runtime->open();
      EXPECT_EQ(error, "");
      if (!error.empty()) std::abort();
    }
    for (auto& runtime : runtimes_)
      if (runtime) threads_.emplace_back([&runtime] { runtime->run(); });
  }

  bool run_until(const std::function<bool()>& done, Nanos limit) override {
    return runtime::test::wait_until(
        [&] {
          for (auto& client : clients_) client.service();
          const std::lock_guard<std::mutex> held(lock_);
          return done();
        },
        limit);
  }
  void lock() override { lock_.lock(); }
  void unlock() override { lock_.unlock(); }

  int connect(NodeId node) override {
    clients_.emplace_back(runtime::test::port_of(runtimes_[node]->listening()[0]));
    EXPECT_TRUE(clients_.back().connected());
    return static_cast<int>(clients_.size()) - 1;
  }
  void client_send(int client, Bytes bytes) override {
    at(client).send(as_text(bytes));
    at(client).service();
  }
  void client_close(int client, CloseHow how) override {
    at(client).close(how == CloseHow::kAbort);
    at(client).service();
  }
  void client_finish(int client) override {
    at(client).close(false);  // it goes on reading
    at(client).service();
  }
  std::size_t client_waiting(int client) override { return at(client).waiting(); }
  void client_read(int client, bool reads) override { at(client).read(reads); }
  std::string client_received(int client) override { return at(client).received(); }
  bool client_saw_end(int client) override { return at(client).saw_end(); }

 private:
  runtime::test::RawClient& at(int client) { return clients_[static_cast<std::size_t>(client)]; }

  std::mutex lock_;
  std::vector<std::unique_ptr<runtime::Runtime>> runtimes_;
  std::vector<std::thread> threads_;
  std::vector<runtime::test::RawClient> clients_;
};

std::unique_ptr<WorldHarness> make_runtime_harness() { return std::make_unique<RuntimeHarness>(); }

INSTANTIATE_TEST_SUITE_P(Runtime, WorldContract, testing::Values(&make_runtime_harness));

}  // namespace
}  // namespace orrery::world_contract
