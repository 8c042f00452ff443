// SPDX-License-Identifier: Apache-2.0
// The fixture of the world contract: one world with scripted nodes, and how its tests wait.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "broker/seam/world_harness.h"

namespace orrery::world_contract {

using MakeHarness = std::unique_ptr<WorldHarness> (*)();

/// Long for a virtual world, patient for a real one: a condition that holds ends the wait at once.
inline constexpr Nanos kPatience = 20 * kSecond;
/// How long a test watches for what must not happen.
inline constexpr Nanos kWatch = 100 * kMillisecond;

/// Bytes in which every position can be told from its neighbours.
inline std::string pattern(std::size_t size, std::size_t salt = 0) {
  std::string text(size, '\0');
  for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>((i * 31 + i / 251 + salt) & 0xff);
  return text;
}

class WorldContract : public testing::TestWithParam<MakeHarness> {
 protected:
  void begin(int nodes, ShardId shards, Script script, const std::set<NodeId>& absent = {},
             void (*prepare)(Log&) = nullptr) {
    harness_ = GetParam()();
    log_ = std::make_unique<Log>(*harness_, std::move(script));
    if (prepare != nullptr) prepare(*log_);
    std::vector<ClusterMember> members;
    for (int i = 0; i < nodes; ++i) members.push_back({"n" + std::to_string(i), Role::kCore, shards});
    harness_->start(members, scripted_factory(*log_), absent);
  }
  void TearDown() override {
    if (harness_ == nullptr) return;
    {
      const Held held(*harness_);
      for (const std::string& violation : log_->violations()) ADD_FAILURE() << violation;
    }
    harness_.reset();  // the world may still call the script until it is gone
  }

  template <class F>
  auto locked(F f) {
    const Held held(*harness_);
    return f();
  }
  bool wait(const std::function<bool()>& done) { return harness_->run_until(done, kPatience); }
  bool wait_for(What what, int times = 1) {
    return wait([&] { return log_->count(what) >= times; });
  }
  void watch() {
    harness_->run_until([] { return false; }, kWatch);
  }
  /// Connects a client and waits until a shard has it. Returns the client; `opened` is the shard's record.
  int client(NodeId node, Record& opened) {
    const int before = locked([&] { return log_->count(What::kLinkOpen); });
    const int number = harness_->connect(node);
    EXPECT_TRUE(wait_for(What::kLinkOpen, before + 1));
    const Held held(*harness_);
    for (const Record& r : log_->records())
      if (r.what == What::kLinkOpen) opened = r;
    return number;
  }
  int count(What what) {
    return locked([&] { return log_->count(what); });
  }

  std::unique_ptr<WorldHarness> harness_;
  std::unique_ptr<Log> log_;
};

inline void no_script(const Record&, Effects&) {}

}  // namespace orrery::world_contract
