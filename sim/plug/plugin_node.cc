// SPDX-License-Identifier: Apache-2.0
// The adapter both ways: Shard's events to the table, the table's effects to Effects. The C enums must keep the order
// of the C++ ones; the static_asserts below are where a change of one without the other stops the build.
#include "sim/plug/plugin_node.h"

#include <algorithm>
#include <array>
#include <memory>
#include <utility>
#include <vector>

#include "base/assert.h"

namespace orrery::sim {
namespace {

static_assert(ORRERY_LINK_PEER_OUT == static_cast<int>(LinkKind::kPeerOut));
static_assert(ORRERY_CLOSE_ABORT == static_cast<int>(CloseHow::kAbort));
static_assert(ORRERY_WORK_TIMER == static_cast<int>(Work::kTimer));
static_assert(ORRERY_WORK_TIMER + 1 == kWorkKinds);
static_assert(ORRERY_MESSAGES_IN == static_cast<int>(Counter::kMessagesIn));
static_assert(ORRERY_MESSAGES_RECEIVED == static_cast<int>(Counter::kMessagesReceived));
static_assert(ORRERY_DROPPED_NO_SUBSCRIBER == static_cast<int>(Counter::kDroppedNoSubscriber));
static_assert(ORRERY_PROTOCOL_ERRORS == static_cast<int>(Counter::kProtocolErrors));
// The full broker counts more, after those that the oracles read.
static_assert(static_cast<int>(ORRERY_COUNTERS) <= static_cast<int>(Counter::kCount));

Effects& effects_of(void* world) { return *static_cast<Effects*>(world); }

size_t send(void* w, uint32_t link, const uint8_t* b, size_t n) { return effects_of(w).send(link, Bytes(b, n)); }
void close(void* w, uint32_t link, uint8_t how) {
  effects_of(w).close(link, how == ORRERY_CLOSE_ABORT ? CloseHow::kAbort : CloseHow::kFlush);
}
void dial(void* w, uint32_t tag, uint16_t node, uint16_t shard) { effects_of(w).dial(tag, node, shard); }
void wake_at(void* w, int64_t when) { effects_of(w).wake_at(when); }
void post(void* w, uint16_t to, const uint8_t* b, size_t n) { effects_of(w).post(to, Bytes(b, n)); }
void work(void* w, uint8_t kind, uint32_t units) {
  if (kind < kWorkKinds) effects_of(w).work(static_cast<Work>(kind), units);
}
/// A broker's figure is bounded, so that a negative one in disguise does not stop the world's clock.
void cost(void* w, uint64_t nanoseconds) {
  constexpr uint64_t kMost = 3600 * static_cast<uint64_t>(kSecond);
  effects_of(w).cost(static_cast<Nanos>(nanoseconds < kMost ? nanoseconds : kMost));
}
void stop_reading(void* w, uint32_t link) { effects_of(w).stop_reading(link); }
void resume_reading(void* w, uint32_t link) { effects_of(w).resume_reading(link); }
void died(void* w, int status, const char* last_words) {
  effects_of(w).give_up(status, last_words != nullptr ? last_words : "");
}

orrery_effects table_for(Effects& effects) {
  orrery_effects t{};
  t.size = sizeof t;
  t.world = &effects;
  t.send = &send;
  t.close = &close;
  t.dial = &dial;
  t.wake_at = &wake_at;
  t.post = &post;
  t.work = &work;
  t.cost = &cost;
  t.stop_reading = &stop_reading;
  t.resume_reading = &resume_reading;
  t.died = &died;
  return t;
}

class PluginShard final : public Shard {
 public:
  PluginShard(const PlugTable& table, ShardId id) : table_(table), broker_(table.broker), id_(id) {}
  void attach(orrery_node* node) { node_ = node; }

  void start(Nanos now) override {
    if (broker_.start != nullptr) broker_.start(node_, id_, now);
  }
  void link_open(Nanos now, LinkId link, const LinkInfo& info) override {
    const auto kind = static_cast<uint8_t>(info.kind);
    if (table_.version1 != nullptr)
      return table_.version1->link_open(reinterpret_cast<v1::Node*>(node_), id_, now, link, kind, info.dial_tag);
    const std::string peer(info.peer_address);
    const orrery_link told{sizeof told, link, info.dial_tag, kind, peer.c_str()};
    broker_.link_open(node_, id_, now, &told);
  }
  void bytes(Nanos now, LinkId link, MutableBytes b) override {
    broker_.bytes(node_, id_, now, link, b.data(), b.size());
  }
  void drained(Nanos now, LinkId link) override {
    if (broker_.drained != nullptr) broker_.drained(node_, id_, now, link);
  }
  void link_closed(Nanos now, LinkId link) override { broker_.link_closed(node_, id_, now, link); }
  void link_reset(Nanos now, LinkId link) override {
    (broker_.link_reset != nullptr ? broker_.link_reset : broker_.link_closed)(node_, id_, now, link);
  }
  bool takes_half_close() const override { return broker_.half_closed != nullptr; }
  void half_closed(Nanos now, LinkId link) override { broker_.half_closed(node_, id_, now, link); }
  void dial_failed(Nanos now, std::uint32_t tag) override {
    if (broker_.dial_failed != nullptr) broker_.dial_failed(node_, id_, now, tag);
  }
  void wake(Nanos now) override {
    if (broker_.wake != nullptr) broker_.wake(node_, id_, now);
  }
  void posts_taken(Nanos, ShardId) override {}  // the plug does not tell how far a shard is behind
  void message(Nanos now, ShardId from, Bytes b) override {
    if (broker_.message != nullptr) broker_.message(node_, id_, now, from, b.data(), b.size());
  }
  ShardStats stats() const override {
    ShardStats out;
    if (table_.version1 != nullptr) {
      v1::Stats told{};
      table_.version1->stats(reinterpret_cast<const v1::Node*>(node_), id_, &told);
      std::copy(std::begin(told.counters), std::end(told.counters), out.counters);
      out.memory_bytes = told.memory_bytes;
    } else if (broker_.stats != nullptr) {
      orrery_stats told{sizeof told, out.counters, ORRERY_COUNTERS, 0};
      broker_.stats(node_, id_, &told);
      out.memory_bytes = told.memory_bytes;
    }
    return out;
  }

 private:
  const PlugTable& table_;
  const orrery_broker& broker_;
  ShardId id_;
  orrery_node* node_ = nullptr;
};

class PluginNode final : public Node {
 public:
  PluginNode(const PlugTable& table, std::span<Effects* const> effects) : table_(table) {
    for (Effects* e : effects) effects_.push_back(table_for(*e));
    for (const orrery_effects& e : effects_)
      effects1_.push_back({e.world, e.send, e.close, e.dial, e.wake_at, e.post, e.work});
    for (std::size_t s = 0; s < effects.size(); ++s) shards_.emplace_back(table, static_cast<ShardId>(s));
  }
  ~PluginNode() override {
    if (node_ != nullptr) table_.broker.destroy(node_);
  }

  /// Empty on success, otherwise the broker's sentence.
  std::string create(const NodeSetup& setup, const PlugOptions& options) {
    std::array<char, 512> error{};
    node_ = table_.version1 != nullptr ? create1(setup, options, error) : create2(setup, options, error);
    error.back() = 0;
    if (node_ == nullptr) return error[0] != 0 ? error.data() : "the broker gave no reason";
    for (PluginShard& s : shards_) s.attach(node_);
    return {};
  }

  ShardId shards() const override { return static_cast<ShardId>(shards_.size()); }
  Shard& shard(ShardId id) override { return shards_[id]; }

 private:
  orrery_node* create2(const NodeSetup& setup, const PlugOptions& options, std::array<char, 512>& error) {
    std::vector<orrery_member> members;
    for (const ClusterMember& m : setup.members)
      members.push_back({sizeof(orrery_member), m.name.c_str(), static_cast<uint8_t>(m.role), m.shards});
    const std::string directory = options.directory ? options.directory(setup.members[setup.self].name) : "";
    orrery_setup told{};
    told.size = sizeof told;
    told.members = members.data();
    told.member_count = members.size();
    told.member_stride = sizeof(orrery_member);
    told.self = setup.self;
    told.incarnation = setup.incarnation;
    told.seed = setup.seed;
    told.options = options.options.c_str();
    told.effects = effects_.data();
    told.effects_count = effects_.size();
    told.effects_stride = sizeof(orrery_effects);
    told.directory = directory.empty() ? nullptr : directory.c_str();
    return table_.broker.create(&told, error.data(), error.size());
  }
  orrery_node* create1(const NodeSetup& setup, const PlugOptions& options, std::array<char, 512>& error) {
    std::vector<v1::Member> members;
    for (const ClusterMember& m : setup.members)
      members.push_back({m.name.c_str(), static_cast<uint8_t>(m.role), m.shards});
    const v1::Setup told{sizeof told,       members.data(), members.size(),         setup.self,
                         setup.incarnation, setup.seed,     options.options.c_str()};
    return reinterpret_cast<orrery_node*>(table_.version1->create(&told, effects1_.data(), error.data(), error.size()));
  }

  const PlugTable& table_;
  std::vector<orrery_effects> effects_;
  std::vector<v1::Effects> effects1_;
  std::vector<PluginShard> shards_;
  orrery_node* node_ = nullptr;
};

/// For a node that is only asked whether it would come into being.
class Nothing final : public Effects {
  std::size_t send(LinkId, Bytes) override { return 0; }
  void close(LinkId, CloseHow) override {}
  void stop_reading(LinkId) override {}
  void resume_reading(LinkId) override {}
  void dial(std::uint32_t, NodeId, ShardId) override {}
  void wake_at(Nanos) override {}
  std::size_t post(ShardId, Bytes) override { return 0; }
  void persist(std::uint64_t, const StorageBatch&) override {}
  void work(Work, std::uint32_t) override {}
  void tell(const Note&) override {}
};

}  // namespace

std::string try_plugin(const PlugTable& table, const PlugOptions& options, const NodeSetup& setup) {
  Nothing nothing;
  const std::vector<Effects*> effects(setup.members[setup.self].shards, &nothing);
  return PluginNode(table, effects).create(setup, options);
}

NodeFactory make_plugin_factory(const PlugTable& table, PlugOptions options) {
  return [&table, options = std::move(options)](const NodeSetup& setup,
                                                std::span<Effects* const> effects) -> std::unique_ptr<Node> {
    auto node = std::make_unique<PluginNode>(table, effects);
    const bool created = node->create(setup, options).empty();
    ORRERY_ASSERT(created);
    return node;
  };
}

}  // namespace orrery::sim
