// SPDX-License-Identifier: Apache-2.0
// The stopwatch: a wrapper around Shard and one around Effects, and the arithmetic between two readings of the clock.
#include "sim/calibrate/stopwatch_node.h"

#include <algorithm>
#include <chrono>
#include <type_traits>
#include <utility>

namespace orrery::sim {
namespace {

std::int64_t clock_nanos() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

/// What one reading of the clock costs.
std::int64_t measure_reading() {
  constexpr int kReadings = 1000;
  std::int64_t best = INT64_MAX;
  for (int round = 0; round < 50; ++round) {
    const std::int64_t begin = clock_nanos();
    for (int i = 1; i < kReadings; ++i) clock_nanos();
    best = std::min(best, (clock_nanos() - begin) / kReadings);
  }
  return best;
}

class StopwatchEffects final : public Effects {
 public:
  explicit StopwatchEffects(Effects& inner) : inner_(inner) {}

  std::size_t send(LinkId link, Bytes bytes) override {
    return outside([&] { return inner_.send(link, bytes); });
  }
  void close(LinkId link, CloseHow how) override {
    outside([&] { inner_.close(link, how); });
  }
  void stop_reading(LinkId link) override { inner_.stop_reading(link); }
  void resume_reading(LinkId link) override { inner_.resume_reading(link); }
  void dial(std::uint32_t tag, NodeId node, ShardId shard) override {
    ++features[static_cast<std::size_t>(Feature::kDial)];
    outside([&] { inner_.dial(tag, node, shard); });
  }
  void wake_at(Nanos when) override { inner_.wake_at(when); }
  std::size_t post(ShardId to, Bytes message) override {
    ++features[static_cast<std::size_t>(Feature::kPost)];
    return outside([&] { return inner_.post(to, message); });
  }
  void persist(std::uint64_t ticket, const StorageBatch& batch) override {
    outside([&] { inner_.persist(ticket, batch); });
  }
  void work(Work kind, std::uint32_t units) override {
    features[static_cast<std::size_t>(Feature::kWork) + static_cast<std::size_t>(kind)] += units;
    inner_.work(kind, units);
  }
  void cost(Nanos nanos) override { inner_.cost(nanos); }
  void give_up(int status, std::string_view last_words) override { inner_.give_up(status, last_words); }
  void tell(const Note& note) override { inner_.note(note); }

  Features features{};
  std::int64_t nanos_outside = 0;
  std::int64_t readings = 0;

 private:
  template <class Call>
  std::invoke_result_t<Call> outside(Call call) {
    struct Span {
      StopwatchEffects& self;
      std::int64_t begin = clock_nanos();
      ~Span() {
        self.nanos_outside += clock_nanos() - begin;
        ++self.readings;
      }
    } span{*this};
    return call();
  }

  Effects& inner_;
};

class StopwatchShard final : public Shard {
 public:
  StopwatchShard(Shard& inner, StopwatchEffects& effects, Samples& samples, std::int64_t reading)
      : inner_(inner), effects_(effects), samples_(samples), reading_(reading) {}

  void recovered(Nanos now, Bytes key, Bytes value) override { inner_.recovered(now, key, value); }
  void start(Nanos now) override { inner_.start(now); }
  void link_open(Nanos now, LinkId link, const LinkInfo& info) override {
    measure(Feature::kLinkOpen, [&] { inner_.link_open(now, link, info); });
  }
  void bytes(Nanos now, LinkId link, MutableBytes bytes) override {
    measure(Feature::kBytes, [&] { inner_.bytes(now, link, bytes); });
  }
  void drained(Nanos now, LinkId link) override {
    measure(Feature::kDrained, [&] { inner_.drained(now, link); });
  }
  void link_closed(Nanos now, LinkId link) override {
    measure(Feature::kLinkClosed, [&] { inner_.link_closed(now, link); });
  }
  void link_reset(Nanos now, LinkId link) override {
    measure(Feature::kLinkClosed, [&] { inner_.link_reset(now, link); });
  }
  bool takes_half_close() const override { return inner_.takes_half_close(); }
  void half_closed(Nanos now, LinkId link) override {
    measure(Feature::kLinkClosed, [&] { inner_.half_closed(now, link); });
  }
  void dial_failed(Nanos now, std::uint32_t tag) override {
    measure(Feature::kDialFailed, [&] { inner_.dial_failed(now, tag); });
  }
  void wake(Nanos now) override {
    measure(Feature::kWake, [&] { inner_.wake(now); });
  }
  void message(Nanos now, ShardId from, Bytes message) override {
    measure(Feature::kMessage, [&] { inner_.message(now, from, message); });
  }
  void posts_taken(Nanos now, ShardId to) override { inner_.posts_taken(now, to); }  // too rare to be measured
  void persisted(Nanos now, std::uint64_t ticket, StorageResult result) override {
    measure(Feature::kMessage, [&] { inner_.persisted(now, ticket, result); });
  }
  ShardStats stats() const override { return inner_.stats(); }

 private:
  template <class Call>
  void measure(Feature event, Call call) {
    effects_.features = {};
    effects_.nanos_outside = 0;
    effects_.readings = 0;
    const std::int64_t begin = clock_nanos();
    call();
    const std::int64_t whole = clock_nanos() - begin;
    // Of the two readings around an effect one falls into what the effect is charged, the other into the event.
    const std::int64_t own = whole - effects_.nanos_outside - (effects_.readings + 1) * reading_;
    effects_.features[static_cast<std::size_t>(event)] = 1;
    samples_.add(effects_.features, static_cast<std::uint32_t>(std::clamp<std::int64_t>(own, 1, 1'000'000'000)));
  }

  Shard& inner_;
  StopwatchEffects& effects_;
  Samples& samples_;
  std::int64_t reading_;
};

class StopwatchNode final : public Node {
 public:
  StopwatchNode(const NodeFactory& inner, const NodeSetup& setup, std::span<Effects* const> effects, Samples& samples,
                std::int64_t reading) {
    std::vector<Effects*> wrapped;
    for (Effects* e : effects) wrapped.push_back(effects_.emplace_back(std::make_unique<StopwatchEffects>(*e)).get());
    node_ = inner(setup, wrapped);
    for (ShardId s = 0; s < node_->shards(); ++s) shards_.emplace_back(node_->shard(s), *effects_[s], samples, reading);
  }
  ShardId shards() const override { return node_->shards(); }
  Shard& shard(ShardId id) override { return shards_[id]; }

 private:
  std::vector<std::unique_ptr<StopwatchEffects>> effects_;
  std::unique_ptr<Node> node_;
  std::vector<StopwatchShard> shards_;
};

}  // namespace

NodeFactory stopwatch_factory(NodeFactory inner, Samples& samples) {
  return [inner = std::move(inner), &samples, reading = measure_reading()](const NodeSetup& setup,
                                                                           std::span<Effects* const> effects) {
    return std::make_unique<StopwatchNode>(inner, setup, effects, samples, reading);
  };
}

}  // namespace orrery::sim
