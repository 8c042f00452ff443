// SPDX-License-Identifier: Apache-2.0
// The adapter both ways: Shard's events to the table, the table's effects to Effects. The C enums must keep the order
// of the C++ ones; the static_asserts below are where a change of one without the other stops the build.
#include "sim/plug/plugin_node.h"

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

orrery_effects table_for(Effects& effects) {
  return {
      &effects,
      [](void* w, uint32_t link, const uint8_t* b, size_t n) { return effects_of(w).send(link, Bytes(b, n)); },
      [](void* w, uint32_t link, uint8_t how) {
        effects_of(w).close(link, how == ORRERY_CLOSE_ABORT ? CloseHow::kAbort : CloseHow::kFlush);
      },
      [](void* w, uint32_t tag, uint16_t node, uint16_t shard) { effects_of(w).dial(tag, node, shard); },
      [](void* w, int64_t when) { effects_of(w).wake_at(when); },
      [](void* w, uint16_t to, const uint8_t* b, size_t n) { effects_of(w).post(to, Bytes(b, n)); },
      [](void* w, uint8_t kind, uint32_t units) {
        if (kind < kWorkKinds) effects_of(w).work(static_cast<Work>(kind), units);
      },
  };
}

class PluginShard final : public Shard {
 public:
  PluginShard(const orrery_broker& broker, ShardId id) : broker_(broker), id_(id) {}
  void attach(orrery_node* node) { node_ = node; }

  void start(Nanos now) override { broker_.start(node_, id_, now); }
  void link_open(Nanos now, LinkId link, const LinkInfo& info) override {
    broker_.link_open(node_, id_, now, link, static_cast<uint8_t>(info.kind), info.dial_tag);
  }
  void bytes(Nanos now, LinkId link, MutableBytes b) override {
    broker_.bytes(node_, id_, now, link, b.data(), b.size());
  }
  void drained(Nanos now, LinkId link) override { broker_.drained(node_, id_, now, link); }
  void link_closed(Nanos now, LinkId link) override { broker_.link_closed(node_, id_, now, link); }
  void dial_failed(Nanos now, std::uint32_t tag) override { broker_.dial_failed(node_, id_, now, tag); }
  void wake(Nanos now) override { broker_.wake(node_, id_, now); }
  void message(Nanos now, ShardId from, Bytes b) override {
    broker_.message(node_, id_, now, from, b.data(), b.size());
  }
  ShardStats stats() const override {
    orrery_stats raw{};
    broker_.stats(node_, id_, &raw);
    ShardStats out;
    for (int i = 0; i < ORRERY_COUNTERS; ++i) out.counters[i] = raw.counters[i];
    out.memory_bytes = raw.memory_bytes;
    return out;
  }

 private:
  const orrery_broker& broker_;
  ShardId id_;
  orrery_node* node_ = nullptr;
};

class PluginNode final : public Node {
 public:
  PluginNode(const orrery_broker& broker, std::span<Effects* const> effects) : broker_(broker) {
    for (Effects* e : effects) tables_.push_back(table_for(*e));
    for (std::size_t s = 0; s < effects.size(); ++s) shards_.emplace_back(broker, static_cast<ShardId>(s));
  }
  ~PluginNode() override {
    if (node_) broker_.destroy(node_);
  }

  /// Empty on success, otherwise the broker's sentence.
  std::string create(const NodeSetup& setup, const std::string& options) {
    std::vector<orrery_member> members;
    for (const ClusterMember& m : setup.members)
      members.push_back({m.name.c_str(), static_cast<uint8_t>(m.role), m.shards});
    const orrery_setup raw{sizeof(orrery_setup), members.data(), members.size(), setup.self,
                           setup.incarnation,    setup.seed,     options.c_str()};
    std::array<char, 512> error{};
    node_ = broker_.create(&raw, tables_.data(), error.data(), error.size());
    error.back() = 0;
    if (!node_) return error[0] ? error.data() : "the broker gave no reason";
    for (PluginShard& s : shards_) s.attach(node_);
    return {};
  }

  ShardId shards() const override { return static_cast<ShardId>(shards_.size()); }
  Shard& shard(ShardId id) override { return shards_[id]; }

 private:
  const orrery_broker& broker_;
  std::vector<orrery_effects> tables_;
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
  void post(ShardId, Bytes) override {}
  void work(Work, std::uint32_t) override {}
};

}  // namespace

std::string check_plugin(const orrery_broker& b) {
  if (b.abi_version != ORRERY_ABI_VERSION)
    return "it speaks version " + std::to_string(b.abi_version) + " of the plug, this program speaks version " +
           std::to_string(ORRERY_ABI_VERSION);
  if (b.size < sizeof(orrery_broker)) return "its table is shorter than version 1 asks for";
  const std::pair<const char*, bool> entries[] = {
      {"name", b.name},       {"create", b.create},           {"destroy", b.destroy},
      {"start", b.start},     {"link_open", b.link_open},     {"bytes", b.bytes},
      {"drained", b.drained}, {"link_closed", b.link_closed}, {"dial_failed", b.dial_failed},
      {"wake", b.wake},       {"message", b.message},         {"stats", b.stats},
  };
  for (const auto& [name, present] : entries)
    if (!present) return std::string("its table has no entry for '") + name + "'";
  return {};
}

std::string try_plugin(const orrery_broker& broker, const std::string& options, const NodeSetup& setup) {
  Nothing nothing;
  const std::vector<Effects*> effects(setup.members[setup.self].shards, &nothing);
  return PluginNode(broker, effects).create(setup, options);
}

NodeFactory make_plugin_factory(const orrery_broker& broker, std::string options) {
  return [&broker, options = std::move(options)](const NodeSetup& setup,
                                                 std::span<Effects* const> effects) -> std::unique_ptr<Node> {
    auto node = std::make_unique<PluginNode>(broker, effects);
    const bool created = node->create(setup, options).empty();
    ORRERY_ASSERT(created);
    return node;
  };
}

}  // namespace orrery::sim
