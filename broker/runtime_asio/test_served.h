// SPDX-License-Identifier: Apache-2.0
// A runtime that serves shards made of one function, for this folder's tests.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "broker/runtime_asio/runtime.h"
#include "broker/runtime_asio/test_sockets.h"

namespace orrery::runtime::test {

struct Event {
  enum Kind { kStart, kOpen, kBytes, kDrained, kClosed, kMessage, kWake } kind;
  ShardId shard = 0;
  LinkId link = 0;
  Bytes data;
};
using Handler = std::function<void(const Event&, Effects&)>;

class HandlerShard : public Shard {
 public:
  HandlerShard(ShardId self, Effects& effects, const Handler& handler)
      : self_(self), effects_(effects), handler_(handler) {}
  void start(Nanos) override { handler_({Event::kStart, self_, 0, {}}, effects_); }
  void link_open(Nanos, LinkId link, const LinkInfo&) override { handler_({Event::kOpen, self_, link, {}}, effects_); }
  void bytes(Nanos, LinkId link, MutableBytes bytes) override {
    handler_({Event::kBytes, self_, link, bytes}, effects_);
  }
  void drained(Nanos, LinkId link) override { handler_({Event::kDrained, self_, link, {}}, effects_); }
  void link_closed(Nanos, LinkId link) override { handler_({Event::kClosed, self_, link, {}}, effects_); }
  void dial_failed(Nanos, std::uint32_t) override {}
  void wake(Nanos) override { handler_({Event::kWake, self_, 0, {}}, effects_); }
  void message(Nanos, ShardId, Bytes message) override { handler_({Event::kMessage, self_, 0, message}, effects_); }
  void posts_taken(Nanos, ShardId) override {}
  ShardStats stats() const override { return {}; }

 private:
  ShardId self_;
  Effects& effects_;
  const Handler& handler_;
};

class HandlerNode : public Node {
 public:
  HandlerNode(std::span<Effects* const> effects, Handler handler) : handler_(std::move(handler)) {
    for (std::size_t i = 0; i < effects.size(); ++i)
      shards_.push_back(std::make_unique<HandlerShard>(static_cast<ShardId>(i), *effects[i], handler_));
  }
  ShardId shards() const override { return static_cast<ShardId>(shards_.size()); }
  Shard& shard(ShardId id) override { return *shards_[id]; }

 private:
  Handler handler_;
  std::vector<std::unique_ptr<HandlerShard>> shards_;
};

inline void echo(const Event& event, Effects& effects) {
  if (event.kind == Event::kBytes) effects.send(event.link, event.data);
}

inline RuntimeConfig config_of(ShardId shards, std::uint16_t port = 0) {
  RuntimeConfig config;
  config.setup.members = {{"n1", Role::kCore, shards}};
  config.listeners = {{.name = "listeners.tcp.default", .bind = "127.0.0.1:" + std::to_string(port)}};
  return config;
}

/// A runtime that serves on a thread of its own, and its log.
class Served {
 public:
  Served(RuntimeConfig config, Handler handler) {
    config.log = [this](const std::string& line) {
      const std::lock_guard<std::mutex> held(lock_);
      log_.push_back(line);
    };
    runtime_ = std::make_unique<Runtime>(config, [handler](const NodeSetup&, std::span<Effects* const> effects) {
      return std::make_unique<HandlerNode>(effects, handler);
    });
    error_ = runtime_->open();
    if (error_.empty()) thread_ = std::thread([this] { runtime_->run(); });
  }
  ~Served() { stop(); }
  void stop() {
    if (!thread_.joinable()) return;
    runtime_->stop();
    thread_.join();
  }
  const std::string& error() const { return error_; }
  std::uint16_t port(std::size_t listener = 0) const { return port_of(runtime_->listening()[listener]); }
  std::vector<std::string> log() {
    const std::lock_guard<std::mutex> held(lock_);
    return log_;
  }

 private:
  std::unique_ptr<Runtime> runtime_;
  std::string error_;
  std::thread thread_;
  std::mutex lock_;
  std::vector<std::string> log_;
};

}  // namespace orrery::runtime::test
