// SPDX-License-Identifier: Apache-2.0
// A node whose peers are strangers who know the member list: whatever they say after a valid hello, the node lives,
// and its clients are served to the end. The input is a list of steps (make_peer_seeds.py writes them): a frame on one
// of five links with the right length around it, bytes as they are, time that passes, what a client does, a link that
// ends.
//
// The world is the smallest: one node of three, two shards, everything arrives at once. What the node sends is dropped.
#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "base/assert.h"
#include "base/bytes.h"
#include "broker/cluster/cluster_setup.h"
#include "broker/cluster/peer_frame.h"
#include "broker/mqtt/encode.h"
#include "broker/node/broker_node.h"

namespace {

using namespace orrery;
using cluster::FrameType;
using Buffer = std::vector<std::uint8_t>;

constexpr NodeId kSelf = 1;
constexpr ShardId kShards = 2;
constexpr std::size_t kStepsMax = 400;
constexpr std::size_t kWakesMax = 400;

NodeSetup node_setup() {
  NodeSetup setup;
  setup.members = {{"c0", Role::kCore, 1}, {"c1", Role::kCore, kShards}, {"r2", Role::kReplicant, 2}};
  setup.self = kSelf;
  setup.incarnation = 3;
  setup.seed = 7;
  return setup;
}

cluster::ClusterSetup cluster_setup() {
  cluster::ClusterSetup setup;
  for (const ClusterMember& m : node_setup().members)
    setup.members.push_back({m.name, m.role == Role::kCore, m.shards});
  setup.self = kSelf;
  return setup;
}

class World {
 public:
  World() {
    for (ShardId s = 0; s < kShards; ++s) effects_.push_back(std::make_unique<ShardEffects>(*this, s));
    std::vector<Effects*> all;
    for (const auto& e : effects_) all.push_back(e.get());
    node_ = node::make_broker_node({})(node_setup(), all);
    for (ShardId s = 0; s < kShards; ++s) event(s, [&](Shard& shard) { shard.start(now_); });
  }

  template <class What>
  void event(ShardId s, What&& what) {
    what(node_->shard(s));
    settle();
  }

  /// Opens a link; `dialled`: the node has dialled it with this tag.
  LinkId open(ShardId s, LinkKind kind, std::uint32_t tag = 0) {
    const LinkId link = effects_[s]->next_link++;
    event(s, [&](Shard& shard) { shard.link_open(now_, link, {kind, tag, {}}); });
    return link;
  }
  bool is_open(ShardId s, LinkId link) const { return !effects_[s]->ended(link); }
  void bytes(ShardId s, LinkId link, Bytes bytes) {
    if (!is_open(s, link) || bytes.empty() || effects_[s]->stopped.contains(link)) return;
    // A block of its own, so that a sanitizer sees a read past its end.
    Buffer copy(bytes.begin(), bytes.end());
    event(s, [&](Shard& shard) { shard.bytes(now_, link, copy); });
  }
  void close(ShardId s, LinkId link) {
    if (!is_open(s, link)) return;
    effects_[s]->close(link, CloseHow::kAbort);
    settle();
  }

  /// Time passes, with the wake-ups that the shards wish for.
  void pass(Nanos time) {
    const Nanos until = now_ + time;
    for (std::size_t wakes = 0; wakes < kWakesMax; ++wakes) {
      ShardId first = 0;
      for (ShardId s = 1; s < kShards; ++s)
        if (effects_[s]->wish < effects_[first]->wish) first = s;
      if (effects_[first]->wish > until) break;
      now_ = std::max(now_, effects_[first]->wish);
      effects_[first]->wish = kNever;
      event(first, [&](Shard& shard) { shard.wake(now_); });
    }
    now_ = std::max(now_, until);
  }

  /// Dials that wait for somebody to answer, and are answered with a failure otherwise.
  std::optional<std::uint32_t> take_dial(ShardId s, NodeId node) {
    auto& dials = effects_[s]->dials;
    for (auto at = dials.begin(); at != dials.end(); ++at) {
      if (at->second != node) continue;
      const std::uint32_t tag = at->first;
      dials.erase(at);
      return tag;
    }
    return std::nullopt;
  }
  void fail_dials() {
    for (ShardId s = 0; s < kShards; ++s)
      while (!effects_[s]->dials.empty()) {
        const std::uint32_t tag = effects_[s]->dials.front().first;
        effects_[s]->dials.pop_front();
        event(s, [&](Shard& shard) { shard.dial_failed(now_, tag); });
      }
  }

 private:
  struct ShardEffects final : Effects {
    ShardEffects(World& w, ShardId s) : world(w), self(s) {}
    std::size_t send(LinkId, Bytes) override { return 0; }
    void close(LinkId link, CloseHow) override {
      if (ended(link)) return;
      if (link >= ends.size()) ends.resize(link + std::size_t{1});
      ends[link] = true;
      world.closes_.emplace_back(self, link);
    }
    void stop_reading(LinkId link) override { stopped.insert(link); }
    void resume_reading(LinkId link) override { stopped.erase(link); }
    void dial(std::uint32_t tag, NodeId node, ShardId) override { dials.emplace_back(tag, node); }
    void wake_at(Nanos when) override { wish = when; }
    std::size_t post(ShardId to, Bytes message) override {
      world.posts_.push_back({self, to, Buffer(message.begin(), message.end())});
      return 0;  // all are handled before the next event
    }
    void persist(std::uint64_t, const StorageBatch&) override {}  // the node is told that it remembers nothing
    void work(Work, std::uint32_t) override {}
    void tell(const Note&) override {}
    bool ended(LinkId link) const { return link < ends.size() && ends[link]; }

    World& world;
    ShardId self;
    LinkId next_link = 0;
    Nanos wish = kNever;
    std::vector<bool> ends;
    std::set<LinkId> stopped;
    std::deque<std::pair<std::uint32_t, NodeId>> dials;
  };
  struct Posted {
    ShardId from, to;
    Buffer message;
  };

  void settle() {
    if (settling_) return;
    settling_ = true;
    for (std::size_t steps = 0; !posts_.empty() || !closes_.empty(); ++steps) {
      ORRERY_ASSERT(steps < 1'000'000);  // shards that talk for ever
      if (!posts_.empty()) {
        const Posted next = std::move(posts_.front());
        posts_.pop_front();
        node_->shard(next.to).message(now_, next.from, next.message);
        continue;
      }
      const auto [s, link] = closes_.front();
      closes_.pop_front();
      node_->shard(s).link_closed(now_, link);
    }
    settling_ = false;
  }

  Nanos now_ = kSecond;
  std::vector<std::unique_ptr<ShardEffects>> effects_;
  std::unique_ptr<Node> node_;
  std::deque<Posted> posts_;
  std::deque<std::pair<ShardId, LinkId>> closes_;
  bool settling_ = false;
};

/// A peer's stream to (or, dialled, from) the node.
struct PeerLink {
  Place from;
  ShardId to;
  cluster::StreamKind kind;
  bool dialled;
  std::optional<LinkId> link = {};
};

class Peers {
 public:
  explicit Peers(World& world) : world_(world) {}

  PeerLink& operator[](std::size_t n) { return links_[n % links_.size()]; }
  /// Open, with the hello said; false when the node has not dialled it.
  bool ready(PeerLink& p) {
    if (p.link && world_.is_open(p.to, *p.link)) return true;
    if (p.dialled) {
      const auto tag = world_.take_dial(p.to, p.from.node);
      if (!tag) return false;
      p.link = world_.open(p.to, LinkKind::kPeerOut, *tag);
    } else {
      p.link = world_.open(p.to, LinkKind::kPeerIn);
    }
    cluster::Hello hello;
    hello.kind = p.kind;
    hello.fingerprint = fingerprint_;
    hello.from = p.from;
    hello.to = {kSelf, p.to};
    hello.incarnation = 5;
    Buffer frame;
    encode(hello, frame);
    world_.bytes(p.to, *p.link, frame);
    return true;
  }

 private:
  World& world_;
  const std::uint64_t fingerprint_ = fingerprint(cluster_setup());
  std::array<PeerLink, 5> links_{{{{0, 0}, 0, cluster::StreamKind::kControl, false},
                                  {{2, 0}, 0, cluster::StreamKind::kControl, false},
                                  {{2, 0}, 0, cluster::StreamKind::kLane, false},
                                  {{0, 0}, 1, cluster::StreamKind::kLane, false},
                                  {{2, 1}, 0, cluster::StreamKind::kLane, true}}};
};

/// A client that connects, subscribes and publishes, and never listens.
class Client {
 public:
  Client(World& world, ShardId shard, std::string_view id) : world_(world), shard_(shard), id_(id) { connect(); }

  void connect() {
    if (link_ && world_.is_open(shard_, *link_)) return;
    link_ = world_.open(shard_, LinkKind::kTcp);
    mqtt::ConnectView view;
    view.client_id = id_;
    view.clean_start = false;
    Buffer section;
    mqtt::PropertyBuilder properties(section);
    properties.four_byte(mqtt::Property::kSessionExpiryInterval, 60);
    view.properties = properties.view();
    Buffer out;
    mqtt::encode_connect(view, out);
    world_.bytes(shard_, *link_, out);
  }
  void subscribe(std::string_view filter) {
    Buffer list, out;
    mqtt::SubscriptionOptions options;
    options.qos = 1;
    mqtt::append_subscription(filter, options, list);
    mqtt::SubscribeView view;
    view.packet_id = ++packet_id_;
    view.subscriptions = {list, 1};
    mqtt::encode_subscribe(mqtt::Version::k5, view, out);
    world_.bytes(shard_, *link_, out);
  }
  void publish(std::string_view topic, std::uint8_t qos, bool retain) {
    mqtt::PublishOut view;
    view.topic = topic;
    view.payload = as_bytes("payload");
    view.qos = qos;
    view.retain = retain;
    view.packet_id = qos > 0 ? ++packet_id_ : std::uint16_t{0};
    Buffer out;
    mqtt::encode_publish(mqtt::Version::k5, view, out);
    world_.bytes(shard_, *link_, out);
  }
  void leave() { world_.close(shard_, *link_); }

 private:
  World& world_;
  ShardId shard_;
  std::string_view id_;
  std::optional<LinkId> link_;
  std::uint16_t packet_id_ = 0;
};

void act(std::uint8_t what, Client& client) {
  constexpr std::array<std::string_view, 4> kTopics{"a/b", "a", "x/y/z", "r"};
  constexpr std::array<std::string_view, 4> kFilters{"a/#", "$share/g/a/+", "r", "#"};
  client.connect();
  if ((what & 0x30) == 0x00) return client.publish(kTopics[what & 3], what >> 2 & 1, (what & 8) != 0);
  if ((what & 0x30) == 0x10) return client.subscribe(kFilters[what & 3]);
  if ((what & 0x30) == 0x20) return client.leave();
}

}  // namespace

// A step is one byte: its lower three bits what, the rest which link (or client, or how long).
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  World world;
  Peers peers(world);
  std::array<Client, 2> clients{Client(world, 0, "one"), Client(world, 1, "two")};
  clients[0].subscribe("a/#");
  clients[1].subscribe("$share/g/a/+");

  ByteReader in(Bytes(data, size));
  for (std::size_t steps = 0; steps < kStepsMax && in.remaining() > 0; ++steps) {
    const std::uint8_t step = in.u8();
    const std::uint8_t which = step >> 3;
    PeerLink& peer = peers[which];
    switch (step & 7) {
      case 0:    // a control frame with a clock that is believed
      case 1: {  // a frame, the body as it is
        const std::uint8_t type = in.u8();
        const Bytes body = in.take(std::min<std::size_t>(in.u16(), in.remaining()));
        if (!peers.ready(peer)) break;
        Buffer frame;
        {
          cluster::FrameWriter w(frame, static_cast<FrameType>(type));
          if ((step & 7) == 0) w.u64(1000 + steps);
          w.bytes(body);
        }
        world.bytes(peer.to, *peer.link, frame);
        break;
      }
      case 2: {  // bytes
        const Bytes raw = in.take(std::min<std::size_t>(in.u8(), in.remaining()));
        if (peers.ready(peer)) world.bytes(peer.to, *peer.link, raw);
        break;
      }
      case 3:
        world.pass(kMillisecond << (which & 15));
        break;
      case 4:
        act(in.u8(), clients[which & 1]);
        break;
      case 5:
        if (peer.link) world.close(peer.to, *peer.link);
        break;
      default:
        world.fail_dials();
    }
  }

  for (Client& client : clients) {
    client.connect();
    client.subscribe("#");
    client.publish("a/b", 1, true);
    client.publish("x", 0, false);
  }
  Client late(world, 1, "late");
  late.subscribe("a/+/#");
  world.pass(20 * kSecond);
  return 0;
}
